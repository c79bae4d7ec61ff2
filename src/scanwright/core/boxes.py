"""Boxes: (n, 2, axes), lo and hi, half-open in voxels.

Voxel n of an axis reaches from n to n + 1, as in the formats of pictures; its centre, which an affine takes n
for, is at n + 0.5. All functions are pure and work on numpy arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cc3d
import numpy as np

from scanwright.core.tiling import slabs
from scanwright.types import FloatArray, IntArray

_CENTRE = 0.5


def box_volume(boxes: FloatArray) -> FloatArray:
    """(n,) product of the sides, in voxels; 0 for a box without room. Area for two axes.

    Args:
        boxes: (n, 2, axes).
    """
    sides = np.clip(boxes[:, 1] - boxes[:, 0], 0.0, None)
    return np.asarray(sides.prod(axis=1), dtype=np.float64)


def box_volume_mm3(box_ijk: FloatArray, affine_ras: FloatArray) -> FloatArray:
    """(n,) volume in mm³.

    Args:
        box_ijk: (n, 2, 3).
        affine_ras: (4, 4), voxel to patient mm.
    """
    voxel_mm3 = abs(float(np.linalg.det(np.asarray(affine_ras, dtype=np.float64)[:3, :3])))
    return box_volume(box_ijk) * voxel_mm3


def intersection_over_union(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, m) of every box of one set with every box of another; 0 where both have no room.

    An affine leaves it as it is, so that it is the same in voxels and in mm.

    Args:
        a: (n, 2, axes).
        b: (m, 2, axes).
    """
    shared = _shared(a, b)
    union = box_volume(a)[:, None] + box_volume(b)[None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def covered_share(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, m) which share of every box of one set lies in every box of another; 0 for a box without room.

    Args:
        a: (n, 2, axes).
        b: (m, 2, axes).
    """
    shared = _shared(a, b)
    own = np.broadcast_to(box_volume(a)[:, None], shared.shape)
    return np.asarray(np.divide(shared, own, out=np.zeros_like(shared), where=own > 0))


def clip_boxes(boxes: FloatArray, shape: Sequence[int]) -> FloatArray:
    """The part of each box that lies on a grid of ``shape``; one that lies beside it has no room left."""
    return np.clip(boxes, 0.0, np.asarray(shape, dtype=np.float64))


def corners_mm(box_ijk: FloatArray, affine_ras: FloatArray) -> FloatArray:
    """(n, 8, 3) corners in patient mm, RAS+; k runs fastest, then j, then i, lo before hi.

    Args:
        box_ijk: (n, 2, 3).
        affine_ras: (4, 4), voxel to patient mm.
    """
    affine = np.asarray(affine_ras, dtype=np.float64)
    return (_corners(box_ijk) - _CENTRE) @ affine[:3, :3].T + affine[:3, 3]


def enclosing_mm(box_ijk: FloatArray, affine_ras: FloatArray) -> FloatArray:
    """(n, 2, 3) the smallest boxes along the axes of the patient that hold boxes of a grid, in mm, RAS+.

    Where the grid runs along these axes, forwards or backwards, they are the same boxes.
    """
    corners = corners_mm(box_ijk, affine_ras)
    return np.stack([corners.min(axis=1), corners.max(axis=1)], axis=1)


def enclosing_ijk(box_mm: FloatArray, affine_ras: FloatArray) -> FloatArray:
    """(n, 2, 3) the smallest boxes of a grid that hold boxes along the axes of the patient.

    Args:
        box_mm: (n, 2, 3), in mm, RAS+.
        affine_ras: (4, 4), voxel to patient mm.
    """
    corners = ijk_of(_corners(box_mm), affine_ras) + _CENTRE
    return np.stack([corners.min(axis=1), corners.max(axis=1)], axis=1)


def ijk_of(points_mm: FloatArray, affine_ras: FloatArray) -> FloatArray:
    """(…, 3) voxel coordinates of points in mm; a whole number is the centre of a voxel."""
    affine = np.asarray(affine_ras, dtype=np.float64)
    return np.asarray((points_mm - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T)


def boxes_around(centre_ijk: FloatArray, diameter_mm: FloatArray, affine_ras: FloatArray) -> FloatArray:
    """(n, 2, 3) the smallest boxes of a grid that hold balls.

    Args:
        centre_ijk: (n, 3); a whole number is the centre of a voxel.
        diameter_mm: (n,).
        affine_ras: (4, 4), voxel to patient mm.
    """
    # A ball reaches as far along a voxel axis as the row of the inverse that gives this axis is long.
    inverse = np.linalg.inv(np.asarray(affine_ras, dtype=np.float64)[:3, :3])
    reach = 0.5 * diameter_mm[:, None] * np.linalg.norm(inverse, axis=1)
    middle = centre_ijk + _CENTRE
    return np.stack([middle - reach, middle + reach], axis=1)


def paint_boxes(box_ijk: FloatArray, shape: Sequence[int]) -> IntArray:
    """(i, j, k) of 0, and in every voxel that a box touches its number (from 1); smaller boxes lie on top."""
    painted: IntArray = np.zeros(tuple(shape), dtype=np.int32)
    inside = clip_boxes(box_ijk, shape)
    lo, hi = np.floor(inside[:, 0]).astype(int), np.ceil(inside[:, 1]).astype(int)
    for n in np.argsort(-box_volume(box_ijk), kind="stable"):
        painted[tuple(slice(a, b) for a, b in zip(lo[n], hi[n], strict=True))] = n + 1
    return painted


def boxes_of_mask(labels: IntArray) -> tuple[FloatArray, IntArray]:
    """Boxes around the objects of a mask: every piece of every value; voxels that share a corner are of one.

    Args:
        labels: (i, j, k), 0 where there is nothing.

    Returns:
        (n, 2, 3) boxes and (n,) their values, by value and then by place.
    """
    first, drawn = _cut_to_what_is_drawn(labels)
    pieces = cc3d.connected_components(drawn, connectivity=26)
    found = cc3d.statistics(pieces, no_slice_conversion=True)["bounding_boxes"][1:]  # lo and last, by axis
    values = _values_of(pieces, drawn, len(found))
    boxes = found.reshape(-1, 3, 2).transpose(0, 2, 1).astype(np.float64) + first
    boxes[:, 1] += 1
    order = np.lexsort((*boxes[:, 0].T[::-1], values))
    return boxes[order], values[order]


def piece_sizes(labels: IntArray) -> tuple[IntArray, IntArray]:
    """Voxels and value, (n,) each, of the pieces of a mask, see ``boxes_of_mask``."""
    _, drawn = _cut_to_what_is_drawn(labels)
    pieces = cc3d.connected_components(drawn, connectivity=26)
    sizes = cc3d.statistics(pieces, no_slice_conversion=True)["voxel_counts"][1:].astype(np.int64)
    return sizes, _values_of(pieces, drawn, len(sizes))


def drop_small_pieces(labels: IntArray, least_voxels: Mapping[int, float]) -> IntArray:
    """A mask without the pieces, see ``boxes_of_mask``, that have fewer voxels than their value should: in
    their place comes what fills most of the box around them.

    Args:
        labels: (i, j, k).
        least_voxels: value → voxels; of other values every piece stays.
    """
    first, drawn = _cut_to_what_is_drawn(labels)
    pieces = cc3d.connected_components(drawn, connectivity=26)
    found = cc3d.statistics(pieces)
    sizes = found["voxel_counts"][1:]
    values = _values_of(pieces, drawn, len(sizes))
    least = np.array([least_voxels.get(int(value), 0.0) for value in values])
    goes = sizes < least
    if not goes.any():
        return labels
    left = labels.copy()
    part = left[tuple(slice(start, start + n) for start, n in zip(first, drawn.shape, strict=True))]
    np.copyto(part, 0, where=np.concatenate([[False], goes])[pieces])
    if len(np.unique(values)) == 1:  # around its pieces there is nothing
        return left
    for n in np.flatnonzero(goes) + 1:
        around = tuple(slice(max(0, span.start - 1), span.stop + 1) for span in found["bounding_boxes"][n])
        own = pieces[around] == n
        near, counts = np.unique(part[around][~own], return_counts=True)
        part[around][own] = near[counts.argmax()] if len(near) else 0
    return left


def _cut_to_what_is_drawn(labels: IntArray) -> tuple[IntArray, IntArray]:
    """(3,) first voxel, and the part of a mask beyond which it is empty, as most of a mask is."""
    held = [np.flatnonzero(labels.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    spans = [slice(places[0], places[-1] + 1) if len(places) else slice(0, 1) for places in held]
    native = labels.dtype.newbyteorder("=")  # the other order of bytes is not for cc3d
    return np.array([span.start for span in spans]), np.ascontiguousarray(labels[tuple(spans)], dtype=native)


def _values_of(pieces: IntArray, labels: IntArray, n: int) -> IntArray:
    """(n,) the value of each piece, by its number."""
    values = np.zeros(n + 1, dtype=labels.dtype)
    for slab in slabs(labels, 0):
        values[pieces[slab]] = labels[slab]
    return values[1:]


def _shared(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, m) volume that every box of one set has in common with every box of another."""
    common = np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])
    return np.asarray(np.clip(common, 0.0, None).prod(axis=2))


def _corners(boxes: FloatArray) -> FloatArray:
    """(n, 8, 3)."""
    which = np.array([(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)])
    return np.asarray(boxes, dtype=np.float64)[:, which, np.arange(3)]
