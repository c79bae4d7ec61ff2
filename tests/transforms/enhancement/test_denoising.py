"""Filters against noise lower it, keep edges, and go by millimetres."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from scanwright.core.fidelity import psnr
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.denoising import (
    bilateral,
    diffusion,
    gaussian,
    median,
    nlm,
    wavelet,
)

FLAT = np.diag([0.5, 0.5, 4.0, 1.0])


def phantom(shape=(48, 40, 1), *, sigma=15.0, seed=0):
    """A box on a dark background: with Gaussian noise, and without."""
    clean = np.full((1, *shape), 30, dtype=np.float32)
    clean[:, 12:36, 10:30] = 150
    noisy = clean + np.random.default_rng(seed).normal(0, sigma, clean.shape).astype(np.float32)
    return noisy, clean


@pytest.mark.parametrize(
    ("step", "values"),
    [
        (median, {"radius": 1}),
        (gaussian, {"sigma": 0.7}),
        (bilateral, {"sigma": 1.5, "sigma_intensity": 45}),
        (diffusion, {"iterations": 8}),
        (nlm, {}),
        (nlm, {"sigma": 15}),
        (wavelet, {}),
        (wavelet, {"sigma": 15}),
    ],
)
@pytest.mark.parametrize("shape", [(48, 40, 1), (48, 40, 14)])
def test_noise_goes_down_and_the_phantom_comes_nearer(step, values, shape):
    noisy, clean = phantom(shape)
    affine = np.eye(4) if shape[2] > 1 else None
    done = step(Volume(noisy, affine), **values).image.array
    assert psnr(done, clean, 255) > psnr(noisy, clean, 255) + 2
    assert done[0, 20:28, 16:24].std() < 0.6 * noisy[0, 20:28, 16:24].std()


def test_median_takes_out_salt_and_keeps_the_values_of_the_image():
    _, clean = phantom()
    picture = clean.astype(np.uint8)
    salted = picture.copy()
    places = np.random.default_rng(1).choice(picture.size, 40, replace=False)
    salted.ravel()[places] = 255
    done = median(Volume(salted), radius=1).image.array
    assert done.dtype == np.uint8
    assert not (done == 255).any()
    assert np.count_nonzero(done != picture) < 20  # corners of the box


def test_median_is_that_of_an_independent_filter():
    noisy, _ = phantom((12, 11, 10))
    done = median(Volume(noisy, np.eye(4)), radius=1).image.array
    expected = ndimage.median_filter(noisy[0], size=3, mode="nearest")
    assert np.array_equal(done[0, 1:-1, 1:-1, 1:-1], expected[1:-1, 1:-1, 1:-1])


@pytest.mark.parametrize(
    ("radius", "voxels"), [(0.1, [1, 1, 0]), (0.5, [1, 1, 0]), (1.1, [2, 2, 0]), (3, [6, 6, 1])]
)
def test_the_radius_of_the_median_is_in_mm_and_reaches_a_neighbour(radius, voxels):
    noisy, _ = phantom((20, 18, 6))
    outcome = median(Volume(noisy, FLAT), radius=radius)
    assert outcome.realised == {"radius_voxels": voxels}


def test_the_blur_is_in_mm():
    array = np.zeros((1, 41, 41, 9), dtype=np.float32)
    array[0, 20, 20, 4] = 1
    outcome = gaussian(Volume(array, FLAT), sigma=2)
    assert outcome.realised == {"sigma_voxels": [4, 4, 0.5]}
    done = outcome.image.array[0]
    assert done[24, 20, 4] / done[20, 20, 4] == pytest.approx(np.exp(-0.5), rel=1e-3)  # 2 mm away
    assert done.sum() == pytest.approx(1, rel=1e-3)


def test_a_picture_is_blurred_in_pixels_and_not_across_colours():
    array = np.zeros((3, 21, 21, 1), dtype=np.uint8)
    array[0] = 200
    done = gaussian(Volume(array), sigma=3).image.array
    assert np.allclose(done[0], 200)
    assert not done[1:].any()


def test_bilateral_keeps_the_edge_that_a_blur_takes():
    _, clean = phantom()
    kept = bilateral(Volume(clean), sigma=2, sigma_intensity=10).image.array
    blurred = gaussian(Volume(clean), sigma=2).image.array
    assert abs(kept - clean).max() < 1
    assert abs(blurred - clean).max() > 30


@pytest.mark.parametrize("spacing", [0.05, 0.3, 1.0, 7.0])
def test_diffusion_is_stable_at_any_spacing(spacing):
    noisy, clean = phantom((48, 40, 14))
    done = diffusion(Volume(noisy, np.diag([spacing] * 3 + [1])), iterations=20).image.array
    assert clean.min() - 60 < done.min()
    assert done.max() < clean.max() + 60
    assert psnr(done, clean, 255) > psnr(noisy, clean, 255)


def test_planes_too_far_apart_for_the_bilateral_filter_are_left_apart():
    noisy, _ = phantom((24, 20, 5))
    apart = bilateral(Volume(noisy, FLAT), sigma=1, sigma_intensity=40).image.array
    alone = [bilateral(Volume(noisy[..., k : k + 1], FLAT), sigma=1, sigma_intensity=40) for k in range(5)]
    assert np.array_equal(apart, np.concatenate([one.image.array for one in alone], axis=-1))
    together = bilateral(Volume(noisy, FLAT), sigma=1.5, sigma_intensity=40).image.array
    alone = bilateral(Volume(noisy[..., 2:3], FLAT), sigma=1.5, sigma_intensity=40).image.array
    assert not np.allclose(together[..., 2:3], alone, atol=0.1)


@pytest.mark.parametrize("step", [nlm, wavelet])
@pytest.mark.parametrize("shape", [(48, 40, 1), (48, 40, 14)])
def test_the_noise_is_estimated_and_recorded(step, shape):
    noisy, _ = phantom(shape, sigma=12)
    (found,) = step(Volume(noisy, np.eye(4))).realised["sigma"]
    assert found == pytest.approx(12, rel=0.15)
    assert step(Volume(noisy, np.eye(4)), sigma=7).realised == {"sigma": [7]}


def test_a_background_set_to_one_value_does_not_hide_the_noise():
    noisy, _ = phantom((64, 64, 6), sigma=12)
    noisy[:, :40] = noisy.min() - 50
    (found,) = wavelet(Volume(noisy, np.eye(4))).realised["sigma"]
    assert found == pytest.approx(12, rel=0.25)


@pytest.mark.parametrize("step", [nlm, wavelet])
@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0), (1e5, -3e5)])
def test_the_unit_of_the_values_does_not_matter(step, scale, shift):
    noisy, _ = phantom((40, 36, 8))
    done = step(Volume(noisy, np.eye(4))).image.array
    other = step(Volume((noisy * scale + shift).astype(np.float32), np.eye(4))).image.array
    assert np.allclose((other - np.float32(shift)) / scale, done, atol=0.2)


@pytest.mark.parametrize("step", [nlm, wavelet])
def test_values_stay_in_range_and_what_has_no_noise_stays(step):
    noisy, clean = phantom((40, 36, 8))
    done = step(Volume(noisy, np.eye(4))).image.array
    assert noisy.min() - 1e-3 <= done.min()
    assert done.max() <= noisy.max() + 1e-3
    assert done.dtype == np.float32
    flat = np.full_like(clean, 7)
    assert np.array_equal(step(Volume(flat)).image.array, flat)
    assert np.array_equal(step(Volume(clean, np.eye(4)), sigma=1e-9).image.array, clean)


def test_non_local_means_goes_by_slices_across_the_widest_spacing():
    noisy, _ = phantom((20, 24, 22))
    sideways = Volume(noisy, np.diag([3.0, 1.0, 1.0, 1.0]))
    done = nlm(sideways, sigma=15).image.array
    alone = nlm(Volume(noisy[:, 5:6], sideways.affine_ras), sigma=15).image.array
    assert np.allclose(done[:, 5:6], alone, atol=1e-3)  # but for the lowest value, which a slice has its own


def test_colours_are_averaged_together():
    noisy, _ = phantom((40, 36, 1))
    grey = nlm(Volume(noisy), sigma=15).image.array
    colours = nlm(Volume(np.concatenate([noisy] * 3)), sigma=15)
    assert np.allclose(colours.image.array, grey, atol=1e-3)
    assert len(colours.realised["sigma"]) == 1
    apart = nlm(Volume(np.concatenate([noisy] * 3), np.eye(4)))
    assert len(apart.realised["sigma"]) == 3


def test_wavelets_take_the_long_axes_and_say_when_there_is_none():
    noisy, clean = phantom((40, 36, 3))
    done = wavelet(Volume(noisy, np.eye(4)), sigma=15).image.array
    alone = wavelet(Volume(noisy[..., :1], np.eye(4)), sigma=15).image.array
    assert psnr(done, clean, 255) > psnr(noisy, clean, 255) + 2
    assert np.allclose(done[..., :1], alone, atol=1e-3)
    with pytest.raises(DataError, match="an axis of 6 voxels or more"):
        wavelet(Volume(noisy[:, :5, :4]))
