"""Estimates are of the plan that is given, and steps are really taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from torch.utils.flop_counter import FlopCounterMode

from builders import classification_plan, segmentation_plan
from scanwright.errors import SettingsError
from scanwright.networks.catalogue import count_cost
from scanwright.training import estimate as estimates
from scanwright.training.estimate import FEWEST_STEPS, SHARE_OF_STEPS, estimate, time_step


@pytest.mark.parametrize("plan", [segmentation_plan(), classification_plan()], ids=["masks", "classes"])
def test_an_estimate_holds_cost_and_steps(plan) -> None:
    made = estimate(replace(plan, minutes=3.0), "cpu")
    assert made.cost == count_cost(plan)
    assert made.steps == int(3 * 60 * SHARE_OF_STEPS / made.step_s)
    assert made.least_minutes * made.steps == pytest.approx(3 * FEWEST_STEPS, rel=0.05)


@pytest.fixture
def operations_for_seconds(monkeypatch) -> None:
    """Time is how many operations the work asks for: clocks of a busy machine say anything."""

    def count(work) -> float:
        with FlopCounterMode(display=False) as counter:
            work()
        return float(counter.get_total_flops())

    monkeypatch.setattr(estimates, "_time", count)


@pytest.mark.usefixtures("operations_for_seconds")
def test_a_step_of_many_patches_takes_as_many_times_longer() -> None:
    one, many = (time_step(segmentation_plan(batch_size=n), "cpu") for n in (1, 12))
    assert many == pytest.approx(12 * one, rel=0.05)
    assert one > 0


def test_a_device_that_does_not_exist_is_said() -> None:
    with pytest.raises(SettingsError, match="no such device"):
        estimate(segmentation_plan(), "toaster")


@pytest.mark.usefixtures("operations_for_seconds")
def test_a_prediction_takes_as_many_passes_as_patches_mirrorings_and_networks() -> None:
    plan = segmentation_plan(mirror_axes=(0, 1), folds=3, overlap=0.5)
    one, many = (estimate(plan, "cpu", shape) for shape in ((8, 8, 8), (20, 8, 8)))
    assert (one.n_mirrored, one.n_members) == (4, 3)
    assert one.predict_s == pytest.approx(12 * one.pass_s)
    assert one.pass_s > 0
    # 8 of 20 voxels at a time, half of them shared: four patches.
    assert many.pass_s == pytest.approx(4 * one.pass_s)
    assert one.steps == int(plan.minutes / 3 * 60 * SHARE_OF_STEPS / one.step_s)


def test_an_image_smaller_than_a_patch_takes_one_pass() -> None:
    assert estimate(segmentation_plan(), "cpu", (2, 3, 4)).pass_s > 0
    assert estimate(classification_plan(), "cpu").predict_s > 0
