"""Boxes: from what a network says of each place to boxes, tile by tile, so that no image is too large."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from scanwright.core.geometry import centre_pad
from scanwright.core.tiling import tile_starts
from scanwright.data.plan import Plan
from scanwright.types import FloatArray, IntArray

# Findings less likely than this count for nothing, however they are judged; and of a tile no more than these.
LEAST_SCORE = 0.02
MOST_PER_TILE = 2000
MOST_PER_IMAGE = 100_000
"""The surest of all tiles, so that neither memory nor suppression grows with the image."""
COLUMNS = 8
"""Of a row: class index, score, lo (i, j, k), hi (i, j, k)."""


def find_boxes(
    answer: Callable[[FloatArray], FloatArray],
    array: FloatArray,
    plan: Plan,
    at_once: int,
    told: Callable[[float], None] | None = None,
) -> FloatArray:
    """What is found in a preprocessed image, before suppression: (n, COLUMNS), in its voxels.

    Neighbouring tiles share ``plan.overlap``. Each finding counts in the tile that its middle is deepest in,
    where the most of it is seen; so no object smaller than the overlap is cut.

    Args:
        answer: patches (batch, channel, i, j, k) → (batch, output, …), as of a runtime.
        array: (channel, i, j, k).
        plan: patch, overlap and classes.
        at_once: patches in a batch.
        told: the share that is done.
    """
    margins = centre_pad(array.shape[1:], plan.patch_voxels)
    padded = np.pad(array, ((0, 0), *margins), mode="edge")
    axes = [
        _lanes(n, patch, plan.overlap) for n, patch in zip(padded.shape[1:], plan.patch_voxels, strict=True)
    ]
    tiles = list(itertools.product(*axes))
    found = [np.zeros((0, COLUMNS), dtype=np.float32)]
    for start in range(0, len(tiles), at_once):
        if told is not None:
            told(start / len(tiles))
        some = tiles[start : start + at_once]
        cut = [padded[(slice(None), *(slice(a, b) for a, b, _, _ in tile))] for tile in some]
        for tile, outputs in zip(some, answer(np.stack(cut)), strict=True):
            rows = read_places(outputs, plan)
            rows[:, 2:] += np.tile([a for a, *_ in tile], 2)
            middle = (rows[:, 2:5] + rows[:, 5:]) / 2
            own = np.ones(len(rows), dtype=bool)
            for axis, (_, _, first, last) in enumerate(tile):
                own &= (middle[:, axis] >= first) & (middle[:, axis] < last)
            found.append(rows[own])
        if sum(map(len, found)) > 2 * MOST_PER_IMAGE:
            found = [_keep_surest(np.concatenate(found))]
    rows = _keep_surest(np.concatenate(found))
    rows[:, 2:] -= np.tile([before for before, _ in margins], 2)
    return rows


def read_places(outputs: FloatArray, plan: Plan) -> FloatArray:
    """(n, COLUMNS) of the likeliest boxes of one patch, in its voxels.

    Args:
        outputs: (class + 2 · axes, …), probabilities and distances.
        plan: patch and classes.
    """
    n_classes, dims = len(plan.classes), plan.dims
    grid = outputs.shape[1 : 1 + dims]
    flat = outputs.reshape(len(outputs), -1)
    scores = flat[:n_classes]
    sure = np.flatnonzero(~(scores.ravel() < LEAST_SCORE))  # what is no number stays, and is refused later
    sure = sure[_surest(scores.ravel()[sure], MOST_PER_TILE)]
    classes, places = np.divmod(sure, flat.shape[1])
    step = np.divide(plan.patch_voxels[:dims], grid)
    middle = (np.stack(np.unravel_index(places, grid), axis=1) + 0.5) * step
    rows = np.zeros((len(sure), COLUMNS), dtype=np.float32)
    rows[:, 0], rows[:, 1] = classes, scores[classes, places]
    rows[:, 2 : 2 + dims] = middle - flat[n_classes : n_classes + dims, places].T
    rows[:, 5 : 5 + dims] = middle + flat[n_classes + dims :, places].T
    rows[:, 7] += dims == 2  # a plane is one voxel thick
    return rows


def _keep_surest(rows: FloatArray) -> FloatArray:
    return rows[_surest(rows[:, 1], MOST_PER_IMAGE)]


def _surest(scores: FloatArray, most: int) -> IntArray:
    """Which scores are the highest, at most so many, in their order; one that is no number is among them."""
    if len(scores) <= most:
        return np.arange(len(scores))
    return np.sort(np.argpartition(-np.nan_to_num(scores, nan=np.inf), most)[:most])


def mirror_sides(answers: FloatArray, axes: Sequence[int], plan: Plan) -> FloatArray:
    """Answers (batch, output, …) to mirrored patches, whose lower sides are the upper ones."""
    order: IntArray = np.arange(answers.shape[1])
    for axis in axes:
        low, high = (len(plan.classes) + axis + n * plan.dims for n in (0, 1))
        order[[low, high]] = high, low
    return answers[:, order]


def _lanes(length: int, patch: int, overlap: float) -> list[tuple[int, int, float, float]]:
    """Of the tiles along an axis: first voxel, end, and from where to where a middle is theirs."""
    starts = tile_starts(length, patch, overlap)
    seams = [(a + patch + b) / 2 for a, b in itertools.pairwise(starts)]
    return list(
        zip(starts, [s + patch for s in starts], [-math.inf, *seams], [*seams, math.inf], strict=True)
    )
