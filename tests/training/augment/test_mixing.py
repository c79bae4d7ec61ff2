"""Mixing: labels are mixed as the voxels are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scanwright.training.augment.mixing import cutmix, mixup


def pure(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Each image holds its own number everywhere, and is all of its own class."""
    images = torch.arange(4.0).reshape(4, *(1,) * (1 + len(shape))).expand(4, 2, *shape)
    return images, torch.eye(4)


@given(seed=st.integers(0, 200))
def test_mixed_labels_tell_how_much_of_whom_an_image_is(seed: int) -> None:
    images, shares = mixup(*pure(5, 4), np.random.default_rng(seed))
    told = (shares * torch.arange(4.0)).sum(dim=1)
    torch.testing.assert_close(images.mean(dim=(1, 2, 3)), told)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(4))


@pytest.mark.parametrize("shape", [(9, 7), (6, 5, 4)])
@given(seed=st.integers(0, 100))
def test_cut_labels_tell_the_share_of_the_voxels(shape: tuple[int, ...], seed: int) -> None:
    whole, labels = pure(*shape)
    images, shares = cutmix(whole, labels, np.random.default_rng(seed))
    for nth in range(4):
        counted = [(images[nth] == other).float().mean() for other in range(4)]
        torch.testing.assert_close(shares[nth], torch.stack(counted))
    assert torch.equal(whole[1], torch.ones_like(whole[1]))


def test_boxes_of_every_size_and_place_are_cut() -> None:
    rng = np.random.default_rng(0)
    taken = torch.stack([(cutmix(*pure(8, 8), rng)[0] != pure(8, 8)[0]).float()[:, 0] for _ in range(200)])
    # A permutation leaves a quarter of the images alone on average.
    assert 0.2 < float(taken.mean()) < 0.6
    assert bool((taken.mean(dim=(0, 1)) > 0.05).all())
