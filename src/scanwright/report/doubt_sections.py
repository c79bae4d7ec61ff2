"""Parts of a page about doubts: whether they come before errors."""

from __future__ import annotations

from scanwright.report.rounding import format_value
from scanwright.report.texts import Words
from scanwright.types import JsonDict


def doubt_lines(evaluation: JsonDict, words: Words) -> list[str]:
    """Sentences: what was measured, the area by each doubt, and how to read it; nothing without any."""
    judged = evaluation.get("doubts_judged")
    if not judged:
        return []
    method = judged.get("method") or ""
    order = sorted(judged["areas"], key=lambda name: judged["areas"][name])
    told = [
        words("doubts.area", name=words.metric(name), value=format_value(judged["areas"][name]))
        for name in order
    ]
    ends = {name: format_value(judged[name]) for name in ("best", "chance")}
    key = "doubts.whole" if judged["loss"] == "wrong" else "doubts.masks"
    return [
        words(key, n=judged["n"], **ends),
        words("doubts.areas", areas=words.listed(told)),
        *([words(f"doubts.{method}")] if method else []),
        words("doubts.read"),
    ]
