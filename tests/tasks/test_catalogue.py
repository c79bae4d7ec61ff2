"""The table of tasks: the data says which one, unless the user does."""

import dataclasses

import numpy as np
import pytest

from builders import cohort, labelled_pictures, masked_volumes, memory_case, noise
from scanwright.data.boxes import Boxes
from scanwright.errors import SettingsError
from scanwright.tasks.catalogue import TASKS, choose_task, find_task, task_dataset


def test_tasks_are_found_by_their_names():
    for name, task in TASKS.items():
        assert find_task(name) is task
        assert task.name == name


def test_an_unknown_task_names_the_known_ones():
    with pytest.raises(SettingsError, match=r"or classification or ordinal or .*Received task=magic"):
        find_task("magic")


def test_the_data_says_which_task():
    assert choose_task("auto", cohort(masked_volumes())).name == "segmentation"
    assert choose_task("auto", cohort(labelled_pictures())).name == "classification"
    several = [memory_case("a", noise((1, 4, 4, 1)), labels=("a", "b"), affine=None)]
    assert choose_task("auto", cohort(several)).name == "multilabel"
    measured = [memory_case("a", noise((1, 4, 4, 1)), values={"age": 60.0}, affine=None)]
    assert choose_task("auto", cohort(measured)).name == "regression"
    assert choose_task("ordinal", cohort(labelled_pictures())).name == "ordinal"


def test_where_two_tasks_would_do_the_user_chooses():
    image = noise((1, 4, 4, 1))
    both = cohort([memory_case("a", image, label="benign", values={"age": 60.0}, affine=None)])
    with pytest.raises(
        SettingsError,
        match=r"have a label and values, .*--task classification or --task ordinal or --task regression",
    ):
        choose_task("auto", both)
    assert choose_task("regression", both).name == "regression"
    most = cohort([*both.cases, memory_case("b", image, label="malignant", affine=None)])
    assert choose_task("auto", most).name == "classification"


def test_cases_with_masks_and_labels_may_serve_the_task_that_is_asked_for():
    both = [dataclasses.replace(c, targets={**c.targets, "label": "a"}) for c in masked_volumes()]
    assert choose_task("classification", cohort(both)).name == "classification"
    assert choose_task("segmentation", cohort(both)).name == "segmentation"


def test_a_task_that_the_data_cannot_serve_is_refused():
    with pytest.raises(SettingsError, match="learns from a label, and the cases here have a mask"):
        choose_task("classification", cohort(masked_volumes()))
    with pytest.raises(SettingsError, match="learns from a mask, and the cases here have no target"):
        choose_task("segmentation", cohort([memory_case("a", noise((1, 4, 4, 4)))]))


def test_unlabelled_data_teach_nothing():
    with pytest.raises(SettingsError, match="nothing here is labelled"):
        choose_task("auto", cohort([memory_case("a", noise((1, 4, 4, 4)))]))


def test_what_no_task_learns_from_yet_is_said_with_what_there_is():
    plain = [memory_case(f"c{n}", noise((1, 4, 4, 1)), affine=None) for n in range(3)]
    cases = [dataclasses.replace(case, targets={"signal": case.image}) for case in plain]
    with pytest.raises(
        SettingsError,
        match=r"no task learns from a signal yet.*segmentation \(from a mask\), detection \(from boxes\)"
        r".*regression \(from values\).*3 cases with a signal.*inspect and convert work",
    ):
        choose_task("auto", cohort(cases))
    with pytest.raises(SettingsError, match="learns from a mask, and the cases here have a signal"):
        choose_task("segmentation", cohort(cases))
    some = [*cases, memory_case("e", noise((1, 4, 4, 1)), label="a", affine=None)]
    with pytest.raises(SettingsError, match="--task classification or ordinal takes the cases that have"):
        choose_task("auto", cohort(some))


def test_boxes_are_found_and_masks_serve_where_detection_is_asked_for():
    boxes = Boxes(np.array([[[0, 0, 0], [2, 2, 1]]]), ("cell",))
    boxed = cohort([memory_case("a", noise((1, 4, 4, 1)), boxes=boxes, affine=None)])
    assert choose_task("auto", boxed).name == "detection"
    masked = cohort(masked_volumes())
    assert choose_task("auto", masked).name == "segmentation"
    task = choose_task("detection", masked)
    assert [len(case.boxes.read()) for case in task_dataset(task, masked).cases] == [1] * len(masked)
    with pytest.raises(
        SettingsError, match="detection learns from boxes or a mask, and the cases here have a label"
    ):
        choose_task("detection", cohort(labelled_pictures()))


def test_other_tasks_take_a_dataset_as_it_is():
    masked = cohort(masked_volumes())
    assert task_dataset(choose_task("auto", masked), masked) is masked
