"""Classification: probabilities in, numbers for each class out."""

import math

import numpy as np
import pytest

from builders import classification_plan, memory_case, noise
from facts_of import facts_of
from scanwright.data.prediction import ClassPrediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.tasks.classification import Classification, class_index

TASK = Classification()
PLAN = classification_plan()


def picture(label, name="a"):
    return memory_case(name, noise((1, 20, 16, 1)), label=label, affine=None, patient="p")


def record(label, malignant):
    prediction = ClassPrediction("a", {"benign": 1 - malignant, "malignant": malignant})
    return TASK.measure(prediction, picture(label), PLAN)


def test_probabilities_are_named_and_add_up_to_one():
    outputs = np.array([1.0, 3.0], np.float32).reshape(2, 1, 1, 1)
    prediction = TASK.decode("a", outputs, PLAN, (), Volume(noise((1, 20, 16, 1))), {})
    assert prediction.probabilities == {"benign": 0.25, "malignant": 0.75}
    assert prediction.predicted == "malignant"


def test_a_record_holds_truth_and_prediction_by_name():
    assert record("benign", 0.7) == {
        "case": "a",
        "patient": "p",
        "truth": "benign",
        "predicted": "malignant",
        "probabilities": {"benign": pytest.approx(0.3), "malignant": 0.7},
    }


def test_numbers_are_as_counted_by_hand():
    records = [
        record("benign", 0.1),
        record("benign", 0.6),
        record("malignant", 0.8),
        record("malignant", 0.4),
    ]
    numbers = TASK.summarise(records, PLAN).statistic(np.arange(4))
    assert numbers["accuracy", ""] == 0.5
    assert numbers["balanced_accuracy", ""] == 0.5
    assert numbers["auroc", ""] == numbers["auroc", "malignant"] == 0.75
    assert numbers["recall", "malignant"] == 0.5
    assert numbers["precision", "benign"] == 0.5


def test_a_class_that_is_absent_has_no_numbers_and_spoils_no_mean():
    plan = classification_plan(classes=("benign", "malignant", "normal"))
    rows = []
    for label, p in (("benign", 0.2), ("malignant", 0.7)):
        prediction = ClassPrediction("a", {"benign": 0.9 - p, "malignant": p, "normal": 0.1})
        rows.append(TASK.measure(prediction, picture(label), plan))
    numbers = TASK.summarise(rows, plan).statistic(np.arange(2))
    assert math.isnan(numbers["auroc", "normal"])
    assert math.isnan(numbers["recall", "normal"])
    assert numbers["auroc", ""] == 1


def test_a_draw_of_one_class_only_has_no_auroc():
    records = [record("benign", 0.1), record("malignant", 0.6)]
    assert math.isnan(TASK.summarise(records, PLAN).statistic(np.array([0, 0]))["auroc", ""])


def test_recall_is_supported_by_the_cases_of_its_class():
    records = [record("benign", 0.1), record("malignant", 0.6), record("benign", 0.6)]
    support = TASK.summarise(records, PLAN).support
    np.testing.assert_array_equal(support["recall", "benign"], [0, 2])


def test_a_class_that_the_model_does_not_know_is_named():
    with pytest.raises(
        DataError, match=r"a: its class is not one.*Expected benign or malignant. Received 'odd'"
    ):
        class_index("odd", PLAN, "a")
    with pytest.raises(DataError, match="'odd'"):
        TASK.encode(picture("odd"), PLAN)


def test_rare_classes_weigh_more():
    even = TASK.plan(facts_of((28, 28, 1), None, dims=2, classes={"a": 50, "b": 40}), Settings())
    skewed = TASK.plan(facts_of((28, 28, 1), None, dims=2, classes={"a": 90, "b": 10}), Settings())
    assert even.class_weights == ()
    assert skewed.class_weights[1] == pytest.approx(3 * skewed.class_weights[0], rel=1e-3)
    assert "9.0 times" in skewed.reasons["class_weights"]


def test_the_shares_of_the_classes_are_in_the_plan():
    facts = facts_of((28, 28, 1), None, dims=2, classes={"a": 9, "b": 1}, class_shares={"a": 0.9, "b": 0.1})
    assert TASK.plan(facts, Settings()).class_shares == (0.9, 0.1)


@pytest.mark.parametrize("minutes", [1, 15, 600])
@pytest.mark.parametrize(
    "facts",
    [
        facts_of((28, 28, 1), None, dims=2, classes={"a": 9, "b": 9}, n_train=4000),
        facts_of((600, 500, 1), None, dims=2, classes={"a": 9, "b": 9, "c": 3}),
        facts_of((200, 200, 40), (1, 1, 4), classes={"a": 9, "b": 9}),
        facts_of((5, 4, 3), (1, 1, 4), classes={"a": 9, "b": 9}),
    ],
)
def test_any_facts_make_a_plan_that_makes_sense(facts, minutes):
    plan = TASK.plan(facts, Settings(minutes=minutes))
    assert plan.classes == tuple(facts.classes)
    assert 8 <= plan.batch_size <= 64
