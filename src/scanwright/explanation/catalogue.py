"""The table of methods: a map's name → what makes it. Names and words stand in ``data/map_kinds.py``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch

from scanwright.explanation.methods.attention_rollout import attention_rollout
from scanwright.explanation.methods.grad_cam import grad_cam
from scanwright.explanation.methods.grad_cam_pp import grad_cam_pp
from scanwright.explanation.methods.integrated_gradients import integrated_gradients
from scanwright.explanation.methods.occlusion import occlusion
from scanwright.explanation.methods.smooth_grad import smooth_grad
from scanwright.explanation.question import Question

Method: TypeAlias = Callable[[Question, torch.Tensor, torch.Tensor], torch.Tensor]
"""Question, image (1, channel, i, j[, k]) and the same image blurred → map (i, j[, k]), on any scale: higher
where the score hangs more on it."""

METHODS: dict[str, Method] = {
    "grad_cam": grad_cam,
    "grad_cam_pp": grad_cam_pp,
    "integrated_gradients": integrated_gradients,
    "smooth_grad": smooth_grad,
    "occlusion": occlusion,
    "attention_rollout": attention_rollout,
}
