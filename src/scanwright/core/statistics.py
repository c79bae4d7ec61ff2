"""Numbers with their uncertainty: what is resampled is the patient, never the voxel."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from scanwright.errors import SettingsError
from scanwright.types import FloatArray, IntArray, JsonDict

Key: TypeAlias = tuple[str, str]
"""(name of the number, group it belongs to; "" for all)."""
Statistic: TypeAlias = Callable[[IntArray], Mapping[Key, float]]
"""Takes the indices of the drawn records (with repeats) and gives the numbers of that draw."""

FEWEST_PATIENTS = 5
"""Below this, resampling says nothing about patients not seen; no interval is given."""
CORRECTED = ", corrected for chance"


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
            "value": _finite_or_none(self.value),
            "low": _finite_or_none(self.low),
            "high": _finite_or_none(self.high),
            "level": self.level,
            "method": self.method,
            "n": self.n,
            "n_patients": self.n_patients,
            "unit": self.unit,
        }


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
    by_chance: Mapping[Key, FloatArray] | None = None,
    n_resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> dict[Key, Number]:
    """Every number of ``statistic`` with a percentile interval from resampling patients.

    Patients are drawn with replacement, each with all their records (Efron and Tibshirani 1993, ch. 13;
    Field and Welsh 2007 for clusters). Records whose patient is ``None`` are drawn one by one and the
    method says so. Draws in which a number is undefined are left out of its interval, and counted.

    Args:
        statistic: gives the numbers for the indices of the drawn records.
        patients: who each record belongs to, in the order of the indices.
        support: for some keys, the indices of the records that count (a class missing in a case does
            not); all records when absent. Decides ``n``, ``n_patients`` and whether there is an interval.
        units: unit by name of number.
        by_chance: of numbers of 0 or more that chance alone makes larger than the truth: what they are where
            the truth is 0, in simulated draws. Value and interval are corrected, see ``_without_chance``.
        n_resamples: number of draws.
        level: probability that the interval is built for.
        seed: of the draws.

    Returns:
        One ``Number`` for each key that ``statistic`` gives on all records. ``low`` and ``high`` are nan
        when fewer than 5 patients stand behind the number.

    Raises:
        SettingsError: ``level`` outside (0, 1) or ``n_resamples`` below 1.
    """
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
    numbers = {}
    for column, (key, value) in enumerate(whole.items()):
        behind = clusters if support is None or key not in support else clusters[support[key]]
        n_patients = int(np.unique(behind).size)
        own = draws[:, column]
        low, high, method = _interval(own, n_patients, level, unknown)
        if by_chance and key in by_chance and math.isfinite(low):
            value, low, high = _without_chance(value, own, by_chance[key], level)
            method += CORRECTED
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
    return numbers


def _without_chance(
    value: float, draws: FloatArray, null: FloatArray, level: float
) -> tuple[float, float, float]:
    """Value and interval of a number that chance enlarges, by as much again in each resample.

    The interval is mirrored about the value (the basic bootstrap interval, Davison and Hinkley 1997, ch. 5.2)
    and cut at 0. Where chance alone gives a value as large, the interval begins at 0: near there the
    bootstrap fails.
    """
    most, mean = float(np.quantile(null, (1 + level) / 2)), float(null.mean())
    mirrored = np.maximum(2 * value - draws[np.isfinite(draws)], 0.0)
    low, middle, high = np.quantile(mirrored, [(1 - level) / 2, 0.5, (1 + level) / 2])
    if value <= most:
        low, middle, high = 0.0, value - mean, max(high, most - mean)
    return float(np.clip(middle, low, high)), float(low), float(high)


def _finite_or_none(value: float) -> float | None:
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


def _interval(draws: FloatArray, n_patients: int, level: float, unknown: bool) -> tuple[float, float, str]:
    what = "case bootstrap (patients unknown)" if unknown else "patient bootstrap"
    if n_patients < FEWEST_PATIENTS:
        return math.nan, math.nan, "n too small for an interval"
    defined = draws[np.isfinite(draws)]
    left_out = draws.size - defined.size
    # An interval from the minority of draws that happen to define the number would mislead.
    if defined.size <= draws.size / 2:
        return math.nan, math.nan, f"undefined in {left_out} of {draws.size} resamples, no interval"
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    if low == high:  # nobody who was drawn made a difference: that is no certainty
        return math.nan, math.nan, "the same in all resamples, no interval"
    method = f"{what}, {draws.size} resamples"
    if left_out:
        method += f", {left_out} without a value left out"
    return float(low), float(high), method
