"""Mixing of pairs of examples and their labels, for answers about whole images."""

from __future__ import annotations

import numpy as np
import torch

MIXUP_ALPHA = 0.4


def mixup(
    images: torch.Tensor, shares: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Two examples and their labels in the same proportion (Zhang et al. 2018).

    Args:
        images: (batch, channel, …).
        shares: (batch, class); or any other numbers of each example.
        rng: source of randomness.
    """
    share = float(rng.beta(MIXUP_ALPHA, MIXUP_ALPHA))
    other = torch.from_numpy(rng.permutation(len(images))).to(images.device)
    return share * images + (1 - share) * images[other], share * shares + (1 - share) * shares[other]


def cutmix(
    images: torch.Tensor, shares: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """A box of each image comes from another one; labels in the proportion of voxels (Yun et al. 2019)."""
    other = torch.from_numpy(rng.permutation(len(images))).to(images.device)
    size = images.shape[2:]
    side = (1.0 - rng.uniform()) ** (1.0 / len(size))
    box: list[slice] = []
    for n in size:
        length = max(1, round(side * n))
        start = int(rng.integers(0, n - length + 1))
        box.append(slice(start, start + length))
    where = (slice(None), slice(None), *box)
    mixed = images.clone()
    mixed[where] = images[other][where]
    given = float(np.prod([one.stop - one.start for one in box]) / np.prod(size))
    return mixed, (1 - given) * shares + given * shares[other]
