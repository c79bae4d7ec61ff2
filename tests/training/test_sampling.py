"""Sampling: which cases a step sees; the same for the same seed and step."""

from __future__ import annotations

from collections import Counter

import numpy as np

from builders import classification_plan, segmentation_plan
from scanwright.tasks.base import Example
from scanwright.training.sampling import choose_cases, group_examples

IMAGE = np.zeros((1, 2, 2, 1), np.float32)


def picture(index: int) -> Example:
    return Example(IMAGE, np.array(index, np.uint8))


def masked(*classes: int) -> Example:
    """A case whose mask holds these classes beside the background."""
    return Example(IMAGE, np.zeros((2, 2, 1), np.uint8), {index: np.array([0]) for index in classes})


def test_balanced_draws_cases_without_any_of_the_classes_as_often_as_those_of_a_class() -> None:
    held = [(1, 0), (1, 1), (0, 0), (0, 0)]
    examples = [Example(IMAGE, np.array(row, np.float32)) for row in held]
    plan = classification_plan(task="multilabel", answer="labels", loss="bce", sampling="balanced")
    assert group_examples(examples, plan) == [[0, 1], [1], [2, 3]]


def test_every_case_is_seen_once_before_any_comes_again() -> None:
    groups = [list(range(10))]
    seen = [case for step in range(7) for case in choose_cases(groups, 3, step, seed=4)]
    assert sorted(seen[:10]) == sorted(seen[10:20]) == list(range(10))
    assert seen[:10] != seen[10:20]
    assert choose_cases(groups, 3, 2, seed=4) == seen[6:9]
    assert choose_cases(groups, 3, 2, seed=5) != seen[6:9]
    assert len(choose_cases([[0, 1]], 5, 0, seed=0)) == 5


def test_uniform_is_the_order_that_recorded_runs_were_made_with() -> None:
    assert [choose_cases([list(range(5))], 2, step, seed=7) for step in range(4)] == UNIFORM_OF_SEED_7


UNIFORM_OF_SEED_7 = [[3, 0], [2, 1], [4, 4], [1, 0]]


def test_balanced_draws_each_class_as_often_and_within_it_each_case() -> None:
    examples = [picture(0)] * 90 + [picture(1)] * 9 + [picture(2)]
    groups = group_examples(examples, classification_plan(sampling="balanced", classes=("a", "b", "c")))
    drawn = Counter(case for step in range(90) for case in choose_cases(groups, 3, step, seed=1))
    assert [drawn[case] for case in range(90)] == [1] * 90
    assert [drawn[case] for case in range(90, 99)] == [10] * 9
    assert drawn[99] == 90


def test_balanced_draws_cases_with_a_rare_class_as_often_as_those_with_a_frequent_one() -> None:
    examples = [masked(1)] * 18 + [masked(1, 2)] + [masked()] * 8
    plan = segmentation_plan(sampling="balanced", classes=("background", "a", "b"), label_values=(0, 1, 2))
    groups = group_examples(examples, plan)
    assert groups == [list(range(19, 27)), list(range(19)), [18]]
    drawn = Counter(case for step in range(30) for case in choose_cases(groups, 3, step, seed=1))
    assert drawn[18] >= 30
    assert sum(drawn[case] for case in range(19, 27)) == 30


def test_a_class_that_no_training_case_holds_is_left_out() -> None:
    plan = classification_plan(sampling="balanced", classes=("a", "b", "c"))
    assert group_examples([picture(0), picture(2)], plan) == [[0], [1]]


def test_uniform_has_one_group_of_all() -> None:
    assert group_examples([picture(0), picture(1), picture(1)], classification_plan()) == [[0, 1, 2]]
