"""Objects: a feature pyramid that says, of each place, what is there and how far its sides are.

A pyramid after Lin et al. (CVPR 2017), of which the finest level answers, as in CenterNet (Zhou et al. 2019):
objects of medical images differ in size by less than those of photographs, and one level needs no rule for
which object belongs to which. Sides are distances from the place, as in FCOS (Tian et al., ICCV 2019).
"""

from __future__ import annotations

import itertools
import math

import torch
from monai.networks.layers.factories import Conv, Norm
from torch import nn
from torch.nn import functional as F

from scanwright.data.plan import Plan
from scanwright.networks.resnet import residual_levels

# How sure a fresh network is of anything: most places are empty (RetinaNet, Lin et al., ICCV 2017).
PRIOR = 0.01
# Sides may be so many times as long, or short, as the plan's; beyond, gradients would run away.
MOST_OFF = 4.0


class Detector(nn.Module):
    """Levels of a residual network, a pyramid over the coarser ones, and two branches at its finest level.

    Input (batch, channel, …). Output: a list of one (batch, class + 2 · axes, …) at the stride of the
    pyramid's finest level: a logit for each class, then how far the lower, then the upper side lies from the
    middle of the place along each axis, in voxels of the input.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        network, dims = plan.network, plan.dims
        stem, levels, _ = residual_levels(plan)
        self.stem = stem
        # A level without a block is the stem's own.
        self.levels = nn.ModuleList(levels if all(network.blocks) else [nn.Identity(), *levels])
        self.n_finer = sum(1 for width in network.inner if not width)
        inner = network.inner[self.n_finer :]
        widths = network.widths[self.n_finer :]
        self.laterals = nn.ModuleList(_convolution(dims, a, b, 1) for a, b in zip(widths, inner, strict=True))
        self.descents = nn.ModuleList(
            _convolution(dims, coarse, fine, 1) for fine, coarse in itertools.pairwise(inner)
        )
        self.merge = _convolution(dims, inner[0], inner[0], 3)
        self.branches = nn.ModuleList(_convolution(dims, inner[0], inner[0], 3) for _ in range(2))
        self.head = Conv["conv", dims](inner[0], len(plan.classes), 1)
        self.sides = Conv["conv", dims](inner[0], 2 * dims, 1)
        nn.init.constant_(self.head.bias, -math.log((1 - PRIOR) / PRIOR))
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.normal_(self.sides.weight, std=0.01)
        nn.init.zeros_(self.sides.bias)
        half = torch.tensor(plan.boxes.side_voxels[:dims]) / 2
        self.register_buffer("half_side", half.repeat(2).reshape(1, -1, *[1] * dims), persistent=False)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        features = self.stem(images)
        reached = []
        for level in self.levels:
            features = level(features)
            reached.append(features)
        reached = reached[self.n_finer :]
        merged = self.laterals[-1](reached[-1])
        for n in reversed(range(len(reached) - 1)):
            coarser = F.interpolate(self.descents[n](merged), reached[n].shape[2:], mode="nearest")
            merged = self.laterals[n](reached[n]) + coarser
        merged = self.merge(merged)
        what, where = (branch(merged) for branch in self.branches)
        distances = self.sides(where).float().clamp(-MOST_OFF, MOST_OFF).exp() * self.half_side
        return [torch.cat([self.head(what).float(), distances], dim=1)]


def fpn(plan: Plan) -> Detector:
    """See Detector."""
    return Detector(plan)


def _convolution(dims: int, n_in: int, n_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        Conv["conv", dims](n_in, n_out, kernel, padding=kernel // 2, bias=False),
        Norm["batch", dims](n_out),
        nn.ReLU(inplace=True),
    )
