"""Learning to segment: patches around labelled voxels, the loss at each size of the output."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
from scanwright.training.losses import measure_voxels
from scanwright.types import AnyArray

# How much longer the cut-out is at each end, so that turning and shrinking find voxels and not borders. The
# same at both ends: a middle between two voxels would blur every patch by half a voxel.
MARGIN = 0.1


class SegmentationLearner:
    """Patches in, a loss out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.patch = plan.patch_voxels
        # An axis seen in full needs no room around it.
        self.region = tuple(n if n == 1 else n + 2 * math.ceil(MARGIN * n) for n in self.patch)
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
            centre = self._centre(example, rng)
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

    def _centre(self, example: Example, rng: np.random.Generator) -> tuple[int, ...]:
        """The middle of a patch that holds a labelled voxel, each class as often as the others, or of any.

        The labelled voxel may lie anywhere in the patch: were it always in the middle, the network would
        learn to look for targets there, and miss those that lie elsewhere in a tile.
        """
        shape = example.target.shape
        starts = [int(rng.integers(0, max(0, n - p) + 1)) for n, p in zip(shape, self.patch, strict=True)]
        if rng.random() < self.plan.foreground_fraction:
            classes = [c for c in range(1, len(self.plan.classes)) if len(example.places(c))]
            if classes:
                places = example.places(int(rng.choice(classes)))
                voxel = np.unravel_index(int(rng.choice(places)), shape)
                starts = [self._start_around(int(v), axis, rng) for axis, v in enumerate(voxel)]
        # Patches keep to the image and do not show its surroundings; a short axis is in the middle.
        return tuple(
            n // 2 if n <= p else min(max(start, 0), n - p) + p // 2
            for start, n, p in zip(starts, shape, self.patch, strict=True)
        )

    def _start_around(self, voxel: int, axis: int, rng: np.random.Generator) -> int:
        """First voxel of a patch that holds ``voxel``, an eighth of its length or more from its ends."""
        length = self.patch[axis]
        margin = length // 8
        return voxel - int(rng.integers(margin, length - margin))


def cut(array: AnyArray, centre: Sequence[int], size: Sequence[int], *, edge: bool) -> AnyArray:
    """The box of ``size`` around ``centre`` of (channel, i, j, k); beyond it the edge goes on, or 0."""
    starts = [c - n // 2 for c, n in zip(centre, size, strict=True)]
    inner = tuple(
        slice(max(0, start), min(n, start + length))
        for start, length, n in zip(starts, size, array.shape[1:], strict=True)
    )
    widths = [
        (max(0, -start), max(0, start + length - n))
        for start, length, n in zip(starts, size, array.shape[1:], strict=True)
    ]
    piece = array[(slice(None), *inner)]
    return np.pad(piece, ((0, 0), *widths), mode="edge" if edge else "constant")
