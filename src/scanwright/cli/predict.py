"""``scanwright predict``: apply a model to new scans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

if TYPE_CHECKING:
    from scanwright.inference.model import Model

SOME = 3


def predict(
    model: Annotated[Path, typer.Argument()],
    inputs: Annotated[Path, typer.Argument(metavar="INPUT")],
    out: options.Out,
    series: options.SeriesChoice = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    uncertainty: options.Uncertainty = "",
    memory: options.Memory = None,
    pictures: Annotated[
        bool,
        typer.Option("--pictures", help="Also draw masks or boxes on the images, as PNG in OUT/pictures."),
    ] = False,
    all_findings: Annotated[
        bool,
        typer.Option(
            "--all-findings",
            help="Write all boxes of a score of 0.02 or more, not only those at the threshold.",
        ),
    ] = False,
    also: Annotated[
        str,
        typer.Option(
            "--also",
            help="Of DICOM scans also write DICOM objects, by commas: seg, rtstruct, sr, map, pdf.",
        ),
    ] = "",
    lang: options.Lang = "en",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where a prediction into --out stopped.")
    ] = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Predict new scans: masks on the grid of the input, detections.json or predictions.csv.

    MODEL is a run folder, a model folder or a package. INPUT is a file, a series folder, a folder
    of cases, an untouched DICOM export, or a zip of one. failures.csv lists what could
    not be predicted. DICOM objects go to OUT/dicom.
    """
    from scanwright import api

    console = Console(quiet, as_json)
    loaded = api.load(model, memory=memory)
    try:
        with console.progress() as progress:
            result = api.predict(
                loaded,
                inputs,
                out,
                series=series,
                overwrite=overwrite,
                resume=resume,
                progress=progress,
                device=device,
                threads=threads,
                uncertainty=uncertainty,
                memory=memory,
                pictures=pictures,
                all_findings=all_findings,
                also=[kind.strip().lower() for kind in also.split(",") if kind.strip()],
                lang=lang,
            )
    except KeyboardInterrupt as stop:
        if str(stop):
            console.say(f"Stopped: {stop} ({out}).")
        raise
    n = len(result.predictions) or len(result.files)
    console.say(f"Predicted {n} {'case' if n == 1 else 'cases'}: {out}")
    if result.objects:
        console.say(f"DICOM objects: {len(result.objects)} in {out / 'dicom'}")
    _tell_worth(console, loaded)
    console.tell_reached(dict(loaded.provenance))
    for note in result.notes:
        console.say(f"Note: {note}")
    console.list_doubts({**vars(doubt), "n": n} for doubt, n in result.doubts.items())
    failures = str(out / "failures.csv")
    unwritten = [entry for entry in result.set_aside if entry.stage == "dicom"]
    console.list_set_aside([entry for entry in result.set_aside if entry not in unwritten], failures)
    console.list_set_aside(unwritten, failures, what="Predicted, but not all as DICOM")
    console.finish(out=str(out), predicted=n, objects=len(result.objects), set_aside=len(result.set_aside))
    return SOME if result.set_aside else 0


def _tell_worth(console: Console, model: Model) -> None:
    """How good the model was on validation cases, where it says so."""
    from scanwright.tasks.base import has_learnt_nothing
    from scanwright.tasks.catalogue import find_task

    story, task = model.provenance, find_task(model.plan.task)
    score = story.get("best_score", story.get("out_of_fold_score"))
    if score is None and ("best_score" in story or "out_of_fold_score" in story):
        console.say(
            f"Warning: the model's validation cases gave no {task.score}: how good these answers are is not "
            "known."
        )
    elif score is not None:
        console.say(f"The model on validation cases: {task.score} {score:.3f}.")
        if has_learnt_nothing(task, score):
            console.say("Warning: that is no better than knowing nothing: do not rely on these answers.")
