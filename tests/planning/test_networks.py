"""Rules of the families: whatever is to be seen, the network fits it, and the plan holds together."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facts_of import facts_of
from scanwright.data.families import FAMILIES
from scanwright.data.plan import ChannelPlan, Plan
from scanwright.errors import SettingsError
from scanwright.planning.networks import RULES, Scene, choose_family, design_network
from scanwright.planning.rules import Choice
from tiny_networks import TASKS

edges = st.integers(24, 500)
spacings = st.none() | st.tuples(*[st.floats(0.2, 8)] * 3)
budgets = st.sampled_from([1.0, 15.0, 30.0, 120.0])
every_family = pytest.mark.parametrize("family", list(FAMILIES))


def plan_of(family: str, scene: Scene) -> Plan:
    design = design_network(Choice(family, "asked for"), scene)
    assert design.network.reason.startswith("asked for: ")
    assert design.network.value.family == family
    return Plan(
        **{**TASKS[FAMILIES[family].answers], "classes": ("a", "b", "c")},
        dims=scene.dims,
        channels=(ChannelPlan("image"),),
        patch_voxels=design.patch_voxels.value,
        batch_size=2,
        network=design.network.value,
    )


@every_family
@settings(max_examples=30)
@given(st.tuples(edges, edges, edges), spacings, st.sampled_from([2, 3]), budgets)
def test_every_rule_makes_a_plan_that_holds_together(family, size, spacing, dims, minutes):
    dims = 2 if family == "scattering" else dims
    scene = Scene((*size[:2], 1) if dims == 2 else size, spacing, dims, minutes)
    plan = plan_of(family, scene)  # Plan itself judges whether the numbers fit each other
    if FAMILIES[family].answers == "image":
        assert all(n <= made < n + 16 for n, made in zip(scene.size_voxels, plan.patch_voxels, strict=True))


@given(st.tuples(*[st.integers(1, 30)] * 3))
def test_thin_images_have_thin_patches(size):
    plan = plan_of("vit", Scene(size, None, 3, 5))
    assert all(step <= n for step, n in zip(plan.network.strides[0], size, strict=True))


def test_patches_are_rounded_up_and_the_plan_says_so():
    design = design_network(Choice("vit", "asked for"), Scene((104, 96, 1), None, 2, 30))
    assert design.patch_voxels == Choice((104, 96, 1), "")
    design = design_network(Choice("vit", "asked for"), Scene((224, 152, 1), None, 2, 30))
    assert design.patch_voxels == Choice((224, 160, 1), "rounded up to whole patches")


def test_there_is_more_to_a_network_when_there_is_time():
    scenes = [Scene((160, 160, 80), (1, 1, 1), 3, minutes) for minutes in (30, 120)]
    for family in ("residual_unet", "segresnet", "vit"):
        short, long = (sum(plan_of(family, scene).network.blocks) for scene in scenes)
        assert short < long


@pytest.mark.parametrize("family", ["unet", "residual_unet", "segresnet", "swin_unetr"])
def test_where_values_mean_the_same_everywhere_a_shortcut_shows_them(family):
    scene = Scene((160, 160, 80), (1, 1, 1), 3, 30)
    assert plan_of(family, scene).network.shortcut == 0
    design = design_network(Choice(family, "asked for"), replace(scene, absolute=True))
    assert design.network.value.shortcut == 8
    assert "a shortcut past the norms" in design.network.reason


def test_attention_needs_levels_between_the_first_and_the_last():
    with pytest.raises(SettingsError, match="too small for a Swin UNETR"):
        RULES["swin_unetr"](Scene((12, 12, 12), None, 3, 5))


def test_wavelets_see_planes_that_are_not_too_small():
    for scene in (Scene((64, 64, 64), None, 3, 5), Scene((16, 64, 1), None, 2, 5)):
        with pytest.raises(SettingsError, match="scattering sees planes of 24 pixels"):
            RULES["scattering"](scene)


def test_few_pictures_are_seen_through_wavelets():
    few = facts_of((600, 400, 1), None, dims=2, n_train=200)
    family = choose_family(few, "image", None)
    assert family.value == "scattering"
    assert "200 images are too few" in family.reason
    assert plan_of("scattering", Scene((96, 64, 1), None, 2, 5)).network.pool_grid == 4


@pytest.mark.parametrize(
    "facts",
    [
        facts_of((600, 400, 1), None, dims=2, n_train=2000),
        facts_of((28, 28, 1), None, dims=2, n_train=200),
        facts_of((600, 400, 30), (1.0, 1.0, 1.0), dims=3, n_train=200),
    ],
    ids=["many", "tiny", "volumes"],
)
def test_other_images_get_a_residual_network_and_masks_a_unet(facts):
    assert choose_family(facts, "image", None).value == "resnet"
    assert choose_family(facts, "voxels", None).value == "unet"


@every_family
def test_a_family_is_taken_where_it_answers_what_is_asked(family):
    answers = FAMILIES[family].answers
    assert choose_family(facts_of(), answers, family) == Choice(family, "asked for")
    with pytest.raises(SettingsError, match=f"Received network.family={family}"):
        choose_family(facts_of(), "image" if answers == "voxels" else "voxels", family)
