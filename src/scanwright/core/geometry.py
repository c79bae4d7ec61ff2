"""Grids: orientation, resampling, fitting and padding. All functions are pure and work on numpy arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanwright.core.interpolation import Interpolation, interpolation_matrix
from scanwright.core.tiling import slabs, slowest_axis
from scanwright.types import AnyArray, FloatArray

Shape3 = tuple[int, int, int]
RAS_LPS: FloatArray = np.diag([-1.0, -1.0, 1.0, 1.0])
"""(4, 4); takes patient millimetres of NIfTI (RAS+) to those of DICOM and ITK (LPS+), and back."""


def ras_axes(affine_ras: FloatArray) -> tuple[tuple[int, int, int], tuple[bool, bool, bool]]:
    """How to permute and flip voxel axes so that i, j, k run to the right, the front and the head.

    Args:
        affine_ras: (4, 4), voxel to patient mm in RAS+.

    Returns:
        ``order``: the new axis n is the old axis ``order[n]``; ``flips``: whether new axis n runs backwards.
    """
    direction = np.asarray(affine_ras, dtype=np.float64)[:3, :3]
    direction = direction / np.linalg.norm(direction, axis=0)
    best: tuple[float, tuple[int, int, int]] = (-1.0, (0, 1, 2))
    for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)):
        aligned = float(sum(abs(direction[axis, order[axis]]) for axis in range(3)))
        if aligned > best[0] + 1e-9:
            best = (aligned, order)
    order = best[1]
    i, j, k = (bool(direction[axis, order[axis]] < 0) for axis in range(3))
    return order, (i, j, k)


def reorient(array: AnyArray, order: Sequence[int], flips: Sequence[bool]) -> AnyArray:
    """Permute, then flip the last three axes of (channel, i, j, k)."""
    array = np.transpose(array, (0, *(1 + axis for axis in order)))
    return array[(slice(None), *(slice(None, None, -1 if flip else 1) for flip in flips))]


def undo_reorient(array: AnyArray, order: Sequence[int], flips: Sequence[bool]) -> AnyArray:
    """The inverse of :func:`reorient`."""
    array = array[(slice(None), *(slice(None, None, -1 if flip else 1) for flip in flips))]
    return np.transpose(array, (0, *(1 + int(axis) for axis in np.argsort(order))))


def reoriented_affine(
    affine_ras: FloatArray, shape: Sequence[int], order: Sequence[int], flips: Sequence[bool]
) -> FloatArray:
    """The affine of ``reorient(array, order, flips)``; ``shape`` is that of the array before, (i, j, k)."""
    change = np.zeros((4, 4))
    change[3, 3] = 1.0
    for new, old in enumerate(order):
        change[old, new] = -1.0 if flips[new] else 1.0
        change[old, 3] = shape[old] - 1 if flips[new] else 0.0
    return np.asarray(np.asarray(affine_ras, dtype=np.float64) @ change)


def resample(array: AnyArray, shape: Sequence[int]) -> FloatArray:
    """Resample (channel, i, j, k) to the given (i, j, k) over the same extent, linearly, one axis at a time.

    Returns float32. Axes that shrink most go first, so that the later ones have less to do; of those that
    grow j goes last: its results are written in whole rows along k.
    """
    result = array
    for axis in sorted(range(1, 4), key=lambda a: (min(1.0, shape[a - 1] / array.shape[a]), a == 2)):
        n_in, n_out = int(result.shape[axis]), int(shape[axis - 1])
        if n_in != n_out:
            result = _along(result, interpolation_matrix(n_in, n_out), axis)
    return np.ascontiguousarray(result, dtype=np.float32)


def resample_slab(array: AnyArray, shape: Sequence[int], start: int, stop: int) -> FloatArray:
    """The planes from ``start`` to ``stop`` along i of ``resample(array, shape)``, without the others."""
    first, last = planes_needed(array.shape[1], shape[0], start, stop)
    return resample_near(array[:, first:last], array.shape[1], first, shape, start, stop)


def planes_needed(n_in: int, n_out: int, start: int, stop: int) -> tuple[int, int]:
    """First plane, and the one after the last, that planes ``start`` … ``stop`` are interpolated from."""
    return interpolation_matrix(n_in, n_out).needed(start, stop)


def resample_near(
    near: AnyArray, n_in: int, first: int, shape: Sequence[int], start: int, stop: int
) -> FloatArray:
    """As :func:`resample_slab`, from the planes it needs alone.

    Args:
        near: (channel, i, j, k), planes from ``first`` on; no fewer than ``planes_needed`` says.
        n_in: planes of the whole array.
        first: see ``near``.
        shape: (i, j, k) that the whole is resampled to.
        start, stop: which planes of that are wanted.
    """
    low, high = planes_needed(n_in, shape[0], start, stop)
    rows = interpolation_matrix(n_in, shape[0]).rows(start, stop)
    near = np.asarray(near[:, low - first : high - first], dtype=np.float32)
    return resample(_along(near, rows, 1), (stop - start, *shape[1:]))


def _along(array: AnyArray, matrix: Interpolation, axis: int) -> FloatArray:
    """The matrix applied along an axis, slab by slab: no copy of the whole array is made."""
    moved = np.moveaxis(array, axis, 0)
    result = np.empty((len(matrix.ends) - 1, *moved.shape[1:]), np.float32)
    slowest = 1 + slowest_axis(moved[0])
    whole, parts = np.moveaxis(moved, slowest, 1), np.moveaxis(result, slowest, 1)
    for slab in slabs(whole, 1):
        part = np.ascontiguousarray(whole[:, slab], dtype=np.float32)
        parts[:, slab] = (matrix @ part.reshape(len(part), -1)).reshape(-1, *part.shape[1:])
    return np.moveaxis(result, 0, axis)


def resample_labels(labels: AnyArray, shape: Sequence[int], n_classes: int) -> AnyArray:
    """Resample class indices (i, j, k) by resampling each class's indicator and taking the largest."""
    if tuple(labels.shape) == tuple(shape):
        return labels
    best = np.full(tuple(shape), -1.0, dtype=np.float32)
    result = np.zeros(tuple(shape), dtype=labels.dtype)
    for index in range(n_classes):
        share = resample((labels == index)[None], shape)[0]
        better = share > best
        best[better] = share[better]
        result[better] = index
    return result


