"""``scanwright train``: from labelled scans to a model."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

if TYPE_CHECKING:
    from scanwright.inference.model import Model

SOME = 3
_RESUME = (
    "Go on where the run in --out was killed. One that Ctrl-C ended is finished, with the best model so far."
)
_GOING_ON = {
    "nothing": "{out} holds nothing to resume: training starts anew.",
    "an unfinished run": "Going on in {out}, by its own plan.json; the options of the first call count.",
    "a finished run": "The run in {out} is finished: this is its model. To train anew, leave out --resume "
    "and say --overwrite.",
}


def train(
    data: Annotated[Path, typer.Argument()],
    out: options.Out,
    minutes: options.Minutes = None,
    folds: options.Folds = None,
    effort: options.Effort = "standard",
    task: options.TaskName = "auto",
    plan: Annotated[Path | None, typer.Option("--plan", help="A plan.json to use as it is.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help=_RESUME)] = False,
    memory: options.Memory = None,
    init_from: options.InitFrom = None,
    seed: options.Seed = 0,
    set_: options.Set = None,
    patient_pattern: options.PatientPattern = None,
    series: options.SeriesChoice = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Train a model; layout and task are recognised. Ctrl-C keeps the best model so far.

    DATA is a folder of labelled scans, a zip of one, a MedMNIST .npz or a manifest.csv.
    """
    from scanwright import api
    from scanwright.data.settings import Settings
    from scanwright.inference.model import find_run
    from scanwright.io.settings_toml import find_unused
    from scanwright.tasks.catalogue import check_name, choose_task

    console = Console(quiet, as_json)
    asked: dict[str, Any] = {
        "task": task,
        "effort": effort,
        "minutes": minutes,
        "folds": folds,
        "device": device,
        "seed": seed,
        "threads": threads,
        "memory": memory,
        "init_from": init_from,
        "overrides": options.read_overrides(set_),
    }
    wanted = Settings(**asked)
    check_name(task)  # an unknown one is said before the data are opened
    dataset = api.open(data, patient_pattern=patient_pattern, series=series)
    decided = plan or (out / "plan.json" if resume and (out / "plan.json").is_file() else None)
    goal = api.load_plan(decided).task if decided else choose_task(task, dataset).name
    console.say(f"{dataset.layout}: {goal}, {len(dataset)} cases, patients {dataset.patients}")
    for note in dataset.notes:
        console.say(f"Note: {note}")
    found = find_run(out) if resume else "nothing"
    not_used = find_unused(out, wanted) if found != "nothing" else []
    if resume:
        console.say(_GOING_ON[found].format(out=out))
    if not_used:
        console.say(f"Not used, as the run has its own: {'; '.join(not_used)}.")
    with console.progress() as progress:
        model = api.train(
            dataset,
            out,
            plan=plan,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            **asked,
        )
    return _tell(console, model, data, out, not_used)


def _tell(console: Console, model: Model, data: Path, out: Path, not_used: Sequence[str]) -> int:
    """What came out, and the exit code."""
    from scanwright.io.failures_csv import read_failures
    from scanwright.training.estimate import FEWEST_STEPS

    story = model.provenance
    if start := story.get("start"):
        console.say(f"Started from {start['from']}: {start['summary']}.")
        if start["val_seen"]:
            console.say(
                f"Warning: {start['val_seen']} of the validation images were seen there already: "
                "the validation score flatters."
            )
    if story["steps"] < FEWEST_STEPS * max(1, model.plan.folds):
        console.say(
            f"Warning: {story['steps']} steps are too few to learn much: do not rely on its answers before "
            "it has had more --minutes."
        )
    score, is_nothing = _say_score(console, model)
    console.tell_reached(story)
    if model.plan.answer == "value" and not model.thresholds:
        console.say("Note: validation cases are too few for intervals around single predictions.")
    for sentence in _say_unsettled(model):
        console.say(f"Note: {sentence}")
    set_aside = read_failures(out / "failures.csv")
    console.list_set_aside(set_aside, str(out / "failures.csv"))
    command = shlex.join(["scanwright", "evaluate", str(out), str(data)])
    console.say(f"Model: {out / 'model'}\nJudge it: {command}")
    console.finish(
        run=str(out),
        score=score,
        learnt_nothing=is_nothing,
        minutes=story["minutes"],
        set_aside=len(set_aside),
        not_used=list(not_used),
    )
    return SOME if set_aside else 0


def _say_unsettled(model: Model) -> list[str]:
    """What validation cases were too few for."""
    from scanwright.tasks.settled import has_probabilities, has_sets

    plan, n = model.plan, model.calibration.n
    said = []
    if has_probabilities(plan) and plan.calibration != "none" and not model.calibration.is_fitted:
        said.append(f"too few validation cases ({n}), or of too few classes, to calibrate probabilities.")
    if has_sets(plan) and not model.conformal.is_fitted:
        needed = f"{model.conformal.n_needed} validation cases of each class"
        said.append(f"{needed} are needed to say which predictions a person must see.")
    return said


def _say_score(console: Console, model: Model) -> tuple[float | None, bool]:
    """How training went: its score, if it has one, and whether that is no better than knowing nothing."""
    from scanwright.tasks.base import has_learnt_nothing
    from scanwright.tasks.catalogue import find_task

    story, task = model.provenance, find_task(model.plan.task)
    together = "members" in story
    score = story["out_of_fold_score" if together else "best_score"]
    of = f"{model.n_members} of {model.n_planned}" if model.n_members < model.n_planned else model.n_members
    said = f"Out-of-fold score of {of} members" if together else "Best validation score"
    trained = f"Trained {story['minutes']:.1f} minutes, {story['steps']} steps: {story['ended']}."
    is_known = score is not None and math.isfinite(score)
    console.say(f"{trained} {said} {format(score, '.3f') if is_known else 'undefined'}.")
    if model.n_members < model.n_planned:
        console.say(
            f"Note: {model.n_planned - model.n_members} of {model.n_planned} networks were not trained, and "
            "--resume does not train them: the run is finished. For all, train anew with --overwrite."
        )
    if not is_known:
        console.say(
            f"Warning: the validation cases give no {task.score}, as where all are of one class: nothing is "
            "known of how good this model is. Judge it (evaluate) on cases of every class before you use it."
        )
        return None, False
    is_nothing = has_learnt_nothing(task, score)
    if is_nothing:
        fewer = " or fewer --folds, which share the minutes," if together else ""
        console.say(
            f"Warning: no better than knowing nothing ({task.score} {task.chance:g}): do not use this model. "
            f"Train anew with more --minutes{fewer} and check that the labels are right (inspect)."
        )
    return score, is_nothing
