"""Learning one answer for a whole image, whatever it is: a class, a grade, several classes, a number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from scanwright.data.plan import Plan
from scanwright.networks.catalogue import build_network
from scanwright.tasks.base import Example
from scanwright.training.augment.intensity import vary_intensities
from scanwright.training.augment.mixing import cutmix, mixup
from scanwright.training.augment.spatial import draw_grid, warp
from scanwright.training.learn.base import Batch
from scanwright.training.losses import measure_images


class WholeImageLearner:
    """Images in, a loss out; the plan's ``answer`` says what the targets are (``training/losses.py``)."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.patch = plan.patch_voxels[: plan.dims]

    def networks(self, plan: Plan) -> dict[str, nn.Module]:
        return {"network": build_network(plan)}

    def draw(
        self,
        examples: Sequence[Example],
        chosen: Sequence[int],
        rng: np.random.Generator,
        device: torch.device,
    ) -> Batch:
        plan = self.plan
        images = torch.from_numpy(np.stack([examples[i].image for i in chosen])).to(device)
        images = images.reshape(len(chosen), -1, *self.patch)
        grid = draw_grid(plan.augmentation, (1.0,) * plan.dims, images, self.patch, rng)
        images = vary_intensities(warp(images, grid), plan.augmentation, rng)
        targets = torch.from_numpy(np.stack([examples[i].target for i in chosen])).to(device)
        if not targets.is_floating_point():  # an index: an image is all of one class
            targets = F.one_hot(targets.long(), len(plan.classes)).float()
        if plan.augmentation.mixup and rng.random() < plan.augmentation.mixup:
            images, targets = mixup(images, targets, rng)
        if plan.augmentation.cutmix and rng.random() < plan.augmentation.cutmix:
            images, targets = cutmix(images, targets, rng)
        return Batch(images, targets)

    def step(self, batch: Batch, networks: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
        logits = networks["network"](batch.images)[0].float()
        return {"network": measure_images(self.plan, logits, batch.targets)}