def resampled_affine(affine_ras: FloatArray, shape: Sequence[int], target: Sequence[int]) -> FloatArray:
    """The affine of ``resample(array, target)``; ``shape`` is that of the array before, (i, j, k)."""
    steps = np.asarray(shape, dtype=np.float64) / np.asarray(target)
    change = np.diag([*steps, 1.0])
    change[:3, 3] = steps / 2 - 0.5
    return np.asarray(np.asarray(affine_ras, dtype=np.float64) @ change)


def move_points(affine: FloatArray, points: FloatArray) -> FloatArray:
    """(n, 3) points through a (4, 4) affine."""
    return np.asarray(points @ affine[:3, :3].T + affine[:3, 3])


def resampled_shape(shape: Sequence[int], spacing_mm: Sequence[float], target_mm: Sequence[float]) -> Shape3:
    """How many voxels the same extent has at another spacing; at least one along each axis."""
    i, j, k = (max(1, round(n * s / t)) for n, s, t in zip(shape, spacing_mm, target_mm, strict=True))
    return i, j, k


def fitted_shape(shape: Sequence[int], box: Sequence[int]) -> Shape3:
    """The largest shape of the same proportions inside ``box``; axes of length 1 stay as they are."""
    factors = [b / n for n, b in zip(shape, box, strict=True) if n > 1 and b > 1]
    factor = min(factors, default=1.0)
    i, j, k = (
        1 if n == 1 or b == 1 else max(1, min(b, round(n * factor))) for n, b in zip(shape, box, strict=True)
    )
    return i, j, k


def centre_pad(shape: Sequence[int], target: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis that bring ``shape`` to at least ``target``, the image in the middle."""
    missing = [max(0, t - n) for n, t in zip(shape, target, strict=True)]
    return tuple((m // 2, m - m // 2) for m in missing)
