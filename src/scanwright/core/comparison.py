"""Two models on the same patients: is the difference more than chance, and what could have been seen?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from scanwright.core.statistics import FEWEST_PATIENTS, Key, Number, Statistic, resample_patients
from scanwright.errors import DataError, SettingsError
from scanwright.types import FloatArray, IntArray

FEWEST_SIGNED = 6
"""Non-zero differences below which no signed-rank test can reach 5 %: 2 / 2⁵ is 0.0625."""
POWER = 0.8
LEVEL = 0.95


@dataclass(frozen=True)
class AreaDifference:
    """Area under the ROC curve of b less that of a.

    Attributes:
        value: the difference.
        standard_error: of the difference; 0 where both rank all cases alike.
        low, high: the interval's ends.
        p: two-sided, of no difference; nan where the spread is 0 and the difference is not.
    """

    value: float
    standard_error: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class PairedNumber:
    """A number of two models on the same records.

    Attributes:
        a, b: the number of each.
        difference: b less a, with its interval.
        standard_error: of the difference, from the same resamples; nan where there are none, or no spread.
        p: two-sided, of no difference; nan where too few resamples define the difference.
        is_constant: whether every resample gives the same difference, and not 0: all patients show it alike,
            so there is no spread, and no interval.
    """

    a: float
    b: float
    difference: Number
    standard_error: float
    p: float
    is_constant: bool = False


def paired_bootstrap(
    statistic_a: Statistic,
    statistic_b: Statistic,
    patients: Sequence[str | None],
    *,
    support: Mapping[Key, IntArray] | None = None,
    units: Mapping[str, str] | None = None,
    n_resamples: int = 2000,
    level: float = LEVEL,
    seed: int = 0,
) -> dict[Key, PairedNumber]:
    """The difference of every number that two models have, with its interval: each resample of patients is
    the same for both, so that what makes a patient hard for both cancels out.

    Args:
        statistic_a, statistic_b: of each model, over the same records in the same order.
        patients, support, units, n_resamples, level, seed: see ``core.statistics.patient_bootstrap``.

    Raises:
        SettingsError: see there.
    """
    everything = np.arange(len(patients))
    whole_a, whole_b = (dict(one(everything)) if len(patients) else {} for one in (statistic_a, statistic_b))

    def difference(rows: IntArray) -> dict[Key, float]:
        a, b = statistic_a(rows), statistic_b(rows)
        return {key: b[key] - a[key] for key in a if key in b}

    resampled = resample_patients(
        difference, patients, support=support, units=units, n_resamples=n_resamples, level=level, seed=seed
    )
    pairs = {}
    for key, number in resampled.numbers.items():
        draws = resampled.draws[key][np.isfinite(resampled.draws[key])]
        same = number.value == 0 and not draws.any()
        enough = number.n_patients >= FEWEST_PATIENTS and 2 * draws.size > n_resamples
        constant = enough and not same and bool(np.ptp(draws) == 0)
        standard_error = float(draws.std(ddof=1)) if draws.size > 1 and not constant else math.nan
        p = 1.0 if same else bootstrap_p(draws) if constant or math.isfinite(number.low) else math.nan
        pairs[key] = PairedNumber(whole_a[key], whole_b[key], number, standard_error, p, constant)
    return pairs


def delong_covariance(scores: ArrayLike, positives: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Areas under the ROC curves of several models on the same cases, and their covariance matrix.

    DeLong, DeLong and Clarke-Pearson (Biometrics 1988), by midranks in O(n log n) as Sun and Xu (IEEE Signal
    Processing Letters 2014). Cases must be independent: one of each patient.

    Args:
        scores: (model, case), higher = more likely positive.
        positives: (case,), boolean.

    Returns:
        Areas (model,) and covariance (model, model).

    Raises:
        DataError: fewer than two positives or two negatives, or scores that do not fit or are not numbers.
    """
    score, positive = np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.asarray(positives, dtype=bool)
    if score.shape[1:] != positive.shape or np.isnan(score).any():
        raise DataError(
            "scores and truth do not pair up",
            expected="a score of each model for each case, none of them nan",
        )
    ill, well = score[:, positive], score[:, ~positive]
    n_ill, n_well = ill.shape[1], well.shape[1]
    if min(n_ill, n_well) < 2:
        raise DataError(
            "the spread of an area needs two cases of either kind", received=f"{n_ill} positive, {n_well} not"
        )
    ranks = stats.rankdata(np.concatenate([ill, well], axis=1), axis=1)
    # How often each case is ranked rightly against those of the other kind.
    right_ill = (ranks[:, :n_ill] - stats.rankdata(ill, axis=1)) / n_well
    right_well = 1 - (ranks[:, n_ill:] - stats.rankdata(well, axis=1)) / n_ill
    covariance = np.atleast_2d(np.cov(right_ill)) / n_ill + np.atleast_2d(np.cov(right_well)) / n_well
    return right_ill.mean(axis=1), covariance


