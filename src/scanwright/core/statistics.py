"""Numbers with their uncertainty: what is resampled is the patient, never the voxel."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from scanwright.errors import SettingsError
from scanwright.extras import Later
from scanwright.types import FloatArray, IntArray, JsonDict

stats = Later("scipy.stats", feature="Judging answers")
Key: TypeAlias = tuple[str, str]
"""(name of the number, group it belongs to; "" for all)."""
Statistic: TypeAlias = Callable[[IntArray], Mapping[Key, float]]
"""Takes the indices of the drawn records (with repeats) and gives the numbers of that draw."""

FEWEST_PATIENTS = 5
"""Below this, resampling says nothing about patients not seen; no interval is given."""
MOST_LEFT_OUT = 200
"""Groups of patients that are left out one by one; more would only cost time."""


@dataclass(frozen=True)
class Number:
    """A measured number with its interval.

    Attributes:
        name: the quantity ("dice").
        group: the class or subgroup ("anterior"), "" for all.
        value: the number on all records; nan when undefined.
        low, high: the interval's ends; nan when there is none.
        level: probability that the interval is built for (0.95).
        method: how the interval came about, in words.
        n: records behind the number.
        n_patients: patients behind the number; equals ``n`` when patients are unknown.
        unit: "" for a proportion, else "mm", "px", "ml", ….
    """

    name: str
    group: str
    value: float
    low: float
    high: float
    level: float
    method: str
    n: int
    n_patients: int
    unit: str = ""

    def to_json(self) -> JsonDict:
        """The number as in ``evaluation.json``; what is not finite becomes ``None``."""
        return {
            "name": self.name,
            "group": self.group,
            "value": finite_or_none(self.value),
            "low": finite_or_none(self.low),
            "high": finite_or_none(self.high),
            "level": self.level,
            "method": self.method,
            "n": self.n,
            "n_patients": self.n_patients,
            "unit": self.unit,
        }


@dataclass(frozen=True, eq=False)
class Resampled:
    """Numbers with their intervals, and what each resample gave, (resample,); nan where it gave nothing."""

    numbers: dict[Key, Number]
    draws: dict[Key, FloatArray]


def mean_defined(values: ArrayLike) -> float:
    """Mean of the values that are not nan; nan when there are none."""
    array = np.asarray(values, dtype=np.float64).ravel()
    defined = array[~np.isnan(array)]
    return float(defined.mean()) if defined.size else math.nan


def median_defined(values: ArrayLike) -> float:
    """Median of the values that are not nan; nan when there are none."""
    array = np.asarray(values, dtype=np.float64).ravel()
    defined = array[~np.isnan(array)]
    return float(np.median(defined)) if defined.size else math.nan


def patient_bootstrap(
    statistic: Statistic,
    patients: Sequence[str | None],
    *,
    support: Mapping[Key, IntArray] | None = None,
    units: Mapping[str, str] | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[Key, Number]:
    """Every number of ``statistic`` with an interval (BCa) from resampling patients.

    Patients are drawn with replacement, each with all their records (Efron and Tibshirani 1993, ch. 13;
    Field and Welsh 2007 for clusters). Records whose patient is ``None`` are drawn one by one and the
    method says so. Draws in which a number is undefined are left out of its interval, and counted.

    Args:
        statistic: gives the numbers for the indices of the drawn records.
        patients: who each record belongs to, in the order of the indices.
        support: for some keys, the indices of the records that count (a class missing in a case does
            not); all records when absent. Decides ``n``, ``n_patients`` and whether there is an interval.
        units: unit by name of number.
        n_resamples: number of draws.
        level: probability that the interval is built for.
        seed: of the draws.

    Returns:
        One ``Number`` for each key that ``statistic`` gives on all records. ``low`` and ``high`` are nan
        when fewer than 5 patients stand behind the number.

    Raises:
        SettingsError: ``level`` outside (0, 1) or ``n_resamples`` below 1.
    """
    return resample_patients(
        statistic, patients, support=support, units=units, n_resamples=n_resamples, level=level, seed=seed
    ).numbers


def resample_patients(
    statistic: Statistic,
    patients: Sequence[str | None],
    *,
    support: Mapping[Key, IntArray] | None = None,
    units: Mapping[str, str] | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Resampled:
    """As :func:`patient_bootstrap`, with what each resample gave."""
    if not 0 < level < 1:
        raise SettingsError(
            "not a probability", expected="a level between 0 and 1", received=f"level={level}"
        )
    if n_resamples < 1:
        raise SettingsError("too few resamples", expected="at least 1", received=f"n_resamples={n_resamples}")
    unknown = any(patient is None for patient in patients)
    clusters = _cluster_of_records(patients)
    whole = dict(statistic(np.arange(len(patients)))) if len(patients) else {}
    draws = _draws(statistic, clusters, list(whole), n_resamples, seed)
    left_out = _leave_out(statistic, clusters, list(whole), seed)
    what = "case bootstrap (BCa, patients unknown)" if unknown else "patient bootstrap (BCa)"
    numbers = {}
    for column, (key, value) in enumerate(whole.items()):
        behind = clusters if support is None or key not in support else clusters[support[key]]
        n_patients = int(np.unique(behind).size)
        low, high, method = _interval(
            draws[:, column], float(value), left_out[:, column], n_patients, level, what
        )
        numbers[key] = Number(
            name=key[0],
            group=key[1],
            value=float(value),
            low=low,
            high=high,
            level=level,
            method=method,
            n=int(behind.size),
            n_patients=n_patients,
            unit=(units or {}).get(key[0], ""),
        )
    return Resampled(numbers, dict(zip(whole, draws.T, strict=True)))


def finite_or_none(value: float) -> float | None:
    """``None`` for what JSON has no word for."""
    return float(value) if math.isfinite(value) else None


def _cluster_of_records(patients: Sequence[str | None]) -> IntArray:
    """Number of each record's patient; a record without one is a patient of its own."""
    number_of: dict[object, int] = {}
    names = [(index,) if patient is None else patient for index, patient in enumerate(patients)]
    return np.asarray([number_of.setdefault(name, len(number_of)) for name in names], dtype=np.int64)


