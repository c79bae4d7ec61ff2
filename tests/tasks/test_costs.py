"""Costs: the usual ones count every class the same, named ones count cases, and probabilities choose."""

import numpy as np
import pytest

from builders import classification_plan, segmentation_plan
from scanwright.tasks.catalogue import find_task
from scanwright.tasks.costs import Costs, count_costs, usual_costs

NAMES = ("benign", "malignant", "normal")
PLAN = classification_plan(classes=NAMES)
GRADES = classification_plan(task="ordinal", answer="grade", classes=("1", "2", "3"), loss="emd")


def records_of(n, plan=PLAN, seed=0):
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.ones(3), n)
    truth = (scores.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return [
        {
            "case": str(row),
            "patient": str(row),
            "truth": plan.classes[true],
            "predicted": plan.classes[int(own.argmax())],
            "probabilities": dict(zip(plan.classes, own.tolist(), strict=True)),
        }
        for row, (own, true) in enumerate(zip(scores, truth, strict=True))
    ]


def counted(records, plan, costs):
    summary = count_costs(find_task(plan.task).summarise(records, plan), records, plan, costs)
    return summary.statistic(np.arange(len(records)))


def test_the_usual_costs_are_those_of_balanced_accuracy():
    numbers = counted(records_of(200), PLAN, usual_costs(PLAN))
    assert numbers["expected_cost", ""] == pytest.approx((1 - numbers["balanced_accuracy", ""]) * 3 / 2)
    assert ("least_expected_cost", "") not in numbers


def test_grades_cost_what_they_are_apart_and_masks_and_labels_nothing():
    assert usual_costs(GRADES).matrix.tolist() == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]
    assert usual_costs(segmentation_plan()) is None
    labels = classification_plan(task="multilabel", answer="labels", classes=NAMES, loss="bce")
    assert usual_costs(labels) is None
    assert 0 < counted(records_of(100, GRADES), GRADES, usual_costs(GRADES))["expected_cost", ""] < 1


def test_probabilities_that_are_right_choose_answers_that_cost_less():
    matrix = np.array([[0.0, 1, 1], [10, 0, 10], [1, 1, 0]])
    numbers = counted(records_of(2000), PLAN, Costs(matrix))
    assert numbers["least_expected_cost", ""] < 0.8 * numbers["expected_cost", ""]
