"""Calibration: as scikit-learn has it, as a hand counts it, and back to what simulated cases come from."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from scanwright.core.calibration import (
    FEWEST_CASES,
    METHODS,
    N_BINS,
    Calibration,
    brier,
    calibration_errors,
    equal_mass_bins,
    even_threshold,
    fit_calibration,
    fit_isotonic,
    fit_scaling,
    reliability,
    scale,
    smooth_targets,
)
from scanwright.errors import ModelError

NAMES = ("benign", "malignant", "normal")


def overconfident(n, temperature=2.5, seed=0, n_classes=3):
    """Probabilities that are too sure by a known temperature, and classes drawn from the right ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, n_classes))
    right = softmax(logits, axis=1)
    drawn = (right.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return softmax(logits * temperature, axis=1), np.eye(n_classes, dtype=bool)[drawn]


def leaning(n, biases, seed=0):
    """Probabilities that lean to some classes by known biases, and classes drawn from the right ones."""
    scores, truth = overconfident(n, temperature=1.0, seed=seed, n_classes=len(biases))
    return softmax(np.log(scores) + biases, axis=1), truth


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_cases_were_made_with_is_found(temperature):
    scores, truth = overconfident(20000, temperature)
    found, biases = fit_scaling(scores, truth)
    assert found == pytest.approx(temperature, rel=0.04)
    np.testing.assert_allclose(biases, 0, atol=0.06)


def test_the_lean_that_cases_were_made_with_is_found_and_undone():
    made = np.array([1.0, 0.0, -1.0])
    scores, truth = leaning(20000, made)
    fitted = fit_calibration("temperature", scores, truth, NAMES, exclusive=True)
    np.testing.assert_allclose([fitted.biases[name] for name in NAMES], -made, atol=0.06)
    new, came = leaning(5000, made, seed=1)
    said = fitted.apply(new.T, NAMES, exclusive=True).T
    np.testing.assert_allclose(said.mean(axis=0), came.mean(axis=0), atol=0.02)
    assert np.abs(new.mean(axis=0) - came.mean(axis=0)).max() > 0.1


def test_with_two_classes_they_are_a_logistic_regression():
    scores, truth = leaning(20000, np.array([0.8, 0.0]))
    logit = np.log(scores[:, 1] / scores[:, 0])
    peer = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], truth[:, 1])
    temperature, biases = fit_scaling(scores, truth)
    assert 1 / temperature == pytest.approx(peer.coef_[0, 0], rel=2e-3)
    assert biases[1] - biases[0] == pytest.approx(peer.intercept_[0], abs=5e-3)


def test_few_cases_of_which_all_seem_to_lean_move_the_odds_a_little_only():
    rng = np.random.default_rng(0)
    own = expit(rng.normal(0, 1, 20))
    truth = np.eye(2, dtype=bool)[(np.arange(20) < 14).astype(int)]  # 14 ill of whom 10 were expected
    _, biases = fit_scaling(np.stack([1 - own, own], axis=1), truth)
    assert 0 < biases[1] - biases[0] < 0.7 * np.log(14 / 6)


def test_a_class_by_itself_has_a_bias_of_its_own():
    scores, truth = leaning(20000, np.array([0.8, 0.0]))
    fitted = fit_calibration("temperature", scores[:, 1:], truth[:, 1:], ("ill",), exclusive=False)
    said = fitted.apply(scores[:, 1:].T, ("ill",), exclusive=False)[0]
    assert fitted.biases["ill"] == pytest.approx(0.8, abs=0.06)
    assert np.array_equal(np.argsort(said), np.argsort(scores[:, 1]))
    assert said.mean() == pytest.approx(truth[:, 1].mean(), abs=0.01)


def test_what_float32_rounds_away_makes_no_visible_difference():
    """Two runtimes give nearly 1 one step of float32 apart."""
    one = np.array([1 - 6e-8, 1 - 1.2e-7, 1.0, 0.5, 6e-8], np.float32)
    other = np.nextafter(one, np.float32(0.5))
    made = Calibration("temperature", 24, {"disc": 8.4}, biases={"disc": -0.8})
    both = [made.apply(own[None], ["disc"], exclusive=False) for own in (one, other)]
    np.testing.assert_allclose(*both, atol=5e-4)


