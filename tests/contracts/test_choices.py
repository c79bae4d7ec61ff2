"""The contract of every choice of how to learn: with the values that it brings, it learns.

Two problems that no chance solves, in few steps: what has not learnt stays far below the bars, and a test
makes sure of it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from scanwright.data.choices import ANSWERS, MASK_LOSSES, OPTIMISERS, SCHEDULES
from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.networks.catalogue import build_network
from scanwright.tasks.base import Example
from scanwright.tasks.catalogue import find_task
from scanwright.training.fit import fit
from scanwright.types import silent

EDGE = 16
PLANS = {
    "segmentation": Plan(
        task="segmentation",
        dims=2,
        channels=(ChannelPlan("image"),),
        classes=("background", "bright", "dark"),
        label_values=(0, 1, 2),
        class_shares=(0.7, 0.15, 0.15),
        patch_voxels=(EDGE, EDGE, 1),
        batch_size=8,
        network=NetworkPlan("unet", (32, 64), ((1, 1), (2, 2)), ((3, 3), (3, 3))),
        loss="dice_ce",
        learning_rate=2e-3,
        foreground_fraction=0.5,
        average_steps=5,
        pace=((16, 0.5), (16, 1.0)),
    ),
    "classification": Plan(
        task="classification",
        dims=2,
        channels=(ChannelPlan("image"),),
        classes=("rows", "columns", "down", "up"),
        class_shares=(0.25,) * 4,
        patch_voxels=(EDGE, EDGE, 1),
        batch_size=8,
        network=NetworkPlan("resnet", (8, 16), ((1, 1), (2, 2)), blocks=(1, 1)),
        loss="ce",
        learning_rate=2e-3,
        average_steps=5,
        pace=((10, 0.5), (10, 1.0)),
    ),
}
PLANS |= {
    "ordinal": replace(
        PLANS["classification"],
        task="ordinal",
        answer="grade",
        classes=("0", "1", "2", "3"),
        loss="emd",
        pace=((30, 0.5), (30, 1.0)),
    ),
    "multilabel": replace(
        PLANS["classification"],
        task="multilabel",
        answer="labels",
        classes=("rows", "columns"),
        class_shares=(0.5, 0.5),
        loss="bce",
    ),
    "regression": replace(
        PLANS["classification"],
        task="regression",
        answer="value",
        classes=(),
        class_shares=(),
        target="stripes",
        loss="mse",
        pace=((30, 0.5), (30, 1.0)),
    ),
}
# Validation Dice of two classes, AUROC of four, weighted kappa, AUROC of two, and R².
BARS = {"segmentation": 0.6, "classification": 0.85, "ordinal": 0.7, "multilabel": 0.85, "regression": 0.6}
UNLEARNT = {"segmentation": 0.3, "classification": 0.65, "ordinal": 0.3, "multilabel": 0.8, "regression": 0.2}
LOSSES = {
    task: MASK_LOSSES if plan.label_values else ANSWERS[plan.answer].losses for task, plan in PLANS.items()
}


def spots(rng: np.random.Generator) -> Example:
    """A bright and a dark spot in noise, a class each."""
    rows, columns = np.mgrid[:EDGE, :EDGE]
    image = rng.normal(0, 0.5, (EDGE, EDGE))
    target = np.zeros((EDGE, EDGE, 1), np.uint8)
    for index, level in ((1, 2.0), (2, -2.0)):
        row, column = rng.uniform(4, EDGE - 4, 2)
        inside = (rows - row) ** 2 + (columns - column) ** 2 < 12
        image[inside] = level + rng.normal(0, 0.5, np.count_nonzero(inside))
        target[inside] = index
    places = {index: np.flatnonzero(target == index) for index in (1, 2)}
    return Example(image[None, ..., None].astype(np.float32), target, places)


def stripes(rng: np.random.Generator, index: int) -> Example:
    """Stripes in noise; their direction is the class."""
    rows, columns = np.mgrid[:EDGE, :EDGE]
    along = (rows, columns, rows + columns, rows - columns)[index]
    image = np.sin(2 * np.pi * along / 5 + rng.uniform(0, 6)) + rng.normal(0, 0.5, (EDGE, EDGE))
    return Example(image[None, ..., None].astype(np.float32), np.array(index, np.uint8))


def ripples(rng: np.random.Generator, level: float, target: np.ndarray) -> Example:
    """Stripes in noise, the stronger the higher the level (0 … 1)."""
    along = np.mgrid[:EDGE, :EDGE][rng.integers(2)]
    image = 2 * level * np.sin(1.3 * along + rng.uniform(0, 6)) + rng.normal(0, 0.3, (EDGE, EDGE))
    return Example(image[None, ..., None].astype(np.float32), target)


def crossed(rng: np.random.Generator, held: tuple[int, int]) -> Example:
    """Stripes along the rows, along the columns, both or none, in noise."""
    both = [made.image[0, ..., 0] for made in (stripes(rng, 0), stripes(rng, 1))]
    image = sum(own * has for own, has in zip(both, held, strict=True)) + rng.normal(0, 0.5, (EDGE, EDGE))
    return Example(np.asarray(image)[None, ..., None].astype(np.float32), np.array(held, np.float32))


def levels(rng: np.random.Generator) -> Example:
    """A number of about 1 in size, to be told from the stripes."""
    level = rng.uniform()
    return ripples(rng, level, np.array([3.4 * (level - 0.5)], np.float32))


def examples(task: str) -> dict[str, dict[str, Example]]:
    rng = np.random.default_rng(0)
    make = {
        "segmentation": lambda n: spots(rng),
        "classification": lambda n: stripes(rng, n % 4),
        "ordinal": lambda n: ripples(rng, n % 4 / 3, np.array(n % 4, np.uint8)),
        "multilabel": lambda n: crossed(rng, (n % 2, n // 2 % 2)),
        "regression": lambda n: levels(rng),
    }[task]
    return {split: {f"{split}{n}": make(n) for n in range(k)} for split, k in (("train", 24), ("val", 8))}


def score(task: str, folder: Path, **chosen: str) -> float:
    """The best validation score, in one thread, with what the user sets and what that brings."""
    plan, threads = PLANS[task].overrule(chosen), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fitted = fit(
            find_task(task), plan, examples(task), folder, device="cpu", resume=False, progress=silent
        )
    finally:
        torch.set_num_threads(threads)
    assert fitted.position.best_score is not None
    return fitted.position.best_score


every_task = pytest.mark.parametrize("task", PLANS)
# Optimisers and schedules know nothing of the answer; one task of each learner is enough for them.
every_learner = pytest.mark.parametrize("task", ["segmentation", "classification"])


@every_learner
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_an_optimiser_learns_at_the_rate_that_it_brings(task: str, optimiser: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, optimiser=optimiser) > BARS[task]


@every_learner
@pytest.mark.parametrize("schedule", sorted({*SCHEDULES} - {"cosine"}))
def test_a_schedule_learns_with_the_warm_up_that_it_brings(task: str, schedule: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, schedule=schedule) > BARS[task]


@pytest.mark.parametrize(
    ("task", "loss"),
    [(task, loss) for task, losses in LOSSES.items() for loss in losses if loss != PLANS[task].loss],
)
def test_a_loss_learns(task: str, loss: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, loss=loss) > BARS[task]


@pytest.mark.parametrize("task", [task for task in PLANS if task != "regression"])
@pytest.mark.parametrize("chosen", [{"sampling": "balanced"}, {"class_weights": "inverse"}], ids=str)
def test_what_makes_up_for_rare_classes_learns(task: str, chosen: dict[str, str], tmp_path: Path) -> None:
    assert score(task, tmp_path, **chosen) > BARS[task]


@pytest.mark.parametrize("task", ["segmentation", "classification", "ordinal"])
def test_logits_adjusted_to_the_shares_learn(task: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, loss="ce", logit_adjustment="1") > BARS[task]


@every_task
def test_the_usual_choices_learn(task: str, tmp_path: Path) -> None:
    assert score(task, tmp_path) > BARS[task]


@every_task
def test_what_does_not_learn_stays_far_below_the_bars(task: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, learning_rate="1e-8") < UNLEARNT[task]


@every_task
def test_dropout_acts_in_training_and_not_in_prediction(task: str) -> None:
    plan = PLANS[task].overrule({"network.dropout": "0.5"})
    torch.manual_seed(0)
    network = build_network(plan)
    images = torch.randn(2, 1, EDGE, EDGE)
    first, second = (network.train()(images)[0] for _ in range(2))
    assert not torch.equal(first, second)
    first, second = (network.eval()(images)[0] for _ in range(2))
    assert torch.equal(first, second)
