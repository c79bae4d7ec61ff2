"""Evaluate: predictions against truth, as records, numbers with intervals, and pictures of telling cases."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanwright.data.case import SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import Doubt
from scanwright.errors import DataError, ScanwrightError, SettingsError
from scanwright.evaluation.cases import (
    History,
    check_targets,
    choose_cases,
    class_doubts,
    count_unknown,
    read_history,
)
from scanwright.evaluation.gallery import (
    Packed,
    choose_telling,
    draw_telling,
    judge_doubts,
    pack,
    record_doubt,
)
from scanwright.evaluation.numbers import describe, find_number, measure_numbers
from scanwright.evaluation.subgroups import check_columns, judge_subgroups
from scanwright.inference.model import Model
from scanwright.io.costs_csv import read_costs
from scanwright.planning.facts import image_hash
from scanwright.report.pictures import Picture
from scanwright.tasks.base import Record
from scanwright.tasks.catalogue import find_task, task_dataset
from scanwright.tasks.costs import Costs, count_costs, usual_costs
from scanwright.tasks.settled import has_margins, has_probabilities, has_sets
from scanwright.types import JsonDict, PathLikeStr, Progress

SCHEMA_VERSION = 1
SPLITS = ("test", "val", "all")


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes:
        content: everything, as ``evaluation.json`` holds it.
        pictures: of telling cases, see ``gallery.choose_telling``.
        set_aside: cases that could not be judged, with the reason.
    """

    content: JsonDict
    pictures: tuple[Picture, ...]
    set_aside: tuple[SetAside, ...]

    def number(self, name: str, group: str = "") -> JsonDict:
        """One of the numbers, with its interval.

        Raises:
            SettingsError: there is no such number.
        """
        return find_number(self.content["numbers"], name, group)


def evaluate(
    model: Model,
    dataset: Dataset,
    *,
    split: str = "test",
    device: str = "auto",
    threads: int | None = None,
    by: Sequence[str] = (),
    costs: PathLikeStr | None = None,
    uncertainty: str = "",
    seed: int = 0,
    progress: Progress,
) -> Evaluation:
    """Judge a model on cases it did not learn from.

    Args:
        model: loaded from a run.
        dataset: with truth. Where it holds cases of the model's own splits, ``split`` says which are used; a
            dataset that shares none is another hospital's, and all its cases count.
        split: "test", "val" or "all".
        device, threads: see Settings.
        by: columns that divide the cases into subgroups, see ``subgroups.judge_subgroups``.
        costs: table of what answers cost; ``usual_costs`` without one.
        uncertainty: also measured by "tta", "dropout" or "ensemble", see ``inference/uncertainty.py``.
        seed: of the resampling.
        progress: told after every case.

    Raises:
        SettingsError: no such split or column, or costs that do not fit the answers.
        DataError: no case can be judged.
    """
    if split not in SPLITS:
        raise SettingsError("no such split", expected=" or ".join(SPLITS), received=f"split={split}")
    paid = _choose_costs(costs, model.plan)
    history = read_history(model)
    task, plan = find_task(model.plan.task), model.plan
    dataset = task_dataset(task, dataset)
    check_targets(dataset, task)
    doubts: Counter[Doubt] = Counter(class_doubts(dataset, plan))
    cases, set_aside, split, how = choose_cases(dataset, history, split)
    check_columns(by, cases, task)
    records: list[Record] = []
    packed: dict[str, Packed] = {}
    digest: dict[str, str] = {}
    by_name = {case.name: case for case in cases}
    answers = model.run(cases, device=device, threads=threads, uncertainty=uncertainty)
    for done, (case, prediction) in enumerate(answers):
        progress("Evaluating", done, len(cases), case.name)
        try:
            if isinstance(prediction, SetAside):
                raise DataError(prediction.reason)
            digest[case.name] = image_hash(case.image.read())
            history.refuse_learnt(digest[case.name], split)
            records.append(task.measure(prediction, case, plan) | record_doubt(prediction))
            packed[case.name] = pack(prediction)
            doubts.update(prediction.doubts)
        except ScanwrightError as error:
            set_aside.append(SetAside(case.name, "evaluate", str(error)))
    progress("Evaluating", len(cases), len(cases), "")
    if not records:
        first = f" The first: {set_aside[0]}" if set_aside else ""
        raise DataError(f"no case can be judged.{first}", subject=dataset.source)
    telling = choose_telling(records, plan)
    pictures = draw_telling(telling, by_name, packed, plan, progress)
    content = _content(model, dataset, records, set_aside, history, split, how, digest, paid, seed)
    content["unknown_classes"] = count_unknown(
        [by_name[one.case] for one in set_aside if one.case in by_name], plan
    )
    content["subgroups"] = judge_subgroups(task, plan, records, by_name, by, seed=seed)
    content["doubts"] = [{**vars(doubt), "n": n} for doubt, n in doubts.items()]
    content["gallery"] = [{"case": record["case"], "why": ranks} for record, ranks in telling]
    content["doubts_judged"] = (
        {"method": uncertainty, **judged} if (judged := judge_doubts(records, plan)) else None
    )
    return Evaluation(content, tuple(pictures), tuple(set_aside))


