"""Pictures of an image before and after something was done to it: the same place, seen the same way."""

from __future__ import annotations

import numpy as np

from scanwright.core.geometry import ras_axes, reorient, reoriented_affine
from scanwright.data.volume import Volume
from scanwright.report.pictures import overlay_picture
from scanwright.report.slices import NEAR_ISOTROPIC, Plane, Slice, window_of
from scanwright.types import AnyArray, FloatArray

COLOURS = 3
PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")


def before_and_after(before: Volume, after: Volume, *, same_units: bool) -> tuple[bytes, bytes]:
    """The middle slice of ``after``, and the slice of ``before`` at its place, as PNG each.

    Volumes: axial, or across the widest spacing where voxels are far from cubic.

    Args:
        before, after: the image; ``after`` may have another grid of the same directions.
        same_units: show both in the window of ``before``; else each in its own.
    """
    first, second = _slices(before, after)
    window = window_of([first.image], first.plane) if same_units else None
    modality = before.modality if same_units else ""
    pictures = [
        overlay_picture(one.image, spacing=one.spacing, plane=one.plane, window=window, modality=modality)
        for one in (first, second)
    ]
    return pictures[0], pictures[1]


def _slices(before: Volume, after: Volume) -> tuple[Slice, Slice]:
    if before.affine_ras is None or after.affine_ras is None:
        middle = after.shape[2] // 2
        return _picture(before, min(middle, before.shape[2] - 1)), _picture(after, middle)
    (old, old_affine), (new, new_affine) = _turned(before), _turned(after)
    steps = np.linalg.norm(new_affine[:3, :3], axis=0)
    axis = 2
    if min(new.shape) == 1:
        axis = int(np.argmin(new.shape))
    elif max(steps) > NEAR_ISOTROPIC * min(steps):
        axis = int(np.argmax(steps))
    centre = np.array([*((n - 1) / 2 for n in new.shape), 1.0])
    centre[axis] = new.shape[axis] // 2
    place = np.linalg.inv(old_affine) @ (new_affine @ centre)
    index = int(np.clip(round(place[axis]), 0, old.shape[axis] - 1))
    return _plane(old, old_affine, axis, index), _plane(new, new_affine, axis, new.shape[axis] // 2)


def _turned(image: Volume) -> tuple[AnyArray, FloatArray]:
    """The first channel (i, j, k) in RAS+, and its affine."""
    affine = np.asarray(image.affine_ras)
    order, flips = ras_axes(affine)
    turned = reorient(image.array[:1], order, flips)[0]
    return turned, reoriented_affine(affine, image.shape, order, flips)


def _plane(array: AnyArray, affine: FloatArray, axis: int, index: int) -> Slice:
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    across, up = [other for other in range(3) if other != axis]
    # Against RAS+ along both axes: right, anterior and superior come first.
    seen = np.moveaxis(array, axis, 0)[index][::-1, ::-1].T
    return Slice(seen, spacing=(float(steps[up]), float(steps[across])), plane=PLANES[axis])


def _picture(image: Volume, k: int) -> Slice:
    if image.n_channels == COLOURS:
        return Slice(image.array[..., k].transpose(2, 1, 0))
    return Slice(image.array[0, :, :, k].T)
