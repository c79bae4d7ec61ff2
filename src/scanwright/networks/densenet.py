"""DenseNet: every layer sees what all layers of its level made. MONAI's convolutions, every width free.

Huang et al., Densely Connected Convolutional Networks, CVPR 2017.
"""

from __future__ import annotations

import torch
from monai.networks.blocks import ADN, Convolution
from monai.networks.layers.factories import Pool
from torch import nn

from scanwright.data.plan import Plan
from scanwright.networks.classifier import Classifier

RELU = ("relu", {"inplace": True})


def densenet(plan: Plan) -> Classifier:
    """Levels of dense layers; between them the features are averaged and become narrower."""
    network, dims = plan.network, plan.dims
    stem = Convolution(
        dims, len(plan.channels), network.widths[0], network.strides[0], act=RELU, norm="batch", bias=False
    )
    parts: list[nn.Module] = []
    width = network.widths[0]
    for n, entering in enumerate(network.widths):
        if n:
            parts.append(_transition(dims, width, entering, network.strides[n]))
            width = entering
        for _ in range(network.blocks[n]):
            parts.append(_DenseLayer(dims, width, network.inner[n], network.growth[n]))
            width += network.growth[n]
    return Classifier(plan, stem, nn.Sequential(*parts, _normed(dims, width)), width)


class _DenseLayer(nn.Module):
    """Features → the same, and ``growth`` more."""

    def __init__(self, dims: int, width: int, inner: int, growth: int) -> None:
        super().__init__()
        self.norm = _normed(dims, width)
        self.narrow = Convolution(dims, width, inner, kernel_size=1, act=RELU, norm="batch", bias=False)
        self.look = Convolution(dims, inner, growth, bias=False, conv_only=True)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.cat([features, self.look(self.narrow(self.norm(features)))], dim=1)


def _transition(dims: int, width: int, narrower: int, stride: tuple[int, ...]) -> nn.Module:
    # A mean and a 1 × 1 convolution may change places, and the convolution then has less to do. Sizes round
    # up, as those of strided convolutions do.
    return nn.Sequential(
        _normed(dims, width),
        Pool[Pool.AVG, dims](stride, stride, ceil_mode=True),
        Convolution(dims, width, narrower, kernel_size=1, bias=False, conv_only=True),
    )


def _normed(dims: int, width: int) -> nn.Module:
    normed: nn.Module = ADN(in_channels=width, act=RELU, norm="batch", norm_dim=dims)
    return normed
