"""Intensities: what is not a usable number is replaced, and counted."""

from __future__ import annotations

import numpy as np

from scanwright.types import AnyArray

LARGEST = float(np.finfo(np.float32).max)


def replace_non_finite(array: AnyArray) -> tuple[AnyArray, int]:
    """Put the smallest usable intensity wherever there is NaN, an infinity, or more than a float32 holds.

    Returns:
        The array (itself when nothing is wrong) and how many voxels were replaced; when every voxel is
        unusable, the array as it is and its size.
    """
    if array.dtype.kind != "f":
        return array, 0
    usable = np.abs(array) <= LARGEST  # False for NaN
    n_replaced = int(array.size - np.count_nonzero(usable))
    if n_replaced in (0, array.size):
        return array, n_replaced
    return np.where(usable, array, array[usable].min()), n_replaced
