"""Schedule: the learning rate by the progress of training, 0 … 1. Pure; no torch, no clock.

The minutes decide how many steps there will be (decision note 2), so schedules do not count them: each is a
curve over the progress, and but for "constant" it has fallen when the minutes end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from scanwright.data.plan import Plan

# Scores within this of the best count as equal.
SAME_SCORE = 1e-4
# Where the warm-up, and where half a cosine starts and ends, as shares of the rate at its top.
FIRST, LAST = 0.02, 0.001
EXPONENTIAL_LAST = 0.01
STEP_FACTOR, STEPS_AT = 0.1, (0.5, 0.75)
POLYNOMIAL_POWER = 0.9
ONE_CYCLE_FIRST, ONE_CYCLE_LAST = 1 / 25, 1e-4 / 25
CYCLES, CYCLE_LAST = 4, 0.01
PLATEAU_FACTOR, PLATEAU_ROUNDS = 0.3, 2


def learning_rate(plan: Plan, progress: float, scores: Sequence[float] = ()) -> float:
    """The rate of a step.

    Args:
        plan: names the schedule, the rate at its top and the warm-up.
        progress: of the training, 0 … 1.
        scores: validation scores of the rounds so far; only "plateau" looks at them.
    """
    if plan.schedule == "one_cycle":
        return plan.learning_rate * one_cycle(progress, plan.warmup)
    if progress < plan.warmup:
        rise, share = FIRST + (1 - FIRST) * progress / plan.warmup, 0.0
    else:
        rise, share = 1.0, min(1.0, (progress - plan.warmup) / (1.0 - plan.warmup))
    shape = plateau(scores) if plan.schedule == "plateau" else SHAPES[plan.schedule](share)
    return plan.learning_rate * (rise * shape)


def cosine(share: float) -> float:
    """Half a cosine (Loshchilov and Hutter 2017), from 1 to almost nothing."""
    return LAST + (1 - LAST) * 0.5 * (1.0 + math.cos(math.pi * share))


def exponential(share: float) -> float:
    """The same factor for every equal part of the training."""
    return float(EXPONENTIAL_LAST**share)


def step(share: float) -> float:
    """A tenth after a half, and again after three quarters."""
    return float(STEP_FACTOR ** sum(share >= place for place in STEPS_AT))


def polynomial(share: float) -> float:
    """Almost a straight line to nothing, as in nnU-Net."""
    return float((1.0 - share) ** POLYNOMIAL_POWER)


def cyclic(share: float) -> float:
    """Triangles, each half as high as the one before (Smith 2017, "triangular2")."""
    cycle = min(int(CYCLES * share), CYCLES - 1)
    height = 1.0 - abs(2.0 * (CYCLES * share - cycle) - 1.0)
    return CYCLE_LAST + (1 - CYCLE_LAST) * height * 0.5**cycle


def one_cycle(progress: float, rising: float) -> float:
    """Up by half a cosine for a share of the training, down to far less by another (Smith and Topin 2018)."""
    if progress < rising:
        return _between(ONE_CYCLE_FIRST, 1.0, progress / rising)
    return _between(1.0, ONE_CYCLE_LAST, min(1.0, (progress - rising) / (1.0 - rising)))


def plateau(scores: Sequence[float]) -> float:
    """Smaller each time that the score has not become better for some rounds.

    It is worked out anew from all scores so far, so that going on after a kill, and a replay, find the same.
    """
    factor, best, waited = 1.0, -math.inf, 0
    for score in scores:
        best, waited = (score, 0) if score > best + SAME_SCORE else (best, waited + 1)
        if waited == PLATEAU_ROUNDS:
            factor, waited = factor * PLATEAU_FACTOR, 0
    return max(LAST, factor)


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) * 0.5 * (1.0 + math.cos(math.pi * share))


SHAPES: dict[str, Callable[[float], float]] = {
    "constant": lambda share: 1.0,
    "exponential": exponential,
    "step": step,
    "polynomial": polynomial,
    "cosine": cosine,
    "cyclic": cyclic,
}
