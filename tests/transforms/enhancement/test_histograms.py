"""Histograms: matched ones agree, evened ones use the range and stay within their limit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import noise
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.histograms import clahe, match

QUANTILES = np.linspace(2, 98, 25)


def smooth(shape, seed, scale, shift):
    rng = np.random.default_rng(seed)
    return (rng.gamma(3, 1, shape) * scale + shift).astype(np.float32)


@given(st.integers(0, 10**6), st.floats(0.5, 50), st.floats(-300, 300))
def test_matching_makes_quantiles_agree(seed, scale, shift):
    image, other = smooth((1, 30, 28, 3), seed, 20, 10), smooth((1, 25, 31, 4), seed + 1, scale, shift)
    done = match(Volume(image, np.eye(4)), reference=Volume(other, np.eye(4))).image.array
    ours, theirs = np.percentile(done, QUANTILES), np.percentile(other, QUANTILES)
    assert abs(ours - theirs).max() < 0.05 * np.ptp(theirs)


def test_an_image_with_much_air_is_matched_too():
    image, other = smooth((1, 40, 40, 4), 0, 20, 30), smooth((1, 40, 40, 4), 1, 200, 300)
    image[:, :25], other[:, :20] = 0, 0
    done = match(Volume(image, np.eye(4)), reference=Volume(other, np.eye(4))).image.array
    assert np.isfinite(done).all()
    assert np.percentile(done, 95) == pytest.approx(np.percentile(other, 95), rel=0.15)


def test_channels_go_with_theirs_or_all_with_one():
    image = smooth((2, 20, 20, 3), 0, 20, 30)
    one, two = smooth((1, 20, 20, 3), 1, 5, 0), smooth((2, 20, 20, 3), 2, 5, 100)
    assert match(Volume(image, np.eye(4)), reference=Volume(one)).image.n_channels == 2
    done = match(Volume(image, np.eye(4)), reference=Volume(two)).image.array
    assert np.median(done[1]) == pytest.approx(np.median(two[1]), rel=0.02)
    with pytest.raises(DataError, match="number of channels"):
        match(Volume(one), reference=Volume(two))
    flat = match(Volume(np.full((1, 4, 4, 1), 3)), reference=Volume(one)).image.array
    assert np.allclose(flat, np.median(one))


def test_with_a_high_limit_and_one_tile_the_histogram_becomes_even():
    array = (noise((1, 20, 20, 1), top=256).astype(np.float32) ** 2 / 255).round()
    done = clahe(Volume(array), clip=256).image.array
    order = np.argsort(array.ravel(), kind="stable")
    assert (np.diff(done.ravel()[order]) > -0.1).all()  # who was brighter stays brighter
    even = np.linspace(array.min(), array.max(), 9)
    assert abs(np.percentile(done, np.linspace(0, 100, 9)) - even).max() < 25
    assert abs(np.percentile(array, 50) - even[4]) > 50


@pytest.mark.parametrize("n_slices", [1, 2, 3, 4, 5])
def test_slices_are_no_colours(n_slices):
    array = smooth((1, 40, 36, n_slices), 1, 20, 5)
    done = clahe(Volume(array, np.eye(4)), clip=4).image.array[0]
    turned = clahe(Volume(array.transpose(0, 3, 1, 2), np.eye(4)), clip=4).image.array[0]
    assert np.allclose(done, turned.transpose(1, 2, 0), atol=0.1)


@given(st.integers(0, 10**6), st.floats(1, 20))
def test_values_stay_in_range(seed, clip):
    array = smooth((1, 40, 35, 3), seed, 20, -50)
    done = clahe(Volume(array, np.eye(4)), clip=clip).image.array
    assert done.shape == array.shape
    assert array.min() - 1e-3 <= done.min()
    assert done.max() <= array.max() + 1e-3


def test_contrast_within_a_dark_region_rises_with_the_limit():
    picture = np.full((1, 128, 128, 1), 20, dtype=np.float32)
    picture[:, 64:] = 220
    picture += np.random.default_rng(0).normal(0, 3, picture.shape).astype(np.float32)
    spreads = [clahe(Volume(picture), clip=clip).image.array[0, 8:48, 8:120].std() for clip in (1, 2, 4, 8)]
    assert spreads == sorted(spreads)
    assert spreads[1] > 1.3 * picture[0, 8:48, 8:120].std()


def test_a_limit_of_one_changes_next_to_nothing():
    # Every bin is cut to the mean count: the mapping is nearly the straight line.
    array = noise((1, 64, 64, 1), top=256).astype(np.float32)
    assert abs(clahe(Volume(array), clip=1).image.array - array).max() < 25


def test_no_seams_show_between_tiles():
    ramp = np.broadcast_to(np.linspace(0, 255, 160, dtype=np.float32)[None, :, None, None], (1, 160, 64, 1))
    done = clahe(Volume(np.ascontiguousarray(ramp)), clip=2).image.array[0, :, 32, 0]
    assert (np.diff(done) > -0.5).all()
    assert np.diff(done).max() < 12


def test_a_colour_picture_keeps_its_colour_differences():
    array = noise((3, 64, 64, 1), top=90).astype(np.int16) + 60
    array[0] += 20
    done = clahe(Volume(array), clip=2).image.array
    inside = (done > array.min() + 1) & (done < array.max() - 1)
    both = inside[0] & inside[2]
    assert np.allclose((done[0] - done[2])[both], (array[0] - array[2])[both], atol=0.01)
