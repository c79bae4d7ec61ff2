"""Train: from a dataset to a run folder that holds everything about how its model came to be."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import torch

from scanwright.core.familiarity import Familiarity
from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.settings import Settings
from scanwright.errors import DataError, OutputError, SettingsError
from scanwright.inference.model import Model, find_run, load_model, save_model
from scanwright.inference.runtimes.torch_runtime import TorchRuntime, choose_device
from scanwright.io.failures_csv import read_failures, write_failures
from scanwright.io.files import (
    claim_folder,
    forget_partials,
    kept_if_filled,
    read_json,
    write_csv,
    write_json,
)
from scanwright.io.settings_toml import write_settings
from scanwright.networks.memory import PROGRAM, under_cap
from scanwright.planning.facts import HASH_LENGTH
from scanwright.planning.familiar import find_familiar
from scanwright.planning.fingerprint import Fingerprint, take_fingerprint
from scanwright.planning.memory import check_floor
from scanwright.planning.objects import warn_of_boxes
from scanwright.planning.origin import check_unseen
from scanwright.planning.rules import check_scale
from scanwright.tasks.base import Example, Task
from scanwright.tasks.catalogue import choose_task, find_task, task_dataset
from scanwright.tasks.decision import decide
from scanwright.training.cache import prepare_examples
from scanwright.training.ensemble import Ensemble, Learnt, combine, sides_learnt
from scanwright.training.fit import Fitted, fit, settle_on
from scanwright.training.same_data import as_planned
from scanwright.training.team import Team, joined
from scanwright.training.transfer import load_record, load_start, match, open_origin, save_start
from scanwright.types import JsonDict, Progress

# The model goes first: a run killed while it was being replaced must not seem finished.
RUN_ENTRIES = (
    "model", "settings.toml", "fingerprint.json", "plan.json", "splits.json", "log.csv", "checkpoint",
    "cache", "provenance.json", "failures.csv",
    "evaluation/evaluation.json", "evaluation/report.html", "evaluation/failures.csv",
    "evaluation/model-card.md", "evaluation/checklist-claim.md", "evaluation/checklist-tripod-ai.md",
)  # fmt: skip
PACKAGES = (
    "scanwright", "torch", "monai", "lightning", "numpy", "scipy", "nibabel", "pydicom", "SimpleITK",
    "scikit-image", "PyWavelets",
)  # fmt: skip


def train_run(
    dataset: Dataset,
    out: Path,
    settings: Settings,
    *,
    plan: Plan | None = None,
    facts: Fingerprint | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress,
) -> Model:
    """Plan (unless a plan is given), train, and write the run folder.

    Args:
        dataset: what to learn from; its test cases are not touched.
        out: the run folder.
        settings: what the user wants.
        plan: decisions to use as they are, but for the minutes and overrides that the settings ask for;
            one that holds a pace is replayed exactly.
        facts: of the dataset, where they were gathered before; they belong to the plan.
        resume: go on where an earlier, unfinished run in ``out`` stopped.
        overwrite: replace an earlier run in ``out``.
        progress: told of every stage.

    Returns:
        The model, also saved in ``out/model``.

    Raises:
        DataError: nothing usable to learn from.
        SettingsError: settings or plan that do not fit the data.
        OutputError: ``out`` holds something else, or the disk is full.
    """
    started = time.monotonic()
    if settings.threads is not None:
        torch.set_num_threads(settings.threads)
    with joined(choose_device(settings.device).type) as team:
        found = team.agree(find_run(out) if resume else "nothing")
        if found == "a finished run":
            return load_model(out)
        if found == "nothing":
            begin = partial(_begin, dataset, out, settings, plan, facts, progress)
            team.lead(partial(begin, resume=resume, overwrite=overwrite))
        plan = Plan.from_json(read_json(out / "plan.json"), str(out / "plan.json"))
        task, splits = find_task(plan.task), read_json(out / "splits.json")
        dataset = task_dataset(task, dataset)
        if found != "nothing":
            dataset = as_planned(dataset, read_json(out / "fingerprint.json")["cases"], task.target)
        team.check(plan)
        examples = prepare_splits(dataset, task, plan, splits["of"], out, progress, team)
        weights = load_start(plan, out / "checkpoint")
        train_one = partial(fit, task, device=settings.device, resume=resume, team=team, weights=weights)
        if plan.folds > 1:
            ensemble = Ensemble(task, plan, out / "checkpoint", train_one, resume, progress, team)
            members = ensemble.train(examples["train"], splits["folds"], started)
            settle = partial(combine, task, plan, members)
        else:
            fitted = train_one(plan, examples, out / "checkpoint", progress=progress, started=started)
            settle = partial(_settle, task, plan, fitted, examples["val"], settings.device)
        team.lead(partial(_finish, dataset, out, settle))
    return load_model(out)


def _begin(
    dataset: Dataset,
    out: Path,
    settings: Settings,
    plan: Plan | None,
    facts: Fingerprint | None,
    progress: Progress,
    *,
    resume: bool,
    overwrite: bool,
) -> None:
    """Claim the folder and decide everything."""
    if resume and _holds_something_else(out):
        raise OutputError(
            "there is no run here to resume", subject=str(out), do="Leave out --resume, or correct --out."
        )
    claim_folder(out, overwrite=overwrite or resume, own=RUN_ENTRIES, resumable="training")
    with kept_if_filled(out):
        _decide(dataset, out, settings, plan, facts, progress)


def _holds_something_else(out: Path) -> bool:
    """Whether a folder holds what no run, however early it was killed, would have left there."""
    if not out.is_dir() or (out / "settings.toml").is_file():
        return False
    return any(not entry.name.startswith(".partial-") for entry in out.iterdir())


def _decide(
    dataset: Dataset,
    out: Path,
    settings: Settings,
    plan: Plan | None,
    facts: Fingerprint | None,
    progress: Progress,
) -> None:
    """Fingerprint, plan and splits, written as three artefacts."""
    check_floor(settings.memory_bytes, PROGRAM)
    origin, weights = open_origin(settings.init_from) if settings.init_from else (None, {})
    task = choose_task(settings.task if plan is None else plan.task, dataset)
    if plan is None:
        task.check(dataset, settings)
    dataset = task_dataset(task, dataset)
    steps = settings.enhance if plan is None or "enhance" in settings.overrides else plan.enhance
    value = settings.target or (plan.target if plan is not None else "")
    if facts is None or facts.enhance != steps or facts.value != (value or facts.value):
        seed = settings.seed if plan is None else plan.seed
        facts = take_fingerprint(dataset, seed, progress, target=task.target, value=value, enhance=steps)
    given = plan is not None
    plan = under_cap(decide(task, facts, settings, plan, origin), facts, settings, given=given)
    if len(plan.channels) != len(facts.channels):
        raise SettingsError(
            "the plan is for images with another number of channels",
            expected=f"{len(plan.channels)}",
            received=f"{len(facts.channels)}",
        )
    if plan.enhance:
        check_scale(plan.channels, facts)
    transfer = match(weights, origin, plan) if origin else None
    if plan.folds > 1:
        facts = facts.folded(plan.folds, plan.seed)
    learnt = [note for note in facts.notes if note not in dataset.notes]
    for sentence in (*learnt, *warn_of_boxes(facts, plan)):
        progress("Warning", 1, 1, sentence)
    # Written only now: an error before leaves the folder free for the corrected command.
    write_settings(out, settings)
    familiar = find_familiar(facts, plan).to_json()
    write_json(out / "fingerprint.json", {**facts.to_json(), "familiar": familiar})
    write_json(out / "plan.json", plan.to_json())
    _record_failures(out, facts.set_aside)
    if origin and transfer:
        record = save_start(transfer, origin, check_unseen(origin, facts), out / "checkpoint")
        progress("Starting", 1, 1, f"from {origin.name}: {record['summary']}")
    write_json(out / "splits.json", facts.splits.to_json())
    progress("Planned", 1, 1, _cost(plan))


def _cost(plan: Plan) -> str:
    """What the user is in for, said before it begins."""
    if plan.folds == 1:
        return f"{plan.minutes:g} min"
    return f"{plan.minutes:g} min for {plan.folds} networks; predictions take {plan.folds} times as long"


def prepare_splits(
    dataset: Dataset,
    task: Task,
    plan: Plan,
    split_of: Mapping[str, str],
    out: Path,
    progress: Progress,
    team: Team,
) -> dict[str, dict[str, Example]]:
    """Preprocessed examples of the training and validation cases, which folds have made one; test cases stay
    closed.

    Args:
        dataset, task, plan: what is learnt, from what, and how.
        split_of: case name → split.
        out: where the cache and ``failures.csv`` go.
        progress: told after every case.
        team: the processes that train together.

    Raises:
        DataError: no case of a split can be used.
    """
    wanted: dict[str, list[Case]] = {"train": [], **({} if plan.folds > 1 else {"val": []})}
    for case in dataset.cases:
        if split_of.get(case.name) in wanted:
            wanted[split_of[case.name]].append(case)
    made: dict[str, Example] = {}
    failed: list[SetAside] = []

    def prepare() -> None:
        new, aside = prepare_examples([*chain(*wanted.values())], task, plan, out / "cache", progress)
        made.update(new)
        failed.extend(aside)

    team.lead(prepare)
    if team.leads:
        _record_failures(out, failed)
    else:  # most of it lies in the cache by now
        prepare()
    examples = {
        split: {case.name: made[case.name] for case in cases if case.name in made}
        for split, cases in wanted.items()
    }
    if not any(wanted.values()):
        raise DataError(
            "none of its cases is one that the run was planned for: this is other data",
            subject=dataset.source,
            do="Name the data that the run was begun with, or another --out.",
        )
    for split, found in examples.items():
        if not found:
            first = next((entry for entry in failed if split_of.get(entry.case) == split), None)
            raise DataError(
                f"no case of the split '{split}' can be used",
                subject=dataset.source,
                received=f"the first: {first}" if first else "",
                do="See failures.csv for all reasons.",
            )
    return examples


def _record_failures(out: Path, new: Sequence[SetAside]) -> None:
    """Add to ``failures.csv``; every case is listed once a stage."""
    rows = list(dict.fromkeys([*read_failures(out / "failures.csv"), *new]))
    write_failures(out / "failures.csv", rows)


def _settle(task: Task, plan: Plan, fitted: Fitted, val: Mapping[str, Example], device: str) -> Learnt:
    """What one network learnt, and what its validation cases settle."""
    settled, reached = settle_on(task, plan, TorchRuntime(plan, fitted.weights, device), val)
    done = Plan.from_json({**plan.to_json(), "pace": fitted.position.pace})
    return Learnt(done, fitted, settled, reached)


def _finish(dataset: Dataset, out: Path, settle: Callable[[], Learnt]) -> None:
    """Write plan with its realised pace, log, provenance and model; drop what was only for going on."""
    learnt = settle()
    plan, fitted = learnt.plan, learnt.fitted
    provenance = _provenance(dataset, out, learnt)
    write_json(out / "plan.json", plan.to_json())
    rows, set_aside = fitted.position.log, read_failures(out / "failures.csv")
    write_csv(out / "log.csv", list(rows[0]) if rows else ("round",), [list(row.values()) for row in rows])
    write_json(
        out / "provenance.json",
        {**provenance, "log": rows, "set_aside": [vars(entry) for entry in set_aside]},
    )
    splits = read_json(out / "splits.json")
    settled = learnt.settled
    # A run that an earlier version began has none.
    familiar = read_json(out / "fingerprint.json").get("familiar", Familiarity().to_json())
    model = Model(
        plan,
        fitted.weights,
        settled.thresholds,
        provenance,
        out / "model",
        calibration=settled.calibration,
        conformal=settled.conformal,
        margins=settled.margins,
        familiar=Familiarity.from_json(familiar, str(out / "fingerprint.json")),
    )
    save_model(model, out / "model")
    # Only now: a run that goes on divides its cases as they were planned.
    write_json(out / "splits.json", {**splits, "of": _sides(out, learnt)})
    forget_partials(out)
    shutil.rmtree(out / "cache", ignore_errors=True)
    shutil.rmtree(out / "checkpoint", ignore_errors=True)


def _provenance(dataset: Dataset, out: Path, learnt: Learnt) -> JsonDict:
    fitted = learnt.fitted
    start = load_record(learnt.plan, out / "checkpoint")
    # What the weights to start from were learnt from comes first: a split of this run stands above it.
    images = {"origin": start.pop("seen")} if start else {}
    facts = read_json(out / "fingerprint.json")
    hashes = {row["case"]: row["sha256"] for row in facts["cases"]}
    sides = _sides(out, learnt)
    return {
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "machine": {
            "system": platform.platform(),
            "threads": torch.get_num_threads(),
            "device": fitted.device,
            "processes": fitted.processes,
        },
        "precision": fitted.precision,
        "seed": learnt.plan.seed,
        "data": {
            "layout": dataset.layout,
            "patients": dataset.patients,
            "modality": facts["modality"],
            "spacing_mm": facts["spacing_mm"],
            # An image that is fitted into a patch as a whole may have any size.
            **({"shape": facts["shape"]} if learnt.plan.is_tiled else {}),
            "sha256": hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest(),
        },
        "minutes": fitted.position.elapsed_s / 60,
        "steps": fitted.position.step,
        "ended": fitted.ended,
        **_scores(learnt),
        **({"reached": dict(learnt.reached)} if learnt.reached else {}),
        "splits": {split: list(sides.values()).count(split) for split in facts["splits"]},
        **({"start": start} if start else {}),
        "images": images
        | {
            split: sorted(hashes[name][:HASH_LENGTH] for name, side in sides.items() if side == split)
            for split in facts["splits"]
        },
        "how_split": facts["how_split"],
    }


def _sides(out: Path, learnt: Learnt) -> dict[str, str]:
    return sides_learnt(read_json(out / "splits.json"), len(learnt.members))


def _scores(learnt: Learnt) -> JsonDict:
    position = learnt.fitted.position
    if learnt.members:
        return {"out_of_fold_score": position.best_score, "members": dict(learnt.members)}
    return {"best_round": position.best_round, "best_score": position.best_score}
