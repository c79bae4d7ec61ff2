"""Grad-CAM++, by MONAI."""

from __future__ import annotations

import copy

import torch
from monai.visualize import GradCAMpp

from scanwright.explanation.methods.placing import place_features
from scanwright.explanation.question import Question


def grad_cam_pp(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """Features, each weighed by the places at which it raises the score.

    Chattopadhyay et al., WACV 2018.
    """
    cam = GradCAMpp(copy.deepcopy(question), question.features, postprocessing=lambda one: one)
    found: torch.Tensor = cam(image, class_idx=0)
    return place_features(found[0, 0], question, image)
