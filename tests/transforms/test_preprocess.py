"""Preprocessing: from the image as it came to what the network sees, and back."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TILTED_AFFINE, ball_mask, classification_plan, noise, segmentation_plan
from scanwright.core.geometry import ras_axes
from scanwright.data.plan import ChannelPlan, NetworkPlan
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.enhanced import enhance
from scanwright.transforms.preprocess import clean, preprocess, preprocess_mask
from scanwright.transforms.steps import Normalise, Pad, Reorient, Resample, restore

SHAPE = (12, 10, 8)


def tilted(array=None, affine=TILTED_AFFINE):
    return Volume(noise((1, *SHAPE)).astype(np.int16) if array is None else array, affine)


def flat_plan(**changed):
    network = NetworkPlan("unet", (4, 8), ((1, 1), (2, 2)), ((3, 3), (3, 3)))
    return segmentation_plan(
        **{"dims": 2, "patch_voxels": (8, 8, 1), "network": network, "spacing_mm": None} | changed
    )


def cubic_classifier(box=(16, 16, 16)):
    network = NetworkPlan("resnet", (4, 8), ((1, 1, 1), (2, 2, 2)), blocks=(1, 1))
    return classification_plan(dims=3, patch_voxels=box, network=network)


@st.composite
def places(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = rotation * rng.uniform(0.5, 3, 3)
    return affine


@given(places(), st.tuples(*[st.integers(2, 12)] * 3), st.tuples(*[st.floats(0.5, 3)] * 3), st.booleans())
def test_outputs_come_back_to_the_source_grid_wherever_it_lies(affine, shape, spacing, whole):
    image = Volume(noise((1, *shape)), affine)
    plan = cubic_classifier() if whole else segmentation_plan(spacing_mm=spacing)
    array, history = preprocess(image, plan)
    assert array.dtype == np.float32
    assert np.isfinite(array).all()
    if whole:
        assert array.shape == (1, *plan.patch_voxels)
    assert restore(array, history).shape == (1, *shape)


def test_a_volume_is_turned_and_brought_to_the_plans_spacing():
    array, history = preprocess(tilted(), segmentation_plan(spacing_mm=(0.8, 1.4, 1.25)))
    assert [type(step) for step in history] == [Reorient, Resample, Normalise]
    assert history[0] == Reorient(*ras_axes(TILTED_AFFINE))
    # 12 voxels of 0.7 mm run to the front, 10 of 0.8 mm to the left, 8 of 2.5 mm to the head.
    assert array.shape == (1, 10, 6, 16)


def test_an_image_on_the_working_grid_is_not_resampled():
    image = Volume(noise((1, *SHAPE)), np.eye(4))
    _, history = preprocess(image, segmentation_plan())
    assert [type(step) for step in history] == [Reorient, Normalise]


def test_a_photograph_stays_as_it_lies():
    picture = Volume(noise((1, 20, 30, 1)))
    array, history = preprocess(picture, flat_plan())
    assert [type(step) for step in history] == [Normalise]
    assert array.shape == (1, 20, 30, 1)


def test_a_large_photograph_is_made_smaller_in_proportion():
    array, _ = preprocess(Volume(noise((1, 64, 32, 1))), flat_plan(longest_side=16))
    assert array.shape == (1, 16, 8, 1)


def test_a_small_photograph_is_not_made_larger():
    array, _ = preprocess(Volume(noise((1, 12, 10, 1))), flat_plan(longest_side=16))
    assert array.shape == (1, 12, 10, 1)


def test_a_flat_image_with_spacing_is_resampled_in_its_plane_only():
    image = Volume(noise((1, 20, 30, 1)), np.diag([0.5, 0.5, 7, 1]))
    array, history = preprocess(image, flat_plan(spacing_mm=(1.0, 1.0, 1.0)))
    assert array.shape == (1, 10, 15, 1)
    assert restore(array, history).shape == (1, 20, 30, 1)


def test_a_volume_given_to_a_flat_model_keeps_its_slices():
    image = Volume(noise((1, 20, 30, 5)), np.diag([0.5, 0.5, 7, 1]))
    array, _ = preprocess(image, flat_plan(spacing_mm=(1.0, 1.0, 1.0)))
    assert array.shape == (1, 10, 15, 5)


def test_a_sagittal_plane_is_not_stood_on_its_edge():
    sagittal = np.array([[0, 0, 3.0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    array, _ = preprocess(Volume(noise((1, 20, 30, 1)), sagittal), flat_plan())
    assert array.shape == (1, 20, 30, 1)


def test_a_classified_image_is_fitted_and_padded():
    array, history = preprocess(Volume(noise((1, 32, 16, 1))), classification_plan())
    assert array.shape == (1, 16, 16, 1)
    assert [type(step) for step in history] == [Resample, Pad, Normalise]
    assert history[1] == Pad(((0, 0), (4, 4), (0, 0)))


def test_a_classified_image_of_the_right_size_is_only_normalised():
    _, history = preprocess(Volume(noise((1, 16, 16, 1))), classification_plan())
    assert [type(step) for step in history] == [Normalise]


def test_thick_slices_keep_their_proportions_in_millimetres():
    image = Volume(noise((1, 16, 16, 4)), np.diag([1.0, 1.0, 4.0, 1.0]))
    _, history = preprocess(image, cubic_classifier())
    assert Resample((16, 16, 4), (16, 16, 16)) in history


def test_a_cube_of_unknown_spacing_is_fitted_by_its_voxels():
    _, history = preprocess(Volume(noise((1, 8, 8, 4))), cubic_classifier())
    assert history[0] == Resample((8, 8, 4), (16, 16, 8))


def test_each_image_by_itself_has_mean_zero_and_deviation_one():
    image = tilted((noise((1, *SHAPE)) * 1e4).astype(np.float64))
    array, _ = preprocess(image, segmentation_plan(spacing_mm=None))
    assert abs(array.mean()) < 1e-3
    assert array.std() == pytest.approx(1, abs=1e-2)


@given(st.floats(1e-3, 1e4), st.floats(-1e3, 1e3))
def test_the_scale_of_the_intensities_does_not_matter_to_zscore(scale, shift):
    plan = segmentation_plan(spacing_mm=None)
    plain = noise((1, *SHAPE)).astype(np.float64)
    one, _ = preprocess(tilted(plain), plan)
    other, _ = preprocess(tilted(plain * scale + shift * scale), plan)
    np.testing.assert_allclose(one, other, atol=0.01)


def test_an_empty_channel_is_not_blown_up():
    image = tilted(np.concatenate([noise((1, *SHAPE)), np.full((1, *SHAPE), 7)]).astype(np.float32))
    plan = segmentation_plan(channels=(ChannelPlan("a"), ChannelPlan("b")))
    array, _ = preprocess(image, plan)
    assert array[0].std() > 0.5
    np.testing.assert_allclose(array[1], 0, atol=1e-5)


def test_a_constant_image_does_not_divide_by_zero():
    array, _ = preprocess(tilted(np.full((1, *SHAPE), 7.0)), segmentation_plan())
    np.testing.assert_allclose(array, 0, atol=1e-5)


def test_hounsfield_units_share_one_scale():
    channel = ChannelPlan("CT", "clip_zscore", low=-100, high=200, mean=50, deviation=25)
    values = np.zeros((1, *SHAPE), np.int16)
    values[0, 0, 0, :3] = (-1000, 75, 3000)
    array, _ = preprocess(Volume(values), segmentation_plan(channels=(channel,)))
    np.testing.assert_allclose(array[0, 0, 0, :4], [-6, 1, 6, -2])


def test_non_finite_voxels_are_replaced_before_anything_else():
    broken = noise((1, *SHAPE)).astype(np.float32)
    broken[0, 3, 3, 3] = np.nan
    broken[0, 4, 4, 4] = np.inf
    array, _ = preprocess(tilted(broken), segmentation_plan())
    assert np.isfinite(array).all()


def test_an_image_of_nothing_but_nan_is_refused():
    with pytest.raises(DataError, match="no finite voxel"):
        clean(np.full((1, 2, 2, 2), np.nan))


def test_another_number_of_channels_is_an_error_that_names_them():
    with pytest.raises(DataError, match=r"another number of channels.*Expected 1 \(image\). Received 3"):
        preprocess(Volume(noise((3, *SHAPE))), segmentation_plan())


def test_a_mask_becomes_class_indices_on_the_working_grid():
    plan = segmentation_plan(label_values=(0, 4, 2), classes=("background", "four", "two"))
    mask = ball_mask(SHAPE, label=2)
    mask[0, 0, 0] = 4
    image, history = preprocess(tilted(), dataclasses.replace(plan, spacing_mm=None))
    labels = preprocess_mask(Volume(mask[None], TILTED_AFFINE), plan, history)
    assert labels.dtype == np.uint8
    assert labels.shape == image.shape[1:]
    assert np.count_nonzero(labels == 2) == np.count_nonzero(mask == 2)
    assert np.count_nonzero(labels == 1) == 1


def test_a_value_that_the_plan_does_not_know_is_named():
    _, history = preprocess(tilted(), segmentation_plan())
    with pytest.raises(DataError, match=r"Expected one of 0, 2. Received 3"):
        preprocess_mask(Volume(ball_mask(SHAPE, label=3)[None], TILTED_AFFINE), segmentation_plan(), history)


def test_the_steps_of_the_plan_come_before_all_else():
    image = tilted()
    plan = segmentation_plan(enhance=("median=1", "gaussian=2"))
    done, history = preprocess(image, plan)
    before = enhance(image, plan.enhance)
    expected, plain = preprocess(before, segmentation_plan())
    np.testing.assert_array_equal(done, expected)
    assert history == plain
    assert restore(done, history).shape == image.array.shape
    untouched, _ = preprocess(image, segmentation_plan())
    assert not np.allclose(done, untouched)


def test_with_grey_colours_fit_a_plan_of_one_channel():
    plan = classification_plan(enhance=("grey",))
    for channels in (1, 3):
        image = Volume(noise((channels, 20, 18, 1)))
        array, _ = preprocess(image, plan)
        assert array.shape == (1, 16, 16, 1)
    with pytest.raises(DataError, match="3 channels, or 1"):
        preprocess(Volume(noise((2, 20, 18, 1))), plan)


def test_a_step_that_does_not_fit_is_said():
    with pytest.raises(DataError, match="not for CT"):
        preprocess(tilted(noise((1, *SHAPE)).astype(np.int16) - 500), segmentation_plan(enhance=("n4",)))


def test_filled_voxels_are_not_taken_for_the_darkest():
    array = noise((1, *SHAPE)).astype(np.float32) + 50
    array[0, 4:6, 4:6, 3] = np.nan
    plan = segmentation_plan(enhance=("fill",))
    filled, _ = preprocess(tilted(array), plan)
    dark, _ = preprocess(tilted(array), segmentation_plan())
    assert filled.min() > dark.min() - 1e-6
    assert not np.allclose(filled, dark)
