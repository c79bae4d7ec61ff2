"""Agreement of numbers: as scipy and scikit-learn have it, and coverage as it is promised."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as peers

from scanwright.core import agreement
from scanwright.errors import DataError, SettingsError

numbers = st.lists(
    st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=3, max_size=30
)  # whole numbers: many ties


def differ(pairs):
    return all(len(set(side)) > 1 for side in zip(*pairs, strict=True))


@given(numbers.filter(differ))
def test_numbers_are_those_of_the_peers(pairs):
    predicted, truth = np.array(pairs, dtype=float).T
    same = pytest.approx
    assert agreement.mean_absolute_error(predicted, truth) == same(
        peers.mean_absolute_error(truth, predicted)
    )
    assert agreement.root_mean_square_error(predicted, truth) == same(
        peers.root_mean_squared_error(truth, predicted)
    )
    assert agreement.r_squared(predicted, truth) == same(peers.r2_score(truth, predicted))
    assert agreement.pearson(predicted, truth) == same(stats.pearsonr(predicted, truth).statistic, abs=1e-9)
    assert agreement.spearman(predicted, truth) == same(stats.spearmanr(predicted, truth).statistic, abs=1e-9)


def test_the_limits_of_agreement_hold_95_percent_of_normal_differences():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 100, 20_000)
    bias, low, high = agreement.limits_of_agreement(truth + rng.normal(3, 2, truth.size), truth)
    assert bias == pytest.approx(3, abs=0.1)
    assert (low, high) == (pytest.approx(3 - 1.96 * 2, abs=0.1), pytest.approx(3 + 1.96 * 2, abs=0.1))


@pytest.mark.parametrize(
    ("n", "level", "place"), [(9, 0.9, 9), (8, 0.9, None), (19, 0.95, 19), (29, 0.9, 27), (100, 0.9, 91)]
)
def test_the_radius_is_the_residual_at_its_place(n, level, place):
    residuals = np.random.default_rng(n).permutation(np.arange(1, n + 1)) * np.resize([1, -1], n)
    radius = agreement.conformal_radius(residuals, level)
    assert radius == (math.inf if place is None else place)


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_new_cases_lie_within_the_radius_as_often_as_it_promises(level):
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(4000):
        residuals = rng.standard_t(2, 20)
        covered.append(abs(residuals[0]) <= agreement.conformal_radius(residuals[1:], level))
    # Of 19 others, the place is 16 of 20 and 18 of 20: exactly the level.
    assert np.mean(covered) == pytest.approx(level, abs=0.02)


def test_what_needs_more_cases_or_different_ones_is_not_a_number():
    for measure in (
        agreement.mean_absolute_error,
        agreement.root_mean_square_error,
        agreement.r_squared,
        agreement.pearson,
        agreement.spearman,
    ):
        assert math.isnan(measure([], []))
    assert math.isnan(agreement.r_squared([1, 2], [3, 3]))
    assert math.isnan(agreement.pearson([1, 1], [1, 2]))
    assert math.isnan(agreement.limits_of_agreement([1], [1])[1])
    assert agreement.conformal_radius([], 0.9) == math.inf


def test_what_does_not_pair_up_or_is_not_finite_is_refused():
    with pytest.raises(DataError, match="do not pair up"):
        agreement.mean_absolute_error([1, 2], [1])
    with pytest.raises(DataError, match="not finite"):
        agreement.r_squared([1, math.nan], [1, 2])
    with pytest.raises(SettingsError, match="level=1"):
        agreement.conformal_radius([1.0], 1)
