"""ViT: an image as a handful of patches that attend to each other.

Dosovitskiy et al., An Image is Worth 16×16 Words, ICLR 2021; the mean of all patches answers, not a token of
its own (Beyer et al., Better plain ViT baselines, 2022). MONAI's TransformerBlock carries a norm that nothing
uses and needs einops, so torch's own layer stands behind MONAI's embedding.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.blocks import PatchEmbeddingBlock
from torch import nn

from scanwright.data.plan import Plan
from scanwright.networks.classifier import Classifier


def vit(plan: Plan) -> Classifier:
    """Patches with places that are learnt, and blocks of attention; images have the plan's size."""
    network, dims = plan.network, plan.dims
    (width,), (patch,) = network.widths, network.strides
    size = plan.patch_voxels[:dims]
    stem = PatchEmbeddingBlock(len(plan.channels), size, patch, width, num_heads=1, spatial_dims=dims)
    blocks = [
        nn.TransformerEncoderLayer(
            width,
            network.heads[0],
            network.inner[0],
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        for _ in range(network.blocks[0])
    ]
    levels = nn.Sequential(*blocks, nn.LayerNorm(width), _ToGrid(patch_grid(plan)))
    return Classifier(plan, stem, levels, width)


def patch_grid(plan: Plan) -> list[int]:
    """Patches along each axis of the image."""
    (patch,) = plan.network.strides
    return [length // step for length, step in zip(plan.patch_voxels[: plan.dims], patch, strict=True)]


class _ToGrid(nn.Module):
    """(batch, patch, channel) → (batch, channel, i, j[, k])."""

    def __init__(self, grid: Sequence[int]) -> None:
        super().__init__()
        self.grid = tuple(grid)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        return patches.transpose(1, 2).reshape(len(patches), -1, *self.grid)
