"""Spatial augmentation of a batch in one resampling: rotation, size, shift, mirroring."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from scanwright.data.plan import AugmentationPlan
from scanwright.types import FloatArray


def draw_affine(
    plan: AugmentationPlan, spacing: Sequence[float], patch: Sequence[int], rng: np.random.Generator
) -> FloatArray:
    """A random map (dims, dims + 1) from voxels of the result to voxels of the source, from their centres.

    Args:
        plan: the ranges.
        spacing: voxel size along each axis, in any unit; rotations keep lengths in the patient.
        patch: voxels along each axis.
        rng: source of randomness.
    """
    dims = len(patch)
    size = np.asarray(spacing, dtype=float)
    limit = np.deg2rad(plan.rotate_degrees)
    rotation = np.eye(dims)
    # Thick slices are turned in their plane only: across it, there is too little to interpolate from.
    planes = [(0, 1)] if dims == 2 or size.max() > 3 * size.min() else [(0, 1), (0, 2), (1, 2)]
    for a, b in planes:
        angle = rng.uniform(-limit, limit)
        turn = np.eye(dims)
        turn[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        rotation = rotation @ turn
    scale = np.exp(rng.uniform(-1, 1) * np.log1p(plan.scale))
    flips = np.array([-1.0 if axis in plan.flip_axes and rng.random() < 0.5 else 1.0 for axis in range(dims)])
    matrix = np.diag(1 / size) @ rotation @ np.diag(size) * scale * flips
    shift = rng.uniform(-1, 1, dims) * plan.shift * np.asarray(patch)
    return np.concatenate([matrix, shift[:, None]], axis=1)


def sampling_grid(maps: FloatArray, source: Sequence[int], patch: Sequence[int]) -> torch.Tensor:
    """The maps of a batch (batch, dims, dims + 1) as a grid for ``grid_sample``."""
    dims = len(patch)
    # grid_sample counts from −1 to 1 across each axis, last axis first.
    theta = maps.copy()
    theta[:, :, :dims] *= np.asarray(patch)[None, None, :] / np.asarray(source)[None, :, None]
    theta[:, :, dims] *= 2 / np.asarray(source)[None, :]
    theta[:, :, :dims] = theta[:, ::-1, :dims][:, :, ::-1]
    theta[:, :, dims] = theta[:, ::-1, dims]
    return F.affine_grid(
        torch.from_numpy(np.ascontiguousarray(theta)).float(), [len(maps), 1, *patch], align_corners=False
    )


def warp(images: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Sample images (batch, channel, …) linearly; beyond the border its values go on."""
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def warp_labels(labels: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Sample class indices (batch, …) to the nearest; beyond the border is background."""
    sampled = F.grid_sample(
        labels[:, None].float(), grid, mode="nearest", padding_mode="zeros", align_corners=False
    )
    return sampled[:, 0].long()
