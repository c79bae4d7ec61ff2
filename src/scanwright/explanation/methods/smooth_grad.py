"""SmoothGrad, by captum."""

from __future__ import annotations

import torch
from captum.attr import NoiseTunnel, Saliency

from scanwright.explanation.question import GRADIENTS_AT_ONCE, Question

SAMPLES = 24
NOISE = 0.1
"""Its standard deviation, as a share of the image's range; the paper takes 0.1 to 0.2."""


def smooth_grad(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """The mean square of the gradient over noisy copies of the image, summed over the channels.

    Smilkov et al., 2017; squared as in Hooker et al., NeurIPS 2019.
    """
    span = float(image.max() - image.min())
    found: torch.Tensor = NoiseTunnel(Saliency(question)).attribute(
        image,
        nt_type="smoothgrad_sq",
        nt_samples=SAMPLES,
        nt_samples_batch_size=GRADIENTS_AT_ONCE[question.plan.dims],
        stdevs=NOISE * span,
        target=0,
        abs=False,
    )
    return found[0].sum(dim=0)
