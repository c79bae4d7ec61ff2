"""Fit: whether places with structure lie where a registration says, judged one by one.

Similarity tells which of several poses is best, and not whether the best is right: two bodies are alike. So
each place with structure of its own looks around for where it fits best. Where that is, is about where the
registration laid it if it is right, and anywhere if it is wrong.

Compared are directions of edges and not values, so across modalities (Haber and Modersitzki, MICCAI 2006).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from scanwright.core.geometry import move_points
from scanwright.registration.grid import Scan
from scanwright.types import BoolArray, FloatArray, IntArray

BLOCK = 6
"""Voxels along a place's side."""
REACH = 3
"""Voxels by which a place looks around."""
NEAR = 1.5
"""Voxels within which a place fits where it was laid."""
CORNER = 0.15
"""Least over largest eigenvalue of the directions of edges: where all have one, a place slides along them."""
LEAST_EDGES = 0.25
"""Of the edges of the best places."""
OFFSETS = np.array(list(itertools.product(range(-REACH, REACH + 1), repeat=3)))
CHANCE = float((np.linalg.norm(OFFSETS, axis=1) <= NEAR).mean())
"""The share of places that fit by chance."""

Map = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Fit:
    """How places with structure fit.

    Attributes:
        places: how many there are.
        share: which part of them fits where the registration lays it.
        error_mm: median distance to where they fit best, in steps of the grid.
    """

    places: int
    share: float
    error_mm: float


def fit_places(fixed: Scan, moving: Scan, fixed_to_moving: Map) -> Fit:
    """Judge a registration by its places.

    Args:
        fixed, moving: on grids of one spacing.
        fixed_to_moving: takes (n, 3) RAS mm to RAS mm.
    """
    window = _window(fixed)
    still = _directions(fixed.values, fixed.spacing_mm, fixed.inside)[(slice(None), *window)]
    grid = np.indices([w.stop - w.start + 2 * REACH for w in window], dtype=np.float64)
    at = grid.reshape(3, -1).T + np.array([w.start - REACH for w in window])
    values, within = moving.sample(fixed_to_moving(move_points(fixed.affine_ras, at)))
    shape = grid.shape[1:]
    seen, around = values.reshape(shape), within.reshape(shape)
    seen = np.where(around, seen, moving.outside)
    moved = _directions(seen, fixed.spacing_mm, around & (seen > moving.outside))
    moved *= ndimage.binary_erosion(around)
    core = tuple(slice(REACH, -REACH) for _ in range(3))
    usable = _usable(still, around[core])
    if not usable.any():
        return Fit(0, 0.0, float("nan"))
    corners = np.argwhere(usable) * BLOCK
    kept = _cut(still, corners, BLOCK)
    seen_from = _cut(moved, corners, BLOCK + 2 * REACH)
    where, best = np.zeros((len(corners), 3)), np.full(len(corners), -1.0)
    edges = _strength(kept)
    for offset in OFFSETS:
        part = tuple(slice(REACH + d, REACH + d + BLOCK) for d in offset)
        other = seen_from[(slice(None), slice(None), *part)]
        alike = ((kept * other).sum(axis=1) ** 2).sum(axis=(1, 2, 3))
        score = alike / np.sqrt(edges * _strength(other) + 1e-9)
        better = score > best
        best[better], where[better] = score[better], offset
    voxels = np.linalg.norm(where, axis=1)
    apart = np.linalg.norm(where * fixed.spacing_mm, axis=1)
    return Fit(len(best), float((voxels <= NEAR).mean()), float(np.median(apart)))


def _window(scan: Scan) -> tuple[slice, ...]:
    """The box of what is compared, whole blocks long."""
    window = []
    for axis in range(3):
        inside = np.flatnonzero(scan.inside.any(axis=tuple(a for a in range(3) if a != axis)))
        n = max(1, (int(inside[-1]) + 1 - int(inside[0])) // BLOCK) * BLOCK
        window.append(slice(int(inside[0]), min(int(inside[0]) + n, scan.inside.shape[axis])))
    return tuple(window)


def _directions(values: FloatArray, spacing_mm: FloatArray, inside: BoolArray) -> FloatArray:
    """(3, i, j, k) gradients, those that rise above the noise of length one."""
    smooth = ndimage.gaussian_filter(values, 0.6)
    slopes = np.stack(np.gradient(smooth, *spacing_mm))
    lengths = np.sqrt((slopes**2).sum(axis=0))
    noise = float(np.mean(lengths[inside])) if inside.any() else 1.0
    return np.asarray(slopes / np.sqrt(lengths**2 + noise**2 + 1e-12))


def _cut(values: FloatArray, corners: IntArray, side: int) -> FloatArray:
    """(n, 3, side, side, side) blocks of (3, i, j, k) from their lowest corners on."""
    parts = [values[:, i : i + side, j : j + side, k : k + side] for i, j, k in corners]
    return np.stack(parts).astype(np.float32)


def _strength(blocks: FloatArray) -> FloatArray:
    """(n,) of blocks of directions; as large as their likeness with themselves."""
    return np.asarray(((blocks**2).sum(axis=1) ** 2).sum(axis=(1, 2, 3)))


def _blocks(values: FloatArray) -> FloatArray:
    """(..., a, b, c) sums over blocks; what is left over at the ends is dropped."""
    *rest, i, j, k = values.shape
    a, b, c = i // BLOCK, j // BLOCK, k // BLOCK
    cut = values[..., : a * BLOCK, : b * BLOCK, : c * BLOCK]
    return np.asarray(cut.reshape(*rest, a, BLOCK, b, BLOCK, c, BLOCK).sum(axis=(-1, -3, -5)))


def _usable(still: FloatArray, around: BoolArray) -> BoolArray:
    """(a, b, c) blocks with edges in all directions that the moving image reaches."""
    tensor = _blocks(np.einsum("axyz,bxyz->abxyz", still, still))
    values = np.linalg.eigvalsh(np.moveaxis(tensor, (0, 1), (-2, -1)))
    edges = values.sum(axis=-1)
    if not edges.size:
        return np.zeros(edges.shape, dtype=bool)
    strong = edges >= LEAST_EDGES * np.percentile(edges, 99)
    corner = values[..., 0] >= CORNER * np.maximum(values[..., 2], 1e-9)
    return np.asarray(strong & corner & (_blocks(around.astype(np.float32)) >= 0.9 * BLOCK**3))
