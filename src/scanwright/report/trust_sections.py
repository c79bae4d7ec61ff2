"""Sections of a report about how far probabilities can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from scanwright.report import plots
from scanwright.report.rounding import format_plain, format_value
from scanwright.report.tables import Table, number_table
from scanwright.report.texts import Words
from scanwright.types import JsonDict

CALIBRATION = (
    *("brier", "brier_before", "ece", "ece_before", "ece_plain"),
    *("voxel_brier", "voxel_brier_before", "voxel_ece", "voxel_ece_before"),
    "voxel_ece_plain",
)
MARGINS = ("volume_coverage", "cautious_missed", "cautious_volume")
REFERRAL = ("set_coverage", "missed_unseen", "set_size", "referred")
COSTS = ("expected_cost", "least_expected_cost")
MOST_DIAGRAMS = 6
MOST_COSTS = 12


def is_about_trust(number: JsonDict) -> bool:
    """Whether a number stands in one of these sections, and not in the summary."""
    return number["name"] in (*CALIBRATION, *REFERRAL, *COSTS, *MARGINS)


def trust_table(names: Sequence[str], evaluation: JsonDict, words: Words) -> Table:
    """The numbers of these names, in their order, of each class."""
    numbers = [one for one in evaluation.get("numbers") or [] if one["name"] in names]
    return number_table(sorted(numbers, key=lambda one: names.index(one["name"])), evaluation, words)


def calibration_line(evaluation: JsonDict, words: Words) -> str:
    """How the probabilities came about; "" where an answer has none."""
    fitted = evaluation.get("calibration")
    if not fitted:
        return ""
    if fitted["asked"] == "none":
        return words("calibration.off")
    if not fitted["n"]:
        return words("calibration.never")
    numbers = [f"{name} {format_value(t)}".strip() for name, t in fitted["temperatures"].items()]
    line = words(f"calibration.{fitted['method']}", n=fitted["n"], numbers=words("comma").join(numbers))
    odds = [f"{name} × {format_value(math.exp(bias))}" for name, bias in fitted.get("biases", {}).items()]
    parts = [line]
    if odds:
        parts.append(words("calibration.biases", numbers=words("comma").join(odds)))
    if evaluation.get("task") == "classification" and (odds or fitted["method"] == "isotonic"):
        records = evaluation.get("records") or []
        told = [(one["probabilities"], one["predicted"]) for one in records]
        n = sum(of[predicted] < max(of.values()) for of, predicted in told)
        parts.append(words("calibration.decision", n=n, total=len(records)))
    if evaluation.get("task") == "classification":
        for name, least in (evaluation.get("thresholds") or {}).items():
            parts.append(words("calibration.threshold", name=name, least=format_value(least)))
    return " ".join(parts)


def reliability_plots(evaluation: JsonDict, words: Words) -> list[tuple[str, Markup]]:
    """A diagram for each class; of two that exclude each other, of the second."""
    found = evaluation.get("reliability") or {}
    names = list(found.get("after") or {})
    if len(names) == 2 and evaluation.get("task") not in ("multilabel", "segmentation"):
        names = names[1:]
    axes = {"x_label": words("axis.said"), "y_label": words("axis.came_true")}
    diagrams = []
    for name in names[:MOST_DIAGRAMS]:
        series = {
            words(f"reliability.{when}"): found[when][name] for when in ("before", "after") if when in found
        }
        svg = plots.reliability_diagram(series, **axes)
        diagrams.append((words("calibration.diagram", group=name), Markup(svg)))
    return diagrams


def reliability_note(evaluation: JsonDict, words: Words) -> str:
    """What a diagram shows, and that not every class has one."""
    of_voxels = evaluation.get("task") == "segmentation"
    note = words("calibration.voxels") if of_voxels else words("calibration.note")
    return f"{note} {some_classes(evaluation, words)}".strip()


def margin_lines(evaluation: JsonDict, words: Words) -> list[str]:
    """How far masks may be off, what is promised of that and what is not; nothing where an answer is no
    mask."""
    margins = evaluation.get("margins")
    if not margins:
        return []
    level = 100 * margins["level"]
    told = {"level": f"{level:g}", "rest": f"{100 - level:g}", "needed": margins["n_needed"]}
    lines = []
    for name in evaluation.get("classes") or []:
        of_class = {**told, "name": name, "n": margins["n"].get(name, 0)}
        of_class["outlined"] = margins["n_outlined"].get(name, 0)
        factor, least = margins["factors"].get(name), margins["least"].get(name)
        known = words("margins.volume", factor=format_value(factor), **of_class) if factor else ""
        lines.append(known or words("margins.no_volume", **of_class))
        known = words("margins.cautious", least=f"{least:.3g}", **of_class) if least else ""
        lines.append(known or words("margins.no_cautious", **of_class))
    if margins["factors"] or margins["least"]:
        lines.append(words("margins.not_promised"))
    return lines


def some_classes(evaluation: JsonDict, words: Words) -> str:
    """That not every class has a diagram."""
    names: Sequence[str] = list((evaluation.get("reliability") or {}).get("after") or {})
    return words("curves.some", shown=MOST_DIAGRAMS, total=len(names)) if len(names) > MOST_DIAGRAMS else ""


def referral_lines(evaluation: JsonDict, words: Words) -> list[str]:
    """The rule by which a person is asked, what it promises and what it does not; nothing where an answer has
    no sets."""
    sets = evaluation.get("conformal")
    if not sets:
        return []
    named = [words("referral.count", name=name, n=n) for name, n in sets["n"].items()]
    counts = words("comma").join(named)
    if not sets["least"]:
        return [words("referral.none", needed=sets["n_needed"], counts=counts)]
    level = 100 * sets["level"]
    promise = words("referral.promise", level=f"{level:g}", rest=f"{100 - level:g}", counts=counts)
    lines = [words("referral.rule"), promise, words("referral.not_promised")]
    members = (evaluation.get("model") or {}).get("members") or 1
    return [*lines, words("referral.ensemble")] if members > 1 else lines


def cost_line(evaluation: JsonDict, words: Words) -> str:
    """By what costs answers are judged; "" where there are none."""
    costs = evaluation.get("costs")
    if not costs:
        return ""
    if costs["balanced"]:
        return words("costs.balanced")
    named = [
        words("costs.one", truth=truth, answer=answer, cost=format_plain(cost))
        for truth, row in zip(costs["classes"], costs["matrix"], strict=True)
        for answer, cost in zip(costs["classes"], row, strict=True)
        if cost
    ]
    told = named[:MOST_COSTS] + ["…"] * (len(named) > MOST_COSTS)
    return words("costs.named", costs=words("comma").join(told))


def decision_plots(evaluation: JsonDict, words: Words) -> list[tuple[str, Markup]]:
    """What acting on the probability of a class gains, of each class."""
    legend = {key: words(f"decision.{key}") for key in ("value", "all", "none")}
    axes = {"x_label": words("axis.threshold"), "y_label": words("axis.net_benefit")}
    curves = list((evaluation.get("decision") or {}).items())[:MOST_DIAGRAMS]
    return [
        (words("decision.of", group=name), Markup(plots.decision_curve(curve, words=legend, **axes)))
        for name, curve in curves
    ]


def risk_plot(evaluation: JsonDict, words: Words) -> Markup:
    """Error over the share of the cases answered; "" where there is none."""
    risk = evaluation.get("risk")
    if not risk or not risk["x"]:
        return Markup("")
    curve = {words("referral.risk.all"): risk}
    return Markup(plots.rate_curves(curve, x_label=words("axis.answered"), y_label=words("axis.wrong")))
