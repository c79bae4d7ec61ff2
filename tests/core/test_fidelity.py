"""PSNR and SSIM against independent formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from scanwright.core.fidelity import data_range, psnr, ssim
from scanwright.errors import DataError


def pair(shape, *, seed=0, noise=12.0):
    rng = np.random.default_rng(seed)
    reference = rng.integers(0, 256, shape).astype(np.float64)
    return reference + rng.normal(0, noise, shape), reference


def ssim_of_plane(x, y, span):
    """By the paper's equations, window after window."""
    line = np.array([math.exp(-((n - 5) ** 2) / (2 * 1.5**2)) for n in range(11)])
    w = np.outer(line, line) / np.outer(line, line).sum()
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    values = []
    for row in range(x.shape[0] - 10):
        for column in range(x.shape[1] - 10):
            a, b = x[row : row + 11, column : column + 11], y[row : row + 11, column : column + 11]
            mx, my = (w * a).sum(), (w * b).sum()
            vx, vy, cov = (
                (w * (a - mx) ** 2).sum(),
                (w * (b - my) ** 2).sum(),
                (w * (a - mx) * (b - my)).sum(),
            )
            values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return float(np.mean(values))


def test_ssim_is_what_the_equations_give():
    image, reference = pair((1, 19, 16, 1))
    expected = ssim_of_plane(image[0, :, :, 0], reference[0, :, :, 0], 255)
    assert ssim(image, reference, 255) == pytest.approx(expected, abs=1e-9)


def test_short_axes_and_channels_are_averaged():
    image, reference = pair((2, 14, 13, 3), seed=1)
    planes = [
        ssim_of_plane(image[c, :, :, k], reference[c, :, :, k], 255) for c in range(2) for k in range(3)
    ]
    assert ssim(image, reference, 255) == pytest.approx(np.mean(planes), abs=1e-9)


def test_volumes_have_a_cubic_window():
    image, reference = pair((1, 12, 12, 12), seed=2, noise=60)
    slices = np.mean([ssim(image[..., k : k + 1], reference[..., k : k + 1], 255) for k in range(12)])
    assert ssim(image, reference, 255) != pytest.approx(slices, abs=1e-3)


@given(
    st.sampled_from([(1, 30, 24, 1), (3, 17, 16, 1), (1, 14, 13, 12), (2, 15, 12, 11)]),
    st.integers(0, 1000),
    st.floats(1, 80),
    st.sampled_from([1e-4, 1.0, 1e4]),
)
def test_both_are_what_scikit_image_gives(shape, seed, noise, scale):
    image, reference = (scale * array for array in pair(shape, seed=seed, noise=noise))
    span = data_range(reference)
    assert psnr(image, reference, span) == pytest.approx(
        peak_signal_noise_ratio(reference, image, data_range=span), abs=1e-9
    )
    flat = (array.squeeze(-1) if shape[3] == 1 else array for array in (image, reference))
    theirs = structural_similarity(
        *flat,
        data_range=span,
        channel_axis=0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(image, reference, span) == pytest.approx(theirs, abs=1e-9)


def test_bytes_are_measured_as_scikit_image_does():
    rng = np.random.default_rng(0)
    image, reference = (rng.integers(60, 180, (1, 20, 18, 1), dtype=np.uint8) for _ in range(2))
    theirs = peak_signal_noise_ratio(reference, image)  # its own rule: 255 for bytes
    assert psnr(image, reference, data_range(reference)) == pytest.approx(theirs)


@given(st.integers(0, 1000), st.floats(0.5, 60))
def test_equal_images_are_one_and_none_is_above(seed, noise):
    image, reference = pair((1, 12, 13, 1), seed=seed, noise=noise)
    assert ssim(reference, reference, 255) == pytest.approx(1)
    assert -1 <= ssim(image, reference, 255) <= 1
    assert ssim(image, reference, 255) == pytest.approx(ssim(reference, image, 255))


@given(st.floats(0.1, 200), st.floats(1, 5000))
def test_psnr_of_a_constant_difference_is_known(difference, span):
    reference = np.zeros((1, 4, 5, 1))
    assert psnr(reference + difference, reference, span) == pytest.approx(20 * math.log10(span / difference))


def test_psnr_of_whole_numbers_does_not_wrap_around():
    black, white = np.zeros((1, 3, 3, 1), np.uint8), np.full((1, 3, 3, 1), 255, np.uint8)
    assert psnr(black, white, 255) == pytest.approx(0)


def test_what_has_no_value():
    image, reference = pair((1, 12, 12, 1))
    assert psnr(reference, reference, 255) == math.inf
    assert math.isnan(psnr(image, reference, 0))
    assert math.isnan(ssim(image, reference, 0))
    assert math.isnan(ssim(image[:, :10], reference[:, :10], 255))
    for measure in (psnr, ssim):
        with pytest.raises(DataError, match="different shapes"):
            measure(image, reference[:, :11], 255)


def test_the_range_of_values():
    assert data_range(np.array([3, 7], np.uint8)) == 255
    assert data_range(np.array([-100, 900], np.int16)) == 1000
    assert data_range(np.array([0.25, 0.75])) == 0.5
    assert data_range(np.zeros((0,))) == 0
