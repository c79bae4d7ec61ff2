"""The page of a cohort that ``follow`` writes: many patients together, with a link to each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from scanwright.report.follow import meaning
from scanwright.report.follow_plots import spider_plot, survival_curve, waterfall_plot
from scanwright.report.page import render
from scanwright.report.rounding import UNDEFINED
from scanwright.report.tables import flattened
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_ROWS = 200


def render_cohort(content: JsonDict, links: Sequence[str], lang: str = "en") -> str:
    """Many patients as one HTML page, with a link to each.

    Args:
        content: as in ``follow.json``.
        links: addresses of the patients' pages, of the first ones.
        lang: "en" or "zh".
    """
    words = Words(lang)
    cohort, patients = content["cohort"], content["patients"]
    changes = cohort["changes"]
    survival = cohort["survival"]
    best = {one["patient"]: one["best_percent"] for one in changes if one["best_percent"] is not None}
    answers = {one["patient"]: one["best"] for one in changes}
    spider = {
        one["patient"]: list(zip(one["days"], one["percent"], strict=True))
        for one in changes
        if all(day is not None for day in one["days"])
    }
    responded = sum(cohort["best"].get(answer, 0) for answer in ("CR", "PR"))
    return render(
        "cohort.html",
        words,
        title=words("title.cohort"),
        asked=words("cohort.asked", n=cohort["n_patients"], source=content["source"]),
        headline=words("cohort.headline", n=responded, total=cohort["n_assessed"]),
        best=[(meaning(answer, words), answer, n) for answer, n in cohort["best"].items()],
        survival_line=_survival_line(cohort, words),
        warnings=[words("cohort.readers")] if content["several_readers"] else [],
        waterfall=Markup(waterfall_plot(best, answers, y_label=words("cohort.best_change"))),
        spider=Markup(spider_plot(spider, x_label=words("follow.days"), y_label=words("cohort.change"))),
        survival=Markup(survival_curve(survival, x_label=words("follow.days"), y_label=words("cohort.share")))
        if survival
        else "",
        rows=[_cohort_row(one, links[n] if n < len(links) else "", words) for n, one in enumerate(patients)][
            :MOST_ROWS
        ],
        row_note=words("table.some", shown=MOST_ROWS, total=len(patients))
        if len(patients) > MOST_ROWS
        else "",
        set_aside=[(one["case"], one["stage"], one["reason"]) for one in content["set_aside"]],
        provenance=[
            (words("created"), content["created"]),
            (words("data"), f"{content['source']} ({content['layout']})"),
            *flattened(content["versions"]),
        ],
    )


def _survival_line(cohort: JsonDict, words: Words) -> str:
    survival = cohort["survival"]
    if survival is None:
        return str(cohort["survival_missing"])
    facts = {"n": survival["n_progressed"], "total": survival["n"]}
    if survival["median_days"] is None:
        return words("cohort.survival_open", **facts)
    return words("cohort.survival", **facts, median=f"{survival['median_days']:.0f}")


def _cohort_row(one: JsonDict, link: str, words: Words) -> dict[str, Any]:
    rows = one["verdicts"].get("recist") or []
    day = one["progressed_day"]
    warning = one["warning"] or {}
    return {
        "patient": one["patient"],
        "link": link,
        "cells": [
            len(one["studies"]),
            sum(lesion["role"] == "target" for lesion in one["lesions"]),
            one["best"] or UNDEFINED,
            rows[-1]["overall"]["answer"] if rows else UNDEFINED,
            UNDEFINED if day is None else f"{day:g}",
            warning.get("likely_date") or UNDEFINED,
        ],
    }
