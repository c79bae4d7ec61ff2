"""Ordinal classification: classes in order, the median of what is held probable."""

import numpy as np
import pytest

from builders import classification_plan, memory_case, noise
from facts_of import facts_of
from scanwright.data.plan import Plan
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import SettingsError
from scanwright.tasks.decision import decide
from scanwright.tasks.ordinal import Ordinal

TASK = Ordinal()
PLAN = classification_plan(task="ordinal", answer="grade", classes=("0", "1", "2", "3"), loss="emd")


def decode(*probabilities):
    outputs = np.array(probabilities, np.float32).reshape(-1, 1, 1, 1)
    return TASK.decode("a", outputs, PLAN, (), Volume(noise((1, 20, 16, 1))), {})


def record(grade, *probabilities):
    case = memory_case("a", noise((1, 20, 16, 1)), label=grade, affine=None, patient="p")
    return TASK.measure(decode(*probabilities), case, PLAN)


def graded(*names):
    classes = {name: 5 + n for n, name in enumerate(names)}
    shares = {name: n / sum(classes.values()) for name, n in classes.items()}
    return facts_of((28, 28, 1), None, dims=2, classes=classes, class_shares=shares)


def test_the_median_is_the_grade_and_not_the_most_probable_one():
    prediction = decode(0.4, 0.05, 0.3, 0.25)
    assert prediction.predicted == "2"
    assert prediction.probabilities["0"] == pytest.approx(0.4)
    assert decode(0.5, 0, 0, 0.5).predicted == "0"
    assert decode(0, 0, 0, 1).predicted == "3"


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("10", "2", "0.5"), ("0.5", "2", "10")),
        (("grade 3", "grade 1", "grade 2"), ("grade 1", "grade 2", "grade 3")),
    ],
)
def test_numbers_are_in_their_own_order(names, order):
    plan = TASK.plan(graded(*names), Settings())
    assert plan.classes == order
    assert plan.class_shares == pytest.approx([(5 + names.index(name)) / 18 for name in order], abs=1e-4)
    assert plan.answer == "grade"
    assert "their numbers" in plan.reasons["classes"]


@pytest.mark.parametrize("names", [("mild", "severe"), ("T1", "N2"), ("1", "other")])
def test_an_order_that_nobody_knows_is_asked_for(names):
    with pytest.raises(SettingsError, match=r"order of the classes is not known.*--set classes="):
        TASK.plan(graded(*names), Settings())


def test_the_order_is_as_the_user_says_also_in_a_plan_that_is_given_back():
    facts = graded("mild", "severe", "none")
    settings = Settings(overrides={"classes": "none, mild, severe"})
    plan = decide(TASK, facts, settings)
    assert plan.classes == ("none", "mild", "severe")
    assert plan.class_shares == pytest.approx([7 / 18, 5 / 18, 6 / 18], abs=1e-4)
    assert "classes" in plan.overruled
    given = Plan.from_json(plan.to_json())
    assert decide(TASK, facts, Settings(), given).classes == plan.classes
    with pytest.raises(SettingsError, match=r"other classes than the data.*Received classes=mild,severe"):
        decide(TASK, facts, Settings(overrides={"classes": "mild,severe"}))


def test_numbers_are_as_counted_by_hand():
    records = [
        record("0", 1, 0, 0, 0),
        record("1", 0, 0, 1, 0),
        record("3", 0, 1, 0, 0),
        record("3", 0, 0, 0, 1),
    ]
    numbers = TASK.summarise(records, PLAN).statistic(np.arange(4))
    assert numbers["grade_error", ""] == 0.75
    assert numbers["within_one", ""] == 0.75
    assert numbers["accuracy", ""] == 0.5
    assert numbers["recall", "3"] == 0.5
    # Squares 0, 1, 4, 0 and, by chance, all pairs of a true and a predicted grade, over their number.
    by_chance = np.mean([(t - p) ** 2 for t in (0, 1, 3, 3) for p in (0, 2, 1, 3)])
    assert numbers["kappa", ""] == pytest.approx(1 - 1.25 / by_chance)


def test_of_two_wrong_answers_the_nearer_one_went_better():
    assert TASK.goodness(record("0", 0, 1, 0, 0), PLAN) > TASK.goodness(record("0", 0, 0, 0, 1), PLAN)
