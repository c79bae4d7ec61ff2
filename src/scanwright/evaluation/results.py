"""Results of evaluations and comparisons as files; a page shows what its file holds, and nothing else."""

from __future__ import annotations

from pathlib import Path

from scanwright.evaluation.comparison import Comparison
from scanwright.evaluation.evaluation import Evaluation
from scanwright.io.failures_csv import write_failures
from scanwright.io.files import read_json, write_bytes, write_json, write_text
from scanwright.report.checklists import CHECKLISTS, render_checklist
from scanwright.report.comparison import render_comparison
from scanwright.report.model_card import render_model_card
from scanwright.report.page import render_report
from scanwright.report.pdf import render_pdf

EVALUATED = (
    *("evaluation.json", "report.html", "report.pdf", "failures.csv", "model-card.md"),
    *(checklist.file for checklist in CHECKLISTS),
)
COMPARED = ("comparison.json", "comparison.html", "failures.csv")


def write_evaluation(evaluation: Evaluation, folder: Path, lang: str, *, pdf: bool = False) -> None:
    """Write ``evaluation.json``, the report, the model card, the checklists and ``failures.csv``.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    write_json(folder / "evaluation.json", evaluation.content)
    shown = read_json(folder / "evaluation.json")
    page = render_report(shown, evaluation.pictures, lang)
    write_text(folder / "report.html", page)
    if pdf:
        write_bytes(folder / "report.pdf", render_pdf(page, lang))
    write_text(folder / "model-card.md", render_model_card(shown, lang))
    for checklist in CHECKLISTS:
        write_text(folder / checklist.file, render_checklist(checklist, shown, lang))
    write_failures(folder / "failures.csv", evaluation.set_aside)


def write_comparison(comparison: Comparison, folder: Path, lang: str) -> None:
    """Write ``comparison.json``, ``comparison.html`` and ``failures.csv``.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    write_json(folder / COMPARED[0], comparison.content)
    write_text(folder / COMPARED[1], render_comparison(read_json(folder / COMPARED[0]), lang))
    write_failures(folder / COMPARED[2], comparison.set_aside)
