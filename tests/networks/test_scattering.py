"""Wavelets: what they see, checked against scipy, and against what turning and moving an image must do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import signal

from scanwright.networks.scattering import FAINTEST, N_ORIENTATIONS, Scattering, morlet_filters


def picture(seed: int = 0, side: int = 64) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(1, 1, side, side))).float()


def test_filters_are_waves_without_mean_of_equal_strength() -> None:
    filters = morlet_filters()
    waves = filters[0::2] + 1j * filters[1::2]
    np.testing.assert_allclose(waves.sum(axis=(1, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(np.abs(waves).sum(axis=(1, 2, 3)), 1)


def test_the_first_scale_is_the_blurred_amplitude_of_a_convolution() -> None:
    image = picture()
    plain = np.pad(image[0, 0].numpy(), 3, mode="edge")
    binomial = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    seen = Scattering(1, 1)(image)[0].numpy()
    assert seen.shape == (1 + N_ORIENTATIONS, 32, 32)
    for n, (even, odd) in enumerate(morlet_filters().reshape(N_ORIENTATIONS, 2, 7, 7)):
        waves = [signal.correlate2d(plain, wave, mode="valid") for wave in (even, odd)]
        amplitude = np.sqrt(waves[0] ** 2 + waves[1] ** 2 + 1e-8)
        blurred = signal.correlate2d(np.pad(amplitude, 2, mode="edge"), binomial, mode="valid")[::2, ::2]
        np.testing.assert_allclose(seen[1 + n], np.log(blurred + FAINTEST), atol=1e-4)


@pytest.mark.parametrize(("n_channels", "n_scales", "mixed"), [(1, 3, False), (2, 2, False), (3, 3, True)])
def test_its_shape(n_channels: int, n_scales: int, mixed: bool) -> None:
    wavelets = Scattering(n_channels, n_scales, mixed=mixed)
    out = wavelets(torch.randn(2, n_channels, 48, 33))
    assert tuple(out.shape) == (2, wavelets.n_features, -(-48 // 2**n_scales), -(-33 // 2**n_scales))


def test_an_even_image_has_no_detail() -> None:
    out = Scattering(1, 3)(torch.full((1, 1, 32, 32), 3.0))
    torch.testing.assert_close(out[:, :1], torch.full_like(out[:, :1], 3.0))
    assert (out[:, 1:] < np.log(2 * FAINTEST)).all()


def test_stripes_are_seen_across_them() -> None:
    stripes = torch.cos(2.0 * torch.arange(64.0))[None, None, :, None].expand(1, 1, 64, 64)
    first = Scattering(1, 1)(stripes)[0, 1:, 8:-8, 8:-8].mean(dim=(1, 2))
    assert int(first.argmax()) == 0  # the orientation whose wave runs along the first axis
    assert first[0] - first[N_ORIENTATIONS // 2] > 2


def test_a_quarter_turn_of_the_image_turns_the_orientations() -> None:
    # An odd number of pixels stays odd when halved so, and is then halved the same from either end.
    image = picture(side=65)
    seen = Scattering(1, 2)(image)[0, 1 : 1 + N_ORIENTATIONS]
    turned = Scattering(1, 2)(image.rot90(1, (2, 3)))[0, 1 : 1 + N_ORIENTATIONS]
    torch.testing.assert_close(
        turned.roll(N_ORIENTATIONS // 2, 0).rot90(-1, (1, 2)), seen, atol=1e-4, rtol=1e-3
    )


def test_a_small_shift_changes_it_less_than_the_image() -> None:
    image = picture()
    moved = image.roll(1, 3)

    def change(a: torch.Tensor, b: torch.Tensor) -> float:
        inner = (..., slice(1, -1), slice(1, -1))
        a, b = a[inner] - a[inner].mean(), b[inner] - b[inner].mean()
        return float((a - b).norm() / a.norm())

    wavelets = Scattering(1, 3)
    assert change(wavelets(image)[:, 1:], wavelets(moved)[:, 1:]) < 0.5 * change(image, moved)


def test_colour_is_seen_coarsely_and_detail_in_the_mean() -> None:
    image = torch.randn(1, 3, 32, 32)
    out = Scattering(3, 2, mixed=True)(image)
    grey = Scattering(1, 2)(image.mean(dim=1, keepdim=True))
    torch.testing.assert_close(out[:, 3:], grey[:, 1:])
    assert not torch.allclose(out[:, 0], out[:, 1])


def test_nothing_of_it_is_learnt_or_kept() -> None:
    wavelets = Scattering(1, 3)
    assert not list(wavelets.parameters())
    assert not wavelets.state_dict()
