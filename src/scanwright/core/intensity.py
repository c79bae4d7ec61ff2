"""Intensities: what is not a usable number is replaced, and counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanwright.core.tiling import slabs, slowest_axis
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

MOST_SORTED = 1 << 22
LARGEST = float(np.finfo(np.float32).max)


def replace_non_finite(array: AnyArray) -> tuple[AnyArray, int]:
    """Put the smallest usable intensity wherever there is NaN, an infinity, or more than a float32 holds.

    Returns:
        The array (itself when nothing is wrong) and how many voxels were replaced; when every voxel is
        unusable, the array as it is and its size.
    """
    if array.dtype.kind != "f":
        return array, 0
    usable = _usable(array)
    n_replaced = int(array.size - np.count_nonzero(usable))
    if n_replaced in (0, array.size):
        return array, n_replaced
    return np.where(usable, array, array[usable].min()), n_replaced


def count_non_finite(array: AnyArray) -> int:
    """How many voxels :func:`replace_non_finite` replaces."""
    return int(array.size - np.count_nonzero(_usable(array))) if array.dtype.kind == "f" else 0


def _usable(array: AnyArray) -> BoolArray:
    usable: BoolArray = np.isfinite(array)
    if array.itemsize > 4:
        usable &= (array >= -LARGEST) & (array <= LARGEST)
    return usable


def percentiles(values: AnyArray, percents: Sequence[float]) -> FloatArray:
    """Percentiles of all values, in little more memory than the values take.

    Those of integers of at most 16 bits are counted; of more than four million others, as many are taken from
    all over the array. Linear between two values.

    Args:
        values: any shape, not empty, no NaN.
        percents: 0 … 100.
    """
    if countable(values):
        lowest, counts = count_values(values)
        up_to, ranks = np.cumsum(counts), np.asarray(percents) / 100 * (values.size - 1)
        below, above = (np.searchsorted(up_to, end(ranks), "right") + lowest for end in (np.floor, np.ceil))
        return np.asarray(below + (above - below) * (ranks % 1.0))
    if values.size > MOST_SORTED:
        # Multiples of the golden ratio, modulo 1, are spread more evenly than chance.
        places = ((np.arange(MOST_SORTED) * 0.6180339887498949) % 1.0 * values.size).astype(np.int64)
        values = values[np.unravel_index(places, values.shape)]
    return np.percentile(values, percents)


def countable(values: AnyArray) -> bool:
    """Whether an array holds integers of at most 16 bits."""
    return values.dtype.kind in "iu" and values.dtype.itemsize <= 2


def count_values(values: AnyArray) -> tuple[int, IntArray]:
    """The lowest value, and how often it and each one above it occur; of a countable array, not empty."""
    lowest = int(values.min())
    counts = np.zeros(int(values.max()) - lowest + 1, np.int64)
    slowest = slowest_axis(values)
    for slab in slabs(values, slowest):
        part = values[(slice(None),) * slowest + (slab,)].ravel(order="K")
        counts += np.bincount(part.astype(np.int64) - lowest, minlength=len(counts))
    return lowest, counts
