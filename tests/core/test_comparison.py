"""Two models on the same patients: published values, an independent implementation, what may not be said."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scanwright.core.comparison import (
    bootstrap_p,
    delong_covariance,
    delong_test,
    holm,
    paired_bootstrap,
    signed_rank_test,
    smallest_difference,
)
from scanwright.core.metrics import auroc
from scanwright.core.statistics import mean_defined
from scanwright.errors import DataError, SettingsError

# Albumin, total protein, K-G score, and who benefits from surgery: the patients of DeLong et al. 1988 that
# have all three, as printed in the manual of SAS (PROC LOGISTIC, "Comparing Receiver Operating Characteristic
# Curves").
TABLE = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1
3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0
2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1
3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0
3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1
3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""
OVARIAN = np.array(TABLE.split(), dtype=float).reshape(-1, 4)


def slow_delong(scores, positives):
    """Pair by pair, as the paper of 1988 writes it."""
    ill, well = scores[:, positives], scores[:, ~positives]
    wins = (ill[:, :, None] > well[:, None, :]) + 0.5 * (ill[:, :, None] == well[:, None, :])
    areas = wins.mean(axis=(1, 2))
    v10, v01 = wins.mean(axis=2) - areas[:, None], wins.mean(axis=1) - areas[:, None]
    m, n = ill.shape[1], well.shape[1]
    return areas, v10 @ v10.T / (m - 1) / m + v01 @ v01.T / (n - 1) / n


def test_the_areas_of_three_tests_are_those_that_were_published():
    scores = np.stack([OVARIAN[:, 0], OVARIAN[:, 1], 10 - OVARIAN[:, 2]])
    areas, covariance = delong_covariance(scores, OVARIAN[:, 3] == 1)
    assert areas == pytest.approx([0.7366, 0.6478, 0.7258], abs=5e-5)
    assert np.sqrt(np.diag(covariance)) == pytest.approx([0.0927, 0.1000, 0.1028], abs=5e-5)


@pytest.mark.parametrize(
    ("column", "difference", "standard_error", "p"),
    [(0, 0.0108, 0.0953, 0.9102), (1, -0.0780, 0.1046, 0.4561)],
)
def test_their_differences_are_those_that_were_published(column, difference, standard_error, p):
    found = delong_test(10 - OVARIAN[:, 2], OVARIAN[:, column], OVARIAN[:, 3] == 1)
    assert found.value == pytest.approx(difference, abs=5e-5)
    assert found.standard_error == pytest.approx(standard_error, abs=5e-5)
    assert found.p == pytest.approx(p, abs=5e-5)
    assert found.high - found.low == pytest.approx(2 * 1.96 * found.standard_error, rel=1e-4)


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 12), st.booleans())
@settings(max_examples=60)
def test_midranks_give_what_every_pair_gives(seed, n_ill, n_well, tied):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(3, n_ill + n_well))
    scores = scores.round(0) if tied else scores
    positives = rng.permutation(np.arange(n_ill + n_well) < n_ill)
    areas, covariance = delong_covariance(scores, positives)
    expected_areas, expected = slow_delong(scores, positives)
    assert areas == pytest.approx(expected_areas)
    assert covariance == pytest.approx(expected)
    assert areas == pytest.approx([auroc(row, positives) for row in scores])


def test_a_model_does_not_differ_from_itself_and_a_change_of_scale_is_none():
    rng = np.random.default_rng(1)
    scores, positives = rng.normal(size=40), np.arange(40) < 15
    same = delong_test(scores, 3 * scores + 1, positives)
    assert (same.value, same.standard_error, same.p) == (0, 0, 1)
    assert math.isnan(same.low)


def test_a_difference_without_spread_has_no_p():
    positives = np.arange(20) < 10
    assert math.isnan(delong_test(positives * 1.0, np.zeros(20), positives).p)


def test_areas_need_two_cases_of_either_kind_and_scores_that_are_numbers():
    with pytest.raises(DataError, match=r"two cases of either kind.*1 positive"):
        delong_test([1, 2, 3], [1, 2, 3], [True, False, False])
    with pytest.raises(DataError, match="do not pair up"):
        delong_test([1, 2, math.nan, 4], [1, 2, 3, 4], [True, False, True, False])
    with pytest.raises(DataError, match="do not pair up"):
        delong_test([1, 2, 3], [1, 2, 3], [True, False])


def test_delong_keeps_its_promise_where_there_is_no_difference():
    rng = np.random.default_rng(2)
    positives = np.arange(80) < 40
    p = [delong_test(*(positives + rng.normal(size=(2, 80))), positives).p for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def test_signed_ranks_give_what_scipy_gives():
    a, b = np.random.default_rng(3).normal(size=(2, 25))
    p, name = signed_rank_test(b - a)
    assert name == "Wilcoxon"
    assert p == pytest.approx(stats.wilcoxon(b, a).pvalue)


def test_right_and_wrong_are_compared_by_the_exact_sign_test():
    # McNemar's: 8 patients whom only b has right, 1 whom only a has; 11 the same for both.
    p, name = signed_rank_test([1] * 8 + [-1] + [0] * 11)
    assert name == "McNemar"
    assert p == pytest.approx(2 * (1 + 9) / 2**9)


def test_rounding_makes_no_difference_and_too_few_differences_no_test():
    assert signed_rank_test([0.1 + 0.2 - 0.3, 0, 0])[1] == "Wilcoxon"
    assert math.isnan(signed_rank_test([0.1, 0.2, 0.3, 0.4, 0.5])[0])
    assert math.isnan(signed_rank_test([])[0])


def test_the_bootstrap_p_is_where_the_percentile_interval_reaches_nothing():
    draws = np.random.default_rng(4).normal(1.0, 0.6, 4000)
    p = bootstrap_p(draws)
    assert abs(np.quantile(draws, p / 2)) < 0.02
    assert bootstrap_p(-draws) == p
    assert bootstrap_p(np.ones(999)) == 2 / 1000
    assert bootstrap_p(np.zeros(10)) == 1
    assert math.isnan(bootstrap_p([math.nan]))


def test_holm_gives_what_is_computed_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_was_not_tested_does_not_count_for_holm():
    corrected = holm([0.02, math.nan, 0.03])
    assert corrected[0] == pytest.approx(0.04)
    assert math.isnan(corrected[1])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_lowers_a_p_and_never_changes_their_order(values):
    corrected = holm(values)
    assert all(one >= p for one, p in zip(corrected, values, strict=True))
    by_p = [corrected[index] for index in np.argsort(values)]
    assert by_p == sorted(by_p)


def test_the_smallest_difference_is_shown_in_four_of_five_studies():
    assert smallest_difference(1.0) == pytest.approx(2.8016, abs=1e-4)
    true = smallest_difference(0.5)
    shown = np.abs(np.random.default_rng(5).normal(true, 0.5, 20_000)) > 1.96 * 0.5
    assert shown.mean() == pytest.approx(0.8, abs=0.01)
    with pytest.raises(SettingsError, match="power=80"):
        smallest_difference(1.0, power=80)


def means(values):
    return lambda rows: {("dice", ""): mean_defined(np.asarray(values)[rows])}


def names(n, each=1):
    return [f"patient {index // each}" for index in range(n)]


def test_what_is_hard_for_both_models_cancels_out():
    rng = np.random.default_rng(6)
    hard = rng.normal(0, 0.2, 60)
    a, b = 0.7 + hard, 0.72 + hard + rng.normal(0, 0.01, 60)
    pair = paired_bootstrap(means(a), means(b), names(60))["dice", ""]
    assert pair.difference.value == pytest.approx(b.mean() - a.mean())
    assert (pair.a, pair.b) == pytest.approx((a.mean(), b.mean()))
    assert pair.difference.low > 0.014
    assert pair.p == 2 / 2001
    assert pair.standard_error == pytest.approx((b - a).std() / math.sqrt(60), rel=0.1)


def test_several_images_of_a_patient_count_as_one_patient():
    a = np.random.default_rng(7).normal(0, 1, 40)
    each = paired_bootstrap(means(np.zeros(40)), means(a), names(40))["dice", ""]
    repeated = np.repeat(a, 4)
    pair = paired_bootstrap(means(np.zeros(160)), means(repeated), names(160, 4))["dice", ""]
    assert pair.standard_error == pytest.approx(each.standard_error, rel=1e-9)
    assert (pair.difference.n, pair.difference.n_patients) == (160, 40)


def test_the_same_model_twice_shows_no_difference():
    values = np.random.default_rng(8).normal(size=30)
    pair = paired_bootstrap(means(values), means(values), names(30))["dice", ""]
    assert (pair.difference.value, pair.p, pair.standard_error) == (0, 1, 0)
    assert math.isnan(pair.difference.low)


def test_few_patients_give_a_difference_and_no_p():
    pair = paired_bootstrap(means([0, 0, 0]), means([1, 2, 3]), names(3))["dice", ""]
    assert pair.difference.value == 2
    assert math.isnan(pair.p)
    assert paired_bootstrap(means([]), means([]), []) == {}