def test_a_model_of_before_has_no_biases_and_says_what_it_said():
    old = {"method": "temperature", "n": 60, "temperatures": {"": 2.0}, "curves": {}}
    loaded = Calibration.from_json(old, "model.json")
    assert loaded.to_json() == old
    scores = np.array([0.9, 0.1])
    np.testing.assert_allclose(loaded.apply(scores, NAMES[:2], exclusive=True), [0.75, 0.25])


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 15))
@settings(max_examples=40, deadline=None)
def test_a_temperature_alone_keeps_the_most_probable_class_and_sums_of_1(seed, temperature):
    scores = np.random.default_rng(seed).dirichlet(np.ones(4), (5, 6)).T.astype(np.float32)
    scaled = scale(scores, temperature, [0.0] * 4)
    assert scaled.dtype == np.float32
    assert np.array_equal(scaled.argmax(0), scores.argmax(0))
    np.testing.assert_allclose(scaled.sum(0), 1, rtol=1e-5)


@given(st.floats(0.2, 5), st.floats(-3, 3))
def test_temperature_and_bias_are_undone_by_their_inverse(temperature, bias):
    scores = np.array([[0.2, 0.7], [0.5, 0.2], [0.3, 0.1]])
    biases = np.array([bias, 0.0, -bias])
    back = scale(scale(scores, temperature, biases), 1 / temperature, -biases * temperature)
    np.testing.assert_allclose(back, scores, atol=1e-4)


def test_cases_that_are_all_right_do_not_make_probabilities_endlessly_sure():
    truth = np.eye(2, dtype=bool)[np.arange(40) % 2]
    fitted = fit_calibration("temperature", np.where(truth, 0.9, 0.1), truth, NAMES[:2], exclusive=True)
    said = fitted.apply(np.array([0.1, 0.9]), NAMES[:2], exclusive=True)
    assert said[1] == pytest.approx(21 / 22, abs=0.01)  # Platt: (n + 1) / (n + 2)
    assert said[1] < 21 / 22


def test_cases_that_tell_nothing_make_probabilities_less_sure_but_not_empty():
    rng = np.random.default_rng(3)
    own = expit(rng.normal(0, 1, 20))
    backwards = own < np.median(own)  # ranked worse than chance, as weak models rank few cases by accident
    scores, truth = np.stack([1 - own, own], axis=1), np.stack([~backwards, backwards], axis=1)
    assert 1 < fit_scaling(scores, truth)[0] < 5


def test_many_cases_that_tell_nothing_outweigh_what_is_usual():
    rng = np.random.default_rng(3)
    own, ill = expit(rng.normal(0, 3, 5000)), rng.random(5000) < 0.5
    scores, truth = np.stack([1 - own, own], axis=1), np.stack([~ill, ill], axis=1)
    assert fit_scaling(scores, truth)[0] > 8


def test_smoothed_targets_add_up_to_1():
    truth = np.eye(3, dtype=bool)[[0, 0, 1, 2, 2, 2]]
    np.testing.assert_allclose(smooth_targets(truth).sum(axis=1), 1)
    assert smooth_targets(truth)[0].tolist() == pytest.approx([3 / 4, 1 / 8, 1 / 8])


@given(st.integers(0, 2**32 - 1), st.integers(5, 60))
@settings(max_examples=40, deadline=None)
def test_isotonic_steps_are_those_of_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 20, n) / 20  # with ties
    truth = rng.random(n) < scores
    least = 1 / (n + 2)
    peer = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, truth)
    asked = np.linspace(0, 1, 41)
    ours = np.interp(scores, *fit_isotonic(scores, truth))
    np.testing.assert_allclose(ours, np.clip(peer.predict(scores), least, 1 - least), atol=1e-9)
    assert (np.diff(np.interp(asked, *fit_isotonic(scores, truth))) >= 0).all()


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@pytest.mark.parametrize("exclusive", [True, False])
def test_calibrated_probabilities_are_nearer_to_what_comes_true(method, exclusive):
    scores, truth = overconfident(3000, seed=1)
    new, came = overconfident(3000, seed=2)
    if not exclusive:
        sure = np.log(scores / (1 - scores)), np.log(new / (1 - new))
        scores, new = (expit(2 * one) for one in sure)
    fitted = fit_calibration(method, scores, truth, NAMES, exclusive=exclusive)
    said = fitted.apply(new.T, NAMES, exclusive=exclusive).T
    assert fitted.method == method
    assert brier(said, came).mean() < brier(new, came).mean()
    errors = [
        calibration_errors(one, came, np.stack([equal_mass_bins(own) for own in one.T], axis=1))
        for one in (said, new)
    ]
    assert errors[0].mean() < 0.5 * errors[1].mean()
    assert not exclusive or np.allclose(said.sum(axis=1), 1)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_too_few_cases_fit_nothing_and_that_is_told(method):
    scores, truth = overconfident(FEWEST_CASES[method] - 1)
    fitted = fit_calibration(method, scores, truth, NAMES, exclusive=True)
    assert (fitted.method, fitted.n, fitted.is_fitted) == ("none", FEWEST_CASES[method] - 1, False)
    assert np.array_equal(fitted.apply(scores.T, NAMES, exclusive=True), scores.T)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
