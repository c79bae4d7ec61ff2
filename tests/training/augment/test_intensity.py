"""Intensity augmentation: identity without ranges, ranges kept, every image by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from scanwright.core.geometry import resample
from scanwright.data.plan import AugmentationPlan
from scanwright.training.augment.intensity import (
    apply_bias,
    apply_gamma,
    soften,
    vary_intensities,
)


def batch(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((3, 2, *shape)).astype(np.float32))


def test_without_ranges_nothing_changes() -> None:
    images = batch(6, 5)
    assert torch.equal(vary_intensities(images, AugmentationPlan(), np.random.default_rng(0)), images)


@pytest.mark.parametrize(
    "name", ["gamma", "bias_field", "contrast", "brightness", "noise", "blur", "low_resolution"]
)
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
    plan = AugmentationPlan(brightness=0.1, contrast=0.2, gamma=0.3, noise=0.1, blur=0.5, low_resolution=0.5)
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
    blurred = soften(images, np.ones(3), np.ones(3))
    sigma = [1.0 if n > 1 else 0.0 for n in shape]
    wanted = ndimage.gaussian_filter(images.numpy(), (0, 0, *sigma), mode="nearest", truncate=3.0)
    np.testing.assert_allclose(blurred.numpy(), wanted, atol=1e-5)


def test_a_blur_wider_than_the_image_is_no_error() -> None:
    assert soften(batch(2, 3), np.full(3, 1.2), np.ones(3)).shape == (3, 2, 2, 3)


def test_every_image_is_blurred_by_itself() -> None:
    images = batch(12, 10)
    together = soften(images, np.array([0.5, 1.0, 2.0]), np.ones(3))
    for nth, sigma in enumerate((0.5, 1.0, 2.0)):
        torch.testing.assert_close(
            together[nth], soften(images[nth : nth + 1], np.array([sigma]), np.ones(1))[0]
        )


@pytest.mark.parametrize("shape", [(20, 16), (14, 12, 10), (14, 12, 1)])
def test_a_coarser_grid_is_that_of_resampling(shape: tuple[int, ...]) -> None:
    images = batch(*shape)
    coarse = soften(images, np.zeros(3), np.array([2.0, 1.0, 1.5])).numpy()
    for nth, factor in enumerate((2.0, 1.0, 1.5)):
        whole = (*shape, 1)[:3]
        lower = tuple(max(1, round(n / factor)) if n > 1 else 1 for n in whole)
        wanted = resample(resample(images[nth].numpy().reshape(2, *whole), lower), whole)
        np.testing.assert_allclose(coarse[nth].reshape(2, *whole), wanted, atol=1e-4)


def test_a_bias_brightens_one_side_smoothly_and_keeps_the_darkest() -> None:
    images = torch.rand(1, 1, 30, 20)
    images[0, 0, 0, 0] = 0.0
    side = np.linspace(-1, 1, 5)[None, :, None] * np.ones((1, 5, 5))
    biased = apply_bias(images, side)
    ratio = (biased / images)[0, 0, 1:, 10]
    assert bool((ratio.diff() > 0).all())
    assert float(biased.min()) == 0.0
    torch.testing.assert_close(apply_bias(images, np.zeros((1, 5, 5))), images)
