"""Uncertainty: how far probabilities are from saying one thing, and whether that tells errors beforehand."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from scanwright.types import AnyArray, BoolArray, FloatArray


def entropy(probabilities: AnyArray, *, exclusive: bool) -> FloatArray:
    """Entropy as a share of the largest possible: 0 certain, 1 nothing known.

    Args:
        probabilities: (class, …).
        exclusive: the classes exclude each other; else each is a question of its own, and the least sure
            answer counts.

    Returns:
        (…) float32.
    """
    p = np.clip(probabilities, 1e-7, 1.0).astype(np.float32)
    if exclusive:
        return np.asarray(-(p * np.log(p)).sum(axis=0) / math.log(max(2, len(p))), dtype=np.float32)
    q = np.clip(1.0 - p, 1e-7, 1.0)
    return np.asarray((-(p * np.log(p) + q * np.log(q)) / math.log(2)).max(axis=0), dtype=np.float32)


def border(region: BoolArray) -> BoolArray:
    """(i, j, k) voxels on either side of the surface of a region."""
    edge = np.zeros_like(region, dtype=bool)
    for axis in range(region.ndim):
        along, found = np.moveaxis(region, axis, 0), np.moveaxis(edge, axis, 0)
        differs = along[1:] != along[:-1]
        found[1:] |= differs
        found[:-1] |= differs
    return edge


def risk_area(doubt: ArrayLike, loss: ArrayLike) -> float:
    """Area under the risk–coverage curve (AURC; Geifman and El-Yaniv 2019): the mean loss among the cases of
    least doubt, over all shares of cases that are answered. Lower is better; for doubts by chance it is the
    mean loss.

    Args:
        doubt: (case,) higher is less sure.
        loss: (case,) 0 for a right answer.
    """
    _, tied, sizes = np.unique(np.asarray(doubt), return_inverse=True, return_counts=True)
    # Of cases of equal doubt any may come first: each stands for their mean.
    means = np.bincount(tied, np.asarray(loss, dtype=np.float64)) / sizes
    losses = np.repeat(means, sizes)
    return float(np.mean(losses.cumsum() / np.arange(1, len(losses) + 1)))
