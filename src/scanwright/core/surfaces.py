"""Surfaces of masks: how far two lie apart, and whether one is that of a tube. Pure functions over arrays.

What is empty follows the policies of ``core.metrics``: of one empty mask surface Dice is 0, and distances are
nan, because none exist. Whoever summarises them must say how many cases they are missing in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cc3d
import edt
import numpy as np

from scanwright.core.metrics import EmptyPolicy, check_masks, empty_value
from scanwright.errors import DataError
from scanwright.extras import Later
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

spatial = Later("scipy.spatial", feature="Judging masks")
MOST_NEIGHBOURS = 1500
"""Of a voxel, about so many are asked before a tree is built."""
MOST_AT_ONCE = 2**20
SAMPLE = 128
"""So many places tell whether the neighbours of all are worth asking."""
VOXELS_A_LOOK = 250
"""How many voxels a distance transform visits while one place far away is looked up in a tree."""
TUBE = 20.0
"""How many times its largest inscribed ball the largest piece of a mask holds, from which on it is a tube:
a liver holds about 4, a hippocampus 6, the vessels of a retina several hundred."""


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances between two surfaces, in mm (pixels where the spacing is unknown).

    Attributes:
        from_prediction: for each border voxel of the prediction, to the nearest border voxel of the
            reference; empty when either mask is.
        from_reference: the other way round.
        n_prediction, n_reference: border voxels of each, also when the other mask is empty.
    """

    from_prediction: FloatArray
    from_reference: FloatArray
    n_prediction: int
    n_reference: int

    def dice(self, tolerance_mm: float, *, empty_policy: EmptyPolicy = "nan") -> float:
        """The part of both surfaces that lies within ``tolerance_mm`` of the other; see ``surface_dice``."""
        total = self.n_prediction + self.n_reference
        if total == 0:
            return empty_value(empty_policy)
        # Distances come as float32: 0.7 mm must count as within 0.7 mm.
        reach = tolerance_mm + 1e-5 * max(1.0, tolerance_mm)
        near = np.count_nonzero(self.from_prediction <= reach) + np.count_nonzero(
            self.from_reference <= reach
        )
        return float(near / total)

    def hausdorff(self, percentile: float = 95.0) -> float:
        """The larger of the two directed percentiles; nan when either mask is empty."""
        if self.n_prediction == 0 or self.n_reference == 0:
            return math.nan
        return float(
            max(
                np.percentile(self.from_prediction, percentile),
                np.percentile(self.from_reference, percentile),
            )
        )

    def mean(self) -> float:
        """Average symmetric surface distance: the mean over both borders; nan when either mask is empty."""
        if self.n_prediction == 0 or self.n_reference == 0:
            return math.nan
        total = self.from_prediction.sum(dtype=np.float64) + self.from_reference.sum(dtype=np.float64)
        return float(total / (self.n_prediction + self.n_reference))


def surface_distances(
    prediction: AnyArray, reference: AnyArray, spacing_mm: Sequence[float] | None
) -> SurfaceDistances:
    """Distances between the borders of two masks.

    A border voxel is a voxel of the mask that shares a face with one outside it; the outside of the
    picture is outside the mask. Along an axis of length 1 (photographs, single slices) there are no faces.
    Distances are between voxel centres.

    Args:
        prediction, reference: boolean, 1 to 3 axes longer than one voxel.
        spacing_mm: distance between voxel centres along each axis; ``None`` measures in pixels.

    Raises:
        DataError: shapes differ, or the spacing does not fit the axes.
    """
    a, b = check_masks(prediction, reference)
    spacing = _checked_spacing(spacing_mm, a.ndim)
    long_axes = tuple(axis for axis in range(a.ndim) if a.shape[axis] > 1) or (0,)
    short_axes = tuple(axis for axis in range(a.ndim) if axis not in long_axes)
    a, b = np.squeeze(a, short_axes), np.squeeze(b, short_axes)
    spacing = tuple(spacing[axis] for axis in long_axes)
    box = box_of_either(a, b)
    none = np.empty(0, dtype=np.float32)
    if box is None:
        return SurfaceDistances(none, none, 0, 0)
    border_a, border_b = _border(a[box]), _border(b[box])
    n_a, n_b = int(np.count_nonzero(border_a)), int(np.count_nonzero(border_b))
    if n_a == 0 or n_b == 0:
        return SurfaceDistances(none, none, n_a, n_b)
    return SurfaceDistances(
        _nearest(border_a, border_b, spacing),
        _nearest(border_b, border_a, spacing),
        n_a,
        n_b,
    )


