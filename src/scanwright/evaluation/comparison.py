"""Compare: two models on exactly the same cases, and what may be said of their difference."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from scanwright.core.comparison import (
    LEVEL,
    POWER,
    PairedNumber,
    delong_test,
    holm,
    paired_bootstrap,
    signed_rank_test,
    smallest_difference,
)
from scanwright.core.statistics import Key, Statistic, mean_defined
from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.errors import DataError, ScanwrightError, SettingsError
from scanwright.evaluation.cases import History, choose_cases, class_doubts, read_history
from scanwright.evaluation.numbers import (
    FEWEST_OF_A_KIND,
    FEWEST_TO_CLAIM,
    find_number,
    find_too_few,
    one_case_each,
)
from scanwright.inference.model import Model
from scanwright.planning.facts import image_hash
from scanwright.tasks.base import Record, Summary, Task
from scanwright.tasks.catalogue import find_task, task_dataset
from scanwright.types import FloatArray, IntArray, JsonDict, Progress

Pair: TypeAlias = tuple[Model, Model]
SCHEMA_VERSION = 1
N_RESAMPLES = 2000
NAMES = ("a", "b")
SMALLER_IS_BETTER = {
    *("hd95", "assd", "false_alarms", "lesion_false_alarms", "false_alarms_per_case", "count_error"),
    *("mae", "rmse", "grade_error", "brier", "missed_unseen", "referred", "set_size"),
    "voxel_brier",
}
NOT_COMPARED = (
    *("ece", "ece_before", "brier_before", "voxel_ece", "voxel_ece_before", "voxel_brier_before"),
    *("cautious_missed", "cautious_volume", "volume_coverage"),
)
"""Chance enlarges calibration errors, of one model more than of the other; of margins nearer to the promise
is better, not more or less."""
# Of what is in none of both sets nothing is said but that it differs: a bias is best in the middle.
LARGER_IS_BETTER = {
    *(
        "dice",
        "iou",
        "cldice",
        "dice_pooled",
        "surface_dice",
        "lesion_sensitivity",
        "auroc",
        "average_precision",
        "accuracy",
    ),
    *("balanced_accuracy", "precision", "recall", "f1", "kappa", "within_one", "r2", "pearson", "spearman"),
    *("ap", "cpm", "map", "map50", "map50_small", "map50_medium", "map50_large", "sensitivity"),
    *(f"sensitivity_{size}" for size in ("small", "medium", "large")),
    *(f"sensitivity_at_1_{size}" for size in ("small", "medium", "large")),
    *(f"sensitivity_at_{rate:g}" for rate in (0.125, 0.25, 0.5, 1, 2, 4, 8)),
}


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes:
        content: everything, as ``comparison.json`` holds it.
        set_aside: cases that could not be judged by both, with the reason.
    """

    content: JsonDict
    set_aside: tuple[SetAside, ...]

    def number(self, name: str, group: str = "") -> JsonDict:
        """One of the numbers: of both models, and their difference with its interval and test.

        Raises:
            SettingsError: there is no such number.
        """
        return find_number(self.content["numbers"], name, group)


