"""Settled: what validation cases settle, and how answers change by it, in order and without harm."""

import numpy as np
import pytest

from builders import classification_plan, detection_plan, noise, segmentation_plan
from scanwright.core.calibration import Calibration
from scanwright.data.volume import Volume
from scanwright.tasks.base import Example
from scanwright.tasks.catalogue import find_task
from scanwright.tasks.settled import (
    FEWEST_OUTLINED,
    Settled,
    answer_by,
    calibrate,
    draw_sample,
    is_asked,
    settle,
)

IMAGE = Volume(noise((1, 20, 16, 1)))
NAMES = ("benign", "malignant")
CLASSES = classification_plan(classes=NAMES)
LABELS = classification_plan(task="multilabel", answer="labels", classes=NAMES, loss="bce")
SOFTER = Calibration("temperature", 60, {"": 2.0})


def outputs(*values):
    return np.array(values, np.float32).reshape(-1, 1, 1, 1)


def too_sure(n, seed=0):
    """Answers of (0.99, 0.01) or the other way round, of which 8 in 10 are right."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    said = np.where(rng.random(n) < 0.8, truth, 1 - truth)
    return [outputs(*np.where(np.arange(2) == s, 0.99, 0.01)) for s in said], truth


def settled_by(plan, answers, targets):
    task = find_task(plan.task)
    samples = [draw_sample(a, Example(a, t), plan) for a, t in zip(answers, targets, strict=True)]
    kept = answers if task.has_thresholds(plan) else []
    return settle(task, plan, kept, targets, samples)


def test_answers_that_are_too_sure_become_as_sure_as_they_are_right():
    answers, truth = too_sure(400)
    settled = settled_by(CLASSES, answers, [np.uint8(t) for t in truth])
    assert settled.calibration.n == 400
    said = answer_by(find_task("classification"), "a", answers[0], CLASSES, (), IMAGE, settled)
    right = np.mean([a.argmax() == t for a, t in zip(answers, truth, strict=True)])
    assert said.probabilities[said.predicted] == pytest.approx(right, abs=0.03)
    assert said.uncalibrated[said.predicted] == pytest.approx(0.99)


def leaning(n, seed=0):
    """Answers of a network that leans to the first class, which is rare, and what is true."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.8).astype(np.uint8)
    odds = rng.normal(np.where(truth == 1, 1.0, -3.0), 1.0)
    return [outputs(1 - p, p) for p in 1 / (1 + np.exp(-odds))], list(truth)


def balanced_accuracy(plan, settled, answers, truth):
    task = find_task(plan.task)
    called = [answer_by(task, "a", a, plan, (), IMAGE, settled).predicted for a in answers]
    right = np.array([plan.classes.index(name) for name in called]) == np.array(truth)
    return np.mean([right[np.array(truth) == c].mean() for c in (0, 1)])


@pytest.mark.parametrize("n", [40, 400])
def test_of_two_classes_the_second_is_called_from_where_errors_balance(n):
    settled, new = settled_by(CLASSES, *leaning(n)), leaning(4000, seed=1)
    assert set(settled.thresholds) == {"malignant"}
    assert settled.thresholds["malignant"] < 0.45
    even, half = (balanced_accuracy(CLASSES, own, *new) for own in (settled, Settled()))
    assert even > half + 0.02
    mirrored = [outputs(*answer.ravel()[::-1]) for answer in leaning(n)[0]]
    other = settled_by(CLASSES, mirrored, [1 - t for t in leaning(n)[1]])
    assert other.thresholds["malignant"] == pytest.approx(1 - settled.thresholds["malignant"], abs=2e-3)


def test_few_cases_several_classes_and_weights_of_the_user_leave_the_more_probable_class():
    answers, truth = leaning(400)
    few = [n for n in range(400) if truth[n] == 0][:4] + [n for n in range(400) if truth[n] == 1][:50]
    assert settled_by(CLASSES, [answers[n] for n in few], [truth[n] for n in few]).thresholds == {}
    assert settled_by(CLASSES, answers[:19], truth[:19]).thresholds == {}
    for weighed in ({"class_weights": [1.0, 3.0]}, {"sampling": "balanced"}):
        assert settled_by(CLASSES.overrule(weighed), answers, truth).thresholds == {}
    three = [outputs(*answer.ravel() * 0.9, 0.1) for answer in answers]
    assert settled_by(classification_plan(classes=("a", "b", "c")), three, truth).thresholds == {}


def test_thresholds_that_are_not_of_two_classes_decide_nothing():
    task, three = find_task("classification"), classification_plan(classes=("a", "b", "c"))
    edited = Settled(thresholds={"b": 0.1})
    assert answer_by(task, "x", outputs(0.1, 0.3, 0.6), three, (), IMAGE, edited).predicted == "c"
    other = Settled(thresholds={"neither": 0.1})
    assert answer_by(task, "x", outputs(0.7, 0.3), CLASSES, (), IMAGE, other).predicted == "benign"


