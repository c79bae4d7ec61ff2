"""Recipes are checked before anything is read."""

from __future__ import annotations

import pytest

from scanwright.data.recipe import read_plan_recipe, read_recipe, scale_after
from scanwright.data.step_kinds import KINDS
from scanwright.errors import SettingsError

WRITTEN = (
    "grey",
    "median=1",
    "bilateral=1:20",
    "nlm",
    "nlm=12.5",
    "diffusion=3",
    "window=-100:80",
    "match=other.png",
    "fill",
    "fill=-1000",
    "spacing=1:2:3",
    "crop=2.5",
)


@pytest.mark.parametrize("text", WRITTEN)
def test_a_step_is_written_as_it_was_read(text):
    (step,) = read_recipe(text)
    assert step.written == text
    assert read_recipe(step.written) == (step,)


def test_one_number_may_stand_for_three():
    assert read_recipe("spacing=2") == read_recipe("spacing=2:2:2")


def test_a_list_may_hold_a_file_name_with_commas():
    (step,) = read_recipe(["match=a,b:c.nii"])
    assert step.files == ("a,b:c.nii",)
    assert step.values == {"reference": "a,b:c.nii"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("medain=1", "did you mean median"),
        ("N4", "did you mean n4"),
        ("xyz=2", "Expected one of grey, median"),
        ("", "no steps are given"),
        ("n4,,zscore", "a step is missing"),
        ("median", "Expected median=RADIUS"),
        ("median=", "Expected median=RADIUS"),
        ("median=1:2", "Expected median=RADIUS"),
        ("median=x", "RADIUS, a number above 0 to 50"),
        ("median=0", "above 0"),
        ("median=nan", "Received 'nan'"),
        ("diffusion=2.5", "a whole number from 1 to 500"),
        ("gaussian=-1", "SIGMA_MM, a number above 0"),
        ("gaussian=inf", "Received 'inf'"),
        ("n4=3", "takes no value"),
        ("percentile=99:1", "LOW must be below HIGH"),
        ("percentile=1:101", "to 100"),
        ("window=40", "Expected window=CENTRE:WIDTH"),
        ("window=40:0", "WIDTH, a number above 0"),
        ("spacing=1:2", "Expected spacing=MM[:MM:MM]"),
        ("nlm=", "Expected nlm[=SIGMA_INTENSITY]"),
        ("nlm=0", "SIGMA_INTENSITY, a number above 0"),
        ("wavelets", "did you mean wavelet"),
        ("match", "match=REFERENCE_FILE"),
        ("fill=", "Expected fill[=MARKED]"),
        ("crop=-1", "MARGIN_MM, a number from 0"),
    ],
)
def test_what_is_wrong_is_said(text, said):
    with pytest.raises(SettingsError) as error:
        read_recipe(text)
    assert said in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("median=1,n4", "source"),
        ("percentile=1:99,median=1", "unit"),
        ("window=40:400", "unit"),
        ("percentile=1:99,zscore", "deviations"),
        ("zscore,match=a.png", "reference"),
    ],
)
def test_the_last_change_of_scale_counts(text, scale):
    assert scale_after(read_recipe(text)) == scale


def test_a_plan_holds_steps_that_keep_the_grid_and_need_no_file():
    assert read_plan_recipe(()) == ()
    assert read_plan_recipe(("fill=0", "n4")) == read_recipe("fill=0,n4")
    refused = {kind.name for kind in KINDS if kind.not_in_plans}
    assert refused == {
        kind.name for kind in KINDS if kind.moves_grid or any(p.is_file for p in kind.parameters)
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spacing=1", "enhance=spacing=1:1:1. Leave it out: the plan's own spacing_mm does this"),
        ("crop", "a prediction covers the whole image"),
        ("match=a.png", "a model takes no file along"),
        ("medain=1", "did you mean median"),
    ],
)
def test_what_a_plan_can_not_hold_is_said_with_what_to_do_instead(text, said):
    with pytest.raises(SettingsError) as error:
        read_plan_recipe(("n4", text))
    assert said in str(error.value)
