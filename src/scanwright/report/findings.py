"""The doctor's page: what was found in a dataset, the worst first."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from scanwright.data.finding import SEVERITIES, Finding
from scanwright.report.findings_texts import LAYOUTS_ZH
from scanwright.report.groups import group_tables
from scanwright.report.page import render
from scanwright.report.reasons import note_in_chinese
from scanwright.report.texts import Words
from scanwright.types import JsonDict

MOST_SHOWN = 12
"""Findings of one kind that are shown in full; the others are in findings.json."""
MOST_CASES = 12
N_FIRST = 3
"""Kinds that the first screen names."""
MOST_THUMBNAILS = 6


def render_findings(
    summary: JsonDict, findings: Sequence[Finding], thumbnails: Mapping[str, bytes], lang: str = "en"
) -> str:
    """Findings as one HTML page: no network, no script, light and dark, for screen, phone and paper.

    Args:
        summary: source, layout, n_cases, n_patients (``None`` when unknown) and notes of the dataset.
        findings: in the words of ``lang``, the worst first.
        thumbnails: case → PNG; cases without one are only named.
        lang: "en" or "zh".

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    if words.lang == "zh":
        notes = [note_in_chinese(note) for note in summary["notes"]]
        summary = summary | {"layout": LAYOUTS_ZH.get(summary["layout"], summary["layout"]), "notes": notes}
    kinds: dict[str, list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, []).append(finding)
    return render(
        "findings.html",
        words,
        title=words("title.findings"),
        summary=summary,
        counts={name: sum(one.severity == name for one in findings) for name in SEVERITIES},
        kinds=[_kind(own, thumbnails, words) for own in kinds.values()],
        n_first=N_FIRST,
    )


def shown_cases(findings: Sequence[Finding]) -> list[str]:
    """The cases whose thumbnails the page has room for."""
    n_of_kind: dict[str, int] = {}
    names: dict[str, None] = {}
    for finding in findings:
        n_of_kind[finding.kind] = n_of_kind.get(finding.kind, 0) + 1
        if n_of_kind[finding.kind] <= MOST_SHOWN:
            names.update(dict.fromkeys(finding.cases[:MOST_THUMBNAILS]))
    return list(names)


def _kind(findings: Sequence[Finding], thumbnails: Mapping[str, bytes], words: Words) -> dict[str, Any]:
    first = findings[0]
    return {
        "n": len(findings),
        "first": first,
        "tables": group_tables(first.evidence, words) if first.kind == "groups" else [],
        "alike": len({finding.title for finding in findings}) == 1,
        "n_more": max(0, len(findings) - MOST_SHOWN),
        "findings": [_finding(finding, thumbnails) for finding in findings[:MOST_SHOWN]],
    }


def _finding(finding: Finding, thumbnails: Mapping[str, bytes]) -> dict[str, Any]:
    pictured = [name for name in finding.cases if name in thumbnails][:MOST_THUMBNAILS]
    return {
        "finding": finding,
        "pictures": [(name, base64.b64encode(thumbnails[name]).decode("ascii")) for name in pictured],
        "cases": [name for name in finding.cases if name not in pictured][:MOST_CASES],
        "n_more": max(0, len(finding.cases) - len(pictured) - MOST_CASES),
    }