def delong_interval(scores: ArrayLike, positives: ArrayLike, *, level: float = LEVEL) -> tuple[float, float]:
    """The interval of an area under a ROC curve, one case of each patient: DeLong's variance on the scale of
    logits, where it neither passes 1 nor is too narrow near it (Qin and
    Hotilovac, Stat Methods Med Res 2008).

    Args:
        scores: (case,), higher = more likely positive.
        positives: (case,), boolean.
        level: probability that the interval is built for.

    Returns:
        The ends; nan where all cases are ranked rightly, or all wrongly, which is no certainty.

    Raises:
        DataError: see :func:`delong_covariance`.
    """
    areas, covariance = delong_covariance(np.asarray(scores), positives)
    area, variance = float(areas[0]), float(covariance[0, 0])
    if not (0 < area < 1 and variance > 0):
        return math.nan, math.nan
    middle, reach = math.log(area / (1 - area)), float(stats.norm.ppf((1 + level) / 2))
    half = reach * math.sqrt(variance) / (area * (1 - area))
    low, high = (1 / (1 + math.exp(-end)) for end in (middle - half, middle + half))
    return low, high


def delong_test(
    scores_a: ArrayLike, scores_b: ArrayLike, positives: ArrayLike, *, level: float = LEVEL
) -> AreaDifference:
    """Whether the areas under the ROC curves of two models differ, on the same cases (DeLong et al. 1988).

    Args:
        scores_a, scores_b: (case,), higher = more likely positive.
        positives: (case,), boolean.
        level: probability that the interval is built for.

    Raises:
        DataError: see :func:`delong_covariance`.
    """
    areas, covariance = delong_covariance(np.stack([np.asarray(scores_a), np.asarray(scores_b)]), positives)
    value = float(areas[1] - areas[0])
    standard_error = math.sqrt(max(0.0, covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))
    if standard_error < 1e-12:  # what rounding leaves of 0
        return AreaDifference(value, 0.0, math.nan, math.nan, 1.0 if abs(value) < 1e-12 else math.nan)
    half = float(stats.norm.ppf((1 + level) / 2)) * standard_error
    p = 2 * float(stats.norm.sf(abs(value) / standard_error))
    return AreaDifference(value, standard_error, value - half, value + half, p)


def signed_rank_test(differences: ArrayLike) -> tuple[float, str]:
    """Whether paired differences, one of each patient, lie around 0; two-sided p and the name of the test.

    Wilcoxon's signed-rank test (Biometrics 1945), differences of 0 left out. Where all others are of one
    size, as those of right and wrong, ranks tell nothing and it is the exact sign test, which is McNemar's.

    Args:
        differences: (patient,), b less a.

    Returns:
        p, nan where fewer than 6 differences are not 0 in a test by ranks; "Wilcoxon" or "McNemar".
    """
    values = np.asarray(differences, dtype=np.float64).ravel()
    # 0.9 − 0.8 and 0.8 − 0.7 are one size, and not two.
    values = values[np.abs(values) > 1e-9]
    sizes = np.abs(values)
    if values.size and np.ptp(sizes) <= 1e-9 * sizes.max():
        return float(stats.binomtest(int((values > 0).sum()), values.size).pvalue), "McNemar"
    if values.size < FEWEST_SIGNED:
        return math.nan, "Wilcoxon"
    return float(stats.wilcoxon(values.round(9), correction=True).pvalue), "Wilcoxon"


def bootstrap_p(draws: ArrayLike) -> float:
    """Two-sided p of no difference, from resampled differences: the level at which their percentile interval
    just reaches 0 (Efron and Tibshirani 1993, ch. 15). Never below 2 / (draws + 1); nan without draws.

    Args:
        draws: (resample,), b less a; those that are nan do not count.
    """
    values = np.asarray(draws, dtype=np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        return math.nan
    tail = min(int((values <= 0).sum()), int((values >= 0).sum()))
    return min(1.0, 2 * (tail + 1) / (values.size + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for having looked at all of them (Holm, Scandinavian Journal of Statistics 1979):
    the chance that any of those below 5 % is a false alarm is at most 5 %. Those that are nan stay so and do
    not count.
    """
    values = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(values.shape, math.nan)
    order = [int(index) for index in np.argsort(values) if not math.isnan(values[index])]
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * float(values[index])))
        corrected[index] = highest
    return [float(value) for value in corrected]


def smallest_difference(standard_error: float, *, power: float = POWER, level: float = LEVEL) -> float:
    """The smallest true difference that so many patients would show with a probability of ``power``.

    (z of (1 + level) / 2 + z of power) · standard error of the paired difference, that is 2.80 standard
    errors for 80 % and two-sided 5 % (Machin et al., Sample Sizes for Clinical Studies, 2018). It is about
    studies of this size and these models; it is no test of what was found.

    Args:
        standard_error: of the paired difference.
        power: probability that a test shows the difference.
        level: 1 less the two-sided chance of a false alarm.

    Raises:
        SettingsError: a probability outside (0, 1).
    """
    for name, value in (("power", power), ("level", level)):
        if not 0 < value < 1:
            raise SettingsError(
                "not a probability", expected="a number between 0 and 1", received=f"{name}={value}"
            )
    return float(stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(power)) * standard_error
