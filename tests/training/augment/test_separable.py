"""Separable maps: each matrix against another implementation of what it does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.interpolate import BSpline

from scanwright.core.geometry import resample
from scanwright.training.augment.separable import (
    apply_along,
    blur_matrices,
    coarsening_matrices,
    smooth_field,
    spline_matrix,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("axis", [1, 2, 3, 4])
@pytest.mark.parametrize("one_each", [True, False])
def test_a_product_along_an_axis_is_that_of_numpy(axis: int, one_each: bool) -> None:
    rng = np.random.default_rng(0)
    images = rng.standard_normal((2, 3, 4, 5, 6)).astype(np.float32)
    n = images.shape[axis]
    matrices = rng.standard_normal((2, 7, n) if one_each else (7, n)).astype(np.float32)
    got = apply_along(torch.from_numpy(images), torch.from_numpy(matrices), axis).numpy()
    for image, matrix, result in zip(images, np.broadcast_to(matrices, (2, 7, n)), got, strict=True):
        wanted = np.moveaxis(np.tensordot(matrix, image, axes=(1, axis - 1)), 0, axis - 1)
        np.testing.assert_allclose(result, wanted, atol=1e-5)


@given(
    n=st.integers(1, 40),
    sigmas=st.lists(st.one_of(st.just(0.0), st.floats(0.2, 4.0)), min_size=1, max_size=3),
    seed=st.integers(0, 9),
)
def test_a_blur_is_that_of_scipy_whatever_the_others_are(n: int, sigmas: list[float], seed: int) -> None:
    row = np.random.default_rng(seed).standard_normal(n)
    for matrix, sigma in zip(blur_matrices(n, np.array(sigmas)).numpy(), sigmas, strict=True):
        reach = int(np.ceil(2.5 * sigma))
        wanted = ndimage.gaussian_filter1d(row, sigma, radius=reach, mode="nearest") if sigma else row
        np.testing.assert_allclose(matrix @ row, wanted, atol=1e-5)


@given(n=st.integers(1, 40), factor=st.floats(1.0, 4.0))
def test_coarsening_is_resampling_there_and_back(n: int, factor: float) -> None:
    row = np.random.default_rng(n).standard_normal(n).astype(np.float32)
    coarse = resample(row[None, :, None, None], (max(1, round(n / factor)), 1, 1))
    wanted = resample(coarse, (n, 1, 1))[0, :, 0, 0]
    np.testing.assert_allclose(coarsening_matrices(n, np.array([factor]))[0].numpy() @ row, wanted, atol=1e-5)


@given(n=st.integers(1, 60), n_intervals=st.integers(1, 8), seed=st.integers(0, 9))
def test_splines_are_those_of_scipy(n: int, n_intervals: int, seed: int) -> None:
    controls = np.random.default_rng(seed).standard_normal(n_intervals + 3)
    knots = np.arange(-3, n_intervals + 4, dtype=float)
    wanted = BSpline(knots, controls, 3)((np.arange(n) + 0.5) / n * n_intervals)
    np.testing.assert_allclose(spline_matrix(n, n_intervals).numpy() @ controls, wanted, atol=1e-5)


def test_a_field_stays_within_its_control_points_and_keeps_straight_lines() -> None:
    rng = np.random.default_rng(0)
    controls = rng.uniform(-1, 1, (2, 5, 6, 4, 3))
    field = smooth_field(controls, (11, 9, 7), CPU)
    assert field.shape == (2, 11, 9, 7, 3)
    assert float(field.abs().max()) <= 1.0
    straight = np.arange(6, dtype=float)[None, None, :, None, None] * np.ones((1, 5, 6, 4, 1))
    line = smooth_field(straight, (2, 12, 2), CPU)[0, 0, :, 0, 0].numpy()
    np.testing.assert_allclose(np.diff(line), np.diff(line)[0], atol=1e-5)
