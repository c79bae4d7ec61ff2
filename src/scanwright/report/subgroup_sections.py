"""Sections of a report about subgroups: for whom the model works as well as for others."""

from __future__ import annotations

from collections.abc import Sequence

from scanwright.report.rounding import format_number
from scanwright.report.tables import Cell, Table, number_table
from scanwright.report.texts import Words
from scanwright.types import JsonDict

OTHERS = "other"
_SHOWN = (
    *("auroc", "kappa", "balanced_accuracy", "ece", "dice", "surface_dice", "hd95"),
    *("mae", "bias", "map50", "cpm", "referred"),
)
"""Of each group, over all classes; the rest stands in evaluation.json."""


def subgroup_tables(evaluation: JsonDict, words: Words) -> list[tuple[str, Table, list[str]]]:
    """Of each column its name, the numbers of its groups, and what may be said of their differences."""
    return [
        (words("subgroups.by", column=words.column(one["column"])), _table(one, evaluation, words), lines)
        for one in evaluation.get("subgroups") or []
        for lines in [_lines(one, words)]
    ]


def _table(one: JsonDict, evaluation: JsonDict, words: Words) -> Table:
    """Groups down; the cells say how many cases only where it is not all of the group."""
    rows: list[tuple[str, list[Cell]]] = []
    heads: list[str] = []
    names = {number["name"] for group in one["groups"] for number in group["numbers"]}
    for group in one["groups"]:
        shown = [n for n in group["numbers"] if not n["group"] and n["name"] in _SHOWN]
        own = number_table(shown, {**evaluation, "n_cases": group["n_cases"]}, words)
        heads = own.heads if len(own.heads) > len(heads) else heads
        label = words("subgroups.group", name=_group(group["name"], words), n=group["n_cases"])
        rows += [(label, cells) for _, cells in own.rows]
    return Table(heads, rows, len(names))


def _lines(one: JsonDict, words: Words) -> list[str]:
    lines = []
    few = [_group(group["name"], words) for group in one["groups"] if group["too_few"]]
    if few:
        lines.append(words("subgroups.few", names=words("comma").join(few)))
    gaps: Sequence[JsonDict] = one["gaps"]
    for gap in [gap for gap in gaps if gap["differs"]] or gaps[:1]:
        a, b = (_group(gap[side], words) for side in ("a", "b"))
        told = {
            "a": a,
            "b": b,
            "name": words.metric(gap["name"]),
            "difference": format_number(gap["difference"], gap["low"], gap["high"]),
        }
        if gap["p_holm"] is None:
            lines.append(words("subgroups.untested", **told))
            continue
        key = "subgroups.differs" if gap["differs"] else "subgroups.no_difference"
        lines.append(words(key, **told, p=_p(gap["p_holm"])))
    if one["n_without"]:
        lines.append(words("subgroups.without", n=one["n_without"]))
    return lines


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _group(name: str, words: Words) -> str:
    return words("subgroups.other") if name == OTHERS else name
