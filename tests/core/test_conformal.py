"""Conformal prediction: what is promised is kept, over many draws, and little more is given away."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanwright.core.conformal import Conformal, fewest_cases, fit_conformal, reached_by, risk_coverage
from scanwright.errors import ModelError

NAMES = ("benign", "malignant", "normal")


def cases(n, rng, shares=(0.6, 0.3, 0.1)):
    """Probabilities of a poor and far too sure network, and classes of which some are rare."""
    truth = rng.choice(3, n, p=shares)
    logits = rng.normal(0, 2.5, (n, 3)) + 2.0 * np.eye(3)[truth]
    scores = np.exp(3 * logits - (3 * logits).max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True), np.eye(3, dtype=bool)[truth]


def in_sets(fitted, scores, truth):
    """Class → share of its cases whose set holds it."""
    least = np.array([fitted.least[name] for name in NAMES])
    return [float((scores[truth[:, c], c] >= least[c]).mean()) for c in range(3)]


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_sets_hold_each_class_as_often_as_promised_and_hardly_more(level):
    rng = np.random.default_rng(0)
    scores, truth = cases(4000, rng)
    covered = []
    for _ in range(300):  # resplits of the same cases
        order = rng.permutation(4000)
        val, new = order[:1000], order[1000:]
        fitted = fit_conformal(scores[val], truth[val], NAMES, level, exclusive=True)
        covered.append(in_sets(fitted, scores[new], truth[new]))
    for share in np.mean(covered, axis=0):
        assert level - 0.003 <= share <= level + 0.03  # 0.003: three standard errors of the resplits


def test_where_classes_go_together_both_answers_are_promised():
    rng = np.random.default_rng(1)
    held = rng.random((6000, 3)) < (0.5, 0.3, 0.2)
    scores = 1 / (1 + np.exp(-rng.normal(0, 1.5, held.shape) - 2 * held + 1))
    found = {True: [], False: []}
    for _ in range(200):
        order = rng.permutation(6000)
        val, new = order[:1000], order[1000:]
        fitted = fit_conformal(scores[val], held[val], NAMES, 0.9, exclusive=False)
        least, most = (np.array([own[name] for name in NAMES]) for own in (fitted.least, fitted.most))
        found[True].append([(scores[new][held[new][:, c], c] >= least[c]).mean() for c in range(3)])
        found[False].append([(scores[new][~held[new][:, c], c] <= most[c]).mean() for c in range(3)])
    for shares in found.values():
        assert np.all((np.mean(shares, axis=0) >= 0.897) & (np.mean(shares, axis=0) <= 0.93))


@pytest.mark.parametrize(("level", "n"), [(0.8, 4), (0.9, 9), (0.95, 19), (0.98, 49)])
def test_a_level_takes_so_many_cases_of_each_class(level, n):
    assert fewest_cases(level) == n
    scores, truth = np.full((3 * n, 3), 1 / 3), np.eye(3, dtype=bool)[np.arange(3 * n) % 3]
    assert fit_conformal(scores, truth, NAMES, level, exclusive=True).is_fitted
    fewer = fit_conformal(scores[1:], truth[1:], NAMES, level, exclusive=True)
    assert not fewer.is_fitted
    assert fewer.n == {"benign": n - 1, "malignant": n, "normal": n}
    assert fewer.n_needed == n


def test_the_value_counted_by_hand():
    # Of 9 cases at 0.9, the 9th largest; of 19, the 18th.
    assert reached_by(np.arange(9) / 10, 0.9) == 0.0
    assert reached_by(np.arange(19) / 20, 0.9) == 0.05


def test_sets_are_the_classes_that_can_not_be_excluded():
    fitted = Conformal(0.9, {"a": 0.3, "b": 0.6}, {"a": 0.5, "b": 0.7})
    assert fitted.possible({"a": 0.3, "b": 0.6}) == ("a", "b")
    assert fitted.possible({"a": 0.2, "b": 0.5}) == ()
    assert fitted.maybe_absent({"a": 0.5, "b": 0.8}) == ("a",)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_risk_and_coverage_end_with_all_cases_and_their_error(seed, n):
    rng = np.random.default_rng(seed)
    sure, wrong = rng.integers(0, 6, n) / 6, rng.random(n) < 0.3
    coverage, risk = risk_coverage(sure, wrong)
    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx(wrong.mean())
    assert len(coverage) == len(np.unique(sure))
    for share, error, limit in zip(coverage, risk, np.unique(sure)[::-1], strict=True):
        assert share == pytest.approx((sure >= limit).mean())
        assert error == pytest.approx(wrong[sure >= limit].mean())


def test_it_comes_back_from_json_and_nonsense_is_an_error():
    scores, truth = cases(300, np.random.default_rng(0))
    fitted = fit_conformal(scores, truth, NAMES, 0.9, exclusive=False)
    assert Conformal.from_json(json.loads(json.dumps(fitted.to_json())), "model.json") == fitted
    for wrong in ({"level": 1.0}, {"least": {"a": "x"}}, {"most": None}, {"least": {"a": float("nan")}}):
        with pytest.raises(ModelError, match="sets"):
            Conformal.from_json({**fitted.to_json(), **wrong}, "model.json")
