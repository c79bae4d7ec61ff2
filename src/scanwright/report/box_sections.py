"""Sections of a page about findings: what counts as a hit, the numbers in small tables, FROC, every case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from scanwright.report import plots
from scanwright.report.answer import is_number
from scanwright.report.rounding import format_number, format_value
from scanwright.report.tables import MOST_RECORDS, Cell, Table, number_table
from scanwright.report.texts import Words
from scanwright.types import JsonDict

SIZES = ("small", "medium", "large")
_AT = "sensitivity_at_"
_PARTS: Mapping[str, Sequence[str]] = {
    "threshold": ("sensitivity", "precision", "f1", "false_alarms_per_case", "count_error"),
    "precision": ("ap", "map50", "map"),
    "froc": ("cpm", *(f"{_AT}{rate}" for rate in ("0.125", "0.25", "0.5", "1", "2", "4", "8"))),
    "sizes": [f"{name}_{size}" for name in ("map50", "sensitivity") for size in SIZES],
    "sizes_froc": [f"{_AT}1_{size}" for size in SIZES],
}


def number_tables(evaluation: JsonDict, words: Words) -> list[tuple[str, Table]]:
    """Heading and table of each part of the numbers."""
    numbers = evaluation.get("numbers") or []
    parts = {
        key: [one for name in names for one in numbers if one["name"] == name]
        for key, names in _PARTS.items()
    }
    return [
        (words(f"numbers.{key}"), number_table(own, evaluation, words)) for key, own in parts.items() if own
    ]


def rule_lines(evaluation: JsonDict, words: Words) -> list[str]:
    """When a finding is a hit, and from which score on it counts, in sentences."""
    rules = evaluation["detection"]
    unit = evaluation.get("unit") or "mm"
    thresholds = [f"{name} {format_value(value)}" for name, value in rules["thresholds"].items()]
    target = words(f"target.{rules['operating_point']}", value=f"{rules['operating_value']:g}")
    low, high = (f"{limit:g}" for limit in rules["size_limits"])
    known = {one["name"]: one for one in evaluation.get("numbers") or [] if not one["group"]}
    here = [known.get(name) or {} for name in ("sensitivity", "false_alarms_per_case")]
    sensitivity, rate = (format_number(one.get("value"), one.get("low"), one.get("high")) for one in here)
    return [
        words(f"rule.{rules['hit']}", least=f"{rules['hit_least']:g}", unit=unit),
        words("rule.precision", most=rules["most_found"]),
        words("rule.thresholds", target=target, thresholds=words("comma").join(thresholds)),
        *tell_reached(evaluation.get("provenance") or {}, words),
        words("rule.here", sensitivity=sensitivity, rate=rate),
        *([words("rule.short")] if _falls_short(rules, *here) else []),
        words(f"rule.sizes.{rules['dims']}", low=low, high=high, unit=unit),
        words("rule.flags"),
    ]


def tell_reached(story: Mapping[str, Any], words: Words) -> list[str]:
    """What the thresholds of a model reached on the validation cases that they were chosen on, in a
    sentence; none where its story does not tell.

    Args:
        story: provenance of the model.
        words: of the language.
    """
    reached = story.get("reached")
    if not reached:
        return []
    each = [
        words(
            "rule.each",
            group=name,
            sensitivity=format_value(reached["hits"][name] / n_true),
            rate=format_value((reached["found"][name] - reached["hits"][name]) / reached["cases"]),
        )
        for name, n_true in reached["true"].items()
        if n_true
    ]
    target = words(f"target.{reached['operating_point']}", value=f"{reached['operating_value']:g}")
    if not each:
        return []
    said = words("rule.reached", target=target, n=reached["cases"], each=words("comma").join(each))
    wanted = reached["operating_value"] if reached["operating_point"] == "sensitivity" else 0.0
    missed = [name for name, n in reached["true"].items() if n and reached["hits"][name] < wanted * n]
    return [f"{said} {words('rule.unreached', groups=words('comma').join(missed))}" if missed else said]


def _falls_short(rules: JsonDict, sensitivity: JsonDict, rate: JsonDict) -> bool:
    """Whether the interval of what a threshold was chosen for lies wholly on the wrong side of it."""
    wanted, high, low = rules["operating_value"], sensitivity.get("high"), rate.get("low")
    if rules["operating_point"] == "sensitivity":
        return is_number(high) and high < wanted
    return rules["operating_point"] == "false_alarms" and is_number(low) and low > wanted


def froc_plot(evaluation: JsonDict, words: Words) -> Markup:
    """FROC of each class with its interval at the seven rates; our own SVG. Empty without curves."""
    curves = (evaluation.get("curves") or {}).get("froc") or {}
    bands: dict[str, list[tuple[float, float, float]]] = {}
    labels = {}
    for one in evaluation.get("numbers") or []:
        rate = one["name"].removeprefix(_AT)
        if rate != one["name"] and not rate.endswith(SIZES) and is_number(one.get("low")):
            bands.setdefault(one["group"], []).append((float(rate), one["low"], one["high"]))
        if one["name"] == "cpm":
            number = format_number(one.get("value"), one.get("low"), one.get("high"))
            labels[one["group"]] = f"{words.metric('cpm')} {number}"
    axes = {"x_label": words("axis.false_alarms"), "y_label": words("axis.sensitivity")}
    return Markup(plots.froc_curves(curves, bands, values=labels, **axes))


def box_records(evaluation: JsonDict, words: Words) -> Table:
    """Objects, findings and what they hit in every case, the worst first."""
    records = evaluation.get("records") or []
    counted = []
    for record in records:
        own = record["classes"].values()
        true, found, hits = (sum(one[key] for one in own) for key in ("true", "found", "hits"))
        counted.append((str(record["case"]), (true, found, hits, true - hits, found - hits)))
    counted.sort(key=lambda row: 2 * row[1][2] / (row[1][0] + row[1][1]) if row[1][0] + row[1][1] else 1.0)
    names = ("objects", "findings", "hits", "misses", "false_findings")
    rows = [(case, [Cell(str(count)) for count in counts]) for case, counts in counted[:MOST_RECORDS]]
    return Table([words.metric(name) for name in names], rows, len(records))
