"""The page: one self-contained file that a person reads, prints or sends on."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scanwright.report import plots, study_facts
from scanwright.report.answer import answer, is_number, patients_unknown, title_key
from scanwright.report.box_sections import box_records, froc_plot, number_tables, rule_lines
from scanwright.report.doubt_sections import doubt_lines
from scanwright.report.first_lines import scope_line
from scanwright.report.pictures import RANKS, Picture
from scanwright.report.rounding import format_number, format_plain, format_value
from scanwright.report.subgroup_sections import subgroup_tables
from scanwright.report.tables import (
    MOST_RECORDS,
    MOST_SET_ASIDE,
    baseline_table,
    confusion_view,
    flattened,
    metric_head,
    number_table,
    record_table,
)
from scanwright.report.texts import Words
from scanwright.report.trust_sections import (
    CALIBRATION,
    COSTS,
    MARGINS,
    REFERRAL,
    calibration_line,
    cost_line,
    decision_plots,
    is_about_trust,
    margin_lines,
    referral_lines,
    reliability_note,
    reliability_plots,
    risk_plot,
    some_classes,
    trust_table,
)
from scanwright.types import JsonDict

MOST_PICTURES = 12
FLOW_PARTS = ("train", "val", "test", "judged")
_TEMPLATES = Path(__file__).parent / "templates"
_PLOTTED = ("dice", "surface_dice", "hd95")


def render_report(evaluation: JsonDict, pictures: Sequence[Picture] = (), lang: str = "en") -> str:
    """The evaluation as one HTML page: no network, no script, light and dark, for screen, phone and paper.

    Args:
        evaluation: as in ``evaluation.json``; what is missing is left out of the page.
        pictures: at most 12 are shown, and the page says so.
        lang: "en" or "zh".

    Returns:
        HTML.

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    return render("report.html", words, **_context(evaluation, pictures, words))


