"""ResNet: MONAI's residual blocks, with or without squeeze-and-excitation; or behind fixed wavelets."""

from __future__ import annotations

import torch
from monai.networks.blocks.squeeze_and_excitation import ChannelSELayer
from monai.networks.nets.resnet import ResNet, ResNetBlock
from torch import nn

from scanwright.data.plan import Plan
from scanwright.networks.classifier import Classifier
from scanwright.networks.scattering import scattering_stem

REDUCTION, NARROWEST = 16, 8
"""How much narrower the middle of a squeeze-and-excitation is than its block (Hu et al. 2018), down to where
too few channels would be left that are not zero."""


def resnet(plan: Plan, block: type[nn.Module] = ResNetBlock) -> Classifier:
    """Levels of residual blocks behind one strided convolution, or behind wavelets ("scattering")."""
    stem, levels, width = residual_levels(plan, block)
    if plan.network.family == "scattering":
        stem = scattering_stem(plan)
    return Classifier(plan, stem, nn.Sequential(*levels), width)


def residual_levels(
    plan: Plan, block: type[nn.Module] = ResNetBlock
) -> tuple[nn.Module, list[nn.Module], int]:
    """The strided convolution at first, the levels that have blocks, and the channels of the last."""
    network = plan.network
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
        num_classes=plan.n_outputs,
    )
    layers = []
    for level, (width, blocks) in enumerate(zip(network.widths, network.blocks, strict=True)):
        if blocks:
            stride = network.strides[level] if level and max(network.strides[level]) > 1 else 1
            # ``_make_layer`` keeps count of the channels that come in; it adds the projection where needed.
            layers.append(parts._make_layer(block, width, blocks, plan.dims, "B", stride))
    stem = nn.Sequential(parts.conv1, parts.bn1, nn.ReLU(inplace=True))
    return stem, layers, parts.in_planes


def se_resnet(plan: Plan) -> Classifier:
    """A ResNet that weighs its channels anew in each block, by their means over the image.

    Hu et al., Squeeze-and-Excitation Networks, CVPR 2018.
    """
    return resnet(plan, _SqueezeBlock)


class _SqueezeBlock(ResNetBlock):  # type: ignore[misc]
    """MONAI's residual block, weighed before it is added."""

    def __init__(self, in_planes: int, planes: int, spatial_dims: int, **rest: object) -> None:
        super().__init__(in_planes, planes, spatial_dims, **rest)
        self.squeeze = ChannelSELayer(spatial_dims, planes, max(1, min(REDUCTION, planes // NARROWEST)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.act(self.bn1(self.conv1(x)))
        out = self.squeeze(self.bn2(self.conv2(out)))
        out = out + (x if self.downsample is None else self.downsample(x))
        result: torch.Tensor = self.act(out)
        return result
