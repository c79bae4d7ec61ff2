"""Slices are turned so that the patient's right is on the left of the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.report.slices import Slice, close_up, nice_length, target_slices, window_of

SHAPE = (20, 24, 16)


def marked_volume(affine):
    """A volume, in any orientation, with a bright voxel far right, one far front and one far up."""
    image = np.zeros((1, *SHAPE), dtype=np.float32)
    corner = np.asarray(SHAPE) - 1
    to_index = np.linalg.inv(affine)
    centre = affine @ np.append(corner / 2, 1)
    marks = {}
    for axis, name in enumerate(("right", "front", "up")):
        ends = [
            affine @ np.append(corner * np.eye(3)[old] + (1 - np.eye(3)[old]) * (corner // 2), 1)
            for old in range(3)
        ]
        ends += [affine @ np.append((1 - np.eye(3)[old]) * (corner // 2), 1) for old in range(3)]
        far = max(ends, key=lambda point: point[axis] - centre[axis])
        index = tuple((to_index @ far)[:3].round().astype(int))
        image[0][index] = axis + 1
        marks[name] = axis + 1
    return image, marks


AFFINES = {
    "RAS": np.diag([1.0, 1.0, 1.0, 1.0]),
    "LPS": np.diag([-1.0, -1.0, 1.0, 1.0]),
    "LAI": np.diag([-1.0, 1.0, -1.0, 1.0]),
    "PSR": np.array([[0, 0, 1.0, 5], [-1.0, 0, 0, 3], [0, 1.0, 0, 9], [0, 0, 0, 1]]),
}


@pytest.mark.parametrize("name", AFFINES)
def test_right_is_left_front_is_up_and_head_is_up(name):
    image, marks = marked_volume(AFFINES[name])
    everything = np.ones(SHAPE, dtype=int)
    seen = {one.plane: one.image for one in target_slices(image, everything, None, AFFINES[name], 0)}

    def place(plane, mark):
        # The mark lies on the middle planes, one of which is shown when every plane holds as much target.
        hits = np.argwhere(seen[plane] == marks[mark])
        return hits[0] if len(hits) else None

    # With everything as target the first plane wins; ask for the middle one instead.
    middle = np.zeros(SHAPE, dtype=int)
    middle[tuple(slice((n - 1) // 2, (n - 1) // 2 + 1) for n in SHAPE)] = 1
    seen = {one.plane: one.image for one in target_slices(image, middle, None, AFFINES[name], 0)}
    assert place("axial", "right")[1] == 0
    assert place("axial", "front")[0] == 0
    assert place("coronal", "right")[1] == 0
    assert place("coronal", "up")[0] == 0
    assert place("sagittal", "front")[1] == 0
    assert place("sagittal", "up")[0] == 0


def test_the_plane_with_most_target_is_shown_and_masks_follow_the_image():
    image = np.random.default_rng(0).normal(size=(1, *SHAPE))
    reference, prediction = np.zeros(SHAPE, int), np.zeros(SHAPE, int)
    reference[5:8, 5:9, 11] = 2
    prediction[5:8, 5:9, 3] = 1
    prediction[0, 0, 11] = 1
    (axial, *_) = target_slices(image, reference, prediction, np.eye(4), 0)
    assert axial.note == "z 12/16"
    np.testing.assert_array_equal(
        axial.image[axial.reference == 2], image[0][::-1, ::-1, 11].T[axial.reference == 2]
    )
    assert axial.prediction[-1, -1] == 1


def test_thick_slices_are_shown_in_the_axial_plane_only():
    image = np.zeros((1, *SHAPE))
    thick = np.diag([0.8, 0.8, 5.0, 1.0])
    (only,) = target_slices(image, None, None, thick, 0)
    assert only.plane == "axial"
    assert only.spacing == (0.8, 0.8)
    assert only.note == "z 9/16"


def test_spacing_follows_the_axes():
    affine = np.array([[0, 0, 1.5, 0], [1.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 0, 1]])
    planes = {one.plane: one.spacing for one in target_slices(np.zeros((1, *SHAPE)), None, None, affine, 0)}
    assert planes == {"axial": (1.0, 1.5), "coronal": (2.0, 1.5), "sagittal": (2.0, 1.0)}


def test_photographs_stand_as_they_were_taken():
    photo = np.random.default_rng(0).integers(0, 255, (3, 30, 20, 1), dtype=np.uint8)
    (one,) = target_slices(photo, None, None, None, 0)
    assert one.image.shape == (20, 30, 3)
    np.testing.assert_array_equal(one.image[7, 11], photo[:, 11, 7, 0])
    assert one.plane == "picture"
    (grey,) = target_slices(photo[:2], None, None, None, 1)
    np.testing.assert_array_equal(grey.image, photo[1, :, :, 0].T)


def test_a_stack_without_affine_shows_the_fullest_layer():
    mask = np.zeros((8, 8, 5), int)
    mask[2:4, 2:4, 3] = 1
    (one,) = target_slices(np.zeros((1, 8, 8, 5)), mask, None, None, 0)
    assert one.note == "4/5"
    assert one.reference.sum() == 4


def test_a_small_target_gets_a_square_close_up_that_holds_it():
    mask = np.zeros((100, 60), int)
    mask[40:44, 50:58] = 1
    rows, columns = close_up(Slice(np.zeros((100, 60)), mask, None, (2.0, 1.0), "coronal"))
    assert mask[rows, columns].sum() == mask.sum()
    assert (rows.stop - rows.start) * 2.0 == pytest.approx((columns.stop - columns.start) * 1.0, abs=2)


def test_large_and_missing_targets_get_no_close_up():
    blank = np.zeros((50, 50))
    assert close_up(Slice(blank, np.ones((50, 50), int))) is None
    assert close_up(Slice(blank, np.zeros((50, 50), int))) is None


@given(st.integers(0, 99), st.integers(0, 59), st.integers(1, 20), st.integers(1, 20))
def test_every_close_up_lies_within_the_slice(row, column, height, width):
    mask = np.zeros((100, 60), int)
    mask[row : row + height, column : column + width] = 1
    box = close_up(Slice(np.zeros((100, 60)), mask))
    assert box is not None
    assert mask[box].sum() == mask.sum()
    assert 0 <= box[0].start < box[0].stop <= 100
    assert 0 <= box[1].start < box[1].stop <= 60


def test_windows_ignore_outliers_and_what_is_not_finite():
    image = np.linspace(0, 100, 10_000).reshape(100, 100)
    image[0, 0], image[0, 1], image[0, 2] = 1e9, np.nan, np.inf
    low, high = window_of([image], "axial")
    assert low == pytest.approx(0.5, abs=0.1)
    assert high == pytest.approx(99.5, abs=0.1)
    assert window_of([np.zeros((3, 3), np.uint8)], "picture") == (0.0, 255.0)
    assert window_of([np.full((3, 3), 7.0)], "axial") == (7.0, 8.0)
    assert window_of([np.full((3, 3), np.nan)], "axial") == (0.0, 1.0)
    sparse = np.zeros(10_000)
    sparse[5] = 3.0
    assert window_of([sparse.reshape(100, 100)], "axial") == (0.0, 3.0)


@pytest.mark.parametrize(("longest", "length"), [(37.0, 20), (50.0, 50), (9.9, 5), (0.3, 0.2), (199, 100)])
def test_scale_bars_have_round_lengths(longest, length):
    assert nice_length(longest) == pytest.approx(length)
