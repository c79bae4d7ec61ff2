"""The first screen: what was asked, what was found, how sure, what to do next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from scanwright.report.first_lines import found_lines, warning_lines
from scanwright.report.rounding import format_number, format_plain, format_value
from scanwright.report.texts import Words
from scanwright.types import JsonDict

_HEADLINES: Mapping[str, Sequence[str]] = {
    "segmentation": ("dice", "iou"),
    "classification": ("auroc", "balanced_accuracy", "accuracy"),
    "ordinal": ("kappa", "within_one"),
    "multilabel": ("auroc", "average_precision"),
    "regression": ("mae", "rmse"),
    "detection": ("ap", "map50"),
}
_LESS_IS_BETTER = ("mae", "rmse")
FEW_TO_LEARN_FROM = 50
FEW_TO_TEST_ON = 30
FEW_TO_CLAIM = 20
FEW_STEPS = 200
MOST_LISTED = 6
"""Classes named on the first screen."""


@dataclass(frozen=True)
class Answer:
    """The four parts, each a list of sentences; ``headline`` is the number in large letters,
    with its name and what stands behind it."""

    asked: list[str]
    headline: str
    headline_name: str
    headline_n: str
    found: list[str]
    sure: list[str]
    next: list[str]


def answer(evaluation: JsonDict, words: Words, *, has_pictures: bool) -> Answer:
    """What an evaluation says, in sentences.

    Args:
        evaluation: as in ``evaluation.json``.
        words: texts of one language.
        has_pictures: whether pictures stand on the page.
    """
    number = headline_number(evaluation)
    return Answer(
        asked=_asked(evaluation, words),
        headline="" if number is None else _formatted(number),
        headline_name="" if number is None else words.metric(number["name"]),
        headline_n="" if number is None else _behind(number, evaluation, words),
        found=_found(evaluation, number, words),
        sure=_sure(evaluation, number, words),
        next=_next(evaluation, number, words, has_pictures),
    )


def headline_number(evaluation: JsonDict) -> JsonDict | None:
    """The number that sums up the task, over all classes if there is such a one; ``None`` without any."""
    numbers = [number for number in evaluation.get("numbers", []) if is_number(number.get("value"))]
    for name in _HEADLINES.get(evaluation.get("task", ""), ()):
        same = [number for number in numbers if number["name"] == name]
        for number in same:
            if not number["group"]:
                return dict(number)
        if same:
            return dict(same[0])
    return dict(numbers[0]) if numbers else None


def patients_unknown(evaluation: JsonDict) -> bool:
    """True when the data does not say which cases belong to one patient."""
    return str(evaluation.get("data", {}).get("patients", "unknown")).startswith("unknown")


def is_number(value: object) -> TypeGuard[float]:
    """True for finite numbers; JSON holds ``None`` for what is undefined."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def worst_case(evaluation: JsonDict, name: str) -> tuple[str, float] | None:
    """The case with the lowest mean of ``name`` over its classes, and that mean; ``None`` without any."""
    means = {}
    for record in evaluation.get("records", []):
        mean = mean_over_classes(record, name)
        if mean is not None:
            means[str(record["case"])] = mean
    if not means:
        return None
    case = min(means, key=lambda one: means[one])
    return case, means[case]


def mean_over_classes(record: Mapping[str, Any], name: str) -> float | None:
    """Mean of ``name`` over the classes of a segmentation record; ``None`` when no class defines it."""
    values = [one.get(name) for one in record.get("classes", {}).values()]
    defined = [value for value in values if is_number(value)]
    return sum(defined) / len(defined) if defined else None


def _formatted(number: JsonDict) -> str:
    return format_number(number.get("value"), number.get("low"), number.get("high"), number.get("unit", ""))


def _behind(number: JsonDict, evaluation: JsonDict, words: Words) -> str:
    """Cases and patients behind a number."""
    n = number.get("n", evaluation.get("n_cases", 0))
    if patients_unknown(evaluation):
        return _if_few(words("found.n_unknown", n=n), number, words)
    n_patients = number.get("n_patients", evaluation.get("n_patients", 0))
    return _if_few(words("found.n", n=n, n_patients=n_patients), number, words)


def _if_few(line: str, number: JsonDict, words: Words) -> str:
    """The line, and that it may not be claimed where too few stand behind it."""
    return words("found.few", line=line) if number.get("too_few") else line


def _asked(evaluation: JsonDict, words: Words) -> list[str]:
    task = evaluation.get("task", "")
    classes = [name for name in evaluation.get("classes", []) if name != "background"]
    classes = classes or [one["target"] for one in [evaluation.get("agreement")] if one]
    shown = classes[:MOST_LISTED] + ([f"… ({len(classes)})"] if len(classes) > MOST_LISTED else [])
    key = f"asked.{task}" if task in _HEADLINES and classes else "asked.other"
    cases = words(
        "asked.cases_unknown" if patients_unknown(evaluation) else "asked.cases",
        n_cases=evaluation.get("n_cases", 0),
        n_patients=evaluation.get("n_patients", 0),
        split=words.split(evaluation.get("split", "")),
    )
    source = str(evaluation.get("data", {}).get("source", "")) or "?"
    return [words(key, classes=words.listed(shown), source=source.rstrip("/").rsplit("/", 1)[-1]), cases]


