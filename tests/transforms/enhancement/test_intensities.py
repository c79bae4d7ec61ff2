"""Intensities along a line: what is recorded brings them back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import noise
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.intensities import grey, percentile, window, zscore


def test_grey_is_the_luminance_that_pillow_gives():
    array = noise((3, 12, 10, 1), top=256)
    done = grey(Volume(array)).image.array
    expected = np.asarray(Image.fromarray(array[..., 0].transpose(2, 1, 0)).convert("L")).T
    assert done.shape == (1, 12, 10, 1)
    assert abs(done[0, :, :, 0] - expected).max() <= 1
    one = Volume(array[:1])
    assert grey(one).image is one
    with pytest.raises(DataError, match="3 channels, or 1"):
        grey(Volume(noise((4, 5, 5, 5)), np.eye(4)))


@given(st.integers(0, 10**6), st.floats(0.1, 1000), st.floats(-500, 500))
def test_zscore_can_be_undone(seed, scale, shift):
    array = (noise((2, 6, 5, 4), seed=seed) * scale + shift).astype(np.float32)
    outcome = zscore(Volume(array, np.eye(4)))
    done = outcome.image.array.astype(np.float64)
    assert np.allclose(done.mean(axis=(1, 2, 3)), 0, atol=1e-3)
    assert np.allclose(done.std(axis=(1, 2, 3)), 1, atol=1e-3)
    for c in range(2):
        back = done[c] * outcome.realised["deviation"][c] + outcome.realised["mean"][c]
        assert np.allclose(back, array[c], atol=1e-3 * scale + 1e-2)


@given(st.integers(0, 10**6), st.floats(0, 40), st.floats(60, 100))
def test_percentiles_can_be_undone_between_them(seed, low, high):
    array = noise((1, 8, 7, 3), seed=seed).astype(np.int16) - 90
    outcome = percentile(Volume(array, np.eye(4)), low=low, high=high)
    (start,), (end,) = outcome.realised["low"], outcome.realised["high"]
    assert [start, end] == pytest.approx(np.percentile(array, [low, high]))
    done = outcome.image.array
    assert done.min() >= 0
    assert done.max() <= 1
    assert np.allclose(start + done * (end - start), np.clip(array, start, end), atol=1e-3)


def test_a_window_has_its_edges():
    array = np.array([-200, -160, 40, 240, 300], dtype=np.int16).reshape(1, 5, 1, 1)
    outcome = window(Volume(array, np.eye(4)), centre=40, width=400)
    assert outcome.image.array.ravel() == pytest.approx([0, 0, 0.5, 1, 1])
    assert outcome.realised == {"low": -160, "high": 240}


@pytest.mark.parametrize("step", [zscore, lambda image: percentile(image, low=1, high=99)])
def test_a_colour_picture_keeps_its_hues_and_contrasts_are_apart(step):
    array = noise((3, 9, 8, 1)).astype(np.uint8)
    array[1] //= 4
    together, apart = step(Volume(array)), step(Volume(array, np.eye(4)))
    assert len(next(iter(together.realised.values()))) == 1
    assert len(next(iter(apart.realised.values()))) == 3
    assert together.image.array[1].max() < together.image.array[0].max()


@pytest.mark.parametrize("step", [zscore, lambda image: percentile(image, low=1, high=99)])
def test_one_single_value_becomes_zero(step):
    assert not step(Volume(np.full((1, 3, 3, 3), 8), np.eye(4))).image.array.any()
