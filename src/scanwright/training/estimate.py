"""Estimate: what a plan will cost here, before anything is learnt."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import numpy as np
import torch

from scanwright.data.plan import Plan
from scanwright.inference.runtimes.torch_runtime import choose_device, has_bf16
from scanwright.networks.catalogue import Cost, count_cost
from scanwright.tasks.base import Example
from scanwright.tasks.catalogue import find_task
from scanwright.training.learn.catalogue import LEARNERS

# Validation, checkpoints and the optimiser take the rest.
SHARE_OF_STEPS = 0.8
MOST_TRIAL_STEPS = 5
TRIAL_S = 3.0


@dataclass(frozen=True)
class Estimate:
    """What a plan will cost.

    Attributes:
        cost: of its network.
        step_s: seconds that a training step took here, with batches of the plan's size, drawn and augmented.
        steps: about how many of them the plan's minutes hold, once the images are read and prepared.
    """

    cost: Cost
    step_s: float
    steps: int


def estimate(plan: Plan, device: str = "auto") -> Estimate:
    """Count the network's weights and multiply-adds, and take a few training steps on noise.

    Raises:
        SettingsError: the plan's network can't be built, or the device is not there.
    """
    cost = count_cost(plan)
    step_s = time_step(plan, device)
    return Estimate(cost, step_s, int(plan.minutes * 60 * SHARE_OF_STEPS / step_s))


def time_step(plan: Plan, device: str = "auto") -> float:
    """Seconds that a training step on noise usually takes, without the first, which also chooses kernels.

    Raises:
        SettingsError: see ``estimate``.
    """
    place = choose_device(device)
    learner = LEARNERS[plan.task](plan)
    networks = {name: network.to(place).train() for name, network in learner.networks(plan).items()}
    noise = np.random.default_rng(0).normal(size=(len(plan.channels), *plan.patch_voxels))
    target = np.zeros(plan.patch_voxels if find_task(plan.task).tiled else (), dtype=np.uint8)
    examples = [Example(noise.astype(np.float32), target)]
    bf16 = plan.precision == "bf16-mixed" and has_bf16(place)
    seconds: list[float] = []
    while len(seconds) < MOST_TRIAL_STEPS and sum(seconds) < TRIAL_S:
        start = time.perf_counter()
        batch = learner.draw(examples, [0] * plan.batch_size, np.random.default_rng(0), place)
        with torch.autocast(place.type, torch.bfloat16, enabled=bf16):
            losses = learner.step(batch, networks)
        for loss in losses.values():
            loss.backward()  # type: ignore[no-untyped-call]
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:] or seconds)
