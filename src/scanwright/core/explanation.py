"""How good a map of relevance is: pure functions over arrays. A map has a number for each voxel, higher where
the model's answer hangs more on it.

Named policies: maps without any difference between voxels share no order with anything (correlation 0) and
point nowhere (nan).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray


def removal_ranks(relevance: AnyArray, rng: np.random.Generator) -> IntArray:
    """The place of each voxel in the order of removal, 0 for the most relevant; equal ones by lot.

    Args:
        relevance: any shape.
        rng: of the lots.

    Returns:
        The same shape, each of 0 … n − 1 once.
    """
    flat = np.asarray(relevance).ravel()
    order = np.lexsort((rng.random(flat.size), -flat))
    ranks = np.empty(flat.size, dtype=np.int64)
    ranks[order] = np.arange(flat.size)
    return ranks.reshape(np.shape(relevance))


def first_voxels(ranks: IntArray, share: float) -> BoolArray:
    """Where the first ``share`` of an order is, to the nearest voxel."""
    return np.asarray(ranks < round(share * ranks.size))


def move_elsewhere(ranks: IntArray, rng: np.random.Generator, least: float = 0.125) -> IntArray:
    """The same order at another place: rolled around the borders, by lot, along one axis at least by
    ``least`` of its length.

    What a map looks like (its roughness, its spots) stays, and only where it lies is left to chance: an order
    of single voxels by lot would destroy an image in another way than a map does.

    Args:
        ranks: any shape.
        rng: of the lots.
        least: 0 … 0.5.
    """
    shape = ranks.shape
    far = [max(1, math.ceil(least * n)) if n > 1 else 0 for n in shape]
    must = int(rng.choice([axis for axis, n in enumerate(shape) if n > 1] or [0]))
    shifts = [int(rng.integers(n)) for n in shape]
    if shape[must] > 1:
        shifts[must] = int(rng.integers(far[must], shape[must] - far[must] + 1))
    return np.roll(ranks, shifts, axis=tuple(range(len(shape))))


def curve_area(shares: ArrayLike, answers: ArrayLike) -> float:
    """Area under the answers to an image of which ever more was changed (Petsiuk et al., BMVC 2018).

    Args:
        shares: from 0 to 1, rising.
        answers: the model's answer at each.

    Returns:
        Their mean over all shares: from the lowest to the highest answer.
    """
    return float(np.trapezoid(np.asarray(answers, dtype=np.float64), np.asarray(shares, dtype=np.float64)))


def chance(own: float, others: Sequence[float]) -> float:
    """How often one of several equals would be as high as ``own``: (1 + how many are) / (1 + all of them).

    Phipson and Smyth, Permutation p-values should never be zero, 2010.
    """
    return (1 + sum(not other < own for other in others)) / (1 + len(others))


def rank_correlation(a: AnyArray, b: AnyArray) -> float:
    """Spearman's: how far two maps put their voxels in the same order, −1 … 1; 0 where one puts none.

    Args:
        a, b: the same shape, finite.
    """
    first, second = (rankdata(np.asarray(one).ravel()) for one in (a, b))
    first, second = first - first.mean(), second - second.mean()
    size = math.sqrt(float(first @ first) * float(second @ second))
    return float(np.clip(first @ second / size, -1.0, 1.0)) if size > 0 else 0.0


def pointing(relevance: AnyArray, truth: BoolArray) -> float:
    """The pointing game (Zhang et al., ECCV 2016): whether the peak lies on what is known to be there.

    Args:
        relevance: any shape.
        truth: the same shape.

    Returns:
        1 or 0; of several voxels that are all the highest, the share that lies on it. nan where nothing is
        known to be there, and where all voxels are equal.
    """
    relevance, truth = np.asarray(relevance), np.asarray(truth, dtype=bool)
    if not truth.any() or relevance.min() == relevance.max():
        return math.nan
    peak = relevance == relevance.max()
    return float(truth[peak].mean())


def is_empty(relevance: FloatArray) -> bool:
    """Whether a map says nothing: no difference between voxels, or what is no number."""
    return not np.isfinite(relevance).all() or bool(relevance.min() == relevance.max())
