"""Learning to segment: patches around labelled voxels, the loss at each size of the output."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from scanwright.data.plan import Plan
from scanwright.networks.catalogue import build_network
from scanwright.tasks.base import Example
from scanwright.training.augment.intensity import vary_intensities
from scanwright.training.augment.spatial import draw_grid, warp, warp_labels
from scanwright.training.learn.base import Batch
from scanwright.training.learn.patches import add_margin, cut, draw_centre
from scanwright.training.losses import measure_voxels


class SegmentationLearner:
    """Patches in, a loss out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.patch = plan.patch_voxels
        self.region = add_margin(self.patch)
        self.spacing = (plan.spacing_mm or (1.0, 1.0, 1.0))[: plan.dims]

    def networks(self, plan: Plan) -> dict[str, nn.Module]:
        return {"network": build_network(plan)}

    def draw(
        self,
        examples: Sequence[Example],
        chosen: Sequence[int],
        rng: np.random.Generator,
        device: torch.device,
    ) -> Batch:
        plan, dims = self.plan, self.plan.dims
        images, labels = [], []
        for index in chosen:
            example = examples[index]
            around = partial(self._around_a_label, example, rng)
            centre = draw_centre(example.target.shape, self.patch, rng, around, plan.overhang)
            images.append(cut(example.image, centre, self.region, edge=True))
            labels.append(cut(example.target[None], centre, self.region, edge=False)[0])
        region, patch = self.region[:dims], self.patch[:dims]
        source = torch.from_numpy(np.stack(images).reshape(len(images), -1, *region)).to(device)
        truth = torch.from_numpy(np.stack(labels).reshape(len(labels), *region)).to(device)
        grid = draw_grid(plan.augmentation, self.spacing, source, patch, rng)
        warped = vary_intensities(warp(source, grid), plan.augmentation, rng)
        return Batch(warped, warp_labels(truth, grid))

    def step(self, batch: Batch, networks: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
        outputs = networks["network"](batch.images)
        parts = []
        for output in outputs:
            logits, targets = output.float(), batch.targets
            if logits.shape[2:] != targets.shape[1:]:
                targets = F.interpolate(targets[:, None].float(), logits.shape[2:], mode="nearest")[
                    :, 0
                ].long()
            parts.append(measure_voxels(self.plan, logits, targets))
        # Coarser outputs count half as much as the next finer one (nnU-Net).
        shares = [0.5**level for level in range(len(parts))]
        total = torch.stack([share * part for share, part in zip(shares, parts, strict=True)]).sum() / sum(
            shares
        )
        return {"network": total}

    def _around_a_label(self, example: Example, rng: np.random.Generator) -> list[int] | None:
        """First voxels of a patch that holds a labelled voxel, each class as often as the others.

        The labelled voxel may lie anywhere in the patch: were it always in the middle, the network would
        learn to look for targets there, and miss those that lie elsewhere in a tile.
        """
        if rng.random() >= self.plan.foreground_fraction:
            return None
        classes = [c for c in range(1, len(self.plan.classes)) if len(example.places(c))]
        if not classes:
            return None
        places = example.places(int(rng.choice(classes)))
        voxel = np.unravel_index(int(rng.choice(places)), example.target.shape)
        return [self._start_around(int(v), axis, rng) for axis, v in enumerate(voxel)]

    def _start_around(self, voxel: int, axis: int, rng: np.random.Generator) -> int:
        """First voxel of a patch that holds ``voxel``, an eighth of its length or more from its ends."""
        length = self.patch[axis]
        margin = length // 8
        return voxel - int(rng.integers(margin, length - margin))