def compare(
    models: Pair,
    dataset: Dataset,
    *,
    device: str = "auto",
    threads: int | None = None,
    seed: int = 0,
    progress: Progress,
) -> Comparison:
    """Judge two models on exactly the same cases, which neither learnt from.

    Of a dataset that one of them was trained on, these are the test cases of both; of another hospital's,
    all. Both are measured by the rules of the first one's plan (tolerance, what counts as a hit).

    Args:
        models: the first is what there is (a), the second what might replace it (b).
        dataset: with truth.
        device, threads: see Settings.
        seed: of the resampling.
        progress: told after every case.

    Raises:
        SettingsError: the models answer different questions.
        DataError: one learnt from the other's test cases, or no case can be judged by both.
    """
    check_same_question(models)
    plan = models[0].plan
    task = find_task(plan.task)
    dataset = task_dataset(task, dataset)
    class_doubts(dataset, plan)
    histories = (read_history(models[0]), read_history(models[1]))
    cases, set_aside, split, how = choose_common_cases(dataset, histories)
    digest: dict[str, str] = {}
    records: tuple[dict[str, Record], ...] = ({}, {})
    for model, own, name in zip(models, records, NAMES, strict=True):
        left = [case for case in cases if case.name not in {entry.case for entry in set_aside}]
        stage = f"Model {name.upper()}"
        for done, (case, prediction) in enumerate(model.run(left, device=device, threads=threads)):
            progress(stage, done, len(left), case.name)
            try:
                if isinstance(prediction, SetAside):
                    raise DataError(prediction.reason)
                digest[case.name] = digest.get(case.name) or image_hash(case.image.read())
                for history in histories:
                    history.refuse_learnt(digest[case.name], "test")
                own[case.name] = task.measure(prediction, case, plan)
            except ScanwrightError as error:
                set_aside.append(SetAside(case.name, "compare", str(error)))
        progress(stage, len(left), len(left), "")
    both = [case.name for case in cases if all(case.name in own for own in records)]
    if not both:
        first = f" The first: {set_aside[0]}" if set_aside else ""
        raise DataError(f"no case can be judged by both models.{first}", subject=dataset.source)
    pairs = ([records[0][name] for name in both], [records[1][name] for name in both])
    content = {
        **_header(models, dataset, {name: digest[name] for name in both}, split, how),
        **compare_records(task, plan, pairs, seed=seed, progress=progress),
        "set_aside": [vars(entry) for entry in set_aside],
    }
    return Comparison(content, tuple(set_aside))


def check_same_question(models: Pair) -> None:
    """Raise when two models do not answer the same question, so that no number of theirs can be compared.

    Raises:
        SettingsError: another task, other classes, or another target.
    """
    for what, of in (
        ("task", lambda plan: plan.task),
        ("classes", lambda plan: ", ".join(plan.classes)),
        ("values in the masks", lambda plan: ", ".join(map(str, plan.label_values))),
        ("number", lambda plan: plan.target),
    ):
        a, b = (of(model.plan) for model in models)
        if a != b:
            raise SettingsError(
                f"the models do not have the same {what}",
                expected=f"{a or 'none'}, as model A",
                received=f"{b}",
            )


def choose_common_cases(
    dataset: Dataset, histories: tuple[History, History]
) -> tuple[list[Case], list[SetAside], str, str]:
    """The cases on which both may be judged, those left out with the reason, the split they are, and how they
    were chosen.

    Raises:
        DataError: one learnt from the other's test cases, or there is no case.
    """
    (cases, aside, *chosen_a), (others, also_aside, *chosen_b) = (
        choose_cases(dataset, history, "test") for history in histories
    )
    splits = {chosen_a[0], chosen_b[0]}
    if splits != {"external"}:
        for name, own, other in (("A", *histories), ("B", *histories[::-1])):
            _refuse_leak(dataset, name, own, other)
    names = {case.name for case in others}
    common = [case for case in cases if case.name in names]
    if not common:
        raise DataError("the models have no test case in common", subject=dataset.source)
    set_aside = list(dict.fromkeys([*aside, *also_aside]))
    if splits == {"test"}:
        return common, set_aside, "test", "test cases of both, not used to choose anything"
    if splits == {"external"}:
        return common, set_aside, "external", chosen_a[1]
    return common, set_aside, "test", "test cases of the one; the other has not seen this data set"


def _refuse_leak(dataset: Dataset, name: str, own: History, other: History) -> None:
    tested = {short for short, split in own.split_by_hash.items() if split == "test"}
    learnt = {short for short, split in other.split_by_hash.items() if split in other.learnt_from("test")}
    if tested & learnt:
        raise DataError(
            f"the other model learnt from {len(tested & learnt)} of the {len(tested)} test cases of model "
            f"{name}; judging it on them would flatter it",
            subject=dataset.source,
            do="Train both on the same splits (a split column in manifest.csv, or the same data and --seed), "
            "or compare them on data that neither has seen.",
        )


