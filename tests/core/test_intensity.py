"""Voxels that are no numbers are replaced and counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scanwright.core.intensity import replace_non_finite

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
