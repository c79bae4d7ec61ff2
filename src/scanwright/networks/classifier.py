"""One answer for a whole image: what all families share that give one."""

from __future__ import annotations

import torch
from torch import nn

from scanwright.data.plan import Plan


class Classifier(nn.Module):
    """Stem, levels, means over parts of the image, dropout, one linear layer.

    Input (batch, channel, …); output: a list of one (batch, output), before the activation.

    Args:
        plan: parts, dropout and outputs.
        stem, levels: a family's own; together from images to features (batch, width, …).
        width: channels of the last features.
    """

    def __init__(self, plan: Plan, stem: nn.Module, levels: nn.Module, width: int) -> None:
        super().__init__()
        network = plan.network
        self.stem, self.levels = stem, levels
        pool = nn.AdaptiveAvgPool3d if plan.dims == 3 else nn.AdaptiveAvgPool2d
        self.pool = pool(network.pool_grid)
        self.dropout = nn.Dropout(network.dropout)
        self.head = nn.Linear(width * network.pool_grid**plan.dims, plan.n_outputs)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        features = self.pool(self.levels(self.stem(images))).flatten(1)
        return [self.head(self.dropout(features))]
