"""Tiles: cover an array with overlapping patches and blend them; or cut it into slabs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from scanwright.types import AnyArray, FloatArray

SLAB_BYTES = 1 << 23


def tile_starts(length: int, patch: int, overlap: float) -> list[int]:
    """First voxels of the patches that cover an axis, evenly spread; neighbours share ``overlap`` or more."""
    if length <= patch:
        return [0]
    stride = max(1, int(patch * (1.0 - overlap)))
    n = int(np.ceil((length - patch) / stride)) + 1
    return [round(start) for start in np.linspace(0, length - patch, n)]


def tiles(shape: Sequence[int], patch: Sequence[int], overlap: float) -> list[tuple[slice, slice, slice]]:
    """Slices (i, j, k) of the patches that cover ``shape``; a patch larger than an axis takes all of it."""
    axes = [
        [slice(start, start + min(p, n)) for start in tile_starts(n, p, overlap)]
        for n, p in zip(shape, patch, strict=True)
    ]
    return [(i, j, k) for i, j, k in itertools.product(*axes)]


@lru_cache(maxsize=8)
def blending_window(patch: tuple[int, int, int]) -> FloatArray:
    """Weights (i, j, k) that trust the middle of a patch more than its border (Gaussian, σ = length / 8).

    Source: nnU-Net (Isensee et al. 2021), which found stitching artefacts to vanish with it.
    """
    axes = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / max(n / 8, 0.5)) ** 2) for n in patch]
    window = axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]
    return np.asarray(np.maximum(window, 1e-3), dtype=np.float32)


def slowest_axis(array: AnyArray) -> int:
    """The axis along which neighbours lie furthest apart in memory: slabs along it are read in one go."""
    return int(np.argmax([abs(step) * (n > 1) for n, step in zip(array.shape, array.strides, strict=True)]))


def slabs(array: AnyArray, axis: int) -> Iterator[slice]:
    """Consecutive parts along an axis, each of a few MiB, so that what is made of one is soon gone again."""
    n = array.shape[axis]
    size = max(1, n * SLAB_BYTES // max(array.nbytes, 1))
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
