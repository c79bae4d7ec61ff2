"""Placing: features of a network over the pixels that they really look at.

A strided convolution looks around the first pixel of its step; interpolation takes the middle of the step.
After three halvings a map lies 3.5 pixels off, after four 7.5, and a peak misses the lesion that it means.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy import ndimage

from scanwright.explanation.question import Question


def place_features(interpolated: torch.Tensor, question: Question, image: torch.Tensor) -> torch.Tensor:
    """A map moved to where its features look.

    Args:
        interpolated: (i, j[, k]), from features by the middles of their steps.
        question: whose features they are.
        image: (1, channel, i, j[, k]) of the same size.
    """
    off = features_off(question, image)
    moved = ndimage.shift(interpolated.detach().cpu().numpy(), [-one for one in off], order=1, mode="nearest")
    return torch.from_numpy(moved)


def features_off(question: Question, image: torch.Tensor) -> tuple[float, ...]:
    """By how many pixels along each axis a feature is interpolated beyond the middle of what it looks at: the
    centre of gravity of the squared gradient of the place in the middle, on noise."""
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(0)).to(image.device)
    noise.requires_grad_()
    kept: list[torch.Tensor] = []
    layer = question.get_submodule(question.features)
    hook = layer.register_forward_hook(lambda module, given, answer: kept.append(answer))
    try:
        with torch.enable_grad():
            question.network(noise)
    finally:
        hook.remove()
    grid = kept[0].shape[2:]
    middle = tuple(n // 2 for n in grid)
    (gradient,) = torch.autograd.grad(
        kept[0][0].flatten(1)[:, np.ravel_multi_index(middle, grid)].sum(), noise
    )
    weight = gradient[0].square().sum(dim=0)
    off = []
    for axis, (n, place, places) in enumerate(zip(weight.shape, middle, grid, strict=True)):
        along = weight.sum(dim=[other for other in range(weight.ndim) if other != axis])
        seen = float((along * torch.arange(n, device=along.device)).sum() / along.sum().clamp_min(1e-30))
        step = n / places
        # A single place looks at everything, and no step is longer than itself.
        beyond = (place + 0.5) * step - 0.5 - seen
        off.append(math.copysign(min(abs(beyond), step / 2), beyond) if places > 1 else 0.0)
    return tuple(off)
