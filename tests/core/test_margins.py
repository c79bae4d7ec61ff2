"""Margins of masks: what is promised is kept over many draws, and would not be without the correction."""

import json
import math

import numpy as np
import pytest

from scanwright.core.margins import STEPS, Margins, control_risk, missed_below, volume_factor
from scanwright.errors import ModelError

LEVEL = 0.9


def missing(n, rng):
    """Shares missed at each step, of cases of which some are hard: (case, step)."""
    hardness = rng.beta(0.4, 1.6, n)
    return (hardness[:, None] > 1 - STEPS).astype(float)


def at(missed, threshold):
    return missed[:, int(np.flatnonzero(threshold == STEPS)[0])]


@pytest.mark.parametrize("n", [10, 20, 40])
def test_a_new_case_misses_no_more_than_promised_and_more_without_the_correction(n):
    rng = np.random.default_rng(n)
    kept, plain = [], []
    for _ in range(1500):
        val, new = missing(n, rng), missing(20, rng)
        kept.append(at(new, control_risk(val, LEVEL)).mean())
        allowed = np.flatnonzero(val.mean(axis=0) <= 1 - LEVEL + 1e-9)
        plain.append(new[:, allowed[-1]].mean())
    assert np.mean(kept) <= 0.1 + 3 * np.std(kept) / math.sqrt(1500)
    assert np.mean(kept) >= 0.1 - 2 / (n + 1)  # the promise gives little away
    assert np.mean(plain) > 0.1 + 3 * np.std(plain) / math.sqrt(1500)


def test_too_few_cases_have_no_threshold_whatever_they_show():
    nothing_missed = np.zeros((9, len(STEPS)))
    assert control_risk(nothing_missed, LEVEL) == 1.0
    assert control_risk(nothing_missed[:8], LEVEL) is None
    assert control_risk(nothing_missed[:0], LEVEL) is None
    assert control_risk(np.ones((50, len(STEPS))), LEVEL) is None  # all are missed at every step


def test_what_a_threshold_leaves_out_counted_by_hand():
    missed = missed_below(np.array([0.0005, 0.3, 0.3, 1.0]))
    at_step = {round(float(step), 3): share for step, share in zip(STEPS, missed, strict=True)}
    assert (at_step[0.001], at_step[0.3], at_step[0.301], at_step[1.0]) == (0.25, 0.25, 0.75, 0.75)
    assert np.isnan(missed_below(np.empty(0))).all()


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_intervals_hold_the_true_volume_as_often_as_promised_and_hardly_more(level):
    rng = np.random.default_rng(0)
    held = []
    for _ in range(2000):
        true = np.exp(rng.normal(2, 1, 40))
        outlined = true * np.exp(rng.standard_t(4, 40) * 0.3 - 0.1)
        factor = volume_factor(outlined[:39], true[:39], level)
        held.append(outlined[39] / factor <= true[39] <= outlined[39] * factor)
    assert level - 0.025 <= np.mean(held) <= level + 0.05


def test_the_factor_counted_by_hand_and_without_cases_none():
    outlined, true = np.full(9, 2.0), 2.0 * np.arange(1, 10)
    assert volume_factor(outlined, true, LEVEL) == pytest.approx(9)
    assert volume_factor(true, outlined, LEVEL) == pytest.approx(9)
    assert volume_factor(outlined[:8], true[:8], LEVEL) is None
    assert volume_factor(outlined, np.append(true[:8], 0.0), LEVEL) is None  # nothing was there


def test_they_come_back_from_json_and_nonsense_is_an_error():
    made = Margins(0.9, {"a": 0.01}, {"a": 1.3}, {"a": 20}, {"a": 19})
    assert Margins.from_json(json.loads(json.dumps(made.to_json())), "model.json") == made
    assert made.n_needed == 9
    for wrong in (
        {"level": 1.0},
        {"least": {"a": 2}},
        {"least": {"a": math.nan}},
        {"factors": {"a": 0.5}},
        {"factors": {"a": math.inf}},
        {"n": None},
    ):
        with pytest.raises(ModelError, match="margins"):
            Margins.from_json({**made.to_json(), **wrong}, "model.json")
