"""Every optimiser, schedule and loss on real data, each at the rate that it brings: validation scores.

It says whether a choice learns, and not which is best: one seed, the same few steps for each, and scores of
the validation cases that chose the round. Test cases are not opened.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

import scanwright as sw
from figures import arguments, data_root, print_header, progress
from scanwright.data.choices import CLASS_LOSSES, MASK_LOSSES, OPTIMISERS, SCHEDULES
from scanwright.data.plan import Plan
from scanwright.tasks.catalogue import find_task
from scanwright.training.cache import prepare_examples
from scanwright.training.fit import fit
from scanwright.types import silent

DATA = {
    "pneumonia": "pneumoniamnist/pneumoniamnist.npz",
    "busi": "busi-breast-ultrasound",
    "hippocampus": "msd-hippocampus",
    "drive": "retina-drive",
}


def main() -> None:
    parser = arguments(__doc__ or "", minutes=5)
    parser.add_argument("data", choices=DATA)
    parser.add_argument(
        "--rows", nargs="+", help='each "FIELD=VALUE FIELD=VALUE", as of --set; all by default'
    )
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    path = data_root() / DATA[options.data]
    with progress() as tell:
        planned = sw.plan(path, minutes=options.minutes, seed=options.seed, progress=tell)
    facts, plan = planned.fingerprint, planned.plan
    task = find_task(plan.task)
    pace = tuple((options.steps // options.rounds, (n + 1) / options.rounds) for n in range(options.rounds))
    plan = replace(plan, pace=pace)
    print_header(
        f"Choices on {options.data}: validation {task.score} after {options.steps} steps",
        planned_for=f"{options.minutes:g} min",
        seed=options.seed,
        n_train=facts.n_train,
        n_val=len(facts.splits.names("val")),
    )
    with tempfile.TemporaryDirectory() as folder:
        examples = {}
        for split in ("train", "val"):
            names = set(facts.splits.names(split))
            cases = [case for case in facts.dataset.cases if case.name in names]
            examples[split], _ = prepare_examples(cases, task, plan, Path(folder) / "cache", silent)
        for row in options.rows or all_rows(plan):
            chosen = plan.overrule(dict(pair.split("=", 1) for pair in row.split()))
            start = time.perf_counter()
            place = Path(tempfile.mkdtemp(dir=folder))
            fitted = fit(task, chosen, examples, place, device="cpu", resume=False, progress=silent)
            scores = " ".join(f"{entry['score']:.3f}" for entry in fitted.position.log)
            print(
                f"{row or 'as planned':<36} rate {chosen.learning_rate:<6g} "
                f"best {fitted.position.best_score:.4f} ({scores}), {time.perf_counter() - start:.0f} s",
                flush=True,
            )


def all_rows(plan: Plan) -> list[str]:
    """The plan, and every choice beside it."""
    losses = MASK_LOSSES if plan.label_values else CLASS_LOSSES
    tables = {"optimiser": OPTIMISERS, "schedule": SCHEDULES, "loss": losses}
    own = {"optimiser": plan.optimiser, "schedule": plan.schedule, "loss": plan.loss}
    rows = [f"{field}={name}" for field, names in tables.items() for name in names if name != own[field]]
    return ["", *rows, "sampling=balanced", "class_weights=inverse"]


if __name__ == "__main__":
    main()
