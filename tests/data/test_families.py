"""Families: a network that could not be built, or would fail at the first step, is refused in words."""

import dataclasses

import pytest

from scanwright.data.families import FAMILIES
from scanwright.errors import SettingsError
from tiny_networks import TINY, tiny_plan

PER_LEVEL = [(family, name) for family, row in FAMILIES.items() for name in row.needs]


@pytest.mark.parametrize(("family", "name"), PER_LEVEL)
def test_what_a_family_needs_is_given_for_each_level(family, name):
    n_levels = len(TINY[family]["widths"])
    one = (3, 3) if name == "kernels" else 1
    for numbers in ((), (one,) * (n_levels + 1)):
        with pytest.raises(SettingsError, match=rf"network\.{name} must have one .* of network\.widths"):
            tiny_plan(family, 2, **{name: numbers})


@pytest.mark.parametrize(
    "family", sorted({"cnn", "resnet", "se_resnet", "densenet", "segresnet", "residual_unet"})
)
def test_a_level_of_convolutions_has_a_block(family):
    with pytest.raises(SettingsError, match=r"network\.blocks must have one positive number"):
        tiny_plan(family, 2, blocks=(1, 0, 1)[: len(TINY[family]["widths"])])


NONSENSE = {
    "wide windows": ("swin_unetr", {"window": (64, 64)}, "at most 1024 places in all"),
    "flat windows": ("swin_unetr", {"window": (4,)}, "network.window must have 2 lengths"),
    "attention at once": (
        "swin_unetr",
        {"blocks": (1, 2, 0)},
        "the first and the last of network.blocks are 0",
    ),
    "attention at last": (
        "swin_unetr",
        {"blocks": (0, 2, 2)},
        "the first and the last of network.blocks are 0",
    ),
    "two levels": (
        "swin_unetr",
        {"widths": (4, 8), "blocks": (0, 0), "heads": (0, 0), "inner": (0, 0)},
        "three levels or more",
    ),
    "uneven heads": ("swin_unetr", {"heads": (0, 3, 0)}, "must be multiples of network.heads"),
    "no heads": ("swin_unetr", {"heads": (0, 0, 0)}, "must be multiples of network.heads"),
    "nothing inside": ("swin_unetr", {"inner": (0, 0, 0)}, "network.inner positive"),
    "uneven vit": ("vit", {"heads": (5,)}, "must be multiples of network.heads"),
    "deep vit": (
        "vit",
        {"widths": (8, 8), "blocks": (1, 1), "heads": (1, 1), "inner": (8, 8)},
        "a vit has one level",
    ),
    "cut patches": (
        "vit",
        {"strides": ((3, 4),)},
        r"patch_voxels must be multiples of network\.strides \[3, 4\]",
    ),
    "long steps": ("residual_unet", {"strides": ((1, 1), (4, 4), (2, 2))}, "must be 1 or 2"),
}


@pytest.mark.parametrize(("family", "fields", "message"), NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_refused_in_words(family, fields, message):
    with pytest.raises(SettingsError, match=message):
        tiny_plan(family, 2, **fields)


@pytest.mark.parametrize("family", [name for name, row in FAMILIES.items() if row.batch_norm])
def test_a_single_value_can_not_be_normalised(family):
    strides = ((8, 8), *((1, 1) for _ in TINY[family]["widths"][1:]))
    small = tiny_plan(family, 2, patch=(8, 8, 1), strides=strides)
    assert small.batch_size == 2
    with pytest.raises(SettingsError, match="batch_size must be 2 or more"):
        dataclasses.replace(small, batch_size=1)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_masks_need_an_answer_for_each_voxel_and_classes_one(family):
    plan = tiny_plan(family, 2)
    said = {
        "voxels": "label_values must say",
        "image": "answers once for an image",
        "boxes": "answer=boxes is not for masks",
    }
    voxels = FAMILIES[family].answers == "voxels"
    with pytest.raises(SettingsError, match=said[FAMILIES[family].answers]):
        dataclasses.replace(plan, label_values=() if voxels else (0, 1, 2))
