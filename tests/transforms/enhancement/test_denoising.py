"""Filters against noise lower it, keep edges, and go by millimetres."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from scanwright.core.fidelity import psnr
from scanwright.data.volume import Volume
from scanwright.transforms.enhancement.denoising import bilateral, diffusion, gaussian, median

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
