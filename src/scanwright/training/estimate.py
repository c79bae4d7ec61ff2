"""Estimate: what a plan will cost here, before anything is learnt."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from scanwright.core.tiling import tiles
from scanwright.data.plan import Plan
from scanwright.inference.predict import PATCHES_AT_ONCE
from scanwright.inference.runtimes.torch_runtime import TorchRuntime, choose_device, has_bf16
from scanwright.networks.catalogue import Cost, build_network, count_cost
from scanwright.tasks.base import Example
from scanwright.training.learn.catalogue import LEARNERS
from scanwright.types import AnyArray

# Validation, checkpoints and the optimiser take the rest.
SHARE_OF_STEPS = 0.8
MOST_TRIAL_STEPS = 5
TRIAL_S = 3.0
FEWEST_STEPS = 100
"""With fewer, hardly anything can be learnt."""


@dataclass(frozen=True)
class Estimate:
    """What a plan will cost.

    Attributes:
        cost: of its network.
        step_s: seconds that a training step took here, with batches of the plan's size, drawn and augmented.
        steps: about how many of them the plan's minutes hold, once the images are read and prepared; of an
            ensemble, those of each network.
        pass_s: seconds that one network takes here for a case of median size, once, not mirrored.
        n_mirrored: how many times a prediction shows it the case, mirrored along all combinations of axes.
        n_members: networks that do so.
    """

    cost: Cost
    step_s: float
    steps: int
    pass_s: float
    n_mirrored: int
    n_members: int

    @property
    def least_minutes(self) -> float:
        """Minutes of all networks together that hold the fewest steps by which something is learnt."""
        return FEWEST_STEPS * self.step_s * self.n_members / SHARE_OF_STEPS / 60

    @property
    def predict_s(self) -> float:
        """Seconds of network time that the prediction of a case takes."""
        return self.pass_s * self.n_mirrored * self.n_members


def estimate(plan: Plan, device: str = "auto", shape_ijk: Sequence[int] | None = None) -> Estimate:
    """Count the network's weights and multiply-adds, and take a few training steps and answers on noise.

    Args:
        plan: what is to be trained.
        device: see Settings.
        shape_ijk: of a case on the working grid; ``None`` for one patch, as of a whole image.

    Raises:
        SettingsError: the plan's network can't be built, or the device is not there.
    """
    cost = count_cost(plan)
    step_s = time_step(plan, device)
    # As predict_array covers an image: it is padded to a patch where it is smaller.
    shape = np.maximum(shape_ijk if shape_ijk is not None else 1, plan.patch_voxels)
    n_patches = len(list(tiles(tuple(int(n) for n in shape), plan.patch_voxels, plan.overlap)))
    return Estimate(
        cost,
        step_s,
        int(plan.minutes / plan.folds * 60 * SHARE_OF_STEPS / step_s),
        n_patches * time_answer(plan, min(n_patches, PATCHES_AT_ONCE), device),
        2 ** len(plan.mirror_axes),
        plan.folds,
    )


def time_step(plan: Plan, device: str = "auto") -> float:
    """Seconds that a training step on noise usually takes.

    Raises:
        SettingsError: see ``estimate``.
    """
    place = choose_device(device)
    learner = LEARNERS[plan.task](plan)
    networks = {name: network.to(place).train() for name, network in learner.networks(plan).items()}
    noise = np.random.default_rng(0).normal(size=(len(plan.channels), *plan.patch_voxels))
    examples = [Example(noise.astype(np.float32), _target(plan))]
    bf16 = plan.precision == "bf16-mixed" and has_bf16(place)

    def step() -> None:
        batch = learner.draw(examples, [0] * plan.batch_size, np.random.default_rng(0), place)
        with torch.autocast(place.type, torch.bfloat16, enabled=bf16):
            losses = learner.step(batch, networks)
        for loss in losses.values():
            loss.backward()  # type: ignore[no-untyped-call]

    return _time(step)


def _target(plan: Plan) -> AnyArray:
    """Something to learn from one patch."""
    if plan.answer == "boxes":
        side = np.minimum(plan.boxes.side_voxels, plan.patch_voxels)
        return np.array([[0, 0, 0, 0, 0, *side]], dtype=np.float32)
    if plan.is_tiled:
        return np.zeros(plan.patch_voxels, dtype=np.uint8)
    return np.zeros(plan.n_outputs, dtype=np.float32)


def time_answer(plan: Plan, n_patches: int, device: str = "auto") -> float:
    """Seconds that the network usually takes to answer a patch, so many of them at once.

    Raises:
        SettingsError: see ``estimate``.
    """
    weights = {name: value.numpy() for name, value in build_network(plan).state_dict().items()}
    runtime = TorchRuntime(plan, weights, device)
    noise = np.random.default_rng(0).normal(size=(n_patches, len(plan.channels), *plan.patch_voxels))
    return _time(lambda: runtime(noise.astype(np.float32))) / n_patches


def _time(work: Callable[[], object]) -> float:
    """Seconds that something usually takes, without the first time, in which kernels are chosen."""
    seconds: list[float] = []
    while len(seconds) < MOST_TRIAL_STEPS and sum(seconds) < TRIAL_S:
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:] or seconds)