def compare_records(
    task: Task,
    plan: Plan,
    records: tuple[Sequence[Record], Sequence[Record]],
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    progress: Progress,
) -> JsonDict:
    """The numbers of two models on the same cases with their differences, and each case, the worst first.

    Args:
        task, plan: what the records are of.
        records: of each model, of the same cases in the same order.
        n_resamples: number of draws.
        seed: of the resampling.
        progress: told when it begins and ends.
    """
    patients = [record["patient"] for record in records[0]]
    summaries = (task.summarise(records[0], plan), task.summarise(records[1], plan))
    progress("Comparing", 0, 1, "")
    numbers = _compare_numbers(summaries, patients, n_resamples, seed)
    progress("Comparing", 1, 1, "")
    cases = []
    for a, b in zip(*records, strict=True):
        went = (task.goodness(a, plan), task.goodness(b, plan))
        cases.append({"case": a["case"], "a": went[0], "b": went[1], "difference": went[1] - went[0]})
    known = {patient for patient in patients if patient is not None}
    return {
        "score": task.score,
        "n_patients": len(known) if None not in patients else None,
        "n_cases": len(patients),
        "one_case_each": one_case_each(patients),
        "level": LEVEL,
        "power": POWER,
        "fewest_to_claim": FEWEST_TO_CLAIM,
        "fewest_of_a_kind": FEWEST_OF_A_KIND,
        "n_resamples": n_resamples,
        "numbers": [_plain(number) for number in numbers],
        "cases": [_plain(one) for one in sorted(cases, key=lambda one: one["difference"])],
        "records": {name: list(own) for name, own in zip(NAMES, records, strict=True)},
    }


def _compare_numbers(
    summaries: tuple[Summary, Summary], patients: Sequence[str | None], n_resamples: int, seed: int
) -> list[JsonDict]:
    everything: IntArray = np.arange(len(patients))
    means = _mean_values(summaries, everything)
    support: dict[Key, IntArray] = {}
    elsewhere: set[Key] = set()
    for key in summaries[0].statistic(everything):
        of_a, of_b = (summary.support.get(key, everything) for summary in summaries)
        if key in means:
            support[key] = np.flatnonzero(np.isfinite(means[key]).all(axis=0))
        elif np.array_equal(of_a, of_b):
            support[key] = of_a
        else:
            support[key] = np.intersect1d(of_a, of_b)
            elsewhere.add(key)
    pairs = paired_bootstrap(
        _statistic(summaries[0], means, 0),
        _statistic(summaries[1], means, 1),
        patients,
        support=support,
        units=summaries[0].units,
        n_resamples=n_resamples,
        seed=seed,
    )
    unknown = None in patients
    few = find_too_few({key: pair.difference.n_patients for key, pair in pairs.items()}, summaries[0])
    rows = []
    for key, pair in pairs.items():
        row = _row(pair, None if unknown else pair.difference.n_patients)
        if key in elsewhere:
            row |= {"difference": math.nan, "low": math.nan, "high": math.nan, "verdict": "different_cases"}
        elif key in few:
            row["verdict"] = "too_few"
        else:
            _test(row, key, pair, summaries, means, patients)
        rows.append(row)
    _correct(rows)
    return sorted(rows, key=lambda row: row["group"] != "")


def _mean_values(summaries: tuple[Summary, Summary], everything: IntArray) -> dict[Key, FloatArray]:
    """Of the numbers that are means over cases, the value of each case, (model, case); nan where one of the
    models has none, so that both are means over the same cases.

    What a number is shows in itself: of single cases it is their values, and these have it as their mean.
    """
    found = []
    for summary in summaries:
        whole = summary.statistic(everything)
        single = [summary.statistic(everything[row : row + 1]) for row in everything]
        own = {}
        for key, value in whole.items():
            values = np.array([one.get(key, math.nan) for one in single], dtype=np.float64)
            defined = np.flatnonzero(np.isfinite(values))
            if np.array_equal(defined, summary.support.get(key, everything)) and math.isclose(
                mean_defined(values), value, rel_tol=1e-9, abs_tol=1e-12
            ):
                own[key] = values
        found.append(own)
    both = {key: np.stack([found[0][key], found[1][key]]) for key in found[0] if key in found[1]}
    return {key: np.where(np.isfinite(pair).all(axis=0), pair, np.nan) for key, pair in both.items()}


def _statistic(summary: Summary, means: Mapping[Key, FloatArray], n: int) -> Statistic:
    def statistic(rows: IntArray) -> dict[Key, float]:
        numbers = {
            **summary.statistic(rows),
            **{key: mean_defined(pair[n, rows]) for key, pair in means.items()},
        }
        return {key: value for key, value in numbers.items() if key[0] not in NOT_COMPARED}

    return statistic


