"""Swin UNETR: attention within shifted windows in the encoder, convolutions in the decoder.

Hatamizadeh et al., Swin UNETR, BrainLes 2021. MONAI's SwinUNETR is fixed to six levels, each halved and twice
as wide as the last; its blocks are used here with the plan's widths, strides and windows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from monai.networks.blocks import PatchEmbed
from monai.networks.blocks.dynunet_block import UnetResBlock
from monai.networks.blocks.unetr_block import UnetrUpBlock
from monai.networks.nets.swin_unetr import SwinTransformerBlock, compute_mask
from torch import nn
from torch.nn import functional as F

from scanwright.data.plan import Plan
from scanwright.networks.norms import instance_norm
from scanwright.networks.segmenter import Segmenter, plain_heads, shortcut


def swin_unetr(plan: Plan) -> Segmenter:
    """The first level sees the voxels by convolution; those between it and the last have attention."""
    network, widths = plan.network, plan.network.widths
    encoder = _SwinEncoder(plan)
    decoder = [
        UnetrUpBlock(
            plan.dims,
            widths[n + 1],
            widths[n],
            network.kernels[n],
            network.strides[n + 1],
            instance_norm(widths[n]),
            res_block=True,
        )
        for n in reversed(range(len(widths) - 1))
    ]
    return Segmenter(encoder, decoder, plain_heads(plan), shortcut(plan))


class _SwinEncoder(nn.Module):
    """Images → features of each level, finest first; images have the plan's size."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        network, dims = plan.network, plan.dims
        widths = network.widths
        self.embed = PatchEmbed(network.strides[1], len(plan.channels), widths[1], None, dims)
        size = list(plan.patch_voxels[:dims])
        self.levels = nn.ModuleList()
        for n in range(1, len(widths) - 1):
            size = [length // step for length, step in zip(size, network.strides[n], strict=True)]
            self.levels.append(_SwinLevel(plan, n, size))
        # As in MONAI's, the bridge above the deepest level goes without a block.
        self.bridges = nn.ModuleList(
            nn.Identity()
            if n == len(widths) - 2
            else UnetResBlock(
                dims,
                len(plan.channels) if n == 0 else width,
                width,
                network.kernels[n],
                1,
                instance_norm(width),
            )
            for n, width in enumerate(widths)
        )

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        places = self.embed(images).movedim(1, -1)
        seen = [images, _normed(places)]
        for level in self.levels:
            places = level(places)
            seen.append(_normed(places))
        return [bridge(features) for bridge, features in zip(self.bridges, seen, strict=True)]


class _SwinLevel(nn.Module):
    """Attention blocks, every other one with windows moved by half of their length; then merging.

    Places (batch, i, j[, k], channel) of the given size → (batch, …, wider channel) of the next level.
    """

    def __init__(self, plan: Plan, n: int, size: Sequence[int]) -> None:
        super().__init__()
        network, width = plan.network, plan.network.widths[n]
        # A window longer than the level would hold places that there are none of.
        window = tuple(min(pair) for pair in zip(network.window, size, strict=True))
        moved = tuple(w // 2 if w < length else 0 for w, length in zip(window, size, strict=True))
        self.blocks = nn.ModuleList(
            SwinTransformerBlock(
                width,
                network.heads[n],
                window,
                moved if number % 2 else (0,) * len(window),
                # The half survives rounding down.
                mlp_ratio=(network.inner[n] + 0.5) / width,
            )
            for number in range(network.blocks[n])
        )
        for block in self.blocks:  # follows from the window, so it need not be among a model's weights
            index = block.attn.relative_position_index  # type: ignore[union-attr]
            block.attn.register_buffer("relative_position_index", index, persistent=False)  # type: ignore[union-attr,arg-type]
        self.mask: torch.Tensor
        padded = [-(-length // w) * w for length, w in zip(size, window, strict=True)]
        self.register_buffer("mask", compute_mask(padded, window, moved, None), persistent=False)
        self.merge = _Merge(width, network.widths[n + 1], network.strides[n + 1])

    def forward(self, places: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            places = block(places, self.mask)
        merged: torch.Tensor = self.merge(places)
        return merged


class _Merge(nn.Module):
    """Neighbouring places become one: MONAI's PatchMergingV2 with any width and stride."""

    def __init__(self, width: int, wider: int, stride: Sequence[int]) -> None:
        super().__init__()
        self.offsets = list(itertools.product(*map(range, stride)))
        self.stride = tuple(stride)
        self.norm = nn.LayerNorm(len(self.offsets) * width)
        self.reduction = nn.Linear(len(self.offsets) * width, wider, bias=False)

    def forward(self, places: torch.Tensor) -> torch.Tensor:
        parts = [
            places[(slice(None), *map(slice, offset, places.shape[1:-1], self.stride))]
            for offset in self.offsets
        ]
        merged: torch.Tensor = self.reduction(self.norm(torch.cat(parts, dim=-1)))
        return merged


def _normed(places: torch.Tensor) -> torch.Tensor:
    """Places (batch, …, channel) as features (batch, channel, …), normalised at each place."""
    return F.layer_norm(places, places.shape[-1:]).movedim(-1, 1)
