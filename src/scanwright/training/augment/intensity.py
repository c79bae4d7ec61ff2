"""Intensity augmentation of a batch of normalised images (batch, channel, …)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as F

from scanwright.data.plan import AugmentationPlan


def vary_intensities(images: torch.Tensor, plan: AugmentationPlan, rng: np.random.Generator) -> torch.Tensor:
    """Gamma, contrast, brightness, blur and noise, drawn for each image anew."""
    shape = (len(images), *(1,) * (images.ndim - 1))

    def draw(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.float32)).reshape(shape).to(images.device)

    n = len(images)
    if plan.gamma:
        images = apply_gamma(images, draw(np.exp(rng.normal(0, plan.gamma, n))))
    if plan.contrast or plan.brightness:
        centre = images.mean(dim=tuple(range(1, images.ndim)), keepdim=True)
        gain = draw(np.exp(rng.normal(0, plan.contrast, n)))
        images = (images - centre) * gain + centre + draw(rng.normal(0, plan.brightness, n))
    if plan.blur:
        chosen = np.flatnonzero(rng.random(n) < plan.blur)
        if len(chosen):
            images = images.clone()
            images[chosen] = gaussian_blur(images[chosen], float(rng.uniform(0.4, 1.2)))
    if plan.noise:
        deviation = draw(rng.uniform(0, plan.noise, n))
        noise = torch.from_numpy(rng.standard_normal(images.shape, dtype=np.float32)).to(images.device)
        images = images + noise * deviation
    return images


def apply_gamma(images: torch.Tensor, gamma: torch.Tensor) -> torch.Tensor:
    """Raise intensities, taken from 0 to 1 over each image's own range, to a power."""
    axes = tuple(range(1, images.ndim))
    low, high = images.amin(axes, keepdim=True), images.amax(axes, keepdim=True)
    span = (high - low).clamp_min(1e-6)
    return ((images - low) / span).pow(gamma) * span + low


def gaussian_blur(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """Blur along every axis with a Gaussian of ``sigma`` voxels; borders are continued."""
    reach = max(1, math.ceil(2.5 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2).to(images)
    kernel = kernel / kernel.sum()
    dims = images.ndim - 2
    convolve = F.conv3d if dims == 3 else F.conv2d
    flat = images.reshape(-1, 1, *images.shape[2:])
    for axis in range(dims):
        if flat.shape[2 + axis] == 1:
            continue
        shape = [1] * dims
        shape[axis] = 2 * reach + 1
        padding = [0, 0] * dims
        padding[2 * (dims - 1 - axis)] = padding[2 * (dims - 1 - axis) + 1] = reach
        flat = convolve(F.pad(flat, padding, mode="replicate"), kernel.reshape(1, 1, *shape))
    return flat.reshape(images.shape)