def test_a_rare_class_is_called_as_before_though_its_probability_falls_below_a_half():
    lean = Calibration("temperature", 60, {"": 1.0}, biases={"benign": 0.7, "malignant": -0.7})
    task = find_task("classification")
    said = answer_by(task, "a", outputs(0.4, 0.6), CLASSES, (), IMAGE, Settled(calibration=lean))
    assert said.predicted == "malignant"
    assert said.probabilities["malignant"] == pytest.approx(1 / (1 + np.exp(1.4) * 0.4 / 0.6), abs=1e-6)
    assert said.uncalibrated["malignant"] == pytest.approx(0.6)


def test_without_enough_cases_answers_stay_as_the_network_gives_them():
    answers, truth = too_sure(12)
    settled = settled_by(CLASSES, answers, [np.uint8(t) for t in truth])
    assert (settled.calibration.method, settled.calibration.n) == ("none", 12)
    said = answer_by(find_task("classification"), "a", answers[0], CLASSES, (), IMAGE, settled)
    assert max(said.probabilities.values()) == pytest.approx(0.99)
    assert said.uncalibrated is None


def test_thresholds_of_labels_are_chosen_on_what_they_are_compared_with():
    rng = np.random.default_rng(1)
    held = rng.random((200, 2)) < 0.4
    answers = [outputs(*row) for row in np.clip(0.5 + 0.49 * held - 0.1 * rng.random((200, 2)), 0.01, 0.99)]
    plan = LABELS
    settled = settled_by(plan, answers, list(held.astype(np.float32)))
    assert set(settled.calibration.temperatures) == set(settled.calibration.biases) == set(NAMES)
    task = find_task("multilabel")
    said = [answer_by(task, "a", one, plan, (), IMAGE, settled).predicted for one in answers]
    assert said == [tuple(np.array(NAMES)[row]) for row in held]


def test_a_grade_is_the_median_of_calibrated_probabilities():
    plan = classification_plan(task="ordinal", answer="grade", classes=("1", "2", "3"), loss="emd")
    task, unsure = find_task("ordinal"), Settled(calibration=Calibration("temperature", 60, {"": 20.0}))
    assert answer_by(task, "a", outputs(0.55, 0.05, 0.4), plan, (), IMAGE, Settled()).predicted == "1"
    assert answer_by(task, "a", outputs(0.55, 0.05, 0.4), plan, (), IMAGE, unsure).predicted == "2"


def test_masks_stay_and_only_their_probabilities_change():
    plan, task = segmentation_plan(), find_task("segmentation")
    rng = np.random.default_rng(0)
    inside = rng.random((12, 10, 8)).astype(np.float32)
    answers = np.stack([1 - inside, inside])
    image = Volume(noise((1, 12, 10, 8)))
    plain, softer = (
        answer_by(task, "a", answers, plan, (), image, Settled({"label 1": 0.3}, fitted))
        for fitted in (Calibration(), SOFTER)
    )
    assert np.array_equal(plain.mask.array, softer.mask.array)
    before, after = (one.probabilities.read().array for one in (plain, softer))
    assert np.array_equal(before.argmax(0), after.argmax(0))
    np.testing.assert_allclose(after[1], inside**0.5 / (inside**0.5 + (1 - inside) ** 0.5), atol=1e-4)


def test_voxels_give_a_temperature_from_enough_cases_on():
    plan = segmentation_plan()
    rng = np.random.default_rng(0)
    right = rng.random((16, 16, 16))
    target = (rng.random((16, 16, 16)) < right).astype(np.uint8)
    odds = (right / (1 - right)) ** 2  # as if the network were twice as sure
    sure = np.stack([1 / (1 + odds), odds / (1 + odds)]).astype(np.float32)
    found = settled_by(plan, [sure] * FEWEST_OUTLINED, [target] * FEWEST_OUTLINED).calibration
    assert found.temperatures[""] == pytest.approx(2, rel=0.15)
    assert found.n == FEWEST_OUTLINED
    fewer = FEWEST_OUTLINED - 1
    assert not settled_by(plan, [sure] * fewer, [target] * fewer).calibration.is_fitted


def test_boxes_and_plans_without_calibration_ask_for_none():
    boxes = detection_plan()
    assert draw_sample(np.zeros((3, 8)), Example(np.zeros(8), np.zeros((0, 8))), boxes) is None
    assert is_asked(find_task("detection"), boxes)  # for its thresholds
    three = {"classes": ("background", "a", "b"), "label_values": (0, 1, 2)}
    assert is_asked(find_task("segmentation"), segmentation_plan(**three))
    assert is_asked(find_task("segmentation"), segmentation_plan(**three, calibration="none"))  # for margins
    assert is_asked(find_task("classification"), CLASSES)
    assert calibrate(outputs(0.2, 0.8), Calibration(), CLASSES).dtype == np.float32


def test_isotonic_is_not_for_masks():
    with pytest.raises(Exception, match="isotonic"):
        segmentation_plan(calibration="isotonic")
