"""Numbers of an evaluation: what the records of a task give, each with the interval that fits it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from scanwright.core.calibration import without_chance
from scanwright.core.comparison import delong_interval
from scanwright.core.statistics import Key, Number, resample_patients, wilson_interval
from scanwright.errors import DataError, SettingsError
from scanwright.tasks.base import Summary
from scanwright.types import JsonDict

N_RESAMPLES = 1000
FEWEST_TO_CLAIM = 20
"""Patients below which nothing is claimed: their intervals and tests do not keep what they promise."""
FEWEST_OF_A_KIND = 10
"""The same of positives and of negatives behind an area under a ROC curve."""
# Shares of the cases that stand behind them; of a group only where the one of all is a mean over the groups.
SHARES = ("accuracy", "within_one", "referred")
SHARES_OF_GROUPS = ("recall", "set_coverage", "missed_unseen", "false_alarms", "volume_coverage")
MEAN_OF = {"balanced_accuracy": "recall"}
"""Of means over classes under another name than those of the classes."""
PLAIN = "_plain"
"""Behind the name of a number that is corrected for chance: the same as papers give it, not corrected."""
NOT_CORRECTED = "not corrected for chance, no interval"
WILSON, DELONG = "Wilson", "DeLong"


def measure_numbers(
    summary: Summary, patients: Sequence[str | None], *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> dict[Key, Number]:
    """Every number of a summary with its interval: from resampled patients; where each patient is known and
    has one case, Wilson's of shares and DeLong's of areas under one ROC curve.

    Args:
        summary: of the records.
        patients: who each record belongs to.
        n_resamples, seed: of the resampling.
    """
    resampled = resample_patients(
        summary.statistic,
        patients,
        support=summary.support,
        units=summary.units,
        n_resamples=n_resamples,
        seed=seed,
    )
    numbers = dict(resampled.numbers)
    for key, null in summary.by_chance().items():
        measured = numbers[key]
        numbers[key] = without_chance(measured, resampled.draws[key], null)
        if not key[0].endswith("_before"):
            name, none = f"{key[0]}{PLAIN}", math.nan
            plain = replace(measured, name=name, low=none, high=none, method=NOT_CORRECTED)
            numbers[name, key[1]] = plain
    if one_case_each(patients):
        numbers = {key: _of_single_cases(key, number, summary) for key, number in numbers.items()}
    return numbers


def one_case_each(patients: Sequence[str | None]) -> bool:
    """Whether each patient is known and has one case, so that cases are independent."""
    return None not in patients and len(set(patients)) == len(patients)


def is_too_few(key: Key, n_patients: int, summary: Summary) -> bool:
    """Whether so few patients stand behind a number that nothing may be claimed of it."""
    if key in summary.rankings:
        positives = summary.rankings[key][1]
        if min(positives.sum(), (~positives).sum()) < FEWEST_OF_A_KIND:
            return True
    return n_patients < FEWEST_TO_CLAIM


def find_too_few(n_patients: Mapping[Key, int], summary: Summary) -> set[Key]:
    """The numbers of which nothing may be claimed; a mean over classes too where one of them is such.

    Args:
        n_patients: behind each number.
        summary: of the records.
    """
    few = {key for key, n in n_patients.items() if is_too_few(key, n, summary)}
    classes = {name for name, group in few if group}
    return few | {key for key in n_patients if not key[1] and MEAN_OF.get(key[0], key[0]) in classes}


def describe(
    numbers: Mapping[Key, Number], summary: Summary, patients: Sequence[str | None]
) -> list[JsonDict]:
    """The numbers as in ``evaluation.json``: with "too_few" where nothing may be claimed, and without a count
    of patients where these are unknown."""
    unknown = {"n_patients": None} if None in patients else {}
    few = find_too_few({key: number.n_patients for key, number in numbers.items()}, summary)
    return [{**number.to_json(), **unknown, "too_few": key in few} for key, number in numbers.items()]


def find_number(numbers: Sequence[JsonDict], name: str, group: str) -> JsonDict:
    """The number of that name and group, of those in ``evaluation.json`` or ``comparison.json``.

    Raises:
        SettingsError: there is none.
    """
    for number in numbers:
        if (number["name"], number["group"]) == (name, group):
            return dict(number)
    known = sorted({number["name"] for number in numbers})
    raise SettingsError("no such number", expected=", ".join(known), received=f"{name} {group}".strip())


def _of_single_cases(key: Key, number: Number, summary: Summary) -> Number:
    name, group = key
    if name in SHARES or (group and name in SHARES_OF_GROUPS):
        if not number.n or math.isnan(number.value):
            return number
        low, high = wilson_interval(round(number.value * number.n), number.n, number.level)
        return replace(number, low=low, high=high, method=WILSON)
    if key in summary.rankings:
        try:
            low, high = delong_interval(*summary.rankings[key], level=number.level)
        except DataError:  # fewer than two of a kind
            return number
        if math.isfinite(low):
            return replace(number, low=low, high=high, method=DELONG)
    return number
