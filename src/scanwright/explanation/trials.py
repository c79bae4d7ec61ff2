"""Trials: whether a map says anything about the model, before anyone looks at it (decision note 40)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch

from scanwright.core.explanation import (
    chance,
    curve_area,
    first_voxels,
    is_empty,
    move_elsewhere,
    rank_correlation,
    removal_ranks,
)
from scanwright.core.fidelity import ssim
from scanwright.inference.predict import PATCHES_AT_ONCE
from scanwright.types import FloatArray, IntArray

SHARES = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Of the voxels, removed or put back; close together where the most relevant ones go."""
ORDERS = 19
"""By chance; to be better than all of them is luck in one of 20."""
MOST_CHANCE = 0.05
MOST_CORRELATION = math.sqrt(0.5)
"""With the maps of networks that learnt nothing; from here on, half of what tells ranks apart is the same."""
Ask: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
"""Images (batch, channel, i, j[, k]) → the model's answers (batch,)."""


@dataclass(frozen=True)
class Verdict:
    """How a map stood its trials.

    Attributes:
        deletion, insertion: area under the answers as the most relevant voxels are blurred first, or shown
            first in the blurred image; low and high are good.
        chance_deletion, chance_insertion: their means over orders by chance.
        p: how often chance is as good, by insertion less deletion.
        correlation: of ranks, mean over the maps of networks with fresh weights; 1 for a map that does not
            care what the model has learnt.
        similarity: the same as SSIM; nan where the window has fewer than two axes of 11 voxels.
        failed: "empty", "chance" and "weights", whichever it is; nothing for a map that stood.
    """

    deletion: float
    insertion: float
    chance_deletion: float
    chance_insertion: float
    p: float
    correlation: float
    similarity: float
    failed: tuple[str, ...]


def judge(
    relevance: FloatArray,
    untaught: Sequence[FloatArray],
    ask: Ask,
    image: torch.Tensor,
    blank: torch.Tensor,
    rng: np.random.Generator,
) -> Verdict:
    """Put a map to the test.

    Args:
        relevance: (i, j[, k]).
        untaught: maps of the same question to networks with fresh weights.
        ask: the model.
        image, blank: (1, channel, i, j[, k]), and the same without what could be seen.
        rng: of the orders by chance.
    """
    if is_empty(relevance):
        nothing = (math.nan,) * 7
        return Verdict(*nothing, failed=("empty",))
    ranks = removal_ranks(relevance, rng)
    ends = _asked(ask, [image, blank])
    areas = [_areas(order, ask, image, blank, ends) for order in _orders(ranks, rng)]
    gains = [insertion - deletion for deletion, insertion in areas]
    p = chance(gains[0], gains[1:])
    usable = [one for one in untaught if not is_empty(one)]
    correlation = sum(rank_correlation(relevance, one) for one in usable) / max(1, len(untaught))
    similarity = float(np.mean([_similarity(relevance, one) for one in usable])) if usable else 0.0
    by_chance = np.mean(areas[1:], axis=0)
    failed = [
        name
        for name, fails in (("chance", p > MOST_CHANCE), ("weights", correlation >= MOST_CORRELATION))
        if fails
    ]
    return Verdict(
        *areas[0], float(by_chance[0]), float(by_chance[1]), p, correlation, similarity, tuple(failed)
    )


def _orders(ranks: IntArray, rng: np.random.Generator) -> list[IntArray]:
    return [ranks, *(move_elsewhere(ranks, rng) for _ in range(ORDERS))]


def _areas(
    ranks: IntArray, ask: Ask, image: torch.Tensor, blank: torch.Tensor, ends: Sequence[float]
) -> tuple[float, float]:
    """Under deletion and insertion."""
    inner = [torch.as_tensor(first_voxels(ranks, share), device=image.device) for share in SHARES[1:-1]]
    deleted = _asked(ask, [torch.where(mask, blank, image) for mask in inner])
    inserted = _asked(ask, [torch.where(mask, image, blank) for mask in inner])
    whole, bare = ends
    return curve_area(SHARES, [whole, *deleted, bare]), curve_area(SHARES, [bare, *inserted, whole])


def _asked(ask: Ask, images: Sequence[torch.Tensor]) -> list[float]:
    starts = range(0, len(images), PATCHES_AT_ONCE)
    parts = [images[start : start + PATCHES_AT_ONCE] for start in starts]
    with torch.inference_mode():
        return [float(one) for part in parts for one in ask(torch.cat(list(part)))]


def _similarity(a: FloatArray, b: FloatArray) -> float:
    """SSIM of two maps, each by its own largest value; over (i, j) or (i, j, k)."""
    first, second = (np.atleast_3d(one / np.abs(one).max())[None] for one in (a, b))
    return ssim(first, second, 1.0)
