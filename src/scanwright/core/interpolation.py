"""Interpolation: one axis resampled, as a matrix with few weights in each row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from scanwright.extras import Later, is_installed
from scanwright.types import FloatArray, IntArray

sparse = Later("scipy.sparse", feature="Resampling with scipy")
HAS_SCIPY = is_installed("scipy")
"""It is several times as fast where rows are short; without it the result is the same."""


@dataclass(frozen=True, eq=False)
class Interpolation:
    """A matrix (row, column), kept as scipy keeps its ``csr_matrix``: the weights of row r stand from
    ``ends[r]`` to ``ends[r + 1]``, each beside its column.
    """

    weights: FloatArray
    columns: IntArray
    ends: IntArray
    n_columns: int

    def rows(self, start: int, stop: int) -> Interpolation:
        """Some rows, of the columns from the first that they need to the last."""
        first, last = self.needed(start, stop)
        own = slice(self.ends[start], self.ends[stop])
        ends = self.ends[start : stop + 1] - self.ends[start]
        return Interpolation(self.weights[own], self.columns[own] - first, ends, last - first)

    def needed(self, start: int, stop: int) -> tuple[int, int]:
        """First column, and the one after the last, in which rows ``start`` … ``stop`` have weights."""
        columns = self.columns[self.ends[start] : self.ends[stop]]
        return int(columns.min()), int(columns.max()) + 1

    def toarray(self) -> FloatArray:
        """(row, column)."""
        return self @ np.eye(self.n_columns, dtype=np.float32)

    def __matmul__(self, array: FloatArray) -> FloatArray:
        """(column, n) float32 → (row, n) float32."""
        if HAS_SCIPY:
            return np.asarray(self._csr @ array)
        result = np.empty((len(self.ends) - 1, array.shape[1]), np.float32)
        part = np.empty(array.shape[1], np.float32)
        for row, own in enumerate(result):
            start, *others = range(self.ends[row], self.ends[row + 1])
            np.multiply(array[self.columns[start]], self.weights[start], out=own)
            for n in others:
                np.multiply(array[self.columns[n]], self.weights[n], out=part)
                np.add(own, part, out=own)
        return result

    @cached_property
    def _csr(self) -> Any:
        shape = (len(self.ends) - 1, self.n_columns)
        return sparse.csr_matrix((self.weights, self.columns, self.ends), shape=shape)


@lru_cache(maxsize=256)
def interpolation_matrix(n_in: int, n_out: int) -> Interpolation:
    """(n_out, n_in) weights that resample one axis linearly, its two outer edges kept in place.

    When the axis gets shorter, each output is the weighted mean over the widened triangle, so that fine
    structure is averaged and not skipped (the usual antialiasing). Every row adds up to 1.
    """
    scale = n_in / n_out
    width = max(scale, 1.0)
    centres = (np.arange(n_out) + 0.5) * scale - 0.5
    reach = int(np.ceil(width)) + 1
    columns = np.floor(centres)[:, None].astype(int) + np.arange(-reach, reach + 1)[None, :]
    weights = np.clip(1.0 - np.abs(columns - centres[:, None]) / width, 0.0, None)
    rows = np.broadcast_to(np.arange(n_out)[:, None], columns.shape)[weights > 0]
    # Weights that fall outside the image go to its border voxel: the border value is continued.
    places, own = np.unique(rows * n_in + np.clip(columns, 0, n_in - 1)[weights > 0], return_inverse=True)
    summed = np.bincount(own, weights[weights > 0])
    rows = places // n_in
    shares = summed / np.bincount(rows, summed)[rows]
    ends = np.searchsorted(rows, np.arange(n_out + 1))
    return Interpolation(shares.astype(np.float32), places % n_in, ends, n_in)
