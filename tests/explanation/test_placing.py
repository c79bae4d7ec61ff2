"""Placing: maps of strided features lie where these look."""

from __future__ import annotations

import pytest
import torch

import scanwright as sw
from scanwright.explanation.methods.placing import features_off, place_features
from scanwright.explanation.question import Question, fresh_network
from tiny import TinyRun


def test_features_of_strided_convolutions_lie_half_a_step_off(class_run: TinyRun) -> None:
    plan = sw.load(class_run.path).plan
    question = Question(fresh_network(plan, "cpu", 0), plan, 0, None)
    image = torch.zeros(1, 1, *plan.patch_voxels[:2])
    strides = [stride[0] for stride in plan.network.strides]
    step = 1
    for stride in strides:
        step *= stride
    assert features_off(question, image) == pytest.approx([(step - 1) / 2] * 2, abs=0.75)


def test_a_map_moves_by_as_much(class_run: TinyRun) -> None:
    plan = sw.load(class_run.path).plan
    question = Question(fresh_network(plan, "cpu", 0), plan, 0, None)
    image = torch.zeros(1, 1, *plan.patch_voxels[:2])
    spot = torch.zeros(image.shape[2:])
    spot[12, 12] = 1.0
    off = features_off(question, image)
    moved = place_features(spot, question, image)
    rows = torch.arange(len(moved), dtype=torch.float64)
    centre = float((moved.sum(dim=1) * rows).sum() / moved.sum())
    assert centre == pytest.approx(12 - off[0], abs=1e-3)
