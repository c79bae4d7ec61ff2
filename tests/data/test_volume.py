"""A volume knows its grid."""

import numpy as np
import pytest

from builders import TILTED_AFFINE
from scanwright.data.volume import Volume
from scanwright.errors import DataError


def volume(affine=TILTED_AFFINE, shape=(1, 20, 30, 10)):
    return Volume(np.zeros(shape, np.uint8), affine)


def test_shape_channels_and_spacing_are_told():
    image = volume(shape=(2, 20, 30, 10))
    assert image.shape == (20, 30, 10)
    assert image.n_channels == 2
    assert image.spacing_mm == pytest.approx((0.7, 0.8, 2.5))


def test_unknown_spacing_stays_unknown():
    assert volume(affine=None).spacing_mm is None


def test_three_axes_are_not_four():
    with pytest.raises(DataError, match=r"four axes.*\(20, 30, 10\)"):
        Volume(np.zeros((20, 30, 10)))


@pytest.mark.parametrize(
    "affine", [np.eye(3), np.zeros((4, 4)), np.diag([1, 1, 0, 1]), np.diag([1, np.nan, 1, 1])]
)
def test_an_affine_that_leads_nowhere_is_refused(affine):
    with pytest.raises(DataError, match="affine is not usable"):
        volume(affine=affine)


def test_the_same_grid_is_the_same():
    assert volume().same_grid(volume())


def test_another_shape_is_another_grid():
    assert not volume().same_grid(volume(shape=(1, 20, 30, 11)))


def test_an_unknown_place_agrees_with_any():
    assert volume().same_grid(volume(affine=None))
    assert volume(affine=None).same_grid(volume())


def test_a_shift_is_another_grid():
    moved = TILTED_AFFINE.copy()
    moved[0, 3] += 0.5
    assert not volume().same_grid(volume(moved))
    assert volume().same_grid(volume(moved), tolerance=0.6)


def test_a_small_difference_a_voxel_is_a_large_one_at_the_far_end():
    stretched = TILTED_AFFINE.copy()
    stretched[:3, 1] *= 1.05
    assert not volume().same_grid(volume(stretched), tolerance=0.1)