def _found(evaluation: JsonDict, number: JsonDict | None, words: Words) -> list[str]:
    if number is None:
        return [words("found.nothing")]
    per_class = [
        one
        for one in evaluation["numbers"]
        if one["name"] == number["name"] and one["group"] not in ("", None)
    ]
    sentences = []
    # The area of two classes is one and the same.
    same = (
        number["name"] == "auroc" and len(per_class) == 2 and per_class[0]["value"] == per_class[1]["value"]
    )
    if len(per_class) > 1 and not same:
        sentences = [
            _if_few(
                words("found.per_class", group=one["group"], number=_formatted(one), n=one.get("n", "?")),
                one,
                words,
            )
            for one in per_class[:MOST_LISTED]
        ]
    sentences += _counted(evaluation, words) + found_lines(evaluation, words)
    sentences += warnings(evaluation, words)
    return sentences + beside_naive(evaluation, words)


def _counted(evaluation: JsonDict, words: Words) -> list[str]:
    """In how many cases the answer is right, by the kind of answer that the records hold."""
    records = evaluation.get("records", [])
    truth = records[0].get("truth") if records else None
    agreement = evaluation.get("agreement")
    if evaluation.get("detection"):
        return _counted_objects(evaluation, words)
    if agreement and is_number(agreement.get("half_width")):
        within = sum(record["low"] <= record["truth"] <= record["high"] for record in records)
        gaps = {"half_width": format_plain(agreement["half_width"]), "within": within, "total": len(records)}
        return [words("found.within", level=f"{100 * agreement['interval_level']:g}", **gaps)]
    if isinstance(truth, (str, list)):
        right = sum(record["truth"] == record.get("predicted") for record in records)
        key = "found.right" if isinstance(truth, str) else "found.all_right"
        return [words(key, right=right, total=len(records))]
    return []


def _counted_objects(evaluation: JsonDict, words: Words) -> list[str]:
    """Of the classes that there are, what was found at the thresholds."""
    counts = evaluation["detection"]
    sentences = []
    for group, true in list(counts["true"].items())[:MOST_LISTED]:
        found, hits = counts["found"][group], counts["hits"][group]
        rate = format_value((found - hits) / max(1, evaluation.get("n_cases") or 1))
        if true or found:
            gaps = {"true": true, "hits": hits, "found": found, "false": found - hits, "rate": rate}
            sentences.append(words("found.objects", group=group, **gaps))
    return sentences


def title_key(evaluation: JsonDict) -> str:
    """The key of the page's title."""
    task = evaluation.get("task", "")
    return f"title.{task}" if task in _HEADLINES else "title.other"


def warnings(evaluation: JsonDict, words: Words) -> list[str]:
    """Signs that the model has learnt nothing, in sentences."""
    return [words(key, group=group) for key, group in _nothing_learnt(evaluation)]


def beside_naive(evaluation: JsonDict, words: Words) -> list[str]:
    """What simpler methods reach on the same cases, in sentences."""
    return [
        words(
            "found.worse" if is_worse else "found.better",
            method=words.comparator(one.get("comparator", "")),
            name=words.metric(one["name"]),
            value=format_value(one["value"]),
        )
        for one, is_worse in _beside_naive(evaluation)
    ]


def _beside_naive(evaluation: JsonDict) -> list[tuple[JsonDict, bool]]:
    """Naive methods with a leading number that the model also has, and whether the model is no better."""
    leading = {name for names in _HEADLINES.values() for name in names}
    own = {
        (one["name"], one["group"] or ""): one.get("value")
        for one in evaluation.get("numbers", [])
        if one["name"] in leading
    }
    pairs = [
        (dict(one), own.get((one["name"], one.get("group") or "")))
        for one in evaluation.get("baselines") or []
    ]
    return [
        (one, ours >= one["value"] if one["name"] in _LESS_IS_BETTER else ours <= one["value"])
        for one, ours in pairs
        if is_number(ours) and is_number(one["value"])
    ]


def _nothing_learnt(evaluation: JsonDict) -> list[tuple[str, str]]:
    """Signs that nothing was learnt: (text, class) for one answer to all cases, or a class never outlined."""
    records = evaluation.get("records", [])
    said = {record["predicted"] for record in records if isinstance(record.get("predicted"), str)}
    if len(said) == 1 and len({record["truth"] for record in records}) > 1:
        return [("found.one_class", str(said.pop()))]
    if objects := evaluation.get("detection"):
        return [("found.no_object", g) for g, n in objects["true"].items() if n and not objects["found"][g]]
    found: dict[str, bool] = {}
    for record in records:
        for group, own in record.get("classes", {}).items():
            if own.get("reference_volume"):
                found[group] = found.get(group, False) or bool(own.get("volume"))
    return [("found.empty", group) for group, outlined in found.items() if not outlined]


