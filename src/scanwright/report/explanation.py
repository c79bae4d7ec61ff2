"""The page of ``explain``: what answers hang on, by the maps that stood their trials; the rest is listed."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scanwright.data.map_kinds import MAPS_BY_NAME
from scanwright.report.page import render
from scanwright.report.rounding import UNDEFINED, format_number, format_plain, format_value
from scanwright.report.tables import MOST_RECORDS, MOST_SET_ASIDE, flattened
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_PICTURES = 8
REASONS = ("chance", "weights", "empty")
HALF = 0.5


def render_explanation(content: JsonDict, pictures: Mapping[str, bytes], lang: str = "en") -> str:
    """Maps and their trials as one HTML page: no network, no script, light and dark.

    Args:
        content: as in ``explanation.json``.
        pictures: case → PNG of the maps that stood; at most 8 are shown.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    records = content["records"]
    by_case = {record["case"]: record for record in records}
    shown = [(by_case[case], png) for case, png in list(pictures.items())[:MOST_PICTURES]]
    failed = [row for record in records for row in _failures(record, words)]
    aside = [(one["case"], one["stage"], one["reason"]) for one in content["set_aside"]]
    methods = content["asked"]["methods"]
    return render(
        "explain.html",
        words,
        title=words("title.explain"),
        source=content["data"]["source"],
        n_cases=len(records),
        methods=words.listed([_title(name, words) for name in methods]),
        abouts=[words(f"explain.about.{key}") for key in dict.fromkeys(one["about"] for one in records)],
        headline=headline(content, words),
        lines=pointing_lines(content, words),
        warnings=warnings(content, words),
        reasons=list(_reasons(records, words)),
        any_failed=bool(failed),
        any_stood=any(not one["failed"] for record in records for one in record["maps"].values()),
        any_truth=any(record["truth"] for record in records),
        pictures=[_picture(record, png, words) for record, png in shown],
        method_rows=[_method_row(name, content, words) for name in methods],
        method_note=_method_note(content, words),
        about_methods=[MAPS_BY_NAME[name].told(words.lang) for name in methods],
        failed=failed[:MOST_RECORDS],
        failed_note=_some(failed, words),
        case_heads=[_title(name, words) for name in methods],
        case_rows=[_case_row(record, methods, words) for record in records[:MOST_RECORDS]],
        case_note=_some(records, words),
        set_aside=aside,
        most_set_aside=MOST_SET_ASIDE,
        provenance=[
            (words("created"), content["created"]),
            (words("data"), content["data"]["source"]),
            (words("layout"), content["data"]["layout"]),
            ("model", content["model"]["hash"][:16]),
            ("seed", str(content["seed"])),
            *flattened(content["versions"]),
        ],
    )


def _title(method: str, words: Words) -> str:
    return MAPS_BY_NAME[method].told(words.lang)[0]


def headline(content: JsonDict, words: Words) -> str:
    """How many maps stood."""
    maps = [one for record in content["records"] for one in record["maps"].values()]
    return words("explain.headline", stood=sum(not one["failed"] for one in maps), total=len(maps))


def pointing_lines(content: JsonDict, words: Words) -> list[str]:
    """How often each method points at what is known to be there; nothing where nobody says."""
    return [
        words("explain.pointing", title=_title(one["group"], words), number=_number(one), n=one["n"])
        for one in content["numbers"]
        if one["name"] == "pointing" and one["value"] is not None
    ]


def warnings(content: JsonDict, words: Words) -> list[str]:
    """That it was stopped, and what speaks against the images or the maps."""
    told = [words("doubt." + doubt["kind"], **doubt) for doubt in content["doubts"]]
    learnt = sum(record.get("learnt_from", False) for record in content["records"])
    if learnt:
        told.insert(0, words("explain.learnt", n=learnt, total=len(content["records"])))
    if stopped := content.get("stopped"):
        told.insert(0, words("explain.stopped", done=stopped["done"], total=stopped["total"]))
    pointed = [
        one["pointing"]
        for record in content["records"]
        for one in record["maps"].values()
        if not one["failed"] and one["pointing"] is not None
    ]
    away = sum(one < HALF for one in pointed)
    if away > HALF * len(pointed):
        told.insert(0, words("explain.elsewhere", away=away, total=len(pointed)))
    return told


def _reasons(records: Sequence[JsonDict], words: Words) -> Iterable[str]:
    counts = Counter(why for record in records for one in record["maps"].values() for why in one["failed"])
    for why in REASONS:
        if counts[why]:
            yield words(f"explain.sure.{why}", n=counts[why])


def _failures(record: JsonDict, words: Words) -> Iterable[tuple[str, str, str]]:
    for name, one in record["maps"].items():
        if one["failed"]:
            gaps = {key: format_plain(one[key]) for key in ("p", "correlation") if one[key] is not None}
            why = [words(f"explain.why.{reason}", **gaps) for reason in one["failed"]]
            yield record["case"], _title(name, words), "; ".join(why)


def _picture(record: JsonDict, png: bytes, words: Words) -> dict[str, str]:
    return {
        "case": record["case"],
        "png": base64.b64encode(png).decode("ascii"),
        "caption": words("explain.caption", name=record["class"], answer=_answer(record)),
    }


def _answer(record: JsonDict) -> str:
    return format_plain(record["answer"]) if record["about"] == "value" else f"{record['answer']:.3f}"


def _method_row(method: str, content: JsonDict, words: Words) -> list[str]:
    own = {one["name"]: one for one in content["numbers"] if one["group"] == method}
    beside = [
        words(
            "explain.beside",
            own=format_value(own[name]["value"]),
            chance=format_value(own[f"chance_{name}"]["value"]),
        )
        for name in ("deletion", "insertion")
    ]
    n = own["pointing"]["n"]
    pointing = f"{_number(own['pointing'])}, n = {n}" if own["pointing"]["value"] is not None else UNDEFINED
    stood = f"{_number(own['stood'])}, n = {own['stood']['n']}"
    return [_title(method, words), stood, *beside, format_value(own["correlation"]["value"]), pointing]


def _method_note(content: JsonDict, words: Words) -> str:
    trials = content["trials"]
    first = next((one for one in content["numbers"] if one["low"] is not None), None)
    method = (
        words(
            "explain.interval",
            level=f"{100 * first['level']:g}",
            method=words.interval_method(first["method"]),
        )
        if first
        else ""
    )
    return words(
        "explain.methods.note",
        orders=trials["orders"],
        most_chance=trials["most_chance"],
        limit=f"{trials['most_correlation']:.2f}",
        method=method,
    )


def _case_row(record: JsonDict, methods: Sequence[str], words: Words) -> dict[str, Any]:
    cells = []
    for method in methods:
        one = record["maps"][method]
        mark = words("explain.mark.failed" if one["failed"] else "explain.mark.stood")
        if one["pointing"] is not None:
            mark += " " + words("explain.on" if one["pointing"] >= HALF else "explain.off")
        cells.append(mark)
    return {"case": record["case"], "cells": [record["class"], _answer(record), *cells]}


def _some(rows: Sequence[Any], words: Words) -> str:
    return words("explain.some", shown=MOST_RECORDS, total=len(rows)) if len(rows) > MOST_RECORDS else ""


def _number(one: JsonDict) -> str:
    return format_number(one["value"], one["low"], one["high"])
