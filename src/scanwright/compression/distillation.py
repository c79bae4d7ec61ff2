"""Distillation: a smaller network learns the answers of the trained one beside the truth.

Hinton, Vinyals and Dean, Distilling the knowledge in a neural network, 2015. The teacher sees the very
patches, augmented, that the student sees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from scanwright.data.plan import Plan
from scanwright.inference.runtimes.torch_runtime import choose_device, has_bf16
from scanwright.networks.catalogue import build_network
from scanwright.tasks.base import Example
from scanwright.training.learn.base import Batch
from scanwright.training.learn.catalogue import LEARNERS
from scanwright.types import AnyArray

TEMPERATURE = 2.0
"""By which logits are divided, so that small probabilities are learnt too."""
SHARE = 0.5
"""Of the loss; the rest is the task's own."""


class DistillingLearner:
    """The task's own learner, whose loss is halfway to the teacher's answers.

    Args:
        plan: of the student.
        teacher: plan and weights of the trained network.
        device: "auto", "cpu" or "cuda".
    """

    def __init__(self, plan: Plan, teacher: tuple[Plan, Mapping[str, AnyArray]], device: str) -> None:
        self.plan = plan
        self.own = LEARNERS[plan.task](plan)
        before, weights = teacher
        self.place = choose_device(device)
        self.teacher = build_network(before)
        self.teacher.load_state_dict({name: torch.from_numpy(np.array(w)) for name, w in weights.items()})
        self.teacher.eval().requires_grad_(False).to(self.place)
        self.bf16 = plan.precision == "bf16-mixed" and has_bf16(self.place)

    def networks(self, plan: Plan) -> dict[str, nn.Module]:
        """See Learner."""
        return self.own.networks(plan)

    def draw(
        self,
        examples: Sequence[Example],
        chosen: Sequence[int],
        rng: np.random.Generator,
        device: torch.device,
    ) -> Batch:
        """See Learner."""
        return self.own.draw(examples, chosen, rng, device)

    def step(self, batch: Batch, networks: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
        """See Learner; the student is called once."""
        answered: list[torch.Tensor] = []

        def listen(module: nn.Module, images: Any, outputs: list[torch.Tensor]) -> None:
            answered.append(outputs[0])

        heard = networks["network"].register_forward_hook(listen)
        try:
            losses = self.own.step(batch, networks)
        finally:
            heard.remove()
        with torch.no_grad(), torch.autocast(self.place.type, torch.bfloat16, enabled=self.bf16):
            wanted = self.teacher(batch.images)[0].float()
        apart = measure_apart(self.plan, answered[0].float(), wanted)
        return {**losses, "network": (1 - SHARE) * losses["network"] + SHARE * apart}


def measure_apart(plan: Plan, outputs: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How far the student's outputs are from the teacher's, as the plan's answer asks.

    Args:
        plan: of the student.
        outputs, wanted: (batch, output, …) of the last layer, before the activation.
    """
    if plan.answer == "value":
        return F.mse_loss(outputs, wanted)
    if plan.answer == "labels":
        return F.binary_cross_entropy_with_logits(outputs, wanted.sigmoid())
    if plan.answer == "boxes":
        n = len(plan.classes)
        sure = wanted[:, :n].sigmoid()
        # Where the teacher sees nothing, its sides mean nothing; a sum over what it sees, as the task's loss.
        seen = sure.amax(1, keepdim=True)
        scale = seen.sum().clamp(min=1.0)
        classes = F.binary_cross_entropy_with_logits(outputs[:, :n], sure, reduction="none").sum() / scale
        size = wanted[:, n:].abs().mean(1, keepdim=True).clamp(min=1e-3)
        sides = (((outputs[:, n:] - wanted[:, n:]).abs() / size).mean(1, keepdim=True) * seen).sum() / scale
        return classes + sides
    logs = torch.log_softmax(outputs / TEMPERATURE, dim=1)
    soft = torch.log_softmax(wanted / TEMPERATURE, dim=1)
    return (soft.exp() * (soft - logs)).sum(1).mean() * TEMPERATURE**2