def _draws(
    statistic: Statistic, clusters: IntArray, keys: Sequence[Key], n_resamples: int, seed: int
) -> FloatArray:
    """The numbers of each resample, (n_resamples, key); nan where a draw does not define one."""
    drawn = np.full((n_resamples, len(keys)), np.nan)
    n_clusters = int(clusters.max()) + 1 if clusters.size else 0
    if n_clusters < FEWEST_PATIENTS:
        return drawn
    order = np.argsort(clusters, kind="stable")
    sizes = np.bincount(clusters)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rng = np.random.default_rng(seed)
    for row in range(n_resamples):
        picked = rng.integers(0, n_clusters, n_clusters)
        lengths = sizes[picked]
        # Each picked patient's records stand in one run of `order`; this writes all runs without a loop.
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        numbers = statistic(order[np.repeat(starts[picked], lengths) + within])
        drawn[row] = [numbers.get(key, math.nan) for key in keys]
    return drawn


def wilson_interval(n_right: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of a share of independent cases (Wilson, JASA 1927). ``n`` must be 1 or more."""
    ends = stats.binomtest(n_right, n).proportion_ci(level, method="wilson")
    return float(ends.low), float(ends.high)


def bca_interval(
    draws: FloatArray, value: float, left_out: FloatArray, n_patients: int, level: float = 0.95
) -> tuple[float, float]:
    """An interval from resamples, corrected for bias and for a spread that changes with the number itself.

    BCa (Efron, JASA 1987), with the tails of Student's t of n − 1 degrees and n / (n − 1), as plain quantiles
    are too narrow for few patients (Hesterberg, American Statistician 2015).

    Args:
        draws: the number of each resample, all finite, not all the same.
        value: the number on all records.
        left_out: the number with each patient, or group of patients, left out; nan where undefined.
        n_patients: behind the number.
        level: probability that the interval is built for.
    """
    below = (np.mean(draws < value) + np.mean(draws <= value)) / 2
    bias = stats.norm.ppf(np.clip(below, 1 / draws.size, 1 - 1 / draws.size))
    pull = left_out[np.isfinite(left_out)]
    pull = pull.mean() - pull if pull.size else pull
    spread = float((pull**2).sum()) ** 1.5
    acceleration = float((pull**3).sum()) / (6 * spread) if spread else 0.0
    reach = stats.t.ppf((1 + level) / 2, n_patients - 1) * math.sqrt(n_patients / (n_patients - 1))
    ends = bias + np.array([-reach, reach])
    shares = stats.norm.cdf(bias + ends / np.maximum(1 - acceleration * ends, 0.1))
    low, high = np.quantile(draws, shares)
    return min(float(low), value), max(float(high), value)


def _leave_out(statistic: Statistic, clusters: IntArray, keys: Sequence[Key], seed: int) -> FloatArray:
    """The numbers without each patient, or each of ``MOST_LEFT_OUT`` groups of patients, (group, key).

    Skewness over groups gives the same acceleration as over patients, at a cost that does not grow with them.
    """
    n_clusters = int(clusters.max()) + 1 if clusters.size else 0
    n_groups = min(n_clusters, MOST_LEFT_OUT)
    group = np.random.default_rng(seed).permutation(n_clusters) % max(n_groups, 1)
    numbers = np.full((n_groups, len(keys)), np.nan)
    for row in range(n_groups if n_clusters >= FEWEST_PATIENTS else 0):
        own = statistic(np.flatnonzero(group[clusters] != row))
        numbers[row] = [own.get(key, math.nan) for key in keys]
    return numbers


def _interval(
    draws: FloatArray, value: float, left_out: FloatArray, n_patients: int, level: float, what: str
) -> tuple[float, float, str]:
    if n_patients < FEWEST_PATIENTS:
        return math.nan, math.nan, "n too small for an interval"
    defined = draws[np.isfinite(draws)]
    n_undefined = draws.size - defined.size
    # An interval from the minority of draws that happen to define the number would mislead.
    if defined.size <= draws.size / 2:
        return math.nan, math.nan, f"undefined in {n_undefined} of {draws.size} resamples, no interval"
    if np.ptp(defined) == 0:  # nobody who was drawn made a difference: that is no certainty
        return math.nan, math.nan, "the same in all resamples, no interval"
    low, high = bca_interval(defined, value, left_out, n_patients, level)
    if low == high:
        return math.nan, math.nan, "the same in all resamples, no interval"
    method = f"{what}, {draws.size} resamples"
    if n_undefined:
        method += f", {n_undefined} without a value left out"
    return low, high, method
