"""Attention rollout. Neither captum nor MONAI has it."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from scanwright.errors import SettingsError
from scanwright.explanation.question import Question
from scanwright.networks.classifier import Classifier
from scanwright.networks.vit import patch_grid


def attention_rollout(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """How much of each patch reaches the answer: the attention of all layers, multiplied, each half of it
    what passes by (the mean over the heads). As all patches answer together, their mean is taken. It does not
    depend on the class.

    Abnar and Zuidema, Quantifying Attention Flow in Transformers, ACL 2020.
    """
    network = question.network
    if not isinstance(network, Classifier):
        raise SettingsError("attention rollout is for whole images")
    with torch.no_grad():
        patches = network.stem(image)
        flow = torch.eye(patches.shape[1], device=image.device)
        for layer in network.levels.children():
            if not isinstance(layer, nn.TransformerEncoderLayer):
                continue
            seen = layer.norm1(patches)
            _, attention = layer.self_attn(seen, seen, seen, need_weights=True)
            flow = (0.5 * attention[0] + 0.5 * torch.eye(len(flow), device=image.device)) @ flow
            patches = layer(patches)
        # Each row adds up to 1, and so do the means over the rows.
        reach = flow.mean(dim=0).reshape(1, 1, *patch_grid(question.plan))
    mode = "bilinear" if question.plan.dims == 2 else "trilinear"
    return F.interpolate(reach, image.shape[2:], mode=mode)[0, 0]