@pytest.mark.parametrize("exclusive", [True, False])
def test_cases_of_one_class_alone_fit_nothing(method, exclusive):
    scores, _ = overconfident(200)
    truth = np.eye(3, dtype=bool)[np.zeros(200, dtype=int)]
    assert not fit_calibration(method, scores, truth, NAMES, exclusive=exclusive).is_fitted


def test_a_class_that_too_few_have_keeps_its_probabilities_where_each_is_a_question_by_itself():
    scores, truth = overconfident(200)
    truth[:, 2] = np.arange(200) < 4
    fitted = fit_calibration("temperature", scores, truth, NAMES, exclusive=False)
    assert set(fitted.temperatures) == {"benign", "malignant"}
    assert np.array_equal(fitted.apply(scores.T, NAMES, exclusive=False)[2], scores.T[2])


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_many_cases_are_parted_where_logistic_regression_with_even_weights_parts_them(share):
    rng = np.random.default_rng(0)
    held = rng.random(6000) < share
    odds = rng.normal(np.where(held, 2.0, -1.0), 1.5)
    fitted = LogisticRegression(C=1e6, class_weight="balanced").fit(odds[:, None], held)
    expected = expit(-fitted.intercept_[0] / fitted.coef_[0, 0])
    assert even_threshold(expit(odds), held) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("n", "n_held"), [(100, 5), (100, 95), (20, 5), (300, 10)])
def test_a_network_without_a_lean_keeps_about_a_half_however_rare_one_of_them_is(n, n_held):
    rng = np.random.default_rng(0)
    held = np.arange(n) < n_held
    found = [even_threshold(expit(rng.normal(np.where(held, 2.0, -2.0), 2.0)), held) for _ in range(40)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.04)


def test_a_threshold_among_very_small_probabilities_is_not_rounded_away():
    rng = np.random.default_rng(0)
    held = rng.random(300) < 0.3
    own = expit(rng.normal(np.where(held, -6.0, -14.0), 1.0))
    called = own >= even_threshold(own, held)
    assert (called == held).mean() > 0.95


def test_few_cases_leave_the_threshold_near_a_half():
    assert 0.4 < even_threshold(np.array([0.2, 0.1, 0.3, 0.4]), np.array([True, False, True, False])) < 0.5
    assert even_threshold(np.array([0.2, 0.8]), np.array([False, True])) == pytest.approx(0.5, abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(2, 80))
@settings(max_examples=40, deadline=None)
def test_brier_is_that_of_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    scores, truth = rng.random((n, 2)), rng.random((n, 2)) < 0.4
    peers = [sk.brier_score_loss(truth[:, c], scores[:, c], pos_label=True) for c in range(2)]
    np.testing.assert_allclose(brier(scores, truth), peers)


def test_the_calibration_error_counted_by_hand():
    scores = np.array([0.1, 0.1, 0.3, 0.3, 0.8, 0.8, 0.9, 0.9])[:, None]
    truth = np.array([0, 0, 0, 1, 1, 1, 1, 0], dtype=bool)[:, None]
    bins = equal_mass_bins(scores[:, 0], 2)[:, None]
    assert bins[:, 0].tolist() == [0] * 4 + [1] * 4
    # Means 0.2 and 0.85 against shares 0.25 and 0.75, half of the cases each.
    assert calibration_errors(scores, truth, bins, 2)[0] == pytest.approx(0.5 * 0.05 + 0.5 * 0.1)


