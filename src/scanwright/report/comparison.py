"""The page of ``compare``: two models on the same cases, and what may be said of their difference."""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup

from scanwright.report import plots
from scanwright.report.page import render
from scanwright.report.rounding import UNDEFINED, decimals_of, format_interval, format_plain, format_value
from scanwright.report.tables import MOST_SET_ASIDE, metric_head
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_CASES = 60
"""Rows of cases: the worst and the best for B."""
LEAST_P = 0.001
TESTED = ("b_better", "a_better", "differs", "no_difference_shown")
_GOODNESS = {
    "segmentation": "dice",
    "classification": "probability",
    "ordinal": "grades",
    "regression": "error",
    "multilabel": "labels",
    "detection": "boxes",
}


def render_comparison(comparison: JsonDict, lang: str = "en") -> str:
    """A comparison as one HTML page: no network, no script, light and dark, for screen, phone and paper.

    Args:
        comparison: as in ``comparison.json``.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    lead, *others = sentences(comparison, words)
    cases = comparison["cases"]
    aside = [(one["case"], one["stage"], one["reason"]) for one in comparison["set_aside"]]
    shown = cases if len(cases) <= MOST_CASES else [*cases[: MOST_CASES // 2], *cases[-MOST_CASES // 2 :]]
    kind = _GOODNESS.get(comparison["task"])
    shares = {"level": f"{100 * comparison['level']:g}", "power": f"{100 * comparison['power']:g}"}
    alone = "alone" if comparison["one_case_each"] else "clusters"
    return render(
        "compare.html",
        words,
        title=words("title.compare"),
        source=comparison["data"]["source"],
        models=tell_models(comparison, words),
        n_told=_tell_n(comparison, words),
        lead=lead,
        others=others,
        sure=_sure(comparison, words),
        next_steps=_next(comparison, words),
        heads=[words(f"compare.head.{name}") for name in _columns()],
        rows=[_row(number, comparison, words) for number in comparison["numbers"]],
        note=words("compare.numbers.note", n_resamples=comparison["n_resamples"], **shares),
        tests_note=words(f"compare.numbers.{alone}"),
        abouts=_abouts(comparison, words),
        scatter=_scatter(cases, words),
        scatter_note=words(
            "compare.scatter.note", what=words(f"compare.goodness.{kind}" if kind else "compare.goodness")
        ),
        case_heads=[words("case"), *(words(f"compare.head.{name}") for name in ("a", "b", "difference"))],
        case_rows=[(one["case"], *(_plain(one[key]) for key in ("a", "b", "difference"))) for one in shown],
        case_note=words("compare.cases.some", shown=len(shown), total=len(cases))
        if len(shown) < len(cases)
        else "",
        set_aside=aside[:MOST_SET_ASIDE],
        provenance=_provenance(comparison, words),
    )


def lead_of(comparison: JsonDict) -> JsonDict | None:
    """The leading number of the task, compared; None where the models do not both have it."""
    for number in comparison["numbers"]:
        if number["name"] == comparison["score"] and not number["group"] and number["a"] is not None:
            return dict(number)
    return None


def sentences(comparison: JsonDict, words: Words) -> list[str]:
    """What may be said, in plain words: of the leading number first, then where else one is better."""
    lead = lead_of(comparison)
    if lead is None:
        return [words("compare.nothing")]
    a, b = comparison["models"]["a"], comparison["models"]["b"]
    if a["hash"] == b["hash"]:
        return [words("compare.same")]
    tested = [one for one in comparison["numbers"] if one["p"] is not None]
    told = [
        words(
            f"compare.lead.{lead['verdict']}",
            name=words.metric(lead["name"]),
            a=_value(lead["a"], lead),
            b=_value(lead["b"], lead),
            difference=_signed(lead),
            interval=_interval(lead, words),
            test=_test(lead, words),
            p=_p(lead["p_holm"], sign=True),
            n_tests=sum(not one["group"] for one in tested),
            fewest=comparison["fewest_to_claim"],
            kind=comparison["fewest_of_a_kind"],
        )
    ]
    for model in ("b", "a"):
        names = [
            _name(one, words)
            for one in comparison["numbers"]
            if one["verdict"] == f"{model}_better" and not one["group"] and one["name"] != lead["name"]
        ]
        if names:
            told.append(words(f"compare.others.{model}", names=words.listed(list(dict.fromkeys(names)))))
    return told


def short_rows(comparison: JsonDict, words: Words) -> list[tuple[str, ...]]:
    """The numbers for a terminal: name, A, B, difference with interval, what can be said."""
    return [
        (
            _name(one, words),
            f"A {_value(one['a'], one)}",
            f"B {_value(one['b'], one)}",
            f"{_signed(one)} {_interval(one, words)}".strip(),
            words(f"compare.verdict.{one['verdict']}"),
        )
        for one in comparison["numbers"]
        if not one["group"] or len(comparison["classes"]) < 3
    ]


def tell_models(comparison: JsonDict, words: Words) -> str:
    """Which runs A and B are."""
    a, b = (comparison["models"][name]["run"] or words("compare.unnamed") for name in ("a", "b"))
    return words("compare.models", a=a, b=b)


def _tell_n(comparison: JsonDict, words: Words) -> str:
    key = "compare.n_unknown" if comparison["n_patients"] is None else "compare.n"
    return words(key, n_cases=comparison["n_cases"], n_patients=comparison["n_patients"])


def _sure(comparison: JsonDict, words: Words) -> list[str]:
    told = []
    lead = lead_of(comparison)
    if lead is not None and lead["low"] is not None:
        low, high = (_value(lead[end], lead) for end in ("low", "high"))
        told.append(words("compare.within", low=low, high=high))
    if lead is not None and lead["smallest_difference"] is not None and lead["verdict"] in TESTED:
        told.append(
            words(
                "compare.smallest",
                name=words.metric(lead["name"]),
                smallest=_smallest(lead) + (f" {lead['unit']}" if lead["unit"] else ""),
                power=f"{100 * comparison['power']:g}",
            )
        )
    return [*told, words(f"compare.{comparison['split']}"), words("compare.one_pair")]


def _next(comparison: JsonDict, words: Words) -> list[str]:
    lead = lead_of(comparison)
    shown = lead is not None and lead["verdict"] in ("a_better", "b_better", "differs")
    keys = ["look", "seeds" if shown else "more"]
    keys += ["elsewhere"] if comparison["split"] == "test" else []
    return [words(f"compare.next.{key}") for key in keys]


def _columns() -> tuple[str, ...]:
    return ("number", "a", "b", "difference", "verdict", "p_holm", "p", "test", "smallest", "n")


def _row(number: JsonDict, comparison: JsonDict, words: Words) -> dict[str, Any]:
    head = metric_head(number["name"], [number], comparison, words)
    return {
        "name": head + (f", {number['group']}" if number["group"] else ""),
        "cells": [
            (_value(number["a"], number), ""),
            (_value(number["b"], number), ""),
            (_signed(number, unit=False), _interval(number, words)),
            (words(f"compare.verdict.{number['verdict']}"), ""),
            (_p(number["p_holm"]), ""),
            (_p(number["p"]), ""),
            (_test(number, words), ""),
            (_smallest(number), ""),
            (str(number["n"]), ""),
        ],
        "sure": number["verdict"] in ("a_better", "b_better", "differs"),
    }


def _name(number: JsonDict, words: Words) -> str:
    return words.metric(number["name"]) + (f" {number['group']}" if number["group"] else "")


def _value(value: float | None, number: JsonDict) -> str:
    """With the digits that the interval of the difference allows."""
    if value is None:
        return UNDEFINED
    if number["low"] is None:
        return format_value(value)
    half = (number["high"] - number["low"]) / 2
    return format_value(value, value - half, value + half)


def _signed(number: JsonDict, *, unit: bool = True) -> str:
    value = number["difference"]
    if value is None:
        return UNDEFINED
    plus = "+" if value > 0 else ""
    return plus + _value(value, number) + (f" {number['unit']}" if unit and number["unit"] else "")


def _interval(number: JsonDict, words: Words) -> str:
    if number["low"] is None or number["difference"] is None:
        constant = number["p"] is not None and number["difference"] != 0
        return words("compare.constant") if constant else ""
    return f"({format_interval(number['low'], number['high'], number['difference'])})"


def _smallest(number: JsonDict) -> str:
    value = number["smallest_difference"]
    if value is None:
        return UNDEFINED
    return f"{value:.{max(0, decimals_of(value, 2))}f}"


def _test(number: JsonDict, words: Words) -> str:
    test = number["test"]
    if test is None:
        return UNDEFINED
    return words("compare.test.bootstrap") if test == "bootstrap" else str(test)


def _p(p: float | None, *, sign: bool = False) -> str:
    if p is None:
        return f"= {UNDEFINED}" if sign else UNDEFINED
    if p < LEAST_P:
        return f"< {LEAST_P:g}"
    text = f"{p:.{3 if p < 0.1 else 2}f}"
    return f"= {text}" if sign else text


def _plain(value: float | None) -> str:
    return UNDEFINED if value is None else format_plain(value)


def _abouts(comparison: JsonDict, words: Words) -> list[tuple[str, str]]:
    names = dict.fromkeys(one["name"] for one in comparison["numbers"])
    return [(words.metric(name), words.about(name)) for name in names if words.about(name)]


def _scatter(cases: list[JsonDict], words: Words) -> Markup:
    pairs = [(one["a"], one["b"]) for one in cases if one["a"] is not None and one["b"] is not None]
    pairs = [pair for pair in pairs if all(math.isfinite(value) for value in pair)]
    if not pairs:
        return Markup()
    a, b = zip(*pairs, strict=True)
    svg = plots.identity_plot(a, b, 0.0, x_label=words("compare.axis.a"), y_label=words("compare.axis.b"))
    return Markup(svg)  # our own, whose words matplotlib has escaped


def _provenance(comparison: JsonDict, words: Words) -> list[tuple[str, str]]:
    data = comparison["data"]
    models = [
        (f"{words(f'compare.axis.{name}')}: {words('model_hash')}", comparison["models"][name]["hash"])
        for name in ("a", "b")
    ]
    rows = [
        (words("created"), comparison["created"]),
        (words("data"), data["source"]),
        (words("layout"), data["layout"]),
        (words("patients"), words.patients(data["patients"])),
        (words("data_hash"), data["hash"]),
        *models,
    ]
    return [(name, str(value)) for name, value in rows if value]
