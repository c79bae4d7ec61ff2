"""Spatial augmentation of a batch in one resampling: turning, shearing, size, shift, mirroring, bending."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from scanwright.data.plan import AugmentationPlan
from scanwright.training.augment.separable import smooth_field
from scanwright.types import FloatArray

# Control points of the bending: few, so that neighbouring structures move together.
INTERVALS = 5
# Across slices this much thicker than the plane's voxels, there is too little to interpolate from.
THICK = 3.0


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
    limit, lean = np.deg2rad(plan.rotate_degrees), np.deg2rad(plan.shear_degrees)
    turned = np.eye(dims)
    # Thick slices are turned in their plane only.
    planes = [(0, 1)] if dims == 2 or size.max() > THICK * size.min() else [(0, 1), (0, 2), (1, 2)]
    for a, b in planes:
        angle = rng.uniform(-limit, limit)
        turn = np.eye(dims)
        turn[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        if lean:
            turn[a, b] += np.tan(rng.uniform(-lean, lean))
        turned = turned @ turn
    scale = np.exp(rng.uniform(-1, 1) * np.log1p(plan.scale))
    flips = np.array([-1.0 if axis in plan.flip_axes and rng.random() < 0.5 else 1.0 for axis in range(dims)])
    matrix = np.diag(1 / size) @ turned @ np.diag(size) * scale * flips
    shift = rng.uniform(-1, 1, dims) * plan.shift * np.asarray(patch)
    return np.concatenate([matrix, shift[:, None]], axis=1)


def draw_bending(
    plan: AugmentationPlan, spacing: Sequence[float], patch: Sequence[int], rng: np.random.Generator
) -> FloatArray:
    """Random displacements of control points (…, dims) in voxels of the patch.

    A displacement below 0.4 of the distance between control points can't fold a volume (Choi and Lee,
    Graphical Models 2000), which is why the plan allows no more.
    """
    dims = len(patch)
    size = np.asarray(spacing, dtype=float)
    strength = rng.uniform(0, plan.elastic)
    reach = strength * np.asarray(patch) / INTERVALS
    moved: FloatArray = rng.uniform(-1, 1, (*(INTERVALS + 3,) * dims, dims)) * reach
    if size.max() > THICK * size.min():
        moved[..., int(size.argmax())] = 0.0
    return moved


def draw_grid(
    plan: AugmentationPlan,
    spacing: Sequence[float],
    images: torch.Tensor,
    patch: Sequence[int],
    rng: np.random.Generator,
) -> torch.Tensor:
    """For each of the images (batch, channel, …), where the voxels of a patch come from, drawn by the plan.

    Returns (batch, *patch, dims) on the device of the images, for :func:`warp`.
    """
    maps = np.stack([draw_affine(plan, spacing, patch, rng) for _ in images])
    bendings = np.stack([draw_bending(plan, spacing, patch, rng) for _ in images]) if plan.elastic else None
    return sampling_grid(maps, images.shape[2:], patch, bendings, images.device)


def sampling_grid(
    maps: FloatArray,
    source: Sequence[int],
    patch: Sequence[int],
    bendings: FloatArray | None = None,
    device: torch.device | None = None,
) -> torch.Tensor:
    """The maps of a batch as a grid (batch, *patch, dims) for ``grid_sample``.

    Args:
        maps: (batch, dims, dims + 1), see :func:`draw_affine`.
        source: voxels of the images that are sampled.
        patch: voxels of the result.
        bendings: (batch, …, dims), see :func:`draw_bending`; they come before the maps.
        device: where the grid is made; ``None`` for the processor.
    """
    dims = len(patch)
    n_intervals = INTERVALS if bendings is not None else 1
    # Where the control points stand, in voxels from the middle of the patch. Splines keep straight lines, so
    # that moving these points by the map moves every voxel by it.
    places = [((np.arange(n_intervals + 3) - 1) / n_intervals - 0.5) * n for n in patch]
    points = np.stack(np.meshgrid(*places, indexing="ij"), axis=-1)[None]
    if bendings is not None:
        points = points + bendings
    middle = (len(maps), *(1,) * dims, dims)
    turned = (maps[:, :, :dims].reshape(*middle, dims) * points[..., None, :]).sum(axis=-1)
    moved = turned + maps[:, :, dims].reshape(middle)
    # grid_sample counts from −1 to 1 across each axis, last axis first.
    return smooth_field((moved * 2 / np.asarray(source))[..., ::-1], patch, device)


def warp(images: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Sample images (batch, channel, …) linearly; beyond the border its values go on."""
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def warp_labels(labels: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """Sample class indices (batch, …) to the nearest; beyond the border is background."""
    sampled = F.grid_sample(
        labels[:, None].float(), grid, mode="nearest", padding_mode="zeros", align_corners=False
    )
    return sampled[:, 0].long()
