"""What must stand on the first screen: who is missed, for whom it is worse, what was not kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanwright.report.rounding import format_interval, format_number, format_value
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_CLASSES = 6
LEAST_EXCESS = 0.005
"""By how much a Brier score must have risen to be spoken of."""


def found_lines(evaluation: JsonDict, words: Words) -> list[str]:
    """Of each class how many were recognised, how often a person is asked, and lesions found."""
    recalls = [one for one in _numbers(evaluation, "recall") if one["group"]]
    shown = sorted(recalls, key=lambda one: one["value"])[:MOST_CLASSES]
    kept = [one for one in recalls if one in shown]
    two = len(recalls) == 2 and evaluation.get("task") == "classification"
    lines = []
    if kept:
        told = [f"{one['group']} {_told(one)}, n = {one['n']}" for one in kept]
        key = (
            "first.recall_two"
            if two
            else "first.recall"
            if len(kept) == len(recalls)
            else "first.recall_worst"
        )
        lines.append(words(key, recalls=words("first.semicolon").join(told)))
    lines += [words("first.referred", share=_told(one)) for one in _overall(evaluation, "referred")]
    lines += _lesions(evaluation, words)
    unknown = evaluation.get("unknown_classes") or {}
    if unknown:
        named = words("comma").join(f"{name}: {n}" for name, n in list(unknown.items())[:MOST_CLASSES])
        lines.append(words("first.unknown_classes", n=sum(unknown.values()), named=named))
    return lines


def warning_lines(evaluation: JsonDict, words: Words) -> list[str]:
    """The group that fares worst, promises not kept, calibration and costs that speak against the model."""
    return [
        *_worst_group(evaluation, words),
        *_broken(evaluation, words),
        *_calibration(evaluation, words),
        *_costs(evaluation, words),
    ]


def scope_line(evaluation: JsonDict, words: Words) -> str:
    """Whom the model is for by what it learnt from; "" where that is not recorded."""
    learnt = evaluation.get("learnt_from") or {}
    span, shape = learnt.get("spacing_mm") or {}, learnt.get("shape") or {}
    modality = str(learnt.get("modality") or "")
    parts = [words("first.photographs") if modality == "photograph" else modality]
    classes = [name for name in evaluation.get("classes") or [] if name != "background"]
    if classes:
        more = ["…"] * (len(classes) > MOST_CLASSES)
        parts.append(words("first.scope_classes", classes=words("comma").join(classes[:MOST_CLASSES] + more)))
    to = words("first.to")
    for sizes, key, digits in ((span, "voxels", "{:.2g}"), (shape, "pixels", "{:g}")):
        if sizes and len(parts) < 3:
            ends = (
                " × ".join(digits.format(n) for n in sizes[end] if span or n > 1)
                for end in ("smallest", "largest")
            )
            parts.append(words(f"first.{key}", sizes=to.join(dict.fromkeys(ends))))
    if not learnt.get("modality") or len(parts) < 2:
        return ""
    return words("first.scope", what=words("comma").join(filter(None, parts)))


def _lesions(evaluation: JsonDict, words: Words) -> list[str]:
    lines = []
    for one in _numbers(evaluation, "lesion_sensitivity"):
        own = [record["classes"].get(one["group"]) or {} for record in evaluation.get("records") or []]
        n, found, false = (
            sum(record.get(key) or 0 for record in own)
            for key in ("lesions", "lesions_found", "lesion_false_alarms")
        )
        if n:
            gaps = {"found": found, "n": n, "false": false, "n_cases": evaluation.get("n_cases", 0)}
            lines.append(words("first.lesions", group=one["group"], share=_told(one), **gaps))
    return lines[:MOST_CLASSES]


def _worst_group(evaluation: JsonDict, words: Words) -> list[str]:
    gaps = [
        (gap, one)
        for one in evaluation.get("subgroups") or []
        for gap in one["gaps"]
        if gap["differs"] and gap["p_holm"] is not None
    ]
    if not gaps:
        return []
    # More of the leading number is better in every task.
    gap, one = max(gaps, key=lambda pair: abs(pair[0]["difference"]))
    worse, better = (gap["a"], gap["b"]) if gap["difference"] > 0 else (gap["b"], gap["a"])
    values = {
        group["name"]: _told(number)
        for group in one["groups"]
        for number in group["numbers"]
        if number["name"] == gap["name"] and not number["group"]
    }
    return [
        words(
            "first.group",
            column=words.column(one["column"]),
            worse=words("subgroups.other") if worse == "other" else worse,
            better=words("subgroups.other") if better == "other" else better,
            name=words.metric(gap["name"]),
            low=values.get(worse, "–"),
            high=values.get(better, "–"),
            p="< 0.001" if gap["p_holm"] < 0.001 else f"= {gap['p_holm']:.2g}",
        )
    ]


def _broken(evaluation: JsonDict, words: Words) -> list[str]:
    """Promises whose share, with its whole interval, lies below what was promised."""
    agreement = evaluation.get("agreement") or {}
    promised = {
        "set_coverage": (evaluation.get("conformal") or {}).get("level"),
        "volume_coverage": (evaluation.get("margins") or {}).get("level"),
        "coverage": agreement.get("interval_level"),
    }
    return [
        words(f"first.broken.{name}", level=f"{100 * level:g}", group=one["group"], share=_told(one))
        for name, level in promised.items()
        if level
        for one in _numbers(evaluation, name)
        if (one["group"] or name == "coverage") and one.get("high") is not None and one["high"] < level
    ][:MOST_CLASSES]


def _calibration(evaluation: JsonDict, words: Words) -> list[str]:
    lines = []
    for name in ("brier", "voxel_brier"):
        for now in _overall(evaluation, name):
            for before in _overall(evaluation, f"{name}_before"):
                if now["value"] > before["value"] + LEAST_EXCESS:
                    ends = {"before": format_value(before["value"]), "now": format_value(now["value"])}
                    lines.append(words("first.calibration", name=words.metric(name), **ends))
    return lines


def _costs(evaluation: JsonDict, words: Words) -> list[str]:
    costs = evaluation.get("costs") or {}
    key = "first.costs_equal" if costs.get("balanced") else "first.costs"
    return [
        words(key, times=format_value(one["value"], one.get("low"), one.get("high")), interval=_ends(one))
        for one in _overall(evaluation, "expected_cost")
        if one["value"] > 1
    ]


def _numbers(evaluation: JsonDict, name: str) -> list[Mapping[str, Any]]:
    numbers = evaluation.get("numbers") or []
    return [one for one in numbers if one["name"] == name and one.get("value") is not None]


def _overall(evaluation: JsonDict, name: str) -> list[Mapping[str, Any]]:
    return [one for one in _numbers(evaluation, name) if not one["group"]]


def _told(one: Mapping[str, Any]) -> str:
    return format_number(one["value"], one.get("low"), one.get("high"))


def _ends(one: Mapping[str, Any]) -> str:
    return format_interval(one.get("low"), one.get("high"), one["value"]) or "–"
