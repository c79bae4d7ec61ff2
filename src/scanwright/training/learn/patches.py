"""Patches: where they lie in an image, and their voxels with room to turn and shrink in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from scanwright.types import AnyArray

# How much longer the cut-out is at each end, so that turning and shrinking find voxels and not borders. The
# same at both ends: a middle between two voxels would blur every patch by half a voxel.
MARGIN = 0.1


def add_margin(patch: Sequence[int]) -> tuple[int, ...]:
    """Voxels of the region that a patch is warped from; an axis seen in full needs no room around it."""
    return tuple(n if n == 1 else n + 2 * math.ceil(MARGIN * n) for n in patch)


def draw_centre(
    shape: Sequence[int],
    patch: Sequence[int],
    rng: np.random.Generator,
    look_at: Callable[[], Sequence[int] | None],
    overhang: float = 0.0,
) -> tuple[int, ...]:
    """The middle of a patch that keeps to the image and does not show its surroundings; a short axis is in
    the middle.

    Args:
        shape: voxels of the image along each axis.
        patch: of the patch.
        rng: draws any place at all.
        look_at: first voxels of a patch around something to learn, which may lie outside; None for any place.
        overhang: share of its length by which a patch of any place may lie outside, before it is moved back.
    """
    beyond = [round(overhang * p) for p in patch]
    anywhere = [
        int(rng.integers(-b, max(0, n - p) + b + 1)) for n, p, b in zip(shape, patch, beyond, strict=True)
    ]
    starts = look_at() or anywhere
    return tuple(
        n // 2 if n <= p else min(max(start, 0), n - p) + p // 2
        for start, n, p in zip(starts, shape, patch, strict=True)
    )


def cut(array: AnyArray, centre: Sequence[int], size: Sequence[int], *, edge: bool) -> AnyArray:
    """The box of ``size`` around ``centre`` of (channel, i, j, k); beyond it the edge goes on, or 0."""
    starts = [c - n // 2 for c, n in zip(centre, size, strict=True)]
    inner = tuple(
        slice(max(0, start), min(n, start + length))
        for start, length, n in zip(starts, size, array.shape[1:], strict=True)
    )
    widths = [
        (max(0, -start), max(0, start + length - n))
        for start, length, n in zip(starts, size, array.shape[1:], strict=True)
    ]
    piece = array[(slice(None), *inner)]
    return np.pad(piece, ((0, 0), *widths), mode="edge" if edge else "constant")
