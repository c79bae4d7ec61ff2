"""Agreement: how far predicted numbers are from true ones. Pure functions over (case,) arrays.

What needs more cases, or cases that differ, than there are is nan.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from scanwright.errors import DataError, SettingsError
from scanwright.extras import Later
from scanwright.types import FloatArray

stats = Later("scipy.stats", feature="Judging answers")


def mean_absolute_error(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Mean of what the numbers are wrong by; nan without cases.

    Raises:
        DataError: lengths differ, or a number is not finite. So for all below.
    """
    difference = _difference(predicted, truth)
    return float(np.abs(difference).mean()) if difference.size else math.nan


def root_mean_square_error(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Root of the mean square of what the numbers are wrong by: large errors count more."""
    difference = _difference(predicted, truth)
    return float(np.sqrt(np.square(difference).mean())) if difference.size else math.nan


def r_squared(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Share of the variance of the true numbers that the predicted ones explain.

    1 is perfect; 0 is as good as the mean of these very cases for all of them; below 0 is worse. nan when the
    true numbers are all the same.
    """
    difference, true = _difference(predicted, truth), np.asarray(truth, dtype=np.float64)
    spread = float(np.square(true - true.mean()).sum()) if true.size else 0.0
    return float(1 - np.square(difference).sum() / spread) if spread > 0 else math.nan


def pearson(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Linear correlation, −1 … 1; nan when either side is constant."""
    _difference(predicted, truth)
    a, b = (np.asarray(values, dtype=np.float64) for values in (predicted, truth))
    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float(a @ a)) * math.sqrt(float(b @ b))
    return float(np.clip(a @ b / size, -1, 1)) if size > 0 else math.nan


def spearman(predicted: ArrayLike, truth: ArrayLike) -> float:
    """Linear correlation of the ranks, ties counting as their mean rank; nan when either side is constant."""
    _difference(predicted, truth)
    return pearson(stats.rankdata(np.asarray(predicted)), stats.rankdata(np.asarray(truth)))


def limits_of_agreement(predicted: ArrayLike, truth: ArrayLike) -> tuple[float, float, float]:
    """Mean of predicted less true, and the ends of the range that holds 95 % of the differences if they are
    normal (Bland and Altman, Lancet 1986); the ends are nan for fewer than two cases."""
    difference = _difference(predicted, truth)
    bias = float(difference.mean()) if difference.size else math.nan
    spread = 1.96 * float(difference.std(ddof=1)) if difference.size > 1 else math.nan
    return bias, bias - spread, bias + spread


def conformal_radius(residuals: ArrayLike, level: float) -> float:
    """Half the width of an interval around a prediction that holds the true number of a new case.

    Split conformal prediction (Lei et al., JASA 2018): the ⌈(n + 1) · level⌉-th smallest absolute residual of
    n cases that nothing was learnt from. For cases of the same kind the interval then holds the true number
    with a probability of ``level`` or more, whatever the model.

    Args:
        residuals: predicted less true.
        level: share of the cases that the interval is to hold.

    Returns:
        Infinity when the cases are too few for that level.

    Raises:
        SettingsError: ``level`` is outside (0, 1).
    """
    if not 0 < level < 1:
        raise SettingsError(
            "not a probability", expected="a level between 0 and 1", received=f"level={level}"
        )
    sizes = np.sort(np.abs(np.asarray(residuals, dtype=np.float64)))
    # 0.9 is no binary fraction: 27.000000000000004 means the 27th.
    place = math.ceil(round((sizes.size + 1) * level, 9))
    return float(sizes[place - 1]) if place <= sizes.size else math.inf


def _difference(predicted: ArrayLike, truth: ArrayLike) -> FloatArray:
    a, b = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if a.shape != b.shape:
        raise DataError("predicted and true numbers do not pair up", received=f"{a.size} and {b.size}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("a number is not finite", expected="a number for each case")
    return a - b
