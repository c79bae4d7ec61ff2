"""The files of an evaluation: numbers for machines, a report, a model card, checklists, what failed."""

from __future__ import annotations

from pathlib import Path

from scanwright.evaluation.evaluation import Evaluation
from scanwright.io.failures_csv import write_failures
from scanwright.io.files import read_json, write_json, write_text
from scanwright.report.checklists import CHECKLISTS, render_checklist
from scanwright.report.model_card import render_model_card
from scanwright.report.page import render_report

FILES = (
    *("evaluation.json", "report.html", "model-card.md", "failures.csv"),
    *(checklist.file for checklist in CHECKLISTS),
)


def write_evaluation(folder: Path, evaluation: Evaluation, lang: str) -> None:
    """Write all of them.

    Args:
        folder: is there.
        evaluation: what was measured.
        lang: of the report and of the card's headings, "en" or "zh".

    Raises:
        OutputError: the disk is full.
    """
    write_json(folder / "evaluation.json", evaluation.content)
    # The pages show what the file holds, and nothing else.
    shown = read_json(folder / "evaluation.json")
    write_text(folder / "report.html", render_report(shown, evaluation.pictures, lang))
    write_text(folder / "model-card.md", render_model_card(shown, lang))
    for checklist in CHECKLISTS:
        write_text(folder / checklist.file, render_checklist(checklist, shown))
    write_failures(folder / "failures.csv", evaluation.set_aside)