def _content(  # one place gathers everything that the file holds
    model: Model,
    dataset: Dataset,
    records: Sequence[Record],
    set_aside: Sequence[SetAside],
    history: History,
    split: str,
    how: str,
    digest: dict[str, str],
    costs: Costs | None,
    seed: int,
) -> JsonDict:
    plan = model.plan
    task = find_task(plan.task)
    summary = task.summarise(records, plan)
    if costs is not None:
        summary = count_costs(summary, records, plan, costs)
    patients = [record["patient"] for record in records]
    numbers = measure_numbers(summary, patients, seed=seed)
    known = {patient for patient in patients if patient is not None}
    # The run's own story is that of these cases only where all of them are here.
    own = split != "external" and set(history.split_of) <= {case.name for case in dataset.cases}
    all_aside = list(dict.fromkeys([*(history.set_aside if own else ()), *set_aside]))
    by_case = [record["case"] for record in records]
    counts = (
        {name: list(history.split_of.values()).count(name) for name in ("train", "val", "test")}
        if own
        else {"judged": len(records)}
    )
    content: JsonDict = {
        "schema_version": SCHEMA_VERSION,
        "task": plan.task,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "research_use": "Research use only, not for diagnosis",
        "data": {
            "source": Path(dataset.source).name,
            "layout": dataset.layout,
            "patients": dataset.patients,
            "hash": hashlib.sha256(json.dumps(digest, sort_keys=True).encode()).hexdigest(),
        },
        "learnt_from": history.learnt,
        "model": {
            "hash": model.sha256,
            "run": model.folder.parent.name if model.folder else "",
            "members": model.n_members,
            "planned_members": model.n_planned,
        },
        "split": split,
        "how_chosen": how,
        "n_patients": len(known) if None not in patients else None,
        "n_cases": len(records),
        "classes": list(plan.classes[1:] if plan.label_values else plan.classes),
        "score": task.score,
        "tolerance_mm": plan.tolerance_mm if plan.label_values else None,
        "unit": "mm" if plan.spacing_mm is not None else "px",
        "numbers": describe(numbers, summary, patients),
        "records": list(records),
        "confusion": None,
        "curves": None,
        "costs": costs and costs.to_json(plan.classes),
        **_settled(model),
        "agreement": None,
        "training": history.log,
        "flow": {
            "found": len({entry.case for entry in all_aside} | set(history.split_of if own else by_case)),
            "set_aside": len({entry.case for entry in all_aside}),
            **counts,
        },
        "set_aside": [vars(entry) for entry in all_aside],
        "plan": plan.decisions(),
        "provenance": history.provenance,
        "baselines": [],
    }
    return content | task.tables(records, plan)


def _choose_costs(path: PathLikeStr | None, plan: Plan) -> Costs | None:
    usual = usual_costs(plan)
    if path is None:
        return usual
    if usual is None:
        raise SettingsError(
            "costs are of answers that are one class of several", received=f"a model for {plan.task}"
        )
    return Costs(read_costs(Path(path), plan.classes))


def _settled(model: Model) -> JsonDict:
    """What validation cases settled of the probabilities; ``None`` where an answer has none."""
    fitted = {**model.calibration.to_json(), "asked": model.plan.calibration}
    sets, margins = (
        {**part.to_json(), "n_needed": part.n_needed} for part in (model.conformal, model.margins)
    )
    return {
        "thresholds": dict(model.thresholds) if has_probabilities(model.plan) else {},
        "calibration": fitted if has_probabilities(model.plan) else None,
        "conformal": sets if has_sets(model.plan) else None,
        "margins": margins if has_margins(model.plan) else None,
        "reliability": None,
        "risk": None,
        "decision": None,
    }
