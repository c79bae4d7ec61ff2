"""Integrated gradients, by captum."""

from __future__ import annotations

import torch
from captum.attr import IntegratedGradients

from scanwright.explanation.question import GRADIENTS_AT_ONCE, Question

STEPS = 32


def integrated_gradients(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """Of each voxel its part in the difference between the score of the image and that of the blurred one;
    below 0 what lowers it. Summed over the channels.

    Sundararajan, Taly and Yan, ICML 2017.
    """
    method = IntegratedGradients(question)
    found: torch.Tensor = method.attribute(
        image,
        baselines=blank,
        target=0,
        n_steps=STEPS,
        internal_batch_size=GRADIENTS_AT_ONCE[question.plan.dims],
    )
    return found[0].sum(dim=0)
