"""Shape and intensities of lesions, against direct sums and known bodies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.core.mesh import mesh_of
from scanwright.core.radiomics import (
    bins_of_number,
    bins_of_width,
    histogram_features,
    interpolate,
    peaks,
    resegment,
    statistics,
    volume_histogram_features,
)
from scanwright.core.shape import placed_intensity_features, shape_features


def ellipsoid(half: tuple[float, float, float]) -> np.ndarray:
    grid = np.stack(np.meshgrid(*(np.arange(-np.ceil(h) - 1, np.ceil(h) + 2) for h in half), indexing="ij"))
    return np.asarray(sum((g / h) ** 2 for g, h in zip(grid, half, strict=True)) <= 1)


def test_a_ball_is_round() -> None:
    features = shape_features(ellipsoid((12, 12, 12)), (1, 1, 1))
    assert features["morph_volume"] == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.02)
    assert features["morph_sphericity"] == pytest.approx(1, abs=0.08)
    assert features["morph_pca_elongation"] == pytest.approx(1, abs=0.01)
    assert features["morph_vol_dens_aee"] == pytest.approx((5**0.5 / 2) ** 3, rel=0.02)


def test_an_ellipsoid_has_the_axes_it_was_drawn_with() -> None:
    features = shape_features(ellipsoid((20, 12, 5)), (0.5, 1, 2))
    # Four standard deviations of a solid ellipsoid are 2/√5 of its axis.
    assert features["morph_pca_maj_axis"] == pytest.approx(24 * 2 / 5**0.5, rel=0.03)
    assert features["morph_pca_min_axis"] == pytest.approx(20 * 2 / 5**0.5, rel=0.03)
    assert features["morph_pca_flatness"] == pytest.approx(20 / 24, rel=0.03)


@given(st.integers(0, 2**32), st.tuples(*[st.floats(0.5, 4)] * 3))
def test_autocorrelation_is_the_sum_over_all_pairs(seed, spacing) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((5, 6, 4)) < 0.5
    image = rng.normal(30, 20, mask.shape)
    found = placed_intensity_features(image, mask, mask, spacing, mesh_of(mask, spacing).volume)
    points, x = np.argwhere(mask) * np.array(spacing), image[mask]
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    weight = np.divide(1, apart, out=np.zeros_like(apart), where=apart > 0)
    d = x - x.mean()
    moran = len(x) * (weight * np.outer(d, d)).sum() / (weight.sum() * (d**2).sum())
    geary = (len(x) - 1) * (weight * (x[:, None] - x) ** 2).sum() / (2 * weight.sum() * (d**2).sum())
    assert found["morph_moran_i"] == pytest.approx(moran, abs=1e-4)
    assert found["morph_geary_c"] == pytest.approx(geary, abs=1e-4)


def test_equal_intensities_have_no_autocorrelation_and_no_shift() -> None:
    mask = ellipsoid((3, 3, 3))
    found = placed_intensity_features(np.full(mask.shape, 7.0), mask, mask, (1, 1, 1), 100.0)
    assert np.isnan(found["morph_moran_i"])
    assert found["morph_com"] == pytest.approx(0, abs=1e-9)
    assert found["morph_integ_int"] == 700


@given(st.integers(0, 2**32))
def test_peaks_are_means_in_a_ball_of_one_millilitre(seed) -> None:
    rng = np.random.default_rng(seed)
    image, spacing = rng.normal(1000, 5, (9, 8, 6)), np.array((2.0, 2.5, 4.0))
    inside = rng.random(image.shape) < 0.2
    inside[4, 4, 3] = True
    radius = (3 / (4 * np.pi)) ** (1 / 3) * 10
    centres = np.argwhere(np.ones(image.shape)) * spacing
    means = [
        image.ravel()[np.linalg.norm(centres - c * spacing, axis=1) <= radius].mean()
        for c in np.argwhere(inside)
    ]
    found = peaks(image, inside, spacing)
    assert found["loc_peak_glob"] == pytest.approx(max(means))
    assert found["loc_peak_loc"] == pytest.approx(means[int(image[inside].argmax())])


def test_sampling_keeps_the_centre_and_a_ramp() -> None:
    ramp = np.arange(10.0)[:, None, None] * np.ones((10, 4, 4))
    finer = interpolate(ramp, (1, 1, 1), (0.5, 1, 1))
    assert finer.shape == (20, 4, 4)
    assert finer.mean() == pytest.approx(4.5, abs=0.05)
    assert np.diff(finer[2:-2, 0, 0]) == pytest.approx(0.5)


def test_what_does_not_count_is_left_out_by_limits_and_by_spread() -> None:
    image, mask = np.array([0.0, *[10.0] * 30, 500.0, 30.0])[:, None, None], np.ones((33, 1, 1), dtype=bool)
    assert resegment(image, mask, (5, 1000)).sum() == 32
    assert resegment(image, mask, None, 3).sum() == 32
    assert resegment(image, mask, (600, 700), 3).sum() == 0


def test_bins_begin_at_one_and_hold_their_lower_edge() -> None:
    assert bins_of_width(np.array([-2000, -1000, -975, 0]), 25, -1000).tolist() == [1, 1, 2, 41]
    assert bins_of_number(np.array([0.0, 0.5, 1.0]), 4).tolist() == [1, 3, 4]
    assert bins_of_number(np.array([3.0, 3.0]), 4).tolist() == [1, 1]


def test_one_value_alone_has_no_spread() -> None:
    found = statistics(np.array([5.0])) | histogram_features(np.array([3]))
    assert found["stat_var"] == found["stat_skew"] == found["ih_entropy"] == found["ih_max_grad"] == 0
    assert found["ih_mode"] == 3
    alone = volume_histogram_features(np.array([1]), np.array([5.0]))
    assert alone["ivh_i10"] == 5


def test_a_mean_of_zero_leaves_quotients_undefined() -> None:
    found = statistics(np.array([-1.0, 1.0]))
    assert np.isnan(found["stat_cov"])
    assert np.isnan(found["stat_qcod"])
