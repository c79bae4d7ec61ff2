"""Trials on a model whose reasons are known: it adds up the bright pixels of one place and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scanwright.explanation.trials import MOST_CORRELATION, judge

SIDE = 24
PLACE = (slice(4, 10), slice(12, 19))


def image() -> torch.Tensor:
    picture = torch.rand(1, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(3))
    picture[(0, 0, *PLACE)] += 2
    return picture


def ask(images: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(images[(slice(None), 0, *PLACE)].mean(dim=(1, 2)) - 1.5)


def at_place() -> np.ndarray:
    relevance = np.zeros((SIDE, SIDE))
    relevance[PLACE] = 1
    return relevance


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(SIDE, SIDE))


def verdict(relevance: np.ndarray, untaught: list[np.ndarray], seed: int = 0):
    rng = np.random.default_rng(seed)
    return judge(relevance, untaught, ask, image(), torch.zeros(1, 1, SIDE, SIDE), rng)


def test_a_map_of_what_the_model_looks_at_stands() -> None:
    found = verdict(at_place(), [noise(1), noise(2)])
    assert found.failed == ()
    assert found.p == pytest.approx(0.05)
    assert found.deletion < found.chance_deletion
    assert found.insertion > found.chance_insertion
    assert abs(found.correlation) < 0.3


def test_a_map_that_does_not_care_for_the_weights_fails_by_that_alone() -> None:
    found = verdict(at_place(), [at_place(), at_place()])
    assert found.failed == ("weights",)
    assert found.correlation == pytest.approx(1)
    assert found.similarity == pytest.approx(1)


@pytest.mark.parametrize("seed", range(4))
def test_a_map_of_somewhere_else_fails_by_chance(seed: int) -> None:
    elsewhere = np.roll(at_place(), (11, 6), axis=(0, 1))
    found = verdict(elsewhere, [noise(1)], seed)
    assert found.failed == ("chance",)
    assert found.p > 0.05


def test_noise_stands_no_more_often_than_it_may_by_luck() -> None:
    stood = sum(not verdict(noise(seed), [noise(99)], seed).failed for seed in range(40))
    assert stood <= 7  # one in 20 by right; 8 of 40 would come about once in 1500 such tests


@pytest.mark.parametrize("relevance", [np.zeros((SIDE, SIDE)), np.full((SIDE, SIDE), np.nan)])
def test_an_empty_map_fails_and_is_asked_nothing(relevance: np.ndarray) -> None:
    found = verdict(relevance, [noise()])
    assert found.failed == ("empty",)
    assert np.isnan(found.p)


def test_empty_maps_of_fresh_networks_share_no_order() -> None:
    assert verdict(at_place(), [np.zeros((SIDE, SIDE))]).correlation == 0
    assert 0 < MOST_CORRELATION < 1
