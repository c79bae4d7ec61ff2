"""Filling what is missing: slices, and voxels without a usable value."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.linalg import cg
from skimage import restoration

from scanwright.core.intensity import LARGEST
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.base import Outcome
from scanwright.transforms.enhancement.channels import slice_axis, steps_of, with_array
from scanwright.types import BoolArray, FloatArray

TOLERANCE, MOST_ROUNDS = 1e-5, 500
SMALL = {2: 36, 3: 1000}
"""Voxels of a small hole, in a plane and in a volume. In larger ones a plate bends too far, and in volumes
its equation takes minutes (``benchmarks/filling.py``)."""
THICK = 2.0
"""Slices this many times as far apart as voxels within them say little about each other."""


def fill(image: Volume, *, marked: float | None = None) -> Outcome:
    """Missing slices and unusable voxels from what is around them.

    A slice of one single value between others is interpolated linearly between its neighbours (along the axis
    of the widest spacing, the last of equals); constant slices at the ends stay, they may be air. NaN,
    infinities and voxels of the value ``marked`` take values that continue their surroundings: those of a
    stretched skin (Laplace's equation), which stay in the range around them, and in small holes those of a
    bent plate (the biharmonic equation, Damelin and Hoang 2018), which follow slopes too.

    Raises:
        DataError: a channel has no usable voxel.
    """
    array = image.array.astype(np.float32)
    with np.errstate(invalid="ignore"):
        holes = ~(np.abs(array) <= LARGEST)
    if marked is not None:
        holes |= image.array == marked
    steps = steps_of(image)
    slices: list[list[int]] = []
    for channel, hole in zip(array, holes, strict=True):
        if hole.all():
            raise DataError("a channel has no usable voxel: nothing can be filled from")
        slices.append(_fill_slices(channel, hole, steps))
        if hole.any():
            channel[hole] = _continued(channel, hole, steps)
            _round_off(channel, hole, steps)
    n_voxels = [int(np.count_nonzero(hole)) for hole in holes]
    if not any(n_voxels) and not any(slices):
        return Outcome(image, {"slices": slices, "voxels": n_voxels})
    return Outcome(with_array(image, array), {"slices": slices, "voxels": n_voxels})


def _fill_slices(channel: FloatArray, hole: BoolArray, steps: tuple[float, float, float]) -> list[int]:
    """Interpolate slices of one value in place, also in ``hole``, where they are no longer; their numbers."""
    axis = slice_axis(channel.shape, steps)
    planes, missing = np.moveaxis(channel, axis, 0), np.moveaxis(hole, axis, 0)
    usable = np.array([_varies(plane[~gone]) for plane, gone in zip(planes, missing, strict=True)])
    good = np.flatnonzero(usable)
    if good.size < 2:
        return []
    filled = [n for n in range(good[0], good[-1]) if not usable[n]]
    for n in filled:
        before, after = good[good < n][-1], good[good > n][0]
        share = (n - before) / (after - before)
        with np.errstate(invalid="ignore"):  # holes in the neighbours are holes here too
            planes[n] = (1 - share) * planes[before] + share * planes[after]
        missing[n] = missing[before] | missing[after]
    return filled


def _varies(values: FloatArray) -> bool:
    return bool(values.size and values.min() != values.max())


def _continued(channel: FloatArray, hole: BoolArray, steps: tuple[float, float, float]) -> FloatArray:
    """Values of the hole's voxels: each the mean of its neighbours, weighted by distance."""
    nearest = ndimage.distance_transform_edt(
        hole, sampling=steps, return_distances=False, return_indices=True
    )
    start = channel[tuple(nearest)][hole].astype(np.float64)
    number = np.full(channel.shape, -1, dtype=np.int64)
    number[hole] = np.arange(start.size)
    diagonal, known = np.zeros(start.size), np.zeros(start.size)
    rows, columns, weights = [], [], []
    for axis in range(3):
        n = channel.shape[axis]
        weight = (min(steps) / steps[axis]) ** 2
        for here, there in ((slice(0, n - 1), slice(1, n)), (slice(1, n), slice(0, n - 1))):
            at = tuple(here if a == axis else slice(None) for a in range(3))
            beside = tuple(there if a == axis else slice(None) for a in range(3))
            is_hole = hole[at]
            own, other = number[at][is_hole], number[beside][is_hole]
            diagonal[own] += weight
            inner = other >= 0
            rows.append(own[inner])
            columns.append(other[inner])
            weights.append(np.full(np.count_nonzero(inner), -weight))
            known[own[~inner]] += weight * channel[beside][is_hole][~inner]
    everyone = np.arange(start.size)
    matrix = sparse.csr_matrix(
        (
            np.concatenate([diagonal, *weights]),
            (np.concatenate([everyone, *rows]), np.concatenate([everyone, *columns])),
        ),
        shape=(start.size, start.size),
    )
    # Not to the last digit: noise in the surroundings is far larger. The start is already plausible.
    values, _ = cg(matrix, known, x0=start, rtol=TOLERANCE, maxiter=MOST_ROUNDS)
    return np.asarray(values, dtype=np.float32)


def _round_off(channel: FloatArray, hole: BoolArray, steps: tuple[float, float, float]) -> None:
    """Fill small holes again, in place, by the biharmonic equation; slice by slice where slices are thick."""
    across = slice_axis(channel.shape, steps)
    links = ndimage.generate_binary_structure(3, 1)
    flat = channel.shape[across] == 1 or steps[across] > THICK * min(steps)
    if flat:
        np.moveaxis(links, across, 0)[[0, 2]] = False
    # Holes with one voxel between them have their equations in common: together they count as one.
    pieces, _ = ndimage.label(ndimage.binary_dilation(hole, links), links)
    small = hole & (np.bincount(pieces[hole]) <= SMALL[2 if flat else 3])[pieces]
    planes, holes = (np.moveaxis(array, across, 0) if flat else array[None] for array in (channel, small))
    for plane, gone in zip(planes, holes, strict=True):
        if gone.any():
            plane[gone] = restoration.inpaint_biharmonic(plane.copy(), gone.copy())[gone]