@given(st.integers(0, 2**32 - 1), st.integers(30, 200))
@settings(max_examples=30, deadline=None)
def test_the_reliability_table_is_that_of_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    scores = rng.random(n)
    truth = rng.random(n) < scores
    share, mean = calibration_curve(truth, scores, n_bins=N_BINS, strategy="quantile")
    table = reliability(scores, truth)
    # Theirs puts a score on an edge into the bin below; with scores that differ that is the largest alone.
    np.testing.assert_allclose([row["probability"] for row in table], mean, atol=0.1)
    assert sum(row["n"] for row in table) == n
    error = sum(row["n"] * abs(row["probability"] - row["share"]) for row in table) / n
    bins = equal_mass_bins(scores)[:, None]
    assert calibration_errors(scores[:, None], truth[:, None], bins)[0] == pytest.approx(error)
    assert len(share) == len(table)


@given(st.permutations(range(40)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_cases_is_no_matter(order):
    rng = np.random.default_rng(5)
    scores, truth = rng.integers(0, 8, 40) / 8, rng.random(40) < 0.5
    again = reliability(scores[list(order)], truth[list(order)])
    assert [row["n"] for row in again] == [row["n"] for row in reliability(scores, truth)]


def test_errors_lie_between_0_and_1_and_are_nothing_without_cases():
    truth = np.ones((6, 1), dtype=bool)
    bins = np.zeros((6, 1), dtype=np.int64)
    assert calibration_errors(np.zeros((6, 1)), truth, bins)[0] == 1
    assert calibration_errors(np.ones((6, 1)), truth, bins)[0] == 0
    assert math.isnan(calibration_errors(np.ones((0, 1)), truth[:0], bins[:0])[0])
    assert math.isnan(brier(np.ones((0, 1)), truth[:0])[0])
    assert equal_mass_bins([]).size == 0
    assert reliability([], []) == []


@pytest.mark.parametrize("method", METHODS)
def test_it_comes_back_from_json(method):
    scores, truth = overconfident(150)
    fitted = fit_calibration(method, scores, truth, NAMES, exclusive=True)
    again = Calibration.from_json(json.loads(json.dumps(fitted.to_json())), "model.json")
    for exclusive in (True, False):
        assert np.array_equal(
            again.apply(scores.T, NAMES, exclusive=exclusive),
            fitted.apply(scores.T, NAMES, exclusive=exclusive),
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperatures": {"": 0.0}},
        {"temperatures": {"": float("nan")}},
        {"temperatures": [1]},
        {"curves": {"a": ([0.1], [])}},
        {"curves": {"a": 3}},
        {"biases": {"a": float("inf")}},
        {"biases": {"a": 1e6}},
        {"biases": 3},
        {"n": None},
    ],
)
def test_a_calibration_that_makes_no_sense_is_an_error(wrong):
    with pytest.raises(ModelError, match="calibration"):
        Calibration.from_json({**Calibration().to_json(), **wrong}, "model.json")


def alike(n, share, members, seed=0, apart=1.5):
    """Probabilities (member, case, class) by networks whose scores of one class correlate by ``share``, too
    sure by 2, and the truth (case, class)."""
    rng = np.random.default_rng(seed)
    held = rng.random(n) < 0.4
    common, own = rng.normal(size=n), rng.normal(size=(members, n))
    scores = apart * (held - 0.5) + math.sqrt(share) * common + math.sqrt(1 - share) * own
    said = expit(2 * (apart * scores + math.log(0.4 / 0.6)))
    return np.stack([1 - said, said], axis=-1), np.stack([~held, held], axis=-1)


@pytest.mark.parametrize("share", [0.7, 0.8, 0.9])
def test_what_fits_one_network_is_sharpened_for_the_mean_of_several(share):
    scores, truth = alike(40000, share, members=5)

    def log_loss(calibration):
        return sk.log_loss(truth, calibration.apply(scores.mean(axis=0).T, ("a", "b"), exclusive=True).T)

    of_one = fit_calibration("temperature", scores[0], truth, ("a", "b"), exclusive=True)
    of_five = of_one.of_mean(5)
    best = fit_calibration("temperature", scores.mean(axis=0), truth, ("a", "b"), exclusive=True)
    assert best.temperatures[""] < of_one.temperatures[""]
    assert log_loss(of_five) - log_loss(best) < 0.5 * (log_loss(of_one) - log_loss(best))
    assert of_one.of_mean(1) == of_one


def test_curves_and_nothing_stay_as_they_are_for_the_mean_of_several():
    scores, truth = overconfident(400)
    curves = fit_calibration("isotonic", scores, truth, NAMES, exclusive=True)
    assert curves.of_mean(5) == curves
    assert Calibration(n=7).of_mean(5) == Calibration(n=7)
