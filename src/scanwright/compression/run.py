"""Compress: from a run to packages that are smaller, judged against it, and a page that shows the choice."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from scanwright.compression.judging import MOST_BRIER, Judge
from scanwright.compression.search import Search, Wishes, find_disturbance, find_front, recommend
from scanwright.compression.tuning import Tuner
from scanwright.data.case import SetAside
from scanwright.data.dataset import Dataset
from scanwright.errors import OutputError, ScanwrightError, SettingsError
from scanwright.evaluation.numbers import FEWEST_TO_CLAIM
from scanwright.evaluation.subgroups import check_columns
from scanwright.inference.model import Model
from scanwright.inference.package import SUFFIX
from scanwright.io.apart import keep_apart
from scanwright.io.failures_csv import write_failures
from scanwright.io.files import claim_folder, read_json, write_bytes, write_json, write_text
from scanwright.report.compression import render_compression
from scanwright.tasks.base import Example, Task
from scanwright.tasks.catalogue import find_task, task_dataset
from scanwright.training.run import prepare_splits
from scanwright.training.same_data import as_planned
from scanwright.training.team import Team
from scanwright.types import JsonDict, Progress

SCHEMA_VERSION = 1
BEST, NUMBERS, PAGE, FAILURES = f"model{SUFFIX}", "compression.json", "compression.html", "failures.csv"
PACKAGES, WORK = "packages", "work"
WISHES_FILE = "wishes.json"
RESULTS = (BEST, NUMBERS, PAGE, FAILURES, PACKAGES, WORK)


@dataclass(frozen=True)
class Compressed:
    """What was found.

    Attributes:
        content: everything, as ``compression.json`` holds it.
        package: the one that is recommended.
        set_aside: cases that could not be judged, with the reason.
        stopped: whether the user ended the search.
        was_finished: whether it had been found before, and nothing was left to resume.
    """

    content: JsonDict
    package: Path
    set_aside: tuple[SetAside, ...]
    stopped: bool
    was_finished: bool = False

    @property
    def chosen(self) -> JsonDict:
        """The row of the candidate that is recommended."""
        return next(dict(row) for row in self.content["candidates"] if row["name"] == self.content["chosen"])


def compress_run(
    original: Model,
    run: Path,
    dataset: Dataset,
    out: Path,
    wishes: Wishes,
    *,
    max_drop: float,
    by: Sequence[str],
    lang: str,
    resume: bool,
    overwrite: bool,
    progress: Progress,
    device: str,
    threads: int | None,
) -> Compressed:
    """See ``scanwright.compress``; the run is there and the wishes make sense."""
    if original.n_members > 1:
        raise SettingsError(
            "an ensemble can't be compressed: each of its cases was learnt from by one of its networks, and "
            "none is left to judge by",
            received=f"{original.n_members} networks",
            do="Train one network (--folds 1), and compress that.",
        )
    task = find_task(original.plan.task)
    dataset = task_dataset(task, dataset)
    splits = read_json(run / "splits.json")["of"]
    dataset = as_planned(dataset, read_json(run / "fingerprint.json")["cases"], task.target)
    keep_apart(out, dataset)
    minutes = wishes.minutes if wishes.minutes is not None else original.plan.minutes
    wishes = replace(wishes, minutes=minutes)
    judged_by = {"max_drop": max_drop, "by": list(by)}
    if resume and (finished := _find_finished(out, original, wishes, judged_by)):
        return finished
    _claim(out, original, wishes, judged_by, resume=resume, overwrite=overwrite)
    work = out / WORK
    try:
        examples = prepare_splits(dataset, task, original.plan, splits, work, progress, Team())
        cases = [case for case in dataset.cases if case.name in examples["val"]]
        check_columns(by, cases, task)
    except ScanwrightError:
        if not resume:  # the folder is left free for the corrected command
            shutil.rmtree(work)
            with suppress(OSError):
                out.rmdir()
        raise
    judge = Judge(task, original.plan, cases, by, max_drop, threads, progress)
    tuner = Tuner(task, original, examples, device, progress)
    search = Search(original, examples, judge, tuner, wishes, work, progress)
    rows = search.run()
    chosen = recommend(rows, wishes.target_speedup)
    content = {
        "schema_version": SCHEMA_VERSION,
        **_header(original, dataset, task, run, examples),
        "max_drop": max_drop,
        "most_brier": MOST_BRIER,
        "fewest_to_claim": FEWEST_TO_CLAIM,
        "target_speedup": wishes.target_speedup,
        "by": list(by),
        "minutes": minutes,
        "widths": list(wishes.widths),
        "everything": wishes.everything,
        "stopped": search.stopped,
        "candidates": rows,
        "disturbance": find_disturbance(rows),
        "front": find_front(rows, chosen),
        "chosen": chosen,
        "set_aside": [vars(entry) for entry in judge.set_aside],
    }
    _write(content, work, out, lang)
    write_failures(out / FAILURES, judge.set_aside)
    if not search.stopped:
        shutil.rmtree(work)
    return Compressed(content, out / BEST, tuple(judge.set_aside), search.stopped)


def _find_finished(out: Path, original: Model, wishes: Wishes, judged_by: JsonDict) -> Compressed | None:
    """What an earlier search in the folder found, where it came to its end.

    Raises:
        OutputError: it was asked for something else.
    """
    if (out / WORK).exists() or not (out / NUMBERS).is_file():
        return None
    content = read_json(out / NUMBERS)
    asked = {
        **_asked(original, wishes, judged_by),
        "target_speedup": wishes.target_speedup,
        "everything": wishes.everything,
    }
    before = {name: content.get(name) for name in asked} | {"model": content["model"]["hash"]}
    _refuse_other(out, "is finished, and was made", asked, before)
    set_aside = tuple(SetAside(**entry) for entry in content["set_aside"])
    return Compressed(content, out / BEST, set_aside, stopped=False, was_finished=True)


def _claim(
    out: Path, original: Model, wishes: Wishes, judged_by: JsonDict, *, resume: bool, overwrite: bool
) -> None:
    """The folder; what an earlier search left in it stays only for one that goes on with the same wishes."""
    asked = _asked(original, wishes, judged_by)
    kept = out / WORK / WISHES_FILE
    if resume and kept.is_file():
        _refuse_other(out, "was begun", asked, read_json(kept))
        return
    claim_folder(out, overwrite=overwrite, own=RESULTS, resumable="search")
    write_json(kept, asked)


def _asked(original: Model, wishes: Wishes, judged_by: JsonDict) -> JsonDict:
    """What every candidate of a search must have in common."""
    return {
        "model": original.sha256,
        "minutes": wishes.minutes,
        "widths": list(wishes.widths),
        **judged_by,
    }


def _refuse_other(out: Path, how: str, asked: JsonDict, before: JsonDict) -> None:
    """Raise where an earlier search in the folder was asked for something else."""
    other = [name for name in asked if before.get(name) != asked[name]]
    if not other:
        return
    told = "another run" if "model" in other else ", ".join(_told(name, before.get(name)) for name in other)
    raise OutputError(
        f"the search in this folder {how} with {told}",
        subject=str(out),
        do="Repeat that, choose another --out, or say --overwrite in place of --resume.",
    )


def _told(name: str, value: object) -> str:
    """A wish as it is said in the shell."""
    flag = {"everything": "--all"}.get(name, f"--{name.replace('_', '-')}")
    if value in (None, False, []):
        return f"no {flag}"
    if value is True:
        return flag
    if isinstance(value, list):
        return f"{flag} {','.join(map(str, value))}"
    return f"{flag} {value:g}" if isinstance(value, float) else f"{flag} {value}"


def _header(
    original: Model, dataset: Dataset, task: Task, run: Path, examples: dict[str, dict[str, Example]]
) -> JsonDict:
    plan = original.plan
    return {
        "task": plan.task,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "research_use": "Research use only, not for diagnosis",
        "score": task.score,
        "data": {
            "source": Path(dataset.source).name,
            "layout": dataset.layout,
            "patients": dataset.patients,
            "hash": original.provenance.get("data", {}).get("sha256", ""),
        },
        "model": {"hash": original.sha256, "run": run.resolve().name},
        "family": plan.network.family,
        "classes": list(plan.classes[1:] if plan.label_values else plan.classes),
        "tolerance_mm": plan.tolerance_mm if plan.label_values else None,
        "unit": "mm" if plan.spacing_mm is not None else "px",
        "split": "val",
        "n_train": len(examples["train"]),
    }


def _write(content: JsonDict, work: Path, out: Path, lang: str) -> None:
    """The packages of the front, the numbers and the page."""
    packages = out / PACKAGES
    shutil.rmtree(packages, ignore_errors=True)
    packages.mkdir()
    for name in content["front"]:
        _copy(work / f"{name}{SUFFIX}", packages / f"{name}{SUFFIX}")
    _copy(work / f"{content['chosen']}{SUFFIX}", out / BEST)
    write_json(out / NUMBERS, content)
    write_text(out / PAGE, render_compression(read_json(out / NUMBERS), lang))


def _copy(file: Path, to: Path) -> None:
    write_bytes(to, file.read_bytes())
