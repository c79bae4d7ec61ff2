"""``scanwright plan``: facts and decisions, before anything is learnt."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console

if TYPE_CHECKING:
    from scanwright.api import Planned
    from scanwright.training.estimate import Estimate

NOTHING, SOME = 0, 3


def plan(
    data: Annotated[Path, typer.Argument()],
    out: options.Out = Path("scanwright-plan"),
    minutes: options.Minutes = None,
    folds: options.Folds = None,
    effort: options.Effort = "standard",
    task: options.TaskName = "auto",
    memory: options.Memory = None,
    init_from: options.InitFrom = None,
    seed: options.Seed = 0,
    set_: options.Set = None,
    patient_pattern: options.PatientPattern = None,
    series: options.SeriesChoice = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Print the facts and each decision with its reason; write fingerprint.json and an editable plan.json.

    DATA is a folder of labelled scans, a zip of one, a MedMNIST .npz or a manifest.csv.
    """
    from scanwright import api
    from scanwright.data.settings import Settings
    from scanwright.io.failures_csv import write_failures
    from scanwright.io.files import claim_folder, kept_if_filled, write_json
    from scanwright.planning.objects import warn_of_boxes
    from scanwright.tasks.catalogue import check_name

    console = Console(quiet, as_json)
    overrides = options.read_overrides(set_)
    Settings(
        task=task, effort=effort, minutes=minutes, folds=folds, seed=seed, memory=memory, overrides=overrides
    )
    check_name(task)  # an unknown one is said before the data are opened
    dataset = api.open(data, patient_pattern=patient_pattern, series=series)
    folder = claim_folder(out, overwrite=overwrite, own=("fingerprint.json", "plan.json", "failures.csv"))
    with console.progress() as progress, kept_if_filled(folder):
        planned = api.plan(
            dataset,
            progress=progress,
            minutes=minutes,
            folds=folds,
            effort=effort,
            task=task,
            seed=seed,
            memory=memory,
            init_from=init_from,
            overrides=overrides,
        )
    say_plan(console, planned)
    for sentence in warn_of_boxes(planned.fingerprint, planned.plan):
        console.say(f"Warning: {sentence}")
    made = say_estimate(console, planned)
    write_json(folder / "fingerprint.json", planned.fingerprint.to_json())
    write_json(folder / "plan.json", planned.plan.to_json())
    write_failures(folder / "failures.csv", planned.fingerprint.set_aside)
    console.say(f"\nWritten: {folder / 'fingerprint.json'}\n         {folder / 'plan.json'}")
    command = ["scanwright", "train", str(data), "--plan", str(folder / "plan.json"), "--out", "RUN"]
    console.say(f"Train it: {shlex.join(command)}")
    set_aside = planned.fingerprint.set_aside
    steps = {} if made is None else {"steps": made.steps, "least_minutes": made.least_minutes}
    console.finish(plan=str(folder / "plan.json"), set_aside=len(set_aside), **steps)
    return SOME if set_aside else NOTHING