def _sure(evaluation: JsonDict, number: JsonDict | None, words: Words) -> list[str]:
    sentences = []
    if number is not None and is_number(number.get("low")) and is_number(number.get("high")):
        ends = (number["low"], number["high"])
        sentences.append(
            words(
                "sure.interval",
                low=format_value(ends[0], *ends),
                high=format_value(ends[1], *ends),
                level=f"{100 * number.get('level', 0.95):g}",
                method=words.interval_method(number.get("method", "")),
                n=number.get("n", evaluation.get("n_cases", 0)),
            )
        )
        if number["name"] == "auroc" and number["low"] <= 0.5:
            sentences.append(words("sure.chance"))
        sentences += _reaching_chance(evaluation, words)
    else:
        method = "n too small for an interval" if number is None else number.get("method", "")
        sentences.append(words("sure.none", method=words.interval_method(method)))
    if number is not None and number.get("too_few"):
        n = number.get("n_patients") or number.get("n") or 0
        sentences.append(words("sure.too_few" if n < FEW_TO_CLAIM else "sure.too_few.class", n=n))
    split = evaluation.get("split", "")
    if split in ("test", "val", "train", "all", "external"):
        sentences.append(words(f"sure.{split}"))
    sentences += [words(f"doubt.{one['kind']}", **one) for one in evaluation.get("doubts") or []]
    if agreement := evaluation.get("agreement"):
        key = "sure.half_width" if is_number(agreement.get("half_width")) else "sure.no_half_width"
        sentences.append(words(key, level=f"{100 * agreement['interval_level']:g}"))
    sentences += tell_members(evaluation, words)
    steps = (evaluation.get("provenance") or {}).get("steps")
    if is_number(steps) and steps < FEW_STEPS:
        sentences.append(words("sure.few_steps", n=steps))
    worst = worst_case(evaluation, number["name"]) if number is not None else None
    if number is not None and worst is not None:
        sentences.append(
            words(
                "sure.worst", case=worst[0], name=words.metric(number["name"]), value=format_value(worst[1])
            )
        )
    sentences += warning_lines(evaluation, words)
    flow = evaluation.get("flow") or {}
    if flow.get("set_aside"):
        sentences.append(words("sure.set_aside", n=flow["set_aside"], found=flow.get("found", "?")))
    return sentences


def tell_members(evaluation: JsonDict, words: Words) -> list[str]:
    """How many networks answer, and whether there were to be more."""
    model = evaluation.get("model") or {}
    n = model.get("members") or 1
    planned = model.get("planned_members") or n
    if n < planned:
        return [words("sure.members_missing", n=n, planned=planned)]
    return [words("sure.members", n=n)] if n > 1 else []


def _reaching_chance(evaluation: JsonDict, words: Words) -> list[str]:
    """That an interval reaches down to what no model is needed for."""
    return [
        words(f"sure.chance.{one['name']}")
        for one in evaluation["numbers"]
        if one["name"] in ("kappa", "r2") and is_number(one.get("low")) and one["low"] <= 0
    ]


def _next(evaluation: JsonDict, number: JsonDict | None, words: Words, has_pictures: bool) -> list[str]:
    flow = evaluation.get("flow") or {}
    steps = []
    if any(is_worse for _, is_worse in _beside_naive(evaluation)):
        steps.append(words("next.learn"))
    elif _nothing_learnt(evaluation):
        steps.append(words("next.train_more"))
    if evaluation.get("split") in ("train", "val", "all"):
        steps.append(words("next.test_split"))
    if patients_unknown(evaluation):
        steps.append(words("next.patients"))
    steps.append(words("next.worst" if has_pictures else "next.no_pictures"))
    unknown = sum((evaluation.get("unknown_classes") or {}).values())
    if unknown:
        steps.append(words("next.unknown_classes", n=unknown))
    if (flow.get("set_aside") or 0) > unknown:
        steps.append(words("next.set_aside", n=flow["set_aside"] - unknown))
    weakest = _weakest(evaluation, number)
    if weakest is not None:
        value = format_value(weakest["value"], weakest.get("low"), weakest.get("high"))
        steps.append(
            words("next.weakest", group=weakest["group"], name=words.metric(weakest["name"]), value=value)
        )
    if 0 < (flow.get("train") or 0) < FEW_TO_LEARN_FROM:
        steps.append(words("next.more_train", n=flow["train"]))
    if 0 < (evaluation.get("n_patients") or 0) < FEW_TO_TEST_ON:
        steps.append(words("next.more_test", n=evaluation["n_patients"]))
    steps.append(words("next.elsewhere"))
    return steps


def _weakest(evaluation: JsonDict, number: JsonDict | None) -> JsonDict | None:
    """The class clearly below the best one: its whole interval lies below the other's."""
    if number is None:
        return None
    classes = [
        one
        for one in evaluation["numbers"]
        if one["name"] == number["name"] and one["group"] and is_number(one.get("value"))
    ]
    if len(classes) < 2:
        return None
    worst, best = (chosen(classes, key=lambda one: one["value"]) for chosen in (min, max))
    if is_number(worst.get("high")) and is_number(best.get("low")) and worst["high"] < best["low"]:
        return dict(worst)
    return None
