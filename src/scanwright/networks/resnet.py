"""ResNet: features of a whole image and one answer. MONAI's residual blocks, 2-D and 3-D by argument."""

from __future__ import annotations

import torch
from monai.networks.nets.resnet import ResNet, ResNetBlock
from torch import nn

from scanwright.data.plan import Plan
from scanwright.networks.scattering import scattering_stem


class ResidualClassifier(nn.Module):
    """Stem, levels of residual blocks, means over parts of the image, dropout, one linear layer.

    The stem is one strided convolution, or fixed wavelets ("scattering").

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
        self.stem = (
            scattering_stem(plan)
            if network.family == "scattering"
            else nn.Sequential(parts.conv1, parts.bn1, nn.ReLU(inplace=True))
        )
        layers = []
        for level in range(levels):
            if not network.blocks[level]:
                continue
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
        pool = nn.AdaptiveAvgPool3d if plan.dims == 3 else nn.AdaptiveAvgPool2d
        self.pool = pool(network.pool_grid)
        self.dropout = nn.Dropout(network.dropout)
        self.head = nn.Linear(parts.in_planes * network.pool_grid**plan.dims, len(plan.classes))

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        features = self.pool(self.levels(self.stem(images))).flatten(1)
        return [self.head(self.dropout(features))]
