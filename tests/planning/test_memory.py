"""Plans become smaller until they fit under a cap; what never fits is refused, naming the smallest cap."""

import math
import re
from dataclasses import replace

import pytest

from builders import classification_plan, segmentation_plan
from scanwright.data.memory import read_memory
from scanwright.data.plan import NetworkPlan
from scanwright.errors import SettingsError
from scanwright.planning.memory import _smaller, fit_under

DEEP = NetworkPlan("unet", (4, 8, 8), ((1,) * 3, (2,) * 3, (2, 2, 1)), ((3,) * 3,) * 3)
VOLUMES = segmentation_plan(patch_voxels=(96, 64, 32), batch_size=8, network=DEEP)
PICTURES = classification_plan(patch_voxels=(128, 96, 1), batch_size=16)
VIT = NetworkPlan("vit", (16,), ((16, 16),), blocks=(1,), heads=(2,), inner=(32,))
PATCHES = replace(PICTURES, network=VIT)


def need(plan):
    """So many bytes a voxel of a batch."""
    return 10_000 * plan.batch_size * math.prod(plan.patch_voxels)


def test_what_fits_stays_as_it_is():
    assert fit_under(VOLUMES, need(VOLUMES), need) == VOLUMES


def test_the_batch_gives_way_first_and_says_so():
    plan = fit_under(VOLUMES, need(VOLUMES) / 2, need)
    assert (plan.batch_size, plan.patch_voxels) == (4, (96, 64, 32))
    assert plan.reasons["batch_size"].endswith("made smaller (was 8) for memory 7.9G")


@pytest.mark.parametrize("cap", [3e9, 2e9, 1e9])
@pytest.mark.parametrize("plan", [VOLUMES, PICTURES], ids=["volumes", "pictures"])
def test_then_the_patch_which_still_fits_the_network(plan, cap):
    fitted = fit_under(plan, cap * (1 if plan is VOLUMES else 0.05), need)
    assert need(fitted) <= cap
    assert fitted.batch_size >= 2
    assert "made smaller (was" in fitted.reasons["patch_voxels"]


def test_the_longest_side_in_millimetres_is_shortened():
    thick = replace(VOLUMES, spacing_mm=(1.0, 1.0, 5.0), batch_size=2)
    assert fit_under(thick, need(thick) - 1, need).patch_voxels == (96, 64, 30)


@pytest.mark.parametrize("plan", [VOLUMES, PICTURES, PATCHES], ids=["volumes", "pictures", "vit"])
def test_the_smallest_cap_that_is_named_would_do(plan):
    with pytest.raises(SettingsError, match="does not fit into the memory") as error:
        fit_under(plan, 1e6, need)
    named = re.search(r"--memory (\S+) or more", error.value.expected)[1]
    fitted = fit_under(plan, read_memory(named), need)
    assert need(fitted) <= read_memory(named)
    with pytest.raises(SettingsError):
        fit_under(plan, 0.89 * read_memory(named), need)


def test_fields_that_are_fixed_do_not_give_way():
    cap = need(VOLUMES) / 3
    assert fit_under(VOLUMES, cap, need, fixed=["batch_size"]).batch_size == 8
    patch = fit_under(VOLUMES, cap, need, fixed=["patch_voxels"])
    assert (patch.batch_size, patch.patch_voxels) == (2, VOLUMES.patch_voxels)
    with pytest.raises(SettingsError, match="batch_size and patch_voxels stand as they are"):
        fit_under(VOLUMES, cap, need, fixed=["batch_size", "patch_voxels"])


def by_widths(plan):
    return sum(plan.network.widths) * math.prod(plan.patch_voxels)


def by_grid(plan):
    return 1e9 / math.prod(plan.spacing_mm or (1.0,))


@pytest.mark.parametrize(
    ("needing", "advice"),
    [
        (by_widths, "--set network.widths=[2,4,4]"),
        (by_grid, "--set spacing_mm=[2.0,2.0,2.0]"),
        (lambda plan: 1e9, "neither a smaller network nor a coarser grid"),
    ],
)
def test_what_would_make_it_fit_is_named(needing, advice):
    plan = replace(VOLUMES, spacing_mm=(1.0, 1.0, 1.0))
    cap = 0.6 * needing([plan, *_smaller(plan, [])][-1])
    with pytest.raises(SettingsError, match=re.escape(advice)):
        fit_under(plan, cap, needing)


def test_what_the_user_fixed_is_the_first_to_be_left_out():
    with pytest.raises(SettingsError, match="Leave batch_size to the rules"):
        fit_under(PICTURES, need(PICTURES) / 50, need, fixed=["batch_size"])
