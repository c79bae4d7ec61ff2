"""Rules: facts lead to a choice with its reason."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts_of import USUAL, facts_of
from scanwright.data.case import Case
from scanwright.data.plan import ChannelPlan
from scanwright.data.settings import Settings
from scanwright.errors import SettingsError
from scanwright.planning import rules

minutes = st.sampled_from([1.0, 5.0, 15.0, 30.0, 60.0, 240.0])
edges = st.integers(1, 700)
spacings = st.floats(0.1, 12)


def test_ct_shares_one_scale():
    choice = rules.choose_channels(facts_of(modality="CT"))
    (channel,) = choice.value
    assert channel.method == "clip_zscore"
    assert (channel.low, channel.high, channel.mean, channel.deviation) == (-100, 300, 50, 40)
    assert "Hounsfield" in choice.reason


def test_a_channel_that_the_data_calls_ct_is_one():
    (channel,) = rules.choose_channels(facts_of(channels=("CT",))).value
    assert channel.method == "clip_zscore"


def test_eight_bit_pictures_share_one_scale_for_each_colour():
    rows = tuple({**USUAL, "high": 250.0, "mean": mean} for mean in (90.0, 100.0, 110.0))
    facts = facts_of(eight_bit=True, intensity=rows, channels=("red", "green", "blue"))
    choice = rules.choose_channels(facts)
    assert [(c.name, c.method, c.high, c.mean) for c in choice.value] == [
        ("red", "unit", 255, 90),
        ("green", "unit", 255, 100),
        ("blue", "unit", 255, 110),
    ]
    assert "8-bit" in choice.reason


@pytest.mark.parametrize(
    ("steps", "low", "high"),
    [
        (("median=1",), 0, 300),  # values above 255, as a bias field taken out makes them
        (("percentile=1:99",), 0, 300),
        (("zscore",), -8, 300),
        (("grey", "clahe=2"), 0, 300),
    ],
)
def test_pictures_after_steps_share_the_scale_that_the_steps_leave(steps, low, high):
    choice = rules.choose_channels(facts_of(eight_bit=True, enhance=steps))
    (channel,) = choice.value
    assert (channel.method, channel.low, channel.high) == ("unit", low, high)
    assert "as the steps leave them" in choice.reason


@pytest.mark.parametrize(("steps", "high"), [(("median=1",), 255), (("window=9:9",), 1), (("zscore",), 8)])
def test_the_range_of_pictures_goes_by_what_the_steps_make_of_their_values(steps, high):
    row = {**USUAL, "low": 0.1, "high": 0.9}
    (channel,) = rules.choose_channels(facts_of(eight_bit=True, intensity=(row,), enhance=steps)).value
    assert channel.high == high


@pytest.mark.parametrize(
    ("method", "mean", "deviation", "fits"),
    [
        ("clip_zscore", 50, 40, True),
        ("clip_zscore", 300, 40, True),
        ("clip_zscore", 50, 400, True),
        ("clip_zscore", 0.5, 0.2, False),
        ("unit", 50, 4000, False),
        ("zscore", 0, 1, True),
    ],
)
def test_fixed_numbers_of_quite_other_values_are_refused(method, mean, deviation, fits):
    channels = [ChannelPlan("image", method, mean=mean, deviation=deviation)]
    facts = facts_of(enhance=("window=40:400",))
    if fits:
        rules.check_scale(channels, facts)
        return
    with pytest.raises(SettingsError, match=r"mean near 50, deviation near 40.*--set enhance=window=40:400"):
        rules.check_scale(channels, facts)


def test_other_images_are_normalised_by_themselves():
    choice = rules.choose_channels(facts_of())
    assert [channel.method for channel in choice.value] == ["zscore"]
    assert "no fixed unit" in choice.reason


def test_a_scale_that_differs_between_cases_is_given_as_the_reason():
    choice = rules.choose_channels(facts_of(intensity=({**USUAL, "scale_ratio": 7133.0},)))
    assert [channel.method for channel in choice.value] == ["zscore"]
    assert "by a factor of 7,133" in choice.reason


def test_unknown_spacing_leaves_the_pixels():
    choice = rules.choose_spacing(facts_of(spacing=None), 30)
    assert choice.value is None
    assert "unknown" in choice.reason


def test_affordable_images_keep_the_median_spacing():
    choice = rules.choose_spacing(facts_of((40, 50, 40), (1, 1, 1)), 30)
    assert choice.value == (1, 1, 1)
    assert choice.reason == "the median spacing"


def test_thick_slices_become_finer_towards_the_thin_ones():
    facts = facts_of((100, 100, 20), (0.8, 0.8, 5.0), smallest=(0.7, 0.7, 1.5), n_train=5)
    choice = rules.choose_spacing(facts, 60)
    assert choice.value == (0.8, 0.8, 2.5)
    assert "thick slices" in choice.reason


def test_thick_slices_never_become_finer_than_the_thinnest():
    facts = facts_of((100, 100, 20), (0.8, 0.8, 5.0), smallest=(0.7, 0.7, 4.0), n_train=5)
    assert rules.choose_spacing(facts, 60).value == (0.8, 0.8, 4.0)


def test_a_short_time_makes_the_grid_coarser_and_says_so():
    choice = rules.choose_spacing(facts_of((512, 512, 100), (0.7, 0.7, 2.0), n_train=200), 5)
    assert choice.value[0] > 0.7
    assert "made coarser" in choice.reason
    assert "5 minutes" in choice.reason


def test_small_pieces_stay_three_voxels_wide():
    facts = facts_of((512, 512, 100), (0.7, 0.7, 1.0), n_train=200, small_mm=4.0)
    choice = rules.choose_spacing(facts, 5)
    assert 0.7 < max(choice.value) <= 4.0 / rules.LEAST_ACROSS
    assert "small pieces would be lost" in choice.reason
    assert "about 16 times" not in choice.reason
    # What is small already is no reason for a grid finer than the images.
    assert rules.choose_spacing(replace(facts, small_mm=0.5), 5).value == (0.7, 0.7, 1.0)
    # Large pieces hold nothing back.
    large = rules.choose_spacing(replace(facts, small_mm=40.0), 5)
    assert large == rules.choose_spacing(replace(facts, small_mm=math.inf), 5)
    assert "made coarser" in large.reason


def test_the_finest_axes_give_way_first():
    i, _, k = rules.choose_spacing(facts_of((512, 512, 60), (0.5, 0.5, 1.4), n_train=30), 5).value
    assert i / 0.5 > 1.5 * k / 1.4


@given(st.tuples(edges, edges, edges), st.tuples(spacings, spacings, spacings), minutes, st.integers(1, 1000))
def test_the_grid_is_never_absurdly_coarse(shape, spacing, budget, n_train):
    i, j, k = rules.choose_spacing(facts_of(shape, spacing, n_train=n_train), budget).value
    assert all(np.isfinite((i, j, k)))
    assert i * j * k <= np.prod(spacing) * 2.7**3


def test_flat_images_change_only_in_their_plane():
    facts = facts_of((2000, 2000, 1), (0.1, 0.1, 7.0), dims=2, n_train=2000)
    assert rules.choose_spacing(facts, 5).value[2] == 7.0


def test_the_working_shape_follows_the_grid():
    np.testing.assert_array_equal(rules.working_shape(facts_of(), (1.6, 0.8, 4.0), None), (100, 200, 30))
    photographs = facts_of((3000, 1500, 1), None, dims=2)
    np.testing.assert_array_equal(rules.working_shape(photographs, None, 1024), (1024, 512, 1))
    np.testing.assert_array_equal(rules.working_shape(photographs, None, None), (3000, 1500, 1))


def test_very_large_photographs_are_made_smaller():
    choice = rules.choose_longest_side(facts_of((3000, 1500, 1), None, dims=2))
    assert choice.value is not None
    assert choice.value < 3000
    assert "very large" in choice.reason
    assert rules.choose_longest_side(facts_of((500, 400, 1), None, dims=2)).value is None
    assert rules.choose_longest_side(facts_of((3000, 1500, 20))).value is None


@given(
    st.sampled_from([2, 3]),
    st.tuples(edges, edges, edges),
    st.none() | st.tuples(spacings, spacings, spacings),
    minutes,
)
def test_any_topology_can_be_built_and_fits_its_limits(dims, shape, spacing, budget):
    shape = (*shape[:2], 1) if dims == 2 else shape
    topology = rules.choose_topology(shape, spacing, dims, budget).value
    patch = np.array(topology.patch_voxels)
    factors = np.prod(topology.strides, axis=0)
    assert len(topology.strides) == len(topology.kernels) <= rules.MOST_LEVELS[dims]
    assert not (patch[:dims] % factors).any()
    assert dims == 3 or patch[2] == 1
    # Rounding up to what halving needs may add to each axis.
    assert np.prod(patch[:dims]) <= rules.MOST_PATCH_VOXELS[dims] * 2
    assert {n for kernel in topology.kernels for n in kernel} <= {1, 3}


def test_cubes_are_halved_along_every_axis():
    topology = rules.choose_topology((40, 48, 40), (1, 1, 1), 3, 30).value
    assert topology.strides[0] == (1, 1, 1)
    assert set(topology.strides[1:]) == {(2, 2, 2)}
    assert set(topology.kernels) == {(3, 3, 3)}


def test_a_small_image_is_seen_whole():
    choice = rules.choose_topology((35, 47, 36), (1, 1, 1), 3, 60)
    assert "whole" in choice.reason
    assert all(n >= m for n, m in zip(choice.value.patch_voxels, (35, 47, 36), strict=True))


def test_a_large_image_is_seen_in_part():
    choice = rules.choose_topology((512, 512, 200), (0.8, 0.8, 2.0), 3, 15)
    assert "as much of the image" in choice.reason


def test_thick_slices_are_not_halved_until_the_others_are_as_coarse():
    topology = rules.choose_topology((160, 160, 24), (0.5, 0.5, 4.0), 3, 60).value
    assert topology.strides[1] == (2, 2, 1)
    assert topology.kernels[0] == (3, 3, 1)
    assert topology.kernels[-1] == (3, 3, 3)


def test_an_image_too_small_to_halve_has_one_level():
    topology = rules.choose_topology((5, 6, 1), None, 2, 30).value
    assert topology.strides == ((1, 1),)
    assert topology.patch_voxels == (5, 6, 1)


@pytest.mark.parametrize(("dims", "most"), [(2, 384), (3, 256)])
def test_widths_double_up_to_a_limit_and_grow_with_the_time(dims, most):
    widths = rules.choose_widths(6, 240, dims)
    assert len(widths.value) == 6
    assert max(widths.value) == most
    assert list(widths.value) == sorted(widths.value)
    assert rules.choose_widths(3, 5, dims).value[0] < rules.choose_widths(3, 120, dims).value[0]
    assert rules.choose_widths(3, 120, dims).value[0] < widths.value[0]
    assert "5 minutes" in rules.choose_widths(3, 5, dims).reason


def test_the_finest_level_of_volumes_is_narrow_when_there_is_little_time():
    assert rules.choose_widths(3, 5, 3).value == (8, 32, 64)
    assert rules.choose_widths(3, 5, 2).value == (16, 32, 64)
    assert rules.choose_widths(3, 60, 3).value == (8, 32, 64)
    assert rules.choose_widths(3, 120, 3).value == (24, 48, 96)


@given(st.tuples(edges, edges, st.integers(1, 100)), st.sampled_from([2, 3]), st.integers(1, 500))
def test_a_batch_is_small_but_never_one(patch, dims, n_train):
    batch = rules.choose_batch(patch, dims, n_train).value
    assert 2 <= batch <= 16
    assert batch <= max(2, n_train)


def test_small_patches_come_in_larger_batches():
    assert rules.choose_batch((16, 16, 16), 3, 100).value > rules.choose_batch((64, 64, 64), 3, 100).value


def test_bodies_are_mirrored_left_to_right_unless_sides_have_names():
    for dims in (2, 3):
        assert rules.choose_flips(facts_of(dims=dims), sided=False).value == (0,)
        choice = rules.choose_flips(facts_of(dims=dims), sided=True)
        assert choice.value == ()
        assert "left and right" in choice.reason


def test_the_tolerance_is_about_a_voxel():
    assert rules.choose_tolerance(facts_of(spacing=(0.5, 0.5, 5))).value == 1.0
    assert rules.choose_tolerance(facts_of(spacing=(2.5, 2.5, 5))).value == 2.5
    assert rules.choose_tolerance(facts_of(spacing=(3.0, 3.0, 1.0), dims=2)).value == 3.0
    unknown = rules.choose_tolerance(facts_of(spacing=None))
    assert unknown.value > 0
    assert "pixels" in unknown.reason


def test_small_pictures_keep_their_size():
    choice = rules.choose_input_size(facts_of((28, 28, 1), None, dims=2, n_train=1000), 5)
    assert choice.value == (28, 28, 1)
    assert choice.reason == "the images' own size"


def test_wavelets_see_small_pictures_whatever_the_time():
    few = facts_of((600, 400, 1), None, dims=2, n_train=200)
    for budget in (5, 60):
        choice = rules.choose_input_size(few, budget, scattered=True)
        assert choice.value == (96, 64, 1)
        assert "so few images" in choice.reason


@given(st.tuples(edges, edges, edges), st.sampled_from([2, 3]), minutes, st.integers(1, 5000))
def test_input_sizes_are_bounded_and_easy_to_halve(shape, dims, budget, n_train):
    shape = (*shape[:2], 1) if dims == 2 else shape
    size = rules.choose_input_size(facts_of(shape, None, dims=dims, n_train=n_train), budget).value
    assert dims == 3 or size[2] == 1
    assert all(n >= 1 for n in size)
    assert max(size) <= 32 or not any(n % 8 for n in size[:dims])


def test_thick_slices_get_an_input_that_is_a_cube_in_millimetres():
    i, j, k = rules.choose_input_size(facts_of((64, 64, 16), (1.0, 1.0, 4.0), n_train=10), 120).value
    assert i == j == k


def test_the_shares_of_the_classes_are_in_their_order_and_never_nothing():
    choice = rules.choose_class_shares(facts_of(class_shares={"4": 0.123456, "0": 0.876544}), ["0", "4", "9"])
    assert choice.value == (0.8765, 0.1235, rules.LEAST_SHARE)
    assert "training side" in choice.reason
    assert rules.choose_class_shares(facts_of(), ["0", "1"]).value == ()


@pytest.mark.parametrize(
    ("settings", "n_train", "expected", "why"),
    [
        (Settings(), 100, 1, "asked for by --folds"),
        (Settings(folds=3), 100, 3, "as asked for"),
        (Settings(folds=1, effort="thorough"), 100, 1, "as asked for"),
        (Settings(effort="thorough"), 100, 5, "5 times as long"),
        (Settings(effort="thorough"), 9, 4, "4 networks"),
        (Settings(effort="thorough"), 3, 1, "too few patients"),
        (Settings(effort="thorough", minutes=60), 100, 3, "3 networks"),
        (Settings(effort="thorough", minutes=30), 100, 1, "too few minutes"),
    ],
)
def test_thorough_training_makes_an_ensemble_where_patients_and_minutes_suffice(
    settings, n_train, expected, why
):
    facts = facts_of(n_train=n_train)
    cases = tuple(Case(name, {}) for name in facts.splits.of)
    choice = rules.choose_folds(replace(facts, dataset=replace(facts.dataset, cases=cases)), settings)
    assert choice.value == expected
    assert why in choice.reason


def test_cases_that_are_met_often_are_changed_more() -> None:
    facts = facts_of(dims=3)
    plans = [
        rules.choose_augmentation(facts, (40, 48, 40), (0,), minutes).value
        for minutes in (0.1, 1, 2, 3, 4, 10, 100)
    ]
    changed = [(one.rotate_degrees, one.scale, one.elastic, one.gamma, one.low_resolution) for one in plans]
    assert changed[0] == (15, 0.15, 0, 0.2, 0)
    assert changed[-1] == (30, 0.25, 0.25, 0.3, 0.2)
    assert changed == sorted(changed)
    assert len(set(changed)) > 2
    assert {one.flip_axes for one in plans} == {(0,)}


def test_augmentation_goes_by_passes_and_not_by_minutes() -> None:
    few, many = (
        rules.choose_augmentation(facts_of(n_train=n), (96, 96, 96), (), 30).value for n in (4, 4000)
    )
    assert few.rotate_degrees > many.rotate_degrees == 15