def surface_dice(
    prediction: AnyArray,
    reference: AnyArray,
    spacing_mm: Sequence[float] | None,
    tolerance_mm: float,
    *,
    empty_policy: EmptyPolicy = "nan",
) -> float:
    """Border voxels within ``tolerance_mm`` of the other border, over all border voxels.

    The normalised surface Dice of Nikolov et al. 2021 (J Med Internet Res 23:e26151), with border voxels
    in place of surface elements, each counted as one. Borders as in ``surface_distances``.

    Raises:
        DataError: as ``surface_distances``.
    """
    return surface_distances(prediction, reference, spacing_mm).dice(tolerance_mm, empty_policy=empty_policy)


def hausdorff_95(prediction: AnyArray, reference: AnyArray, spacing_mm: Sequence[float] | None) -> float:
    """95th percentile Hausdorff distance: the larger of the two directed 95th percentiles, in mm.

    Metrics Reloaded (Maier-Hein et al. 2024, Nat Methods 21:195), with border voxels. nan when either is
    empty.

    Raises:
        DataError: as ``surface_distances``.
    """
    return surface_distances(prediction, reference, spacing_mm).hausdorff(95.0)


def is_tubular(mask: AnyArray, spacing_mm: Sequence[float] | None) -> bool:
    """Whether the largest piece of a mask is long and thin, or branches, as vessels do.

    Args:
        mask: boolean, 2 or 3 axes longer than one voxel.
        spacing_mm: see ``surface_distances``.

    Raises:
        DataError: the spacing does not fit the axes.
    """
    spacing = _checked_spacing(spacing_mm, np.ndim(mask))
    box = box_of_either(np.asarray(mask, dtype=bool), np.asarray(mask, dtype=bool))
    if box is None:
        return False
    inside = np.asarray(mask, dtype=bool)[box]
    long_axes = [axis for axis in range(inside.ndim) if np.shape(mask)[axis] > 1]
    spacing = tuple(spacing[axis] for axis in long_axes)
    inside = inside.reshape([inside.shape[axis] for axis in long_axes])
    if inside.ndim < 2:
        return False
    piece = np.asarray(cc3d.largest_k(inside.astype(np.uint8), k=1)) > 0
    radius = float(edt.edt(piece, anisotropy=spacing, black_border=True).max())
    ball = math.pi * radius**2 if piece.ndim == 2 else 4 / 3 * math.pi * radius**3
    return float(np.count_nonzero(piece)) * math.prod(spacing) >= TUBE * ball


def _checked_spacing(spacing_mm: Sequence[float] | None, n_axes: int) -> tuple[float, ...]:
    if spacing_mm is None:
        return (1.0,) * n_axes
    spacing = tuple(float(step) for step in spacing_mm)
    if len(spacing) != n_axes or not all(math.isfinite(step) and step > 0 for step in spacing):
        raise DataError(
            "the spacing does not fit the mask",
            expected=f"{n_axes} lengths above 0",
            received=f"spacing={spacing}",
        )
    return spacing


def box_of_either(a: BoolArray, b: BoolArray) -> tuple[slice, ...] | None:
    """The smallest box around both masks; ``None`` when both are empty."""
    either = a | b
    box = []
    for axis in range(either.ndim):
        others = tuple(other for other in range(either.ndim) if other != axis)
        taken = np.flatnonzero(either.any(axis=others))
        if not taken.size:
            return None
        box.append(slice(int(taken[0]), int(taken[-1]) + 1))
    return tuple(box)


def _border(mask: BoolArray) -> BoolArray:
    """Voxels of the mask with a face neighbour outside it. What lies beyond the array is outside."""
    padded = np.pad(mask, 1)
    inside = mask.copy()
    core = (slice(1, -1),) * mask.ndim
    for axis in range(mask.ndim):
        for shifted in (slice(0, -2), slice(2, None)):
            inside &= padded[(*core[:axis], shifted, *core[axis + 1 :])]
    return mask & ~inside


