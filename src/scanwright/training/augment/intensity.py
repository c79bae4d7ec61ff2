"""Intensity augmentation of a batch of normalised images (batch, channel, …)."""

from __future__ import annotations

import numpy as np
import torch

from scanwright.data.plan import AugmentationPlan
from scanwright.training.augment.separable import (
    apply_along,
    blur_matrices,
    coarsening_matrices,
    smooth_field,
)
from scanwright.types import FloatArray

# Voxels: from hardly seen to a soft reconstruction kernel.
BLUR_SIGMAS = (0.4, 1.2)
COARSEST = 2.0
BIAS_INTERVALS = 2


def vary_intensities(images: torch.Tensor, plan: AugmentationPlan, rng: np.random.Generator) -> torch.Tensor:
    """Gamma, bias field, contrast, brightness, blur, coarser grid and noise, drawn for each image anew."""
    n = len(images)
    if plan.gamma:
        images = apply_gamma(images, _one_each(np.exp(rng.normal(0, plan.gamma, n)), images))
    if plan.bias_field:
        points = (BIAS_INTERVALS + 3,) * (images.ndim - 2)
        images = apply_bias(images, rng.normal(0, plan.bias_field, (n, *points)))
    if plan.contrast or plan.brightness:
        centre = images.mean(dim=tuple(range(1, images.ndim)), keepdim=True)
        gain = _one_each(np.exp(rng.normal(0, plan.contrast, n)), images)
        images = (images - centre) * gain + centre + _one_each(rng.normal(0, plan.brightness, n), images)
    if plan.blur or plan.low_resolution:
        sigmas = np.where(rng.random(n) < plan.blur, rng.uniform(*BLUR_SIGMAS, n), 0.0)
        factors = np.where(rng.random(n) < plan.low_resolution, rng.uniform(1, COARSEST, n), 1.0)
        chosen = np.flatnonzero((sigmas > 0) | (factors > 1))
        if len(chosen):
            images = images.clone()
            images[chosen] = soften(images[chosen], sigmas[chosen], factors[chosen])
    if plan.noise:
        deviation = _one_each(rng.uniform(0, plan.noise, n), images)
        # Drawn on the device: as many numbers as the batch has voxels.
        generator = torch.Generator(images.device).manual_seed(int(rng.integers(2**62)))
        noise = torch.randn(images.shape, generator=generator, device=images.device)
        images = images + noise * deviation
    return images


def _one_each(values: np.ndarray, images: torch.Tensor) -> torch.Tensor:
    """A number for each image, ready to be multiplied with them."""
    column = torch.from_numpy(values.astype(np.float32)).to(images.device)
    return column.reshape(len(images), *(1,) * (images.ndim - 1))


def apply_gamma(images: torch.Tensor, gamma: torch.Tensor) -> torch.Tensor:
    """Raise intensities, taken from 0 to 1 over each image's own range, to a power."""
    axes = tuple(range(1, images.ndim))
    low, high = images.amin(axes, keepdim=True), images.amax(axes, keepdim=True)
    span = (high - low).clamp_min(1e-6)
    return ((images - low) / span).pow(gamma) * span + low


def apply_bias(images: torch.Tensor, logarithms: np.ndarray) -> torch.Tensor:
    """Brighten one side and darken another, as coils of an MR scanner do: a smooth factor above the lowest
    intensity of each image.

    Args:
        images: (batch, channel, …).
        logarithms: of the factor at control points (batch, …), a cubic B-spline between them.
    """
    field = smooth_field(logarithms[..., None], images.shape[2:], images.device)[..., 0].exp()
    low = images.amin(tuple(range(1, images.ndim)), keepdim=True)
    return (images - low) * field[:, None] + low


def soften(images: torch.Tensor, sigmas: FloatArray, factors: FloatArray) -> torch.Tensor:
    """What a softer or a cheaper scan would show.

    Args:
        images: (batch, channel, …).
        sigmas: of the Gaussian that blurs each image along every axis, in voxels; 0 for none.
        factors: how much coarser the grid is to which each image is then brought, and back; 1 for none.
    """
    for axis in range(2, images.ndim):
        n = images.shape[axis]
        if n > 1:
            matrices = coarsening_matrices(n, factors) @ blur_matrices(n, sigmas)
            images = apply_along(images, matrices.to(images.device), axis)
    return images
