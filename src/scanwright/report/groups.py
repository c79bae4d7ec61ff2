"""The tables of the finding on groups: who says what belongs together, and what a split gives away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanwright.data.case import SPLITS
from scanwright.report.reasons import source_in_chinese
from scanwright.report.texts import Words


@dataclass(frozen=True)
class TableOfWords:
    """Heads and rows of plain words, with a title and a note."""

    title: str
    heads: list[str]
    rows: list[list[str]]
    note: str


def group_tables(evidence: Mapping[str, Any], words: Words) -> list[TableOfWords]:
    """Of the evidence of the finding "groups"."""
    return [_sources(evidence, words), _splits(evidence, words)]


def _sources(evidence: Mapping[str, Any], words: Words) -> TableOfWords:
    torn = {conflict["source"]: conflict["n"] for conflict in evidence["conflicts"]}
    rows = [
        [
            words(f"groups.source.{one['source']}"),
            _how(one["how"], words),
            str(one["cases"]),
            str(one["groups"]),
            str(torn.get(one["source"], 0)),
            words("groups.used" if one["used"] else "groups.not_used"),
        ]
        for one in evidence["sources"]
    ]
    examples = [
        words(
            "groups.example",
            source=words(f"groups.source.{one['source']}"),
            cases=words("comma").join(one["examples"][0]),
        )
        for one in evidence["conflicts"]
    ]
    heads = [words(f"groups.{name}") for name in ("source", "how", "cases", "n_groups", "torn_groups", "use")]
    return TableOfWords(words("groups.sources"), heads, rows, " ".join([words("groups.why"), *examples]))


def _how(how: str, words: Words) -> str:
    if not how:
        return words("groups.how.pictures")
    return source_in_chinese(how) if words.lang == "zh" else how


def _splits(evidence: Mapping[str, Any], words: Words) -> TableOfWords:
    probe = evidence["probe"]
    heads = ["", *(words(f"flow.{split}") for split in SPLITS)]
    heads += [words(f"groups.{name}") for name in ("left_out", "torn", "seen")]
    heads += [words("groups.probe")] if probe else []
    rows = []
    for row in evidence["splits"]:
        cells = [words(f"groups.by.{row['by']}"), *(str(row[split]) for split in SPLITS)]
        cells += [str(row["left_out"]), str(row["torn"]), f"{100 * row['seen']:.1f} %"]
        rows.append(cells + ([_right(probe, row["by"], words)] if probe else []))
    note = words("groups.probe_note", n=probe["n"]) if probe else ""
    return TableOfWords(words("groups.splits"), heads, rows, note)


def _right(probe: Mapping[str, Any], by: str, words: Words) -> str:
    """The folds of the probe are drawn: beside a given split stands what they give by picture."""
    if by == "given":
        return f"{probe['picture']:.3f} ({words('groups.by.picture')})"
    return f"{probe[by]:.3f}"
