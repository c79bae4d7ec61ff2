"""Voxels that are no numbers are replaced and counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scanwright.core.intensity import count_values, percentiles, replace_non_finite

odd = st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e300])


@given(arrays(np.float64, (1, 3, 3, 2), elements=st.floats(-1e6, 1e6) | odd))
def test_what_is_no_number_gets_the_smallest_intensity(array):
    good = np.isfinite(array) & (np.abs(array) < 1e30)
    result, n = replace_non_finite(array)
    assert n == np.count_nonzero(~good)
    if good.any():
        np.testing.assert_array_equal(result[good], array[good])
        assert (result[~good] == array[good].min()).all()
        assert np.isfinite(result.astype(np.float32)).all()


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_a_sound_image_is_not_copied(kind):
    array = np.arange(8, dtype=kind).reshape(1, 2, 2, 2)
    assert replace_non_finite(array)[0] is array


def test_an_image_without_any_number_is_counted_whole():
    assert replace_non_finite(np.full((1, 2, 2, 2), np.nan))[1] == 8


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float32])
def test_percentiles_are_those_of_numpy(kind):
    values = (
        np.random.default_rng(0).normal(100, 40, (2, 7, 9, 5)).clip(0, 255).astype(kind).transpose(0, 3, 1, 2)
    )
    for of in (values, values[:, ::-1, :2], values[:1, :1, :1, :1]):
        np.testing.assert_allclose(
            percentiles(of, (0, 0.5, 33.3, 50, 99.5, 100)),
            np.percentile(of, (0, 0.5, 33.3, 50, 99.5, 100)),
            rtol=1e-6,
        )


def test_negative_values_are_counted():
    lowest, counts = count_values(np.array([[-3, 2], [2, -1]], np.int8))
    assert (lowest, counts.tolist()) == (-3, [1, 0, 1, 0, 0, 2])
    assert percentiles(np.array([-32768, 32767], np.int16), (0, 50, 100)).tolist() == [-32768, -0.5, 32767]


def test_percentiles_of_very_many_floats_are_of_a_part_spread_evenly():
    ramp = np.arange(200 * 200 * 150, dtype=np.float32).reshape(200, 200, 150) / 6e6
    np.testing.assert_allclose(percentiles(ramp.T, (0.5, 50, 99.5)), (0.005, 0.5, 0.995), atol=1e-5)
