"""``scanwright evaluate``: how good a model is on cases it did not learn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

if TYPE_CHECKING:
    from scanwright.evaluation.evaluation import Evaluation
    from scanwright.types import JsonDict

SOME = 3


def evaluate(
    run: Annotated[Path, typer.Argument()],
    data: Annotated[Path, typer.Argument()],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where results go; RUN/evaluation by default.")
    ] = None,
    split: Annotated[str, typer.Option("--split", help="test, val or all.")] = "test",
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", help="Judge subgroups: sex, age, site, scanner or any other column; size of masks."
        ),
    ] = None,
    costs: Annotated[
        Path | None,
        typer.Option("--costs", help="CSV of what answers cost: a column truth, one for each answer."),
    ] = None,
    lang: options.Lang = "en",
    pdf: Annotated[bool, typer.Option("--pdf", help="Also write the report as report.pdf.")] = False,
    patient_pattern: options.PatientPattern = None,
    series: options.SeriesChoice = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    uncertainty: options.Uncertainty = "",
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Measure a model on cases it did not learn from; write evaluation.json and report.html.

    RUN is a run folder or a model folder. DATA is the dataset it was trained on (its test cases are used), or
    another one with the same kind of labels.
    """
    from scanwright import api
    from scanwright.report.answer import beside_naive
    from scanwright.report.subgroup_sections import subgroup_tables
    from scanwright.report.texts import Words

    console = Console(quiet, as_json)
    folder = out if out is not None else run / "evaluation"
    model = api.load(run)
    dataset = api.open(data, patient_pattern=patient_pattern, series=series)
    with console.progress() as progress:
        evaluation = api.evaluate(
            model,
            dataset,
            folder,
            split=split,
            by=by or (),
            costs=costs,
            lang=lang,
            pdf=pdf,
            overwrite=overwrite,
            progress=progress,
            device=device,
            threads=threads,
            uncertainty=uncertainty,
        )
    say_evaluation(console, evaluation)
    for title, _, lines in subgroup_tables(evaluation.content, Words("en")):
        console.say(" ".join([f"{title}.", *lines]))
    for sentence in beside_naive(evaluation.content, Words("en")):
        console.say(sentence)
    console.list_doubts(evaluation.content["doubts"])
    console.list_set_aside(evaluation.set_aside, str(folder / "failures.csv"))
    console.say(f"Report: {folder / 'report.html'}\nNumbers: {folder / 'evaluation.json'}")
    lead = evaluation.number(evaluation.content["score"])
    console.finish(
        report=str(folder / "report.html"),
        evaluation=str(folder / "evaluation.json"),
        lead={key: lead[key] for key in ("name", "value", "low", "high", "n")},
        set_aside=len(evaluation.set_aside),
    )
    return SOME if evaluation.set_aside else 0


def _is_listed(number: JsonDict, content: JsonDict) -> bool:
    """Whether a number stands on the screen: the leading one always; of the others those that need no
    explanation, and of single classes where there are few."""
    if number["name"] == content["score"]:
        return True
    if number["name"].startswith(("voxel_", "cautious_")):
        return False
    few = len(content["classes"]) < 3 and not number["name"].startswith(("brier", "ece", "set_", "missed"))
    return few or not number["group"]


def say_evaluation(console: Console, evaluation: Evaluation) -> None:
    """The numbers with their intervals: all over all classes, and the leading one of each class."""
    from scanwright.report.answer import tell_members, warnings
    from scanwright.report.rounding import format_number
    from scanwright.report.texts import Words

    content = evaluation.content
    console.say(
        f"{content['n_cases']} cases ({content['how_chosen']}); patients: {content['data']['patients']}"
    )
    rows = [
        (
            number["name"].replace("_", " "),
            number["group"] or "all",
            format_number(number["value"], number["low"], number["high"], number["unit"]),
        )
        for number in content["numbers"]
        if _is_listed(number, content)
    ]
    console.table(rows)
    if len(rows) < len(content["numbers"]):
        console.say("  What they mean, and the other numbers: see the report.")
    for sentence in tell_members(content, Words("en")):
        console.say(sentence)
    for sentence in warnings(content, Words("en")):
        console.say(f"Warning: {sentence}")
