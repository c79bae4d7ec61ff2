"""Probabilities of whole images: numbers before and after, and what chance alone would show."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from builders import classification_plan
from scanwright.core.calibration import without_chance
from scanwright.core.statistics import resample_patients
from scanwright.tasks.probabilities import Judge

PLAN = classification_plan(classes=("benign", "malignant", "normal"))


def records_of(n, seed=0, uncalibrated=True):
    """Truth drawn from the probabilities that are shown; those before are too sure, or not there."""
    rng = np.random.default_rng(seed)
    shown = rng.dirichlet(np.ones(3), n)
    before = shown**3 / (shown**3).sum(axis=1, keepdims=True)
    truth = (shown.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    named = [dict(zip(PLAN.classes, row, strict=True)) for row in shown]
    raw = [dict(zip(PLAN.classes, row, strict=True)) for row in before]
    records = [
        {"probabilities": p} | ({"uncalibrated": u} if uncalibrated else {})
        for p, u in zip(named, raw, strict=True)
    ]
    return records, [(PLAN.classes[t],) for t in truth]


def test_numbers_are_of_each_class_and_their_means():
    records, truths = records_of(80)
    numbers = Judge(records, truths, PLAN).statistic(np.arange(80))
    for name in PLAN.classes:
        held = [name in truth for truth in truths]
        scores = [record["probabilities"][name] for record in records]
        assert numbers["brier", name] == pytest.approx(brier_score_loss(held, scores))
    for name in ("brier", "ece", "brier_before", "ece_before"):
        assert numbers[name, ""] == pytest.approx(np.mean([numbers[name, group] for group in PLAN.classes]))
    assert numbers["brier", ""] < numbers["brier_before", ""]


def test_there_is_no_before_where_nothing_was_calibrated():
    judge = Judge(*records_of(30, uncalibrated=False), PLAN)
    assert {name for name, _ in judge.statistic(np.arange(30))} == {"brier", "ece"}
    assert set(judge.reliability()) == {"after"}


def test_what_is_right_is_not_called_wrong_by_chance_and_what_is_wrong_is_seen():
    judge = Judge(*records_of(400, seed=2), PLAN)
    patients = [str(n) for n in range(400)]
    found, chance = resample_patients(judge.statistic, patients, n_resamples=200), judge.by_chance()
    right, wrong = (
        without_chance(found.numbers[key], found.draws[key], chance[key])
        for key in (("ece", ""), ("ece_before", ""))
    )
    assert right.low == 0
    assert right.value < 0.02
    assert wrong.low > 0.05
    assert wrong.low <= wrong.value <= wrong.high
    assert right.method.endswith("corrected for chance")
    assert set(chance) == {key for key in found.numbers if key[0].startswith("ece")}


def test_classes_that_go_together_are_drawn_one_by_one():
    plan = classification_plan(task="multilabel", answer="labels", classes=PLAN.classes, loss="bce")
    records = [{"probabilities": dict.fromkeys(PLAN.classes, 1.0)} for _ in range(20)]
    chance = Judge(records, [PLAN.classes] * 20, plan).by_chance()
    assert chance["ece", "benign"].max() == 0  # all three surely are there
