"""Tables: what an evaluation holds, as rows that a page can show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scanwright.report.answer import headline_number, is_number, mean_over_classes
from scanwright.report.rounding import UNDEFINED, format_interval, format_plain, format_value
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_RECORDS = 200
MOST_SET_ASIDE = 200
MOST_CLASSES = 15
"""Classes of a confusion matrix that still fits on a page."""
MOST_PAIRS = 20

_RECORD_FIELDS = ("dice", "surface_dice", "hd95", "cldice", "reference_volume", "volume")


@dataclass(frozen=True)
class Cell:
    """One number of a table: what it is, its interval, and how many cases where that differs."""

    value: str
    interval: str = ""
    n: str = ""


@dataclass(frozen=True)
class Table:
    """Column heads, rows of (name, cells), and how many rows there would be in all."""

    heads: list[str]
    rows: list[tuple[str, list[Cell]]]
    total: int = 0


@dataclass(frozen=True)
class Confusion:
    """Counts with their share of the row, 0 … 1; or, for many classes, the most frequent confusions."""

    classes: list[str]
    rows: list[tuple[str, list[tuple[int, float]]]]
    pairs: list[tuple[str, str, int]]
    n_classes: int


def number_table(numbers: Sequence[JsonDict], evaluation: JsonDict, words: Words) -> Table:
    """Groups down, names across; each cell with its interval."""
    names = list(dict.fromkeys(number["name"] for number in numbers))
    groups = list(dict.fromkeys(number["group"] or "" for number in numbers))
    by_key = {(number["name"], number["group"] or ""): number for number in numbers}
    heads = [
        metric_head(name, [one for one in numbers if one["name"] == name], evaluation, words)
        for name in names
    ]
    rows = [
        (
            group or words("all_groups"),
            [_cell(by_key.get((name, group)), evaluation.get("n_cases"), words) for name in names],
        )
        for group in groups
    ]
    return Table(heads, rows, len(rows))


def baseline_table(evaluation: JsonDict, words: Words) -> Table:
    """Naive methods down, our model last; the same numbers across."""
    baselines = evaluation.get("baselines") or []
    keys = list(dict.fromkeys((one["name"], one.get("group") or "") for one in baselines))
    methods = list(dict.fromkeys(_baseline_name(one) for one in baselines))
    rows = []
    for method in methods:
        own = {
            (one["name"], one.get("group") or ""): one for one in baselines if _baseline_name(one) == method
        }
        rows.append(
            (
                words.comparator(method),
                [_cell(own.get(key), evaluation.get("n_cases"), words) for key in keys],
            )
        )
    ours = {(one["name"], one.get("group") or ""): one for one in evaluation.get("numbers", [])}
    rows.append(
        (words("our_model"), [_cell(ours.get(key), evaluation.get("n_cases"), words) for key in keys])
    )
    heads = [words.metric(name) + (f", {group}" if group else "") for name, group in keys]
    return Table(heads, rows, len(rows))


def metric_head(name: str, numbers: Sequence[Mapping[str, Any]], evaluation: JsonDict, words: Words) -> str:
    """The metric's name with its unit, or with its tolerance."""
    label = words.metric(name)
    if name == "surface_dice" and is_number(evaluation.get("tolerance_mm")):
        unit = evaluation.get("unit") or "mm"
        label = words("tolerance", name=label, tolerance=f"{evaluation['tolerance_mm']:g}", unit=unit)
    units = {number.get("unit") or "" for number in numbers} - {""}
    return f"{label} ({'/'.join(sorted(units))})" if units else label


def record_table(evaluation: JsonDict, words: Words) -> Table:
    """All cases, worst first, cut at ``MOST_RECORDS``. Patients are not named."""
    records = evaluation.get("records") or []
    truth = records[0].get("truth") if records else None
    if truth is not None:
        if isinstance(truth, str):
            return _class_records(records, words)
        return (_label_records if isinstance(truth, list) else _value_records)(records, words)
    number = headline_number(evaluation)
    name = number["name"] if number is not None else "dice"

    def rank(record: JsonDict) -> float:
        mean = mean_over_classes(record, name)
        return float("inf") if mean is None else mean

    columns = [
        (group, field)
        for group in dict.fromkeys(group for record in records for group in record.get("classes", {}))
        for field in _RECORD_FIELDS
        if any(is_number(record.get("classes", {}).get(group, {}).get(field)) for record in records)
    ]
    rows = [
        (
            str(record["case"]),
            [
                Cell(format_value(_float(record.get("classes", {}).get(g, {}).get(field))))
                for g, field in columns
            ],
        )
        for record in sorted(records, key=rank)[:MOST_RECORDS]
    ]
    several = len({group for group, _ in columns}) > 1
    heads = [
        (f"{group}: " if several else "") + _field_head(field, evaluation, words) for group, field in columns
    ]
    return Table(heads, rows, len(records))