def _nearest(places: BoolArray, border: BoolArray, spacing: tuple[float, ...]) -> FloatArray:
    """(n,) distance of each voxel of ``places`` to the nearest voxel of ``border``, which has one.

    Surfaces that are compared mostly lie a few voxels apart: neighbours are asked from the nearest on, all
    places at once; the few that lie further are looked up in a tree. Only where many do, every voxel is
    visited, by a distance transform.
    """
    offsets, far = _neighbours(spacing)
    room = np.abs(offsets).max(axis=0)[:, None]
    padded = np.pad(border, room)
    flat, steps = padded.ravel(), offsets @ np.array(padded.strides)
    here = np.flatnonzero(np.pad(places, room))
    found = np.full(len(here), np.nan, dtype=np.float32)
    waiting: IntArray = np.arange(len(here))
    some = waiting[:: max(1, len(waiting) // SAMPLE)]
    n_some_far = len(_ask_neighbours(found, some, here, flat, steps, far))
    if n_some_far * len(waiting) * VOXELS_A_LOOK <= border.size * len(some):
        waiting = _ask_neighbours(found, waiting, here, flat, steps, far)
    if not waiting.size:
        return found
    left = np.argwhere(places)[waiting]
    if len(left) * VOXELS_A_LOOK > border.size:
        found[waiting] = _by_slices(left, border, spacing)
    else:
        tree = spatial.cKDTree(np.argwhere(border) * spacing, balanced_tree=False)
        found[waiting] = tree.query(left * spacing)[0]
    return found


def _by_slices(places: IntArray, border: BoolArray, spacing: tuple[float, ...]) -> FloatArray:
    """As ``_nearest``, of places far away: a distance transform of each slice, and for each place the least
    over the slices. That spares the last pass over all voxels, of which few are places.

    Args:
        places: (n, axes).
    """
    across = int(np.argmin(border.shape))
    within = [axis for axis in range(border.ndim) if axis != across]
    slices = np.ascontiguousarray(np.moveaxis(~border, across, 0))
    n_slices, steps = len(slices), [spacing[axis] for axis in within]
    squares = np.full(slices.shape, np.inf, dtype=np.float32)
    for one, outside in zip(squares, slices, strict=True):
        if not outside.all():
            one[...] = (
                edt.edtsq(outside, anisotropy=steps if len(steps) > 1 else steps[0], black_border=False)
                if steps
                else 0.0
            )
    columns = np.ascontiguousarray(squares.reshape(n_slices, -1).T)
    column = np.ravel_multi_index(tuple(places[:, within].T), slices.shape[1:]) if within else 0
    height = (np.arange(n_slices) * spacing[across]).astype(np.float32)
    heights = (height[:, None] - height) ** 2
    column = np.broadcast_to(column, len(places))
    found, at_once = np.empty(len(places), dtype=np.float32), max(1, MOST_AT_ONCE // n_slices)
    for start in range(0, len(places), at_once):
        rows = slice(start, start + at_once)
        found[rows] = (columns[column[rows]] + heights[places[rows, across]]).min(axis=1)
    return np.sqrt(found)


def _ask_neighbours(
    found: FloatArray, waiting: IntArray, here: IntArray, flat: BoolArray, steps: IntArray, far: FloatArray
) -> IntArray:
    """Writes into ``found`` how far the nearest of the neighbours in ``flat`` is; which stay without one.

    Args:
        found: (n,) mm. waiting: (m,) which of the n places ask. here: (n,) where they lie in ``flat``.
        steps, far: (k,) to each neighbour, the nearest first, and its distance in mm.
    """
    here, start = here[waiting], 0
    while waiting.size and start < len(steps):
        stop = start + max(8, min(start, MOST_AT_ONCE // waiting.size))
        held = flat[here[:, None] + steps[start:stop]]
        first = held.argmax(axis=1)
        hit = held[np.arange(len(held)), first]
        found[waiting[hit]] = far[start + first[hit]]
        waiting, here, start = waiting[~hit], here[~hit], stop
    return waiting


@lru_cache(maxsize=64)
def _neighbours(spacing: tuple[float, ...]) -> tuple[IntArray, FloatArray]:
    """The nearest neighbours of a voxel, the nearest first: (n, axes) steps and (n,) how far they lead."""
    reach = (MOST_NEIGHBOURS * math.prod(spacing)) ** (1 / len(spacing)) / 2
    ends = [max(1, math.ceil(reach / step)) for step in spacing]
    axes = np.meshgrid(*(np.arange(-end, end + 1) for end in ends), indexing="ij")
    offsets = np.stack(axes, axis=-1).reshape(-1, len(spacing))
    far = np.linalg.norm(offsets * spacing, axis=1)
    order = np.argsort(far, kind="stable")
    # What lies in a corner of the box of neighbours is no nearer than some that lie outside of the box.
    order = order[far[order] < min((end + 1) * step for end, step in zip(ends, spacing, strict=True))]
    return offsets[order], far[order]
