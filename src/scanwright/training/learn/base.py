"""The contract of a task's learning side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import nn

from scanwright.data.plan import Plan
from scanwright.tasks.base import Example


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        images: (batch, channel, …), augmented.
        targets: class indices (batch, …); for whole images (batch, output): how much of each class an image
            is, or its number, in deviations off the mean; empty for boxes.
        objects: of each image its boxes, float32 (n, 2 + 2 · axes): class, whether it does not count (1), lo,
            hi, in voxels.
    """

    images: torch.Tensor
    targets: torch.Tensor
    objects: tuple[torch.Tensor, ...] = ()


class Learner(Protocol):
    """What ``training/learn/x.py`` offers to the loop."""

    def networks(self, plan: Plan) -> dict[str, nn.Module]:
        """The networks by parameter group; the one under "network" makes the predictions."""
        ...

    def draw(
        self,
        examples: Sequence[Example],
        chosen: Sequence[int],
        rng: np.random.Generator,
        device: torch.device,
    ) -> Batch:
        """A batch from the chosen examples, augmented on the device."""
        ...

    def step(self, batch: Batch, networks: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
        """Loss by parameter group."""
        ...
