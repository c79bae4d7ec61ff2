"""The table of tasks: the data says which one, unless the user does."""

import dataclasses

import pytest

from builders import cohort, labelled_pictures, masked_volumes, memory_case, noise
from scanwright.errors import SettingsError
from scanwright.tasks.catalogue import TASKS, choose_task, find_task


def test_tasks_are_found_by_their_names():
    for name, task in TASKS.items():
        assert find_task(name) is task
        assert task.name == name


def test_an_unknown_task_names_the_known_ones():
    with pytest.raises(SettingsError, match=r"Expected segmentation or classification. Received task=magic"):
        find_task("magic")


def test_the_data_says_which_task():
    assert choose_task("auto", cohort(masked_volumes())).name == "segmentation"
    assert choose_task("auto", cohort(labelled_pictures())).name == "classification"


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
