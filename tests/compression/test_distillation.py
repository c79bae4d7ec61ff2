"""The student hears the teacher: nothing is left to learn where their answers are the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scanwright.compression.distillation import DistillingLearner, measure_apart
from scanwright.data.plan import Plan
from scanwright.networks.catalogue import build_network
from scanwright.tasks.base import Example
from tiny_networks import tiny_plan

ANSWERS = {
    "class": (tiny_plan("resnet", 2), (2, 3)),
    "voxels": (tiny_plan("unet", 2), (2, 3, 8, 4)),
    "boxes": (tiny_plan("fpn", 2), (2, 7, 4, 2)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_loss_is_smallest_at_the_teachers_answers(name: str) -> None:
    plan, shape = ANSWERS[name]
    generator = torch.Generator().manual_seed(0)
    wanted = torch.randn(shape, generator=generator)
    student = wanted.clone().requires_grad_()
    same = measure_apart(plan, student, wanted)
    other = measure_apart(plan, torch.randn(shape, generator=generator), wanted)
    assert same < other
    if name == "boxes":  # sides have a corner there
        student = student[:, :3]
        same = measure_apart(plan, torch.cat([student, wanted[:, 3:]], dim=1), wanted)
    (slope,) = torch.autograd.grad(same, [student])
    assert slope.abs().max() < 1e-5


def test_a_step_moves_the_student_towards_the_teacher() -> None:
    plan = tiny_plan("cnn", 2)
    learner = _learner(plan)
    networks = learner.networks(plan)
    examples = [
        Example(np.random.default_rng(0).standard_normal((2, *plan.patch_voxels)).astype("f4"), np.uint8(1))
    ]
    batch = learner.draw(examples, [0, 0], np.random.default_rng(0), torch.device("cpu"))
    optimiser = torch.optim.Adam(networks["network"].parameters(), lr=1e-2)
    losses = []
    for _ in range(15):
        loss = learner.step(batch, networks)["network"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert not list(networks["network"]._forward_hooks)
    assert all(not value.requires_grad for value in learner.teacher.parameters())


def _learner(plan: Plan) -> DistillingLearner:
    torch.manual_seed(0)
    weights = {name: value.numpy() for name, value in build_network(plan).state_dict().items()}
    return DistillingLearner(plan, (plan, weights), "cpu")
