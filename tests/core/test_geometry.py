"""Grids: what is turned, resampled and padded keeps its place."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from builders import TILTED_AFFINE
from scanwright.core.geometry import (
    centre_pad,
    fitted_shape,
    ras_axes,
    reorient,
    reoriented_affine,
    resample,
    resample_labels,
    resampled_shape,
    undo_reorient,
)
from scanwright.core.interpolation import interpolation_matrix
from strategies import affines

shapes = st.tuples(*[st.integers(1, 7)] * 3)
lengths = st.integers(1, 60)


@given(affines(), shapes)
def test_turning_and_turning_back_gives_the_same_voxels(affine, shape):
    array = np.arange(2 * np.prod(shape)).reshape(2, *shape)
    turn = ras_axes(affine)
    np.testing.assert_array_equal(undo_reorient(reorient(array, *turn), *turn), array)


@given(affines(), shapes)
def test_a_turned_voxel_keeps_its_place_in_the_patient(affine, shape):
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"))
    turn = ras_axes(affine)
    turned = reorient(index, *turn)
    before = np.einsum("ab,b...->a...", affine[:3, :3], turned) + affine[:3, 3, None, None, None]
    after_affine = reoriented_affine(affine, shape, *turn)
    places = np.stack(np.meshgrid(*map(np.arange, turned.shape[1:]), indexing="ij"))
    after = np.einsum("ab,b...->a...", after_affine[:3, :3], places) + after_affine[:3, 3, None, None, None]
    np.testing.assert_allclose(after, before, atol=1e-9)


@given(affines(), shapes)
def test_turned_axes_run_to_the_right_the_front_and_the_head(affine, shape):
    turn = ras_axes(affine)
    assert sorted(turn[0]) == [0, 1, 2]
    after = reoriented_affine(affine, shape, *turn)
    assert (np.diag(after)[:3] > 0).all()
    order, flips = ras_axes(after)
    assert order == (0, 1, 2)
    assert not any(flips)


def test_a_known_tilted_grid_is_read_right():
    # i runs to the front, j to the left, k to the head.
    assert ras_axes(TILTED_AFFINE) == ((1, 0, 2), (True, False, False))


@given(lengths, lengths)
def test_interpolation_weights_are_shares_that_add_up_to_one(n_in, n_out):
    matrix = interpolation_matrix(n_in, n_out).toarray()
    assert matrix.shape == (n_out, n_in)
    assert (matrix >= 0).all()
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)


@given(lengths, lengths)
def test_interpolation_treats_both_ends_alike(n_in, n_out):
    matrix = interpolation_matrix(n_in, n_out).toarray()
    np.testing.assert_allclose(matrix[::-1, ::-1], matrix, atol=1e-6)


@given(shapes, shapes, st.floats(-1000, 1000, width=32))
def test_a_constant_image_stays_constant(shape, target, value):
    result = resample(np.full((2, *shape), value), target)
    assert result.shape == (2, *target)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, value, rtol=1e-5, atol=1e-6)


@given(shapes, shapes, st.data())
def test_resampling_never_leaves_the_range_of_the_image(shape, target, data):
    array = data.draw(arrays(np.float32, (1, *shape), elements=st.floats(-100, 100, width=32)))
    result = resample(array, target)
    assert result.min() >= array.min() - 1e-3
    assert result.max() <= array.max() + 1e-3


@given(st.integers(8, 60), st.integers(8, 60), st.integers(0, 2))
def test_a_ramp_stays_a_ramp_away_from_the_border(n_in, n_out, axis):
    shape, target = [2, 2, 2], [2, 2, 2]
    shape[axis], target[axis] = n_in, n_out
    places = (np.arange(n_in) + 0.5) / n_in  # 0 … 1 over the extent
    ramp = np.broadcast_to(np.moveaxis(places[:, None, None], 0, axis), shape)
    result = np.moveaxis(resample(ramp[None], target)[0], axis, 0)[:, 0, 0]
    expected = (np.arange(n_out) + 0.5) / n_out
    reach = max(1 / n_in, 1 / n_out)
    inner = (expected > reach) & (expected < 1 - reach)
    # A triangle of odd width falls unevenly on whole voxels: right within a tenth of a voxel.
    np.testing.assert_allclose(result[inner], expected[inner], atol=0.09 / min(n_in, n_out))


def test_resampling_back_and_forth_gives_a_smooth_image_back():
    x = np.linspace(0, np.pi, 24)
    image = np.sin(x)[None, :, None, None] * np.cos(x)[None, None, :, None] * np.ones((1, 1, 1, 8))
    again = resample(resample(image, (48, 36, 8)), (24, 24, 8))
    assert np.abs(again - image).max() < 0.03


def test_fine_stripes_are_averaged_and_not_skipped():
    stripes = np.tile([0.0, 1.0], 32)[None, :, None, None]
    smaller = resample(stripes, (16, 1, 1)).ravel()
    np.testing.assert_allclose(smaller[1:-1], 0.5, atol=1e-6)
    np.testing.assert_allclose(smaller, 0.5, atol=0.1)


def test_an_image_of_the_wanted_shape_is_not_touched():
    image = np.random.default_rng(0).normal(size=(1, 3, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(resample(image, (3, 4, 5)), image)


@given(shapes, shapes, st.integers(1, 5), st.integers(0, 2**32))
def test_labels_never_invent_values(shape, target, n_classes, seed):
    labels = np.random.default_rng(seed).integers(0, n_classes, shape, dtype=np.uint8)
    result = resample_labels(labels, target, n_classes)
    assert result.shape == target
    assert result.dtype == labels.dtype
    assert set(np.unique(result)) <= set(np.unique(labels))


def test_two_far_classes_leave_no_third_between_them():
    labels = np.repeat([0, 2], 8)[:, None, None].astype(np.uint8)
    assert set(np.unique(resample_labels(labels, (23, 1, 1), 3))) == {0, 2}


def test_doubled_labels_keep_their_share():
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[1:4, 2:5, 3:5] = 1
    doubled = resample_labels(labels, (12, 12, 12), 2)
    np.testing.assert_array_equal(resample_labels(doubled, (6, 6, 6), 2), labels)
    assert doubled[2:8, 4:10, 6:10].mean() > 0.85


@given(shapes, st.tuples(*[st.floats(0.1, 10)] * 3), st.tuples(*[st.floats(0.1, 10)] * 3))
def test_the_extent_stays_within_half_a_voxel(shape, spacing, target):
    result = resampled_shape(shape, spacing, target)
    for n, s, m, t in zip(shape, spacing, result, target, strict=True):
        assert m >= 1
        assert abs(n * s - m * t) <= t / 2 + 1e-6 or m == 1


@given(st.tuples(*[st.integers(1, 500)] * 3), st.tuples(*[st.integers(1, 300)] * 3))
def test_a_fitted_image_lies_inside_its_box_and_touches_it(shape, box):
    result = fitted_shape(shape, box)
    assert all(1 <= n <= b for n, b in zip(result, box, strict=True))
    free = [axis for axis in range(3) if shape[axis] > 1 and box[axis] > 1]
    assert not free or any(result[axis] == box[axis] for axis in free)
    assert all(result[axis] == 1 for axis in range(3) if axis not in free)


def test_a_fitted_image_keeps_its_proportions():
    assert fitted_shape((400, 200, 1), (100, 100, 1)) == (100, 50, 1)
    assert fitted_shape((10, 20, 5), (40, 40, 40)) == (20, 40, 10)


@given(shapes, shapes)
def test_padding_reaches_the_target_with_the_image_in_the_middle(shape, target):
    for n, t, (before, after) in zip(shape, target, centre_pad(shape, target), strict=True):
        assert n + before + after == max(n, t)
        assert 0 <= after - before <= 1


def test_an_oblique_grid_without_a_nearest_axis_still_gets_three_axes():
    turn = np.eye(4)
    turn[:3, :3] = [[1, 1, 0], [1, -1, 0], [0, 0, 1]]
    assert sorted(ras_axes(turn)[0]) == [0, 1, 2]


@pytest.mark.parametrize("letters", ["LPS", "PIR", "SAL", "RAS"])
def test_named_orientations_turn_to_ras(letters):
    towards = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    for axis, letter in enumerate(letters):
        row, sign = towards[letter]
        affine[row, axis] = 1.5 * sign
    assert "".join(nib.aff2axcodes(affine)) == letters
    after = reoriented_affine(affine, (4, 5, 6), *ras_axes(affine))
    assert "".join(nib.aff2axcodes(after)) == "RAS"
