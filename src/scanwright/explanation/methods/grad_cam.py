"""Grad-CAM, by MONAI."""

from __future__ import annotations

import copy

import torch
from monai.visualize import GradCAM

from scanwright.explanation.methods.placing import place_features
from scanwright.explanation.question import Question


def grad_cam(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """Features, each weighed by the mean of its gradient; what lowers the score is left out.

    Selvaraju et al., ICCV 2017; of voxels Vinogradova et al., Seg-Grad-CAM, AAAI 2020.
    """
    # MONAI leaves its hooks behind.
    cam = GradCAM(copy.deepcopy(question), question.features, postprocessing=lambda one: one)
    found: torch.Tensor = cam(image, class_idx=0)
    return place_features(found[0, 0], question, image)