def confusion_view(confusion: JsonDict) -> Confusion:
    """Counts and shares of a confusion matrix; only the most frequent confusions of a large one."""
    classes = [str(name) for name in confusion["classes"]]
    matrix = confusion["matrix"]
    if len(classes) > MOST_CLASSES:
        pairs = [
            (classes[row], classes[column], int(count))
            for row, counts in enumerate(matrix)
            for column, count in enumerate(counts)
            if row != column and count
        ]
        return Confusion([], [], sorted(pairs, key=lambda pair: -pair[2])[:MOST_PAIRS], len(classes))
    rows = []
    for name, counts in zip(classes, matrix, strict=True):
        total = sum(counts) or 1
        rows.append((name, [(int(count), count / total) for count in counts]))
    return Confusion(classes, rows, [], len(classes))


def flattened(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Nested facts as (path, value)."""
    for key, value in values.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flattened(value, f"{path}.")
        elif isinstance(value, (list, tuple)):
            yield path, ", ".join(_brief(one) for one in value)
        else:
            yield path, UNDEFINED if value is None else _brief(value)


def _brief(value: object) -> str:
    """Four digits are enough of a measured number."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _baseline_name(one: Mapping[str, Any]) -> str:
    return str(one.get("comparator") or one.get("method") or "")


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _cell(number: Mapping[str, Any] | None, n_cases: int | None, words: Words) -> Cell:
    if number is None or not is_number(number.get("value")):
        return Cell(UNDEFINED)
    value, low, high = number["value"], number.get("low"), number.get("high")
    n = number.get("n")
    count = words("summary.n", n=n) if n is not None and n != n_cases else ""
    if number.get("too_few"):
        count = words("summary.few", n=n)
    return Cell(format_value(value, low, high), format_interval(low, high, value), count)


def _field_head(field: str, evaluation: JsonDict, words: Words) -> str:
    length = evaluation.get("unit") or "mm"
    units = {"hd95": length, "assd": length, "volume": "ml" if length == "mm" else "px"}
    units["reference_volume"] = units["volume"]
    return metric_head(field, [{"unit": units.get(field, "")}], evaluation, words)


def told(answer: str | Sequence[str] | float, none: str = UNDEFINED) -> str:
    """A class, classes or a number in words; ``none`` for no class."""
    if isinstance(answer, str):
        return answer
    return format_plain(answer) if isinstance(answer, (int, float)) else ", ".join(answer) or none


def _label_records(records: Sequence[JsonDict], words: Words) -> Table:
    """Those with most wrong classes first."""

    def n_wrong(record: JsonDict) -> int:
        return len({*record["truth"]} ^ {*record["predicted"]})

    none = words("none_of_them")
    rows = [
        (
            str(record["case"]),
            [*(Cell(told(record[key], none)) for key in ("truth", "predicted")), Cell(str(n_wrong(record)))],
        )
        for record in sorted(records, key=n_wrong, reverse=True)[:MOST_RECORDS]
    ]
    return Table([words("truth"), words("predicted"), words("n_wrong")], rows, len(records))


def _value_records(records: Sequence[JsonDict], words: Words) -> Table:
    """Those that are most wrong first."""
    rows = []
    for record in sorted(records, key=lambda one: -abs(one["predicted"] - one["truth"]))[:MOST_RECORDS]:
        predicted, low, high = record["predicted"], record["low"], record["high"]
        interval = "" if low is None else f"{format_plain(low)} … {format_plain(high)}"
        cells = [Cell(told(record["truth"])), Cell(told(predicted), interval)]
        rows.append((str(record["case"]), [*cells, Cell(format_plain(predicted - record["truth"]))]))
    return Table([words("axis.true"), words("axis.predicted"), words("difference")], rows, len(records))


def _class_records(records: Sequence[JsonDict], words: Words) -> Table:
    def probability(record: JsonDict) -> float:
        value = _float(record.get("probabilities", {}).get(record.get("truth")))
        return 0.0 if value is None else value

    rows = [
        (
            str(record["case"]),
            [
                Cell(str(record.get("truth", ""))),
                Cell(str(record.get("predicted", ""))),
                Cell(f"{probability(record):.3f}"),
            ],
        )
        for record in sorted(records, key=probability)[:MOST_RECORDS]
    ]
    return Table([words("truth"), words("predicted"), words("probability_truth")], rows, len(records))
