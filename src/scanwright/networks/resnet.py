"""ResNet: features of a whole image and one answer. MONAI's ResNet, 2-D and 3-D by argument."""

from __future__ import annotations

import torch
from monai.networks.nets.resnet import ResNet, ResNetBlock
from torch import nn

from scanwright.data.plan import Plan


class ResidualClassifier(nn.Module):
    """Stem, levels of residual blocks, mean over all positions, dropout, one linear layer.

    Input (batch, channel, …); output: a list of one (batch, class) logits.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        network = plan.network
        levels = len(network.widths)
        # MONAI's ResNet has four levels; the table's widths may have fewer or more, so its blocks are used.
        parts = ResNet(
            ResNetBlock,
            [1, 1, 1, 1],
            [network.widths[0]] * 4,
            spatial_dims=plan.dims,
            n_input_channels=len(plan.channels),
            conv1_t_size=3,
            conv1_t_stride=list(network.strides[0]),
            no_max_pool=True,
            num_classes=len(plan.classes),
        )
        self.stem = nn.Sequential(parts.conv1, parts.bn1, nn.ReLU(inplace=True))
        layers = []
        for level in range(levels):
            # ``_make_layer`` keeps count of the channels that come in; it adds the projection where needed.
            layers.append(
                parts._make_layer(
                    ResNetBlock,
                    network.widths[level],
                    network.blocks[level],
                    plan.dims,
                    "B",
                    1 if level == 0 else max(network.strides[level]),
                )
            )
        self.levels = nn.Sequential(*layers)
        self.dropout = nn.Dropout(network.dropout)
        self.head = nn.Linear(network.widths[-1], len(plan.classes))

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        features = self.levels(self.stem(images)).flatten(2).mean(dim=2)
        return [self.head(self.dropout(features))]
