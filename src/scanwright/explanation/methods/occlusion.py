"""Occlusion, by captum."""

from __future__ import annotations

import math

import torch
from captum.attr import Occlusion

from scanwright.explanation.question import Question
from scanwright.inference.predict import PATCHES_AT_ONCE

PLACES = {2: 14, 3: 6}
"""Windows along the longest axis, by the number of axes: some 200 in all."""


def occlusion(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """How far the score falls where a window is taken from the blurred image; windows overlap by half, and
    the mean of those over a voxel is its own.

    Zeiler and Fergus, ECCV 2014.
    """
    shape = image.shape[2:]
    step = max(1, math.ceil(max(shape) / (PLACES[len(shape)] + 1)))
    windows = tuple(min(length, 2 * step) for length in shape)
    found: torch.Tensor = Occlusion(question).attribute(
        image,
        sliding_window_shapes=(image.shape[1], *windows),
        strides=(image.shape[1], *(min(step, window) for window in windows)),
        baselines=blank,
        target=0,
        perturbations_per_eval=PATCHES_AT_ONCE,
    )
    return found[0].mean(dim=0)