def say_plan(console: Console, planned: Planned) -> None:
    """Facts and decisions as two tables."""
    plan = planned.plan
    facts = planned.fingerprint if plan.folds == 1 else planned.fingerprint.folded(plan.folds, plan.seed)
    plain = facts.to_json()
    spacing = plain["spacing_mm"]
    ratio = max(row["scale_ratio"] for row in facts.intensity)
    console.say(
        f"{facts.dataset.layout}: {plan.task} in {plan.dims}-D, {plain['n_cases']} cases; "
        f"planned for {plan.minutes:g} minutes of training"
    )
    rows = [
        ("patients", _patients(plain["n_patients"], facts.dataset.patients)),
        ("splits", f"{', '.join(f'{k} {v}' for k, v in plain['splits'].items())} ({facts.splits.how})"),
        ("shape", f"{_times(plain['shape']['median'])} (from {_times(plain['shape']['smallest'])} "
         f"to {_times(plain['shape']['largest'])})"),
        ("spacing", f"{_times(spacing['median'])} mm" if spacing else "unknown"),
        ("channels", ", ".join(facts.channels) + (f" ({facts.modality})" if facts.modality else "")),
        ("brightness", f"differs between cases by a factor of {ratio:,.4g}"),
    ]  # fmt: skip
    if facts.classes:
        held = ", ".join(f"{name}: {n} cases" for name, n in facts.classes.items())
        rows.append(("classes", held + (" (test cases not counted)" if plain["splits"].get("test") else "")))
    if facts.value:
        rows.append((facts.value, f"{facts.value_mean:.4g} ± {facts.value_deviation:.4g}"))
    if facts.foreground_share:
        rows.append(("labelled", f"{100 * facts.foreground_share:.2g} % of the voxels"))
    if facts.duplicates:
        same = sum(len(group) for group in facts.duplicates)
        groups = len(facts.duplicates)
        rows.append(
            ("look-alikes", f"{same} cases in {groups} group{'s'[: groups > 1]}, each kept on one side")
        )
    console.say("\nFacts")
    console.table(rows)
    for note in facts.notes:
        console.say(f"Note: {note}")
    console.say("\nDecisions")
    console.table([(row["field"], _told(row["value"]), row["reason"]) for row in plan.decisions()])
    console.list_set_aside(facts.set_aside)


def say_estimate(console: Console, planned: Planned) -> Estimate | None:
    """What the network costs on this computer, where torch is installed."""
    from scanwright.errors import MissingExtraError

    if console.quiet:
        return None
    try:
        made = planned.estimate()
        from scanwright.training.estimate import FEWEST_STEPS
    except MissingExtraError:
        console.say("\nThe network's cost can be told where torch is installed.")
        return None
    minutes = f"{planned.plan.minutes / made.n_members:.3g} minutes"
    each = f" for each of {made.n_members} networks" if made.n_members > 1 else ""
    console.say(
        f"\nnetwork: {_large(made.cost.weights)} weights, {_large(made.cost.multiply_adds)} multiply-adds a "
        f"patch; about {_rough(made.steps)} steps in {minutes}{each} on this computer"
    )
    factors = [f"{made.pass_s:.2g} s"]
    factors += [f"{made.n_mirrored} mirrored"] if made.n_mirrored > 1 else []
    factors += [f"{made.n_members} networks"] if made.n_members > 1 else []
    product = f" ({' × '.join(factors)})" if len(factors) > 1 else ""
    console.say(
        f"prediction: about {made.predict_s:.2g} s for a case of median size{product}, reading and writing "
        "not counted"
    )
    if made.steps < FEWEST_STEPS and not planned.plan.is_recorded:
        fewer = " or fewer --folds, which share the minutes" if made.n_members > 1 else ""
        console.say(
            f"Warning: these minutes hold too few steps to learn much (fewer than {FEWEST_STEPS}{each}). "
            f"Give --minutes {_round_up(made.least_minutes)} or more{fewer}."
        )
    return made


def _round_up(minutes: float) -> str:
    """To two digits, and no less than it was."""
    step = 10.0 ** (math.floor(math.log10(minutes)) - 1)
    return f"{math.ceil(minutes / step) * step:.3g}"


def _large(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:g}"


def _rough(number: int) -> str:
    return f"{float(f'{number:.1g}' if number < 100 else f'{number:.2g}'):,.0f}"


def _patients(n: int | None, how: str) -> str:
    return "unknown: look-alikes are kept together" if n is None else f"{n} ({how})"


def _times(values: list[float]) -> str:
    return " × ".join(f"{value:g}" for value in values)


def _told(value: object) -> str:
    """A decision as ``--set`` takes it; of a group of fields those that do something."""
    if isinstance(value, dict):
        return ", ".join(
            f"{name}={_told(one)}" for name, one in value.items() if one not in (0, "", [], None)
        )
    if isinstance(value, list):
        nested = any(isinstance(one, dict) for one in value)
        return "; ".join(map(_told, value)) if nested else f"[{', '.join(map(_told, value))}]"
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value)