def _row(pair: PairedNumber, n_patients: int | None) -> JsonDict:
    number = pair.difference
    better = "larger" if number.name in LARGER_IS_BETTER else None
    return {
        "name": number.name,
        "group": number.group,
        "unit": number.unit,
        "better": "smaller" if number.name in SMALLER_IS_BETTER else better,
        "a": pair.a,
        "b": pair.b,
        "difference": number.value,
        "low": number.low,
        "high": number.high,
        "level": number.level,
        "method": number.method,
        "n": number.n,
        "n_patients": n_patients,
        "standard_error": pair.standard_error,
        "smallest_difference": smallest_difference(pair.standard_error)
        if pair.standard_error > 0
        else math.nan,
        "test": None,
        "p": math.nan,
        "p_holm": math.nan,
        "verdict": "no_difference_shown",
    }


def _test(
    row: JsonDict,
    key: Key,
    pair: PairedNumber,
    summaries: tuple[Summary, Summary],
    means: Mapping[Key, FloatArray],
    patients: Sequence[str | None],
) -> None:
    """Fill in the test that fits: DeLong's for areas and signed ranks for means where each patient has one
    case, which both need; else the bootstrap, which resamples patients with all their cases. Where all
    patients differ alike nothing is left to resample, and of means their exact sign test holds."""
    row |= {"test": "bootstrap", "p": pair.p}
    alone = one_case_each(patients)
    if alone and all(key in summary.rankings for summary in summaries):
        (scores_a, positives), (scores_b, _) = (summary.rankings[key] for summary in summaries)
        area = delong_test(scores_a, scores_b, positives)
        if pair.is_constant and math.isnan(area.p):
            return
        row |= {"test": "DeLong", "p": area.p, "low": area.low, "high": area.high, "method": "DeLong"}
        row["standard_error"] = area.standard_error
        row["smallest_difference"] = smallest_difference(area.standard_error) or math.nan
    elif key in means and (alone or pair.is_constant):
        a, b = means[key]
        p, test = signed_rank_test(_by_patient(b - a, patients))
        row |= {"test": test, "p": p}


def _by_patient(values: FloatArray, patients: Sequence[str | None]) -> FloatArray:
    """The mean of each patient's own values, those that are nan left out; a case without one stands alone."""
    of: dict[object, list[float]] = {}
    for index, (patient, value) in enumerate(zip(patients, values, strict=True)):
        if math.isfinite(value):
            of.setdefault((index,) if patient is None else patient, []).append(float(value))
    return np.array([np.mean(own) for own in of.values()])


def _correct(rows: Sequence[JsonDict]) -> None:
    """Correct the p values for having looked at all, those over all classes and those of single classes each
    among themselves, and say what may be claimed: only where test and interval, if there is one, agree."""
    whole = {row["name"] for row in rows if not row["group"]}
    for of_classes in (False, True):
        family = [row for row in rows if (row["group"] != "" and row["name"] in whole) == of_classes]
        for row, p in zip(family, holm([row["p"] for row in family]), strict=True):
            row["p_holm"] = p
            if row["verdict"] == "no_difference_shown" and p < 1 - row["level"]:
                row["verdict"] = _claim(row)


def _claim(row: JsonDict) -> str:
    if row["low"] <= 0 <= row["high"]:  # nan where there is no interval, as all patients differ alike
        return "no_difference_shown"
    if row["better"] is None:
        return "differs"
    return "b_better" if (row["difference"] > 0) == (row["better"] == "larger") else "a_better"


def _plain(row: JsonDict) -> JsonDict:
    """What is not finite becomes ``None``: JSON has no word for it."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }


def _header(models: Pair, dataset: Dataset, digest: Mapping[str, str], split: str, how: str) -> JsonDict:
    plan = models[0].plan
    return {
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
        "models": {
            name: {
                "hash": model.sha256,
                "run": model.folder.parent.name if model.folder else "",
                "members": model.n_members,
                "planned_members": model.n_planned,
            }
            for name, model in zip(NAMES, models, strict=True)
        },
        "split": split,
        "how_chosen": how,
        "classes": list(plan.classes[1:] if plan.label_values else plan.classes),
        "target": plan.target,
        "tolerance_mm": plan.tolerance_mm if plan.label_values else None,
        "unit": "mm" if plan.spacing_mm is not None else "px",
    }
