"""What judges maps: properties that hold for every map, and values that are known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import spearmanr

from scanwright.core.explanation import (
    chance,
    curve_area,
    first_voxels,
    is_empty,
    move_elsewhere,
    pointing,
    rank_correlation,
    removal_ranks,
)

SHAPES = hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=9)
MAPS = hnp.arrays(np.float64, SHAPES, elements=st.integers(-20, 20).map(float))


@given(MAPS, st.integers(0, 99))
def test_ranks_are_each_voxel_once_and_the_most_relevant_come_first(relevance, seed):
    ranks = removal_ranks(relevance, np.random.default_rng(seed))
    assert sorted(ranks.ravel().tolist()) == list(range(relevance.size))
    assert (np.diff(relevance.ravel()[np.argsort(ranks.ravel())]) <= 0).all()


@given(MAPS, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_holds_the_smaller_one(relevance, a, b):
    ranks = removal_ranks(relevance, np.random.default_rng(0))
    few, many = (first_voxels(ranks, share) for share in sorted((a, b)))
    assert (many >= few).all()
    assert few.sum() == round(min(a, b) * relevance.size)


def test_equal_voxels_are_drawn_by_lot():
    flat = np.zeros((8, 8))
    one, other = (removal_ranks(flat, np.random.default_rng(seed)) for seed in (1, 2))
    assert (one != other).any()


@given(MAPS, st.integers(0, 99))
def test_a_moved_order_is_the_same_order_at_another_place(relevance, seed):
    rng = np.random.default_rng(seed)
    ranks = removal_ranks(relevance, rng)
    moved = move_elsewhere(ranks, rng)
    assert sorted(moved.ravel().tolist()) == sorted(ranks.ravel().tolist())
    first, then = (np.array(np.unravel_index(one.argmin(), one.shape)) for one in (ranks, moved))
    away = np.abs(first - then)
    round_the_border = np.minimum(away, np.array(ranks.shape) - away)
    assert any(step >= math.ceil(n / 8) for step, n in zip(round_the_border, ranks.shape, strict=True))


def test_one_voxel_has_no_other_place():
    assert move_elsewhere(np.zeros((1, 1), dtype=np.int64), np.random.default_rng(0)).shape == (1, 1)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9), st.integers(0, 99))
def test_the_area_lies_between_the_lowest_and_the_highest_answer(answers, seed):
    inner = np.sort(np.random.default_rng(seed).random(len(answers) - 2))
    area = curve_area([0.0, *inner, 1.0], answers)
    assert min(answers) - 1e-9 <= area <= max(answers) + 1e-9


def test_areas_known_by_hand():
    assert curve_area([0, 1], [1, 0]) == pytest.approx(0.5)
    assert curve_area([0, 0.5, 1], [1, 0, 0]) == pytest.approx(0.25)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.floats(-5, 5))
def test_chance_is_never_zero_and_falls_as_one_is_better(others, own):
    p = chance(own, others)
    assert 1 / (1 + len(others)) <= p <= 1
    assert chance(own + 1, others) <= p
    assert chance(6, others) == 1 / (1 + len(others))
    assert chance(-6, others) == 1


@given(MAPS, st.integers(0, 99))
def test_rank_correlation_is_that_of_scipy(relevance, seed):
    other = np.random.default_rng(seed).normal(size=relevance.shape)
    own = rank_correlation(relevance, other)
    if relevance.min() == relevance.max():
        assert own == 0
    else:
        assert own == pytest.approx(spearmanr(relevance.ravel(), other.ravel()).statistic)
        assert rank_correlation(relevance, np.exp(relevance / 20)) == pytest.approx(1)
        assert rank_correlation(relevance, -relevance) == pytest.approx(-1)


@given(MAPS)
def test_a_peak_points_where_it_lies(relevance):
    at_peak = relevance == relevance.max()
    if at_peak.all():
        assert math.isnan(pointing(relevance, at_peak))
        return
    assert pointing(relevance, at_peak) == 1
    assert pointing(relevance, ~at_peak) == 0
    assert math.isnan(pointing(relevance, np.zeros_like(at_peak)))


def test_of_two_peaks_half_may_point():
    assert pointing(np.array([[1.0, 0, 1]]), np.array([[True, False, False]])) == 0.5


def test_what_says_nothing_is_empty():
    assert is_empty(np.zeros((3, 3)))
    assert is_empty(np.array([[0.0, np.nan]]))
    assert not is_empty(np.array([[0.0, 1.0]]))
