"""The page of ``enhance``: pictures before and after, and how near they came to a reference."""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scanwright.report.page import render
from scanwright.report.reasons import reason_in_chinese
from scanwright.report.rounding import format_number, format_value
from scanwright.report.tables import MOST_RECORDS, MOST_SET_ASIDE, flattened
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_PICTURES = 6
MEASURES = ("psnr", "ssim")
GROUPS = ("before", "after", "change")


@dataclass(frozen=True)
class Pair:
    """Pictures of a case, as PNG."""

    case: str
    before: bytes
    after: bytes


def render_enhancement(
    content: JsonDict, pairs: Sequence[Pair], abouts: Mapping[str, str], lang: str = "en"
) -> str:
    """A recipe and what it made, as one HTML page: no network, no script, light and dark.

    Args:
        content: as in ``steps.json``.
        pairs: at most 6 are shown.
        abouts: what each step does, in the words of ``lang``.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    numbers = {(one["name"], one["group"]): one for one in content["numbers"]}
    measured = {case: one["compared"] for case, one in content["cases"].items() if one["compared"]}
    told = reason_in_chinese if lang == "zh" else str
    aside = [(one["case"], one["stage"], told(one["reason"])) for one in content["set_aside"]]
    shown = list(measured)[:MOST_RECORDS]
    more = len(measured) > len(shown)
    return render(
        "enhance.html",
        words,
        title=words("title.enhance"),
        source=str(content["source"]).rstrip("/").rsplit("/", 1)[-1],
        written=content["written"],
        n_written=len(content["cases"]),
        has_reference=content["reference"] is not None,
        headlines=[_headline(name, numbers, words) for name in _known(numbers)],
        changes=changes(content, words),
        missing=_missing(content, measured, words),
        pictures=[_pair(pair, measured.get(pair.case), words) for pair in pairs[:MOST_PICTURES]],
        steps=[{**step, "about": abouts[step["step"]]} for step in content["steps"]],
        numbers=[_row(name, numbers, words) for name in _known(numbers)],
        interval_note=_interval_note(list(numbers.values()), words),
        abouts=[(words.metric(name), words.about(name)) for name in _known(numbers)],
        case_heads=[
            f"{words.metric(name)} {words(f'enhance.{when}')}" for name in MEASURES for when in GROUPS[:2]
        ],
        case_rows=[
            (case, [_plain(measured[case][name][when]) for name in MEASURES for when in GROUPS[:2]])
            for case in shown
        ],
        case_note=words("table.some", shown=len(shown), total=len(measured)) if more else "",
        set_aside=aside,
        most_set_aside=MOST_SET_ASIDE,
        provenance=[
            (words("created"), content["created"]),
            (words("data"), content["source"]),
            (words("layout"), content["layout"]),
            *flattened(content["versions"]),
        ],
    )


def changes(content: JsonDict, words: Words) -> list[str]:
    """How much nearer to the reference, a line for each measure; nothing without one."""
    numbers = {(one["name"], one["group"]): one for one in content["numbers"]}
    return [_change(name, numbers, words) for name in _known(numbers)]


def _known(numbers: Mapping[tuple[str, str], JsonDict]) -> list[str]:
    return [name for name in MEASURES if (name, "change") in numbers]


def _headline(name: str, numbers: Mapping[tuple[str, str], JsonDict], words: Words) -> str:
    # Both means with the digits that the interval of their difference allows.
    change = numbers[name, "change"]
    half = math.nan if change["low"] is None else (change["high"] - change["low"]) / 2
    before, after = (numbers[name, when]["value"] for when in GROUPS[:2])
    texts = [format_value(value, value - half, value + half) for value in (before, after)]
    unit = f" {change['unit']}" if change["unit"] else ""
    return words("enhance.headline", name=words.metric(name), before=texts[0], after=texts[1] + unit)


def _change(name: str, numbers: Mapping[tuple[str, str], JsonDict], words: Words) -> str:
    one = numbers[name, "change"]
    number = format_number(one["value"], one["low"], one["high"], one["unit"])
    return words("enhance.change", name=words.metric(name), number=number, n=one["n"])


def _row(name: str, numbers: Mapping[tuple[str, str], JsonDict], words: Words) -> dict[str, Any]:
    ones = [numbers[name, group] for group in GROUPS]
    cells = [format_number(one["value"], one["low"], one["high"], one["unit"]) for one in ones]
    return {"name": words.metric(name), "cells": cells, "n": ones[0]["n"]}


def _interval_note(numbers: Sequence[JsonDict], words: Words) -> str:
    first = next(iter(numbers), None)
    if first is None:
        return ""
    method = words.interval_method(first["method"])
    if first["low"] is None:
        return method
    return words("enhance.interval", level=f"{100 * first['level']:g}", method=method)


def _missing(content: JsonDict, measured: Mapping[str, JsonDict], words: Words) -> list[str]:
    """Why numbers are missing; nothing without a reference."""
    if content["reference"] is None:
        return []
    why = Counter(one["why"] for one in measured.values() if one["why"])
    why["missing"] = len(content["cases"]) - len(measured)
    return [words(f"enhance.why.{key}", n=n) for key, n in why.items() if n]


def _pair(pair: Pair, compared: JsonDict | None, words: Words) -> dict[str, Any]:
    facts = []
    for name in MEASURES if compared else ():
        before, after = (_plain(compared[name][when]) for when in GROUPS[:2]) if compared else ("", "")
        facts.append(words("enhance.headline", name=words.metric(name), before=before, after=after))
    return {
        "case": pair.case,
        "before": base64.b64encode(pair.before).decode("ascii"),
        "after": base64.b64encode(pair.after).decode("ascii"),
        "facts": facts,
    }


def _plain(value: float | None) -> str:
    return format_value(value)
