"""A network that has seen few batches answers by what these were like, and not by what torch begins with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import scanwright as sw
from builders import write_picture
from scanwright.training.batch_norm import MOMENTUM, weigh_batch
from tiny import plan_of


def seen(norm: nn.BatchNorm1d, means: list[float], first_step: int = 0) -> nn.BatchNorm1d:
    """The layer after batches of these means."""
    norm.train()
    for step, mean in enumerate(means, start=first_step):
        weigh_batch(norm, step)
        norm(torch.tensor([[mean - 1.0], [mean + 1.0]]))
    return norm


def test_the_first_batches_count_alike_and_the_start_of_torch_does_not_count() -> None:
    norm = seen(nn.BatchNorm1d(1), [5.0, 7.0, 9.0])
    assert norm.running_mean.item() == pytest.approx(7.0)
    assert norm.running_var.item() == pytest.approx(2.0)


def test_after_ten_batches_each_moves_the_statistics_by_a_tenth() -> None:
    norm = seen(nn.BatchNorm1d(1), [5.0] * 30)
    assert norm.momentum == MOMENTUM
    assert seen(norm, [15.0], first_step=30).running_mean.item() == pytest.approx(6.0)


def test_statistics_that_came_with_the_weights_count_as_seen() -> None:
    learnt = seen(nn.BatchNorm1d(1), [5.0] * 30)
    fresh = nn.BatchNorm1d(1)
    fresh.load_state_dict(learnt.state_dict())
    assert seen(fresh, [15.0]).running_mean.item() == pytest.approx(6.0)


def test_fifteen_steps_are_enough_to_tell_grades_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:48, :48]
    for number in range(60):
        picture = rng.normal(60, 10, (48, 48))
        for row, column in rng.uniform(8, 40, (3 * (number % 3), 2)):
            picture[(rows - row) ** 2 + (columns - column) ** 2 < 16] += 70
        picture = np.clip(picture, 0, 255).astype(np.uint8)
        write_picture(tmp_path / "data" / f"grade {number % 3}" / f"{number}.png", picture)
    plan = plan_of(tmp_path / "data", ((15, 1.0),), task="ordinal")
    model = sw.train(tmp_path / "data", tmp_path / "run", plan=plan, threads=1)
    assert model.provenance["best_score"] > 0.5
