"""An answer for each voxel: what all families share that segment."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from monai.networks.blocks.convolutions import Convolution
from monai.networks.blocks.dynunet_block import UnetOutBlock
from torch import nn

from scanwright.data.plan import Plan

LEAKY = ("leakyrelu", {"negative_slope": 0.01, "inplace": True})


class Encoder(nn.ModuleList):
    """Levels one after the other: images → features of each level, finest first."""

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        features = []
        for level in self:
            images = level(images)
            features.append(images)
        return features


class Segmenter(nn.Module):
    """An encoder that becomes coarser, a decoder that comes back, with bridges between equal sizes.

    Input (batch, channel, …). Outputs: a list of (batch, class, …) logits, finest first; the coarser ones,
    each at its own size, only while training.

    Args:
        encoder: images → features of each level, finest first.
        decoder: of each level but the deepest, deepest first: (coarser features, bridge) → features.
        heads: of the finest levels: features → logits.
        shortcut: images → what is added to the finest logits; ``None`` where all goes through the levels.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: Iterable[nn.Module],
        heads: Iterable[nn.Module],
        shortcut: nn.Module | None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = nn.ModuleList(decoder)
        self.heads = nn.ModuleList(heads)
        self.shortcut = shortcut

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        bridges = self.encoder(images)
        decoded = [bridges[-1]]
        for block, bridge in zip(self.decoder, reversed(bridges[:-1]), strict=True):
            decoded.append(block(decoded[-1], bridge))
        heads = self.heads if self.training else self.heads[:1]
        finest, *coarser = [head(features) for head, features in zip(heads, reversed(decoded), strict=False)]
        return [finest if self.shortcut is None else finest + self.shortcut(images), *coarser]


def n_outputs(plan: Plan) -> int:
    """The finest output and the coarser ones that are also trained; never one at the deepest level."""
    return 1 + min(plan.network.deep_supervision, max(0, len(plan.network.widths) - 2))


def plain_heads(plan: Plan) -> list[nn.Module]:
    """One 1 × 1 convolution an output."""
    widths = plan.network.widths[: n_outputs(plan)]
    return [UnetOutBlock(plan.dims, width, len(plan.classes)) for width in widths]


def shortcut(plan: Plan) -> nn.Module | None:
    """Three convolutions without a norm from the voxels to the logits; ``None`` where the plan has none.

    Norms take from a window how bright all of it is: air and lung, alone in a window, look alike behind one.
    """
    width, n_classes = plan.network.shortcut, len(plan.classes)
    if not width:
        return None
    steps = ((len(plan.channels), width, 3), (width, width, 1), (width, n_classes, 1))
    return nn.Sequential(
        *(
            Convolution(plan.dims, n_in, n_out, kernel_size=size, act=LEAKY, norm=None, conv_only=n == 2)
            for n, (n_in, n_out, size) in enumerate(steps)
        )
    )
