"""U-Net: an answer for each voxel, 2-D and 3-D by argument. MONAI's blocks, put together after nnU-Net."""

from __future__ import annotations

import torch
from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetOutBlock, UnetUpBlock
from torch import nn

from scanwright.data.plan import Plan


def _norm(channels: int) -> tuple[str, dict[str, int]]:
    """Instance norm, as group norm with a group for each channel: torch computes that one without first
    putting channels-last features into another order."""
    return ("group", {"num_groups": channels})


class UNet(nn.Module):
    """An encoder that halves, a decoder that doubles, with bridges between equal sizes.

    MONAI's DynUNet holds every block under two names, which safetensors rightly refuses; so its blocks are
    used and not the whole.

    Input (batch, channel, …). Outputs: a list of (batch, class, …) logits, finest first; the coarser ones,
    each at its own size, only while training.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        network, dims = plan.network, plan.dims
        widths, strides, kernels = network.widths, network.strides, network.kernels
        if any(stride != 1 for stride in strides[0]):
            raise ValueError(
                "the first of network.strides must be 1 along each axis, or voxels have no answer"
            )
        inputs = (len(plan.channels), *widths[:-1])
        dropout = network.dropout or None
        self.encoder = nn.ModuleList(
            UnetBasicBlock(dims, n_in, n_out, kernel, stride, _norm(n_out), dropout=dropout)
            for n_in, n_out, kernel, stride in zip(inputs, widths, kernels, strides, strict=True)
        )
        # From the deepest level upwards: level n takes what comes from level n + 1.
        self.decoder = nn.ModuleList(
            UnetUpBlock(
                dims,
                widths[n + 1],
                widths[n],
                kernels[n],
                1,
                strides[n + 1],
                _norm(widths[n]),
                dropout=dropout,
            )
            for n in reversed(range(len(widths) - 1))
        )
        n_outputs = 1 + min(network.deep_supervision, max(0, len(widths) - 2))
        self.heads = nn.ModuleList(UnetOutBlock(dims, widths[n], len(plan.classes)) for n in range(n_outputs))

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        bridges = []
        features = images
        for block in self.encoder:
            features = block(features)
            bridges.append(features)
        decoded = []
        for block, bridge in zip(self.decoder, reversed(bridges[:-1]), strict=True):
            features = block(features, bridge)
            decoded.append(features)
        if not decoded:
            decoded.append(features)
        heads = self.heads if self.training else self.heads[:1]
        return [head(features) for head, features in zip(heads, reversed(decoded), strict=False)]
