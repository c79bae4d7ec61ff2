"""Subgroups: for whom a model works as well as for others, by what is known of the cases."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from scanwright.core.comparison import LEVEL, bootstrap_p, holm
from scanwright.core.statistics import Key, Number, resample_patients
from scanwright.data.case import Case
from scanwright.data.plan import Plan
from scanwright.errors import SettingsError
from scanwright.evaluation.numbers import N_RESAMPLES, describe, is_too_few, measure_numbers
from scanwright.tasks.base import Record, Summary, Task
from scanwright.types import IntArray, JsonDict

MOST_GROUPS = 8
"""The smaller ones of a column are taken together."""
N_BANDS = 3
"""Of a column of many different numbers, such as ages: bands of as many cases each."""
OTHERS = "other"
UNKNOWN = {"", "-", "?", "n/a", "na", "nan", "none", "unknown", "未知"}
"""Words in a column, lower case, that tell nothing."""
SIZE = "size"
"""Not a column: the volume that the truth outlines in a case, for tasks that outline."""


def check_columns(columns: Sequence[str], cases: Sequence[Case], task: Task) -> None:
    """Refuse columns that nothing is known of, before any case is predicted.

    Raises:
        SettingsError: no case has one of them, or each case has a value of its own.
    """
    known = sorted({fact for case in cases for fact in case.facts} | ({SIZE} & {_size_of(task)}))
    for column in columns:
        values = [_told(case, column) for case in cases]
        if column not in known:
            raise SettingsError(
                "nothing of this name is known of the cases",
                expected="--by with one of: " + (", ".join(known) or "nothing is known of these cases"),
                received=f"by={column}",
            )
        told = [value for value in values if value]
        if len(set(told)) > max(MOST_GROUPS, len(told) / 2) and _numbers(told) is None:
            raise SettingsError(
                "nearly every case has a value of its own; that makes no groups",
                expected="a column with few values, or one of numbers",
                received=f"by={column} with {len(set(told))} values in {len(told)} cases",
            )


def judge_subgroups(
    task: Task,
    plan: Plan,
    records: Sequence[Record],
    cases: Mapping[str, Case],
    columns: Sequence[str],
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> list[JsonDict]:
    """The numbers of each group, and the differences of the leading number between the groups of a column,
    corrected for having looked at all of them (Holm).

    Args:
        task, plan: what the records are of.
        records: of the cases that were judged.
        cases: by name.
        columns: facts of the cases, or "size".
        n_resamples, seed: of the resampling.
    """
    patients = [record["patient"] for record in records]
    found: list[JsonDict] = []
    for column in columns:
        groups = group_records(column, records, cases)
        measured = {
            name: _measure(task, plan, [records[row] for row in rows.tolist()], n_resamples, seed)
            for name, rows in groups
        }
        tested = [(name, rows) for name, rows in groups if not measured[name]["too_few"]]
        found.append(
            {
                "column": column,
                "groups": [{"name": name, **measured[name]} for name, _ in groups],
                "n_without": len(records) - sum(len(rows) for _, rows in groups),
                "gaps": _gaps(task.summarise(records, plan), task.score, patients, tested, n_resamples, seed),
            }
        )
    _correct([gap for one in found for gap in one["gaps"]])
    return found


def group_records(
    column: str, records: Sequence[Record], cases: Mapping[str, Case]
) -> list[tuple[str, IntArray]]:
    """The groups of a column with the rows of the records in each, see :func:`divide`.

    Args:
        column: a fact of the cases, or "size".
        records: of the cases that were judged.
        cases: by name.
    """
    return divide(_values(column, records, cases))


def divide(values: Sequence[str]) -> list[tuple[str, IntArray]]:
    """The groups of a column with the rows of each, the largest first; of numbers bands, the lowest first.
    Rows without a value are in none.

    Args:
        values: of each record, "" where unknown.
    """
    rows = np.flatnonzero([value != "" for value in values])
    told = [value for value in values if value]
    numbers = _numbers(told)
    if numbers is not None and len(np.unique(numbers)) > MOST_GROUPS:
        edges = np.unique(np.quantile(numbers, np.arange(1, N_BANDS) / N_BANDS, method="inverted_cdf"))
        band = np.searchsorted(edges, numbers, side="left")
        bands = [(name, rows[band == n]) for n, name in enumerate(_band_names(edges.tolist()))]
        return [(name, own) for name, own in bands if own.size]
    sizes = Counter(told).most_common()
    kept = [name for name, _ in sizes[: MOST_GROUPS if len(sizes) <= MOST_GROUPS else MOST_GROUPS - 1]]
    named = np.array([name if name in kept else OTHERS for name in told], dtype=str)
    names = list(dict.fromkeys(kept + [OTHERS] * (len(kept) < len(sizes))))
    return [(name, rows[named == name]) for name in names]


def _measure(task: Task, plan: Plan, records: Sequence[Record], n_resamples: int, seed: int) -> JsonDict:
    summary = task.summarise(records, plan)
    patients = [record["patient"] for record in records]
    numbers = measure_numbers(summary, patients, n_resamples=n_resamples, seed=seed)
    lead = (task.score, "")
    return {
        "n_cases": len(records),
        "n_patients": None if None in patients else len(set(patients)),
        "too_few": is_too_few(lead, numbers[lead].n_patients, summary) or math.isnan(numbers[lead].value),
        "numbers": describe(numbers, summary, patients),
    }


def _gaps(
    summary: Summary,
    score: str,
    patients: Sequence[str | None],
    groups: Sequence[tuple[str, IntArray]],
    n_resamples: int,
    seed: int,
) -> list[JsonDict]:
    """The difference of the leading number between each two groups, the largest first. Patients are resampled
    over all groups at once: one may have a case in both."""
    inside = {name: np.isin(np.arange(len(patients)), rows) for name, rows in groups}
    pairs = list(itertools.combinations(inside, 2))

    def statistic(rows: IntArray) -> dict[Key, float]:
        own = {
            name: summary.statistic(rows[mask[rows]]).get((score, ""), math.nan)
            for name, mask in inside.items()
        }
        return {(a, b): own[b] - own[a] for a, b in pairs}

    if not pairs:
        return []
    support = {(a, b): np.flatnonzero(inside[a] | inside[b]) for a, b in pairs}
    resampled = resample_patients(statistic, patients, support=support, n_resamples=n_resamples, seed=seed)
    gaps = [
        _gap(score, number, bootstrap_p(resampled.draws[key])) for key, number in resampled.numbers.items()
    ]
    return sorted(gaps, key=lambda gap: -abs(gap["difference"]))


def _gap(score: str, number: Number, p: float) -> JsonDict:
    has_interval = math.isfinite(number.low)
    return {
        "a": number.name,
        "b": number.group,
        "name": score,
        "difference": number.value,
        "low": number.low if has_interval else None,
        "high": number.high if has_interval else None,
        "p": p if has_interval else None,
        "p_holm": None,
        "differs": False,
    }


def _correct(gaps: Sequence[JsonDict]) -> None:
    corrected = holm([math.nan if gap["p"] is None else gap["p"] for gap in gaps])
    for gap, p in zip(gaps, corrected, strict=True):
        if math.isnan(p):
            continue
        gap["p_holm"] = p
        gap["differs"] = p < 1 - LEVEL and (gap["low"] > 0 or gap["high"] < 0)


def _told(case: Case, column: str) -> str:
    value = case.facts.get(column, "").strip()
    return "" if value.lower() in UNKNOWN else value


def _values(column: str, records: Sequence[Record], cases: Mapping[str, Case]) -> list[str]:
    if column != SIZE or any(SIZE in cases[record["case"]].facts for record in records):
        return [_told(cases[record["case"]], column) for record in records]
    sizes = [sum(own["reference_volume"] for own in record["classes"].values()) for record in records]
    return [f"{size:.3g}" if size else "" for size in sizes]


def _size_of(task: Task) -> str:
    return SIZE if task.target == "mask" else ""


def _numbers(told: Sequence[str]) -> np.ndarray | None:
    """The values as numbers, ages as DICOM writes them ("063Y") too; ``None`` where one is none."""
    try:
        numbers = np.array([float(value.removesuffix("Y")) for value in told])
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None


def _band_names(edges: Sequence[float]) -> list[str]:
    between = [f"{low:g} – {high:g}" for low, high in itertools.pairwise(edges)]
    return [f"≤ {edges[0]:g}", *between, f"> {edges[-1]:g}"]
