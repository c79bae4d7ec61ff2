"""The contract of every choice of how to learn: with the values that it brings, it learns.

Two problems that no chance solves, in few steps: what has not learnt stays far below the bars, and a test
makes sure of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from scanwright.data.choices import CLASS_LOSSES, MASK_LOSSES, OPTIMISERS, SCHEDULES
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
# Validation Dice of two classes, and AUROC of four.
BARS = {"segmentation": 0.6, "classification": 0.85}
UNLEARNT = {"segmentation": 0.3, "classification": 0.65}
LOSSES = {"segmentation": MASK_LOSSES, "classification": CLASS_LOSSES}


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


def examples(task: str) -> dict[str, dict[str, Example]]:
    rng = np.random.default_rng(0)
    make = {"segmentation": lambda n: spots(rng), "classification": lambda n: stripes(rng, n % 4)}[task]
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


@every_task
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_an_optimiser_learns_at_the_rate_that_it_brings(task: str, optimiser: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, optimiser=optimiser) > BARS[task]


@every_task
@pytest.mark.parametrize("schedule", sorted({*SCHEDULES} - {"cosine"}))
def test_a_schedule_learns_with_the_warm_up_that_it_brings(task: str, schedule: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, schedule=schedule) > BARS[task]


@pytest.mark.parametrize(
    ("task", "loss"),
    [(task, loss) for task, losses in LOSSES.items() for loss in losses if loss != PLANS[task].loss],
)
def test_a_loss_learns(task: str, loss: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, loss=loss) > BARS[task]


@every_task
@pytest.mark.parametrize("chosen", [{"sampling": "balanced"}, {"class_weights": "inverse"}], ids=str)
def test_what_makes_up_for_rare_classes_learns(task: str, chosen: dict[str, str], tmp_path: Path) -> None:
    assert score(task, tmp_path, **chosen) > BARS[task]


@every_task
def test_logits_adjusted_to_the_shares_learn(task: str, tmp_path: Path) -> None:
    assert score(task, tmp_path, loss="ce", logit_adjustment="1") > BARS[task]


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