def render(template: str, words: Words, **context: Any) -> str:
    """A page from a template. Autoescape: names of files and classes come from strangers."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    )
    css = Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8"))  # ours, not from the data
    return environment.get_template(template).render(words=words, css=css, **context)


def _context(evaluation: JsonDict, pictures: Sequence[Picture], words: Words) -> dict[str, Any]:
    task = evaluation.get("task")
    shown = sorted(pictures, key=lambda picture: RANKS.index(picture.rank))[:MOST_PICTURES]
    boxed = bool(evaluation.get("detection"))
    summaries = (
        number_tables(evaluation, words)
        if boxed
        else [("", number_table(_summary_numbers(evaluation), evaluation, words))]
    )
    records = (box_records if boxed else record_table)(evaluation, words)
    flow = evaluation.get("flow") or {}
    set_aside = evaluation.get("set_aside") or []
    return {
        "title": words(title_key(evaluation)),
        "unknown_patients": patients_unknown(evaluation),
        "scope": scope_line(evaluation, words),
        "limits": _limits(evaluation, words),
        "answer": answer(evaluation, words, has_pictures=bool(shown)),
        "summaries": [(title, table) for title, table in summaries if table.rows],
        "summary_has_n": any(cell.n for _, table in summaries for _, cells in table.rows for cell in cells),
        "rules": rule_lines(evaluation, words) if boxed else [],
        "n_note": _n_note(evaluation, words),
        "interval_note": _interval_note(evaluation, words),
        "abouts": _abouts(evaluation, words),
        "calibration": calibration_line(evaluation, words),
        "calibration_table": trust_table(CALIBRATION, evaluation, words),
        "referral": referral_lines(evaluation, words),
        "referral_table": trust_table(REFERRAL, evaluation, words),
        "costs": cost_line(evaluation, words),
        "cost_table": trust_table(COSTS, evaluation, words),
        "risk": risk_plot(evaluation, words),
        "doubts_judged": doubt_lines(evaluation, words),
        "decision": decision_plots(evaluation, words),
        "reliability": reliability_plots(evaluation, words),
        "reliability_note": reliability_note(evaluation, words),
        "decision_note": some_classes(evaluation, words),
        "margins": margin_lines(evaluation, words),
        "margin_table": trust_table(MARGINS, evaluation, words),
        "subgroups": subgroup_tables(evaluation, words),
        "baselines": baseline_table(evaluation, words),
        "pictures": [_picture(picture, words) for picture in shown],
        "n_pictures": len(pictures),
        "outlined": task == "segmentation",
        "boxed": boxed,
        "distributions": _distributions(evaluation, words),
        "confusion": confusion_view(evaluation["confusion"]) if evaluation.get("confusion") else None,
        "agreement": _agreement(evaluation, words),
        "agreement_note": _some_drawn(len(evaluation.get("records") or []), words),
        "curves": _curves(evaluation, words),
        "curves_note": _curves_note(evaluation, words),
        "training": _training(evaluation, words),
        "flow": {key: flow.get(key) for key in ("found", "set_aside", *FLOW_PARTS)} if flow else None,
        "flow_parts": FLOW_PARTS,
        "set_aside": [(one["case"], one["stage"], one["reason"]) for one in set_aside[:MOST_SET_ASIDE]],
        "set_aside_note": _some(len(set_aside), MOST_SET_ASIDE, words),
        "records": records,
        "records_note": _some(records.total, MOST_RECORDS, words),
        "plan": [(one["field"], _plain(one["value"]), one["reason"]) for one in evaluation.get("plan") or []],
        "provenance": _provenance(evaluation, words),
    }


def _limits(evaluation: JsonDict, words: Words) -> list[str]:
    """What the run knows against its own results; nothing where it is not told of what they are."""
    if not evaluation.get("split") or evaluation.get("doubts") is None:
        return []
    return [study_facts.limits(evaluation, words), study_facts.doubts(evaluation, words)]


def _summary_numbers(evaluation: JsonDict) -> list[JsonDict]:
    return [one for one in evaluation.get("numbers") or [] if not is_about_trust(one)]


def _some(total: int, most: int, words: Words) -> str:
    return words("table.some", shown=most, total=total) if total > most else ""


def _n_note(evaluation: JsonDict, words: Words) -> str:
    key = "summary.n_unknown" if patients_unknown(evaluation) else "summary.n_all"
    return words(key, n_cases=evaluation.get("n_cases", 0), n_patients=evaluation.get("n_patients", 0))


def _interval_note(evaluation: JsonDict, words: Words) -> str:
    """How most intervals came about; "" when there is none."""
    with_interval = [one for one in evaluation.get("numbers") or [] if one.get("low") is not None]
    if not with_interval:
        return ""
    methods = [one.get("method", "") for one in with_interval]
    single = set(methods) & {"Wilson", "DeLong"}
    methods = [method for method in methods if method not in single] or methods
    usual = max(set(methods), key=lambda method: (methods.count(method), method))
    level = 100 * with_interval[0].get("level", 0.95)
    note = words("summary.note", level=f"{level:g}", method=words.interval_method(usual))
    return f"{note} {words('summary.single')}" if single else note


def _abouts(evaluation: JsonDict, words: Words) -> list[tuple[str, str]]:
    told = [*(evaluation.get("numbers") or []), *(evaluation.get("baselines") or [])]
    names = dict.fromkeys(one["name"] for one in told)
    return [(words.metric(name), words.about(name)) for name in names if words.about(name)]


def _rank(rank: str, picture: Picture) -> str:
    """Masks and boxes are seldom plainly wrong: of them the surest of the worst are shown."""
    return "surest_worst" if rank == "surest_wrong" and not picture.truth else rank


def _picture(picture: Picture, words: Words) -> dict[str, Any]:
    rank = " · ".join(words(f"rank.{_rank(one, picture)}") for one in (picture.rank, *picture.also))
    numbers = dict(picture.numbers)
    certainty = numbers.pop("probability", None) if picture.predicted else None
    facts = [
        f"{words.metric(name)} {value if isinstance(value, int) else format_value(value)}"
        for name, value in numbers.items()
    ]
    if picture.truth:
        facts.append(f"{words('truth')}: {picture.truth}")
    if picture.predicted:
        sure = "" if certainty is None else f" ({format_value(certainty)})"
        facts.append(f"{words('predicted')}: {picture.predicted}{sure}")
    if picture.likelier:
        facts.append(words("likelier", name=picture.likelier))
    return {
        "case": picture.case,
        "rank": rank,
        "facts": facts,
        "alt": words("alt", case=picture.case, rank=rank),
        "base64": base64.b64encode(picture.png).decode("ascii"),
    }


def _distributions(evaluation: JsonDict, words: Words) -> list[Markup]:
    """A plot for each per-case metric; our own SVG, whose words matplotlib has escaped."""
    svgs = []
    for name in _PLOTTED:
        values: dict[str, list[float]] = {}
        for record in evaluation.get("records") or []:
            for group, numbers in (record.get("classes") or {}).items():
                value = numbers.get(name)
                values.setdefault(group, []).append(math.nan if value is None else float(value))
        unit = {"unit": (evaluation.get("unit") or "mm") if name == "hd95" else ""}
        svgs.append(plots.distributions(values, label=metric_head(name, [unit], evaluation, words)))
    return [Markup(svg) for svg in svgs if svg]


def _curves(evaluation: JsonDict, words: Words) -> list[tuple[str, Markup]]:
    curves = evaluation.get("curves") or {}
    kinds = (
        ("roc", "auroc", words("axis.fpr"), words("axis.tpr")),
        ("pr", "average_precision", words("axis.recall"), words("axis.precision")),
    )
    froc = froc_plot(evaluation, words)
    found = [(words("curve.froc"), froc)] if froc else []
    for kind, metric, x_label, y_label in kinds:
        values = {
            one["group"]: format_number(one.get("value"), one.get("low"), one.get("high"))
            for one in evaluation.get("numbers") or []
            if one["name"] in (metric, "map50")
        }
        usable = {name: curve for name, curve in (curves.get(kind) or {}).items() if _is_drawable(curve)}
        svg = plots.rate_curves(usable, x_label=x_label, y_label=y_label, values=values, chance=kind == "roc")
        if svg:
            found.append((words(f"curve.{kind}"), Markup(svg)))
    return found


def _agreement(evaluation: JsonDict, words: Words) -> list[tuple[str, Markup, str]]:
    """Plots of numbers, and of the volumes of masks: heading, plot, note."""
    agreement, records = evaluation.get("agreement"), evaluation.get("records") or []
    found = []
    for name, limits in (evaluation.get("volumes") or {}).items():
        own = [record["classes"][name] for record in records]
        pair = ([one["reference_volume"] for one in own], [one["volume"] for one in own])
        unit = "ml" if (evaluation.get("unit") or "mm") == "mm" else "px"
        found.append(_differences(words("volumes", name=name, unit=unit), *pair, limits, words))
    if not agreement or not records:
        return found
    truth, predicted = ([record[key] for record in records] for key in ("truth", "predicted"))
    half_width = agreement["half_width"] if is_number(agreement.get("half_width")) else 0.0
    scatter = plots.identity_plot(
        truth, predicted, half_width, x_label=words("axis.true"), y_label=words("axis.predicted")
    )
    return [
        (words("agreement.scatter"), Markup(scatter), words("agreement.scatter.note")),
        _differences(words("agreement.differences"), truth, predicted, agreement, words),
    ]


def _differences(
    heading: str, truth: Sequence[float], predicted: Sequence[float], limits: JsonDict, words: Words
) -> tuple[str, Markup, str]:
    """A plot after Bland and Altman: heading, plot, note."""
    ends = [limits[name] if is_number(limits.get(name)) else math.nan for name in ("bias", "low", "high")]
    drawn = plots.difference_plot(
        truth, predicted, ends, x_label=words("axis.mean"), y_label=words("difference")
    )
    bias, low, high = (format_plain(value) for value in ends)
    return heading, Markup(drawn), words("agreement.differences.note", bias=bias, low=low, high=high)


def _some_drawn(total: int, words: Words) -> str:
    return words("agreement.some", shown=plots.MOST_POINTS, total=total) if total > plots.MOST_POINTS else ""


def _is_drawable(curve: Mapping[str, Sequence[float | None]]) -> bool:
    """False for the curve of a class that is missing: its rates are undefined."""
    points = [*curve["x"], *curve["y"]]
    return bool(points) and all(value is not None and math.isfinite(value) for value in points)


def _curves_note(evaluation: JsonDict, words: Words) -> str:
    note = words("curve.froc.note") if (evaluation.get("curves") or {}).get("froc") else ""
    total = max((len(curves or {}) for curves in (evaluation.get("curves") or {}).values()), default=0)
    some = words("curves.some", shown=plots.MOST_SERIES, total=total) if total > plots.MOST_SERIES else ""
    return f"{note} {some}".strip()


def _training(evaluation: JsonDict, words: Words) -> Markup:
    names = {name: words(name) for name in ("minutes", "loss", "score")}
    return Markup(plots.training_curves(evaluation.get("training") or [], words=names))


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        nested = any(isinstance(one, (list, tuple, Mapping)) for one in value)
        return ("; " if nested else ", ").join(_plain(one) for one in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if value in (None, ""):
        return "–"
    return str(value)


def _provenance(evaluation: JsonDict, words: Words) -> list[tuple[str, str]]:
    data, model = evaluation.get("data") or {}, evaluation.get("model") or {}
    known = [
        (words("created"), evaluation.get("created")),
        (words("data"), data.get("source")),
        (words("layout"), data.get("layout")),
        (words("patients"), words.patients(data.get("patients"))),
        (words("data_hash"), data.get("hash")),
        (words("model_hash"), model.get("hash")),
        (words("run"), model.get("run")),
    ]
    rows = [(name, str(value)) for name, value in known if value]
    return [*rows, *flattened(evaluation.get("provenance") or {})]
