"""Rules of planning and costs of networks: no family is much dearer than the default where both answer."""

from __future__ import annotations

import pytest

from scanwright.data.families import FAMILIES
from scanwright.data.plan import ChannelPlan, Plan
from scanwright.networks.catalogue import count_cost
from scanwright.planning.networks import RULES, Scene

SCENES = {
    "pictures": ("image", Scene((64, 64, 1), None, 2, 30)),
    "whole volumes": ("image", Scene((64, 64, 40), None, 3, 30)),
    "planes": ("voxels", Scene((160, 128, 1), None, 2, 15)),
    "thick slices": ("voxels", Scene((96, 96, 20), (0.7, 0.7, 3.0), 3, 30)),
}
DEFAULT = {"image": "resnet", "voxels": "unet"}


def multiply_adds(family: str, scene: Scene) -> int:
    design = RULES[family](scene)
    masks = FAMILIES[family].answers == "voxels"
    plan = Plan(
        task="segmentation" if masks else "classification",
        dims=scene.dims,
        channels=(ChannelPlan("image"),),
        classes=("background", "other"),
        label_values=(0, 1) if masks else (),
        patch_voxels=design.patch_voxels.value,
        batch_size=2,
        network=design.network.value,
    )
    return count_cost(plan).multiply_adds


@pytest.mark.parametrize(("answers", "scene"), SCENES.values(), ids=SCENES.keys())
def test_no_family_costs_three_times_the_default_or_a_third(answers: str, scene: Scene) -> None:
    default = multiply_adds(DEFAULT[answers], scene)
    # Wavelets are for few pictures, which are soon seen.
    others = [f for f, row in FAMILIES.items() if row.answers == answers and f != "scattering"]
    ratios = {family: multiply_adds(family, scene) / default for family in others}
    assert all(1 / 3 < ratio < 3 for ratio in ratios.values()), ratios
