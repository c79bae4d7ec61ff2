"""Estimates are of the plan that is given, and steps are really taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders import classification_plan, segmentation_plan
from scanwright.errors import SettingsError
from scanwright.networks.catalogue import count_cost
from scanwright.training.estimate import SHARE_OF_STEPS, estimate, time_step


@pytest.mark.parametrize("plan", [segmentation_plan(), classification_plan()], ids=["masks", "classes"])
def test_an_estimate_holds_cost_and_steps(plan) -> None:
    made = estimate(replace(plan, minutes=3.0), "cpu")
    assert made.cost == count_cost(plan)
    assert made.steps == int(3 * 60 * SHARE_OF_STEPS / made.step_s)


def test_a_step_of_many_patches_takes_longer() -> None:
    one, many = (segmentation_plan(batch_size=n, patch_voxels=(32, 32, 32)) for n in (1, 12))
    assert time_step(many, "cpu") > 2 * time_step(one, "cpu")


def test_a_device_that_does_not_exist_is_said() -> None:
    with pytest.raises(SettingsError, match="no such device"):
        estimate(segmentation_plan(), "toaster")
