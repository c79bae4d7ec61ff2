"""Numbers a clinician can trust: are probabilities right, whom does a person see, for whom does it work?

PneumoniaMNIST (learnt from the official train images, judged on the official validation images) and BUSI
(five fixed folds, answers pooled). Of each: calibration error and Brier score before and after calibration
on the model's own validation cases, share referred and missed unseen at the level asked for, error among the
surest answers, expected cost (usual costs), and the leading number by brightness of the picture, the only
fact that both have.

BUSI has too few validation cases of each class for a level of 0.98. So sets are also fitted on the answers
to the other four folds (other networks of the same plan) and judged on the fifth, at levels that suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import scanwright as sw
from figures import arguments, busi_fold, print_header, print_number, progress, splits, unseen_pneumonia
from scanwright.core.conformal import fit_conformal
from scanwright.data.case import Case
from scanwright.evaluation.numbers import measure_numbers
from scanwright.evaluation.subgroups import judge_subgroups
from scanwright.tasks.catalogue import find_task
from scanwright.tasks.costs import count_costs, usual_costs

SHOWN = ("auroc", "balanced_accuracy", "expected_cost", "ece_before", "ece", "brier_before", "brier")
OF_SETS = ("referred", "missed_unseen", "set_coverage", "set_size")
ANSWERED = (0.5, 0.8, 0.9, 1.0)
LEVELS = (0.9, 0.95, 0.98)


def main() -> None:
    parser = arguments(__doc__ or "", minutes=1.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--level", type=float, default=0.98)
    parser.add_argument("--data", choices=("pneumonia", "busi"), nargs="+", default=["pneumonia", "busi"])
    options = parser.parse_args()
    facts = {"minutes": f"{options.minutes} a training", "seed": options.seed, "level": options.level}
    print_header("Numbers to trust", **facts)
    if "pneumonia" in options.data:
        judge("PneumoniaMNIST 28 px", *pneumonia(options))
    if "busi" in options.data:
        judge("BUSI, five folds pooled", *busi(options))


def pneumonia(options) -> tuple[sw.Plan, list, list[Case], list[int]]:
    """Plan, records, cases, and the fold of each record."""
    folder = options.out / "trust" / "pneumonia"
    model, result, cases = learn(unseen_pneumonia(folder), folder / "run", options)
    records = result.content["records"]
    return model.plan, records, cases, [0] * len(records)


def busi(options) -> tuple[sw.Plan, list, list[Case], list[int]]:
    """As :func:`pneumonia`."""
    records, cases, fold_of = list[dict](), list[Case](), list[int]()
    for fold in range(len(splits("busi-breast-ultrasound")["folds"])):
        folder = busi_fold(options.out / "trust" / f"busi-{fold}", fold)
        model, result, own = learn(folder, folder / "run", options)
        judged = {record["case"] for record in result.content["records"]}
        records += result.content["records"]
        cases += [case for case in own if case.name in judged]
        fold_of += [fold] * len(judged)
    return model.plan, records, cases, fold_of


def learn(data: Path, run: Path, options) -> tuple[sw.Model, sw.Evaluation, list[Case]]:
    """The model, trained once and kept, its evaluation, and the cases with their brightness."""
    dataset = sw.open(data)
    settings = {"minutes": options.minutes, "seed": options.seed, "threads": options.threads}
    with progress() as tell:
        if not (run / "model").is_dir():
            level = {"interval_level": str(options.level)}
            sw.train(dataset, run, overwrite=True, overrides=level, progress=tell, **settings)
        model = sw.load(run)
        result = sw.evaluate(model, dataset, progress=tell)
    fitted, sets = model.calibration, model.conformal
    print(f"{run.parent.name}: {fitted.n} cases, {dict(fitted.temperatures)}, {dict(fitted.biases)}")
    print(f"  sets: {'yes' if sets.is_fitted else f'no, {sets.n_needed} needed'} {dict(sets.n)}", flush=True)
    return model, result, list(dataset.cases)


def judge(title: str, plan: sw.Plan, records: list, cases: Sequence[Case], fold_of: Sequence[int]) -> None:
    """Print everything of one data set."""
    print(f"\n{title}: n = {len(records)}, classes {', '.join(plan.classes)}")
    task, costs = find_task(plan.task), usual_costs(plan)
    summary = task.summarise(records, plan)
    if costs is not None:
        summary = count_costs(summary, records, plan, costs)
    numbers = measure_numbers(summary, [record["patient"] for record in records])
    for name in (*SHOWN, *OF_SETS):
        for (known, group), number in numbers.items():
            if known == name and (not group or name in ("missed_unseen", "set_coverage")):
                print_number(f"{name} {group}".strip(), number.to_json())
    risk = task.tables(records, plan)["risk"]
    told = (f"{100 * share:.0f} %: {np.interp(share, risk['x'], risk['y']):.4f}" for share in ANSWERED)
    print("error among the surest " + ", ".join(told))
    if len(set(fold_of)) > 1:
        cross_fitted(plan, records, np.array(fold_of))
    by_name = {case.name: bright(case) for case in cases}
    for group in judge_subgroups(task, plan, records, by_name, ["brightness"])[0]["groups"]:
        lead = next(n for n in group["numbers"] if (n["name"], n["group"]) == (task.score, ""))
        print_number(f"brightness {group['name']}: {task.score}", lead)


def bright(case: Case) -> Case:
    """The case with the mean grey of its picture as a fact."""
    return replace(case, facts={**case.facts, "brightness": f"{case.image.read().array.mean():.1f}"})


def cross_fitted(plan: sw.Plan, records: list, fold_of: np.ndarray) -> None:
    """Sets from the answers to the other folds: how often they hold each class, and how many are referred."""
    names = plan.classes
    own = [record.get("uncalibrated", record["probabilities"]) for record in records]
    scores = np.array([[one[name] for name in names] for one in own])
    truth = np.array([[record["truth"] == name for name in names] for record in records])
    for level in LEVELS:
        possible = np.zeros_like(truth)
        fitted = [
            fit_conformal(scores[fold_of != f], truth[fold_of != f], names, level, exclusive=True)
            for f in range(fold_of.max() + 1)
        ]
        if not all(one.is_fitted for one in fitted):
            print(
                f"level {level:g}, from other folds: too few cases, {fitted[0].n_needed} of each class needed"
            )
            continue
        for f, one in enumerate(fitted):
            possible[fold_of == f] = scores[fold_of == f] >= np.array([one.least[name] for name in names])
        held = ", ".join(f"{name} {possible[truth[:, c], c].mean():.3f}" for c, name in enumerate(names))
        stands = (possible.sum(axis=1) == 1) & possible[np.arange(len(scores)), scores.argmax(axis=1)]
        print(f"level {level:g}, from other folds: referred {1 - stands.mean():.3f}; sets hold {held}")


if __name__ == "__main__":
    main()
