"""Intensity augmentation: identity without ranges, ranges kept, every image by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from scanwright.data.plan import AugmentationPlan
from scanwright.training.augment.intensity import apply_gamma, gaussian_blur, vary_intensities


def batch(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((3, 2, *shape)).astype(np.float32))


def test_without_ranges_nothing_changes() -> None:
    images = batch(6, 5)
    assert torch.equal(vary_intensities(images, AugmentationPlan(), np.random.default_rng(0)), images)


@pytest.mark.parametrize("name", ["gamma", "contrast", "brightness", "noise", "blur"])
@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 4), (6, 5, 1)])
def test_each_range_changes_images_and_leaves_the_given_ones(name: str, shape: tuple[int, ...]) -> None:
    images = batch(*shape)
    before = images.clone()
    plan = AugmentationPlan(**{name: 1.0})  # type: ignore[arg-type]
    varied = vary_intensities(images, plan, np.random.default_rng(0))
    assert varied.shape == images.shape
    assert varied.dtype == torch.float32
    assert torch.isfinite(varied).all()
    assert not torch.equal(varied, images)
    assert torch.equal(images, before)


def test_the_same_seed_varies_alike() -> None:
    plan = AugmentationPlan(brightness=0.1, contrast=0.2, gamma=0.3, noise=0.1, blur=0.5)
    varied = [vary_intensities(batch(6, 5), plan, np.random.default_rng(seed)) for seed in (4, 4, 5)]
    assert torch.equal(varied[0], varied[1])
    assert not torch.equal(varied[0], varied[2])


def test_a_gamma_of_one_changes_nothing_and_any_gamma_keeps_the_range() -> None:
    images = batch(6, 5)
    ones = torch.ones(3, 1, 1, 1)
    torch.testing.assert_close(apply_gamma(images, ones), images)
    bent = apply_gamma(images, 2.5 * ones)
    torch.testing.assert_close(bent.amin((1, 2, 3)), images.amin((1, 2, 3)))
    torch.testing.assert_close(bent.amax((1, 2, 3)), images.amax((1, 2, 3)))


def test_a_constant_image_stays_finite() -> None:
    images = torch.full((2, 1, 4, 4), 3.0)
    plan = AugmentationPlan(brightness=0.5, contrast=0.5, gamma=0.5, noise=0.5, blur=1.0)
    assert torch.isfinite(vary_intensities(images, plan, np.random.default_rng(0))).all()


@pytest.mark.parametrize("shape", [(20, 16), (14, 12, 10), (14, 12, 1)])
def test_the_blur_is_that_of_scipy(shape: tuple[int, ...]) -> None:
    images = batch(*shape)
    blurred = gaussian_blur(images, 1.0)
    sigma = [1.0 if n > 1 else 0.0 for n in shape]
    wanted = ndimage.gaussian_filter(images.numpy(), (0, 0, *sigma), mode="nearest", truncate=3.0)
    np.testing.assert_allclose(blurred.numpy(), wanted, atol=1e-5)


def test_a_blur_wider_than_the_image_is_no_error() -> None:
    assert gaussian_blur(batch(2, 3), 1.2).shape == (3, 2, 2, 3)
