"""Images put together from others with their objects: mosaics, and objects pasted elsewhere; in 2-D and 3-D.

Objects of an image are rows: class, whether it does not count (0 or 1), lo and hi along each axis in voxels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch

from scanwright.core.boxes import box_volume, clip_boxes, covered_share
from scanwright.types import FloatArray, IntArray

LEAST_KEPT = 1 / 3
"""Share of an object that must be left in view for it to count."""
MOST_OVERLAP = 0.05
"""Share of an object, the one that is pasted or one that is there, that may lie in the other."""
_MIDDLE = (0.3, 0.7)
_TRIES = 10
_EDGE = 0.15


def mosaic(
    images: torch.Tensor, objects: Sequence[FloatArray], rng: np.random.Generator
) -> tuple[torch.Tensor, list[FloatArray]]:
    """Each image becomes quarters (in 3-D eighths) of images of the batch, which meet at a random middle.

    Each part stands where it stood in its own image; the first is the image's own. Objects are cut off with
    it; of what keeps less than a third of itself nobody could tell what it is, so that it does not count.
    Source: the idea of Bochkovskiy et al., arXiv 2004.10934, without shrinking.

    Args:
        images: (batch, channel, …).
        objects: of each image (n, 2 + 2 · axes).
        rng: source of randomness.

    Returns:
        Those of a batch of one as they are.
    """
    if len(images) == 1:
        return images, list(objects)
    size, dims, n_images = images.shape[2:], images.ndim - 2, len(images)
    # Parts that share a side come from two images: else an object would go on beyond the end of its box.
    steps = [axis + 1 if (axis + 1) % n_images else 1 for axis in range(dims)]
    mixed, moved = images.clone(), []
    for nth in range(n_images):
        middle = [round(float(rng.uniform(*_MIDDLE)) * n) for n in size]
        order = [nth, *rng.permutation([n for n in range(n_images) if n != nth])]
        own = []
        for corner in itertools.product((0, 1), repeat=dims):
            other = int(order[int(np.dot(corner, steps)) % n_images])
            lo = [m if far else 0 for m, far in zip(middle, corner, strict=True)]
            hi = [n if far else m for m, n, far in zip(middle, size, corner, strict=True)]
            where = (slice(None), *(slice(a, b) for a, b in zip(lo, hi, strict=True)))
            mixed[nth][where] = images[other][where]
            own.append(_cut(objects[other], np.array([lo, hi], dtype=np.float32)))
        moved.append(np.concatenate(own))
    return mixed, moved


def copy_paste(
    images: torch.Tensor, objects: Sequence[FloatArray], rng: np.random.Generator
) -> tuple[torch.Tensor, list[FloatArray]]:
    """Each image gets an object of another one, at a random place where it hardly overlaps another.

    The object is an ellipsoid that fills its box, with a soft edge. Images to which nothing can be given, as
    the other has no object or no place is found, stay as they are.
    Source: the idea of Ghiasi et al., CVPR 2021, with boxes in place of masks.

    Args:
        images: (batch, channel, …).
        objects: of each image (n, 2 + 2 · axes).
        rng: source of randomness.
    """
    size, dims = np.array(images.shape[2:]), images.ndim - 2
    pasted, moved = images.clone(), [np.array(own, dtype=np.float32) for own in objects]
    for nth in range(len(images)):
        other = (nth + int(rng.integers(1, max(2, len(images))))) % len(images)
        giving = objects[other][objects[other][:, 1] == 0]
        if other == nth or not len(giving):
            continue
        row = giving[int(rng.integers(len(giving)))]
        lo, hi = (ends.astype(int) for ends in (np.floor(row[2 : 2 + dims]), np.ceil(row[2 + dims :])))
        lo, hi = np.maximum(lo, 0), np.minimum(hi, size)
        place = _free_place(row, lo, hi, objects[nth], size, rng)
        if place is None:
            continue
        share = torch.from_numpy(_ellipsoid(row, lo, hi)).to(images)
        source = (slice(None), *(slice(a, b) for a, b in zip(lo, hi, strict=True)))
        where = (slice(None), *(slice(a, a + n) for a, n in zip(place, hi - lo, strict=True)))
        pasted[nth][where] += share * (images[other][source] - pasted[nth][where])
        shifted = row.copy()
        shifted[2:] += np.tile(place - lo, 2)
        moved[nth] = np.concatenate([moved[nth], shifted[None].astype(np.float32)])
    return pasted, moved


def _cut(rows: FloatArray, part: FloatArray) -> FloatArray:
    """The objects of an image as far as they lie in a part of it, (2, axes) lo and hi."""
    boxes = _boxes(rows)
    inside = clip_boxes(boxes - part[0], (part[1] - part[0]).tolist()) + part[0]
    left, whole = box_volume(inside), box_volume(boxes)
    kept = np.array(rows, dtype=np.float32)
    kept[:, 2:] = inside.reshape(kept[:, 2:].shape)
    kept[left < LEAST_KEPT * whole, 1] = 1
    return kept[left > 0]


def _free_place(
    row: FloatArray, lo: IntArray, hi: IntArray, there: FloatArray, size: IntArray, rng: np.random.Generator
) -> IntArray | None:
    """A corner for the voxels lo … hi of an object where it overlaps no other by more than a little."""
    if (hi <= lo).any():
        return None
    for _ in range(_TRIES):
        place = rng.integers(0, size - (hi - lo) + 1)
        box = _boxes(row[None]) + (place - lo)
        others = _boxes(there)
        shares = np.concatenate([covered_share(box, others).ravel(), covered_share(others, box).ravel()])
        if (shares <= MOST_OVERLAP).all():
            return np.asarray(place)
    return None


def _ellipsoid(row: FloatArray, lo: IntArray, hi: IntArray) -> FloatArray:
    """How much of each voxel lo … hi is the object: 1 inside, falling to 0 at its box."""
    dims = len(lo)
    begin, end = row[2 : 2 + dims], row[2 + dims :]
    square = np.zeros(hi - lo, dtype=np.float32)
    for axis in range(dims):
        centres = np.arange(lo[axis], hi[axis]) + 0.5
        along = (2 * centres - begin[axis] - end[axis]) / max(end[axis] - begin[axis], 1e-6)
        square += (along**2).reshape([-1 if n == axis else 1 for n in range(dims)]).astype(np.float32)
    return np.asarray(np.clip((1 - np.sqrt(square)) / _EDGE, 0, 1), dtype=np.float32)


def _boxes(rows: FloatArray) -> FloatArray:
    """(n, 2, axes)."""
    return np.asarray(rows[:, 2:]).reshape(len(rows), 2, (rows.shape[1] - 2) // 2)
