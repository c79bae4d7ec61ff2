"""Schedules: against those of torch, which count steps; ours go by the progress."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from builders import classification_plan
from scanwright.data.choices import SCHEDULES
from scanwright.data.plan import Plan
from scanwright.training import schedule
from scanwright.training.schedule import learning_rate

TOP = 0.1
STEPS = 80
progresses = st.floats(0, 1)
score_lists = st.lists(st.floats(0, 1), max_size=20)


def plan_of(name: str, warmup: float = 0.0) -> Plan:
    return classification_plan(schedule=name, learning_rate=TOP, warmup=warmup)


def rates_of_torch(make: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler], n: int) -> list[float]:
    """The rates of n steps."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=TOP)
    scheduler = make(optimiser)
    rates = []
    for _ in range(n):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return rates


PEERS: dict[str, Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]] = {
    "constant": lambda o: lr_scheduler.ConstantLR(o, factor=1.0),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, gamma=schedule.EXPONENTIAL_LAST ** (1 / STEPS)),
    "step": lambda o: lr_scheduler.MultiStepLR(o, [STEPS // 2, STEPS * 3 // 4], gamma=0.1),
    "polynomial": lambda o: lr_scheduler.PolynomialLR(o, STEPS, power=schedule.POLYNOMIAL_POWER),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=TOP * schedule.LAST),
    "cyclic": lambda o: lr_scheduler.CyclicLR(
        o,
        base_lr=TOP * schedule.CYCLE_LAST,
        max_lr=TOP,
        step_size_up=STEPS // schedule.CYCLES // 2,
        mode="triangular2",
        cycle_momentum=False,
    ),
}


@pytest.mark.parametrize("name", PEERS)
def test_a_schedule_is_that_of_torch(name: str) -> None:
    own = [learning_rate(plan_of(name), step / STEPS) for step in range(STEPS)]
    assert own == pytest.approx(rates_of_torch(PEERS[name], STEPS), rel=1e-6)


def test_one_cycle_is_that_of_torch() -> None:
    # Torch's rises and falls between the first and the last step, so one step less lies between them.
    peer = rates_of_torch(
        lambda o: lr_scheduler.OneCycleLR(o, TOP, total_steps=STEPS + 1, pct_start=0.3, cycle_momentum=False),
        STEPS,
    )
    plan = plan_of("one_cycle", warmup=(0.3 * (STEPS + 1) - 1) / STEPS)
    assert [learning_rate(plan, step / STEPS) for step in range(STEPS)] == pytest.approx(peer, rel=1e-6)


@given(score_lists)
def test_plateau_is_that_of_torch(scores: list[float]) -> None:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=TOP)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = lr_scheduler.ReduceLROnPlateau(
            optimiser,
            mode="max",
            factor=schedule.PLATEAU_FACTOR,
            patience=schedule.PLATEAU_ROUNDS - 1,
            threshold=schedule.SAME_SCORE,
            threshold_mode="abs",
            min_lr=TOP * schedule.LAST,
        )
    for score in scores:
        peer.step(score)
    assert learning_rate(plan_of("plateau"), 0.5, scores) == pytest.approx(optimiser.param_groups[0]["lr"])


def test_plateau_falls_when_the_score_stays_and_not_while_it_grows() -> None:
    plan = plan_of("plateau")
    assert learning_rate(plan, 0.9, [0.1, 0.2, 0.3, 0.4]) == TOP
    assert learning_rate(plan, 0.9, [0.4, 0.4, 0.4]) == pytest.approx(TOP * schedule.PLATEAU_FACTOR)


@pytest.mark.parametrize("name", sorted({*SCHEDULES} - {"one_cycle", "cyclic"}))
def test_the_rate_rises_in_a_line_before_the_schedule_begins(name: str) -> None:
    plan = plan_of(name, warmup=0.1)
    rates = [learning_rate(plan, progress) for progress in (0.0, 0.05, 0.1)]
    assert rates == pytest.approx([0.02 * TOP, 0.51 * TOP, TOP])
    later = [learning_rate(plan, progress) for progress in np.linspace(0.1, 1, 91)]
    assert later == sorted(later, reverse=True)


def test_the_usual_schedule_ends_at_almost_nothing() -> None:
    assert 0 < learning_rate(plan_of("cosine", warmup=0.1), 1.0) < 0.0011 * TOP


@given(st.sampled_from(sorted(SCHEDULES)), progresses, st.floats(0, 0.9), score_lists)
def test_no_rate_is_above_the_top_or_below_nothing(
    name: str, progress: float, warmup: float, scores: list[float]
) -> None:
    assert 0 <= learning_rate(plan_of(name, warmup), progress, scores) <= TOP * (1 + 1e-9)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_name_of_the_plan_has_its_schedule(name: str) -> None:
    own = classification_plan(schedule=name, learning_rate=TOP, **SCHEDULES[name])
    rates = [learning_rate(own, progress) for progress in np.linspace(0, 1, 301)]
    assert max(rates) == pytest.approx(TOP, rel=0.02)
