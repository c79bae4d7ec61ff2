"""SegResNet: residual blocks with the norm first, a decoder that adds. MONAI's blocks, every width free.

Myronenko, 3D MRI brain tumor segmentation using autoencoder regularization, BrainLes 2018.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from monai.networks.blocks.segresnet_block import get_conv_layer, get_upsample_layer
from monai.networks.layers.utils import get_act_layer, get_norm_layer
from monai.networks.nets.segresnet_ds import SegResBlock
from torch import nn

from scanwright.data.plan import Plan
from scanwright.networks.segmenter import Encoder, Segmenter, n_outputs, shortcut

ACTIVATION = ("relu", {"inplace": True})
GROUPS = 8


def segresnet(plan: Plan) -> Segmenter:
    """A convolution and residual blocks a level; on the way back one block a level."""
    network, dims = plan.network, plan.dims
    widths = network.widths
    levels = []
    for n, (n_in, width) in enumerate(zip((len(plan.channels), *widths), widths, strict=False)):
        parts = [get_conv_layer(dims, n_in, width, network.kernels[n], network.strides[n])]
        if n == 0 and network.dropout:
            parts.append(nn.Dropout(network.dropout))
        parts += [_block(dims, width, network.kernels[n]) for _ in range(network.blocks[n])]
        levels.append(nn.Sequential(*parts))
    decoder = [_Rise(plan, n) for n in reversed(range(len(widths) - 1))]
    heads = [
        nn.Sequential(
            get_norm_layer(_norm(width), dims, width),
            get_act_layer(ACTIVATION),
            get_conv_layer(dims, width, len(plan.classes), kernel_size=1, bias=True),
        )
        for width in widths[: n_outputs(plan)]
    ]
    return Segmenter(Encoder(levels), decoder, heads, shortcut(plan))


class _Rise(nn.Module):
    """(features of level n + 1, bridge of level n) → features of level n: narrower, larger, added."""

    def __init__(self, plan: Plan, n: int) -> None:
        super().__init__()
        network = plan.network
        width = network.widths[n]
        self.narrow = get_conv_layer(plan.dims, network.widths[n + 1], width, kernel_size=1)
        self.enlarge = get_upsample_layer(plan.dims, width, scale_factor=network.strides[n + 1])
        self.block = _block(plan.dims, width, network.kernels[n])

    def forward(self, features: torch.Tensor, bridge: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.block(self.enlarge(self.narrow(features)) + bridge)
        return out


def _block(dims: int, width: int, kernel: Sequence[int]) -> nn.Module:
    block: nn.Module = SegResBlock(dims, width, _norm(width), tuple(kernel), ACTIVATION)
    return block


def _norm(width: int) -> tuple[str, dict[str, int]]:
    """Group norm with eight groups, or as many as divide the width."""
    return ("group", {"num_groups": math.gcd(GROUPS, width)})
