"""The table of tasks. It imports nothing heavy: a task's learning side has its own table, in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from scanwright.data.dataset import Dataset
from scanwright.errors import SettingsError
from scanwright.planning.mask_objects import boxes_from_masks
from scanwright.tasks.base import Task
from scanwright.tasks.classification import Classification
from scanwright.tasks.detection import Detection
from scanwright.tasks.multilabel import Multilabel
from scanwright.tasks.ordinal import Ordinal
from scanwright.tasks.regression import Regression
from scanwright.tasks.segmentation import Segmentation

# Of tasks that learn from the same target, "auto" takes the first: that classes are in order must be said.
TASKS: dict[str, Task] = {
    task.name: task
    for task in (Segmentation(), Detection(), Classification(), Ordinal(), Multilabel(), Regression())
}
# Target of a task → target that it can be taken from where it is asked for, and how.
_TAKEN_FROM: dict[str, tuple[str, Callable[[Dataset], Dataset]]] = {"boxes": ("mask", boxes_from_masks)}
# Folders of classes may hold masks, and cases with masks may have a class: the first of them is the answer.
_SIDE_BY_SIDE = {"mask", "label"}


def check_name(name: str) -> None:
    """Raise when there is neither such a task nor is it "auto".

    Raises:
        SettingsError: naming those that there are.
    """
    if name != "auto":
        find_task(name)


def find_task(name: str) -> Task:
    """The task of that name.

    Raises:
        SettingsError: there is none.
    """
    if name not in TASKS:
        raise SettingsError("no such task", expected=" or ".join(TASKS), received=f"task={name}")
    return TASKS[name]


def choose_task(name: str, dataset: Dataset) -> Task:
    """The named task, or for "auto" the one that learns the targets that the dataset holds.

    Raises:
        SettingsError: no such task, nothing in the dataset that it could learn, what no task learns yet, or
            "auto" where several would do.
    """
    target = dataset.target
    if name == "auto":
        _check_one_question(dataset)
        fitting = [task for task in TASKS.values() if task.target == target]
        if fitting:
            return fitting[0]
        if target:
            raise _not_yet(dataset)
        raise SettingsError(
            "nothing here is labelled, so nothing can be learnt",
            subject=dataset.source,
            expected="masks beside the images, a folder per class, or a manifest",
            do="Point at the folder that holds images and labels; see the README for the layouts.",
        )
    task = find_task(name)
    useful = _useful(task)
    if not any(kind in case.targets for case in dataset.cases for kind in useful):
        held = name_target(target) if target else "no target"
        raise SettingsError(
            f"{name} learns from {' or '.join(map(name_target, useful))}, and the cases here have {held}",
            subject=dataset.source,
        )
    return task


def task_dataset(task: Task, dataset: Dataset) -> Dataset:
    """The dataset with the task's target also in cases that have only what it can be taken from."""
    if task.target not in _TAKEN_FROM:
        return dataset
    _, take = _TAKEN_FROM[task.target]
    return take(dataset)


def _useful(task: Task) -> tuple[str, ...]:
    """The targets that a task can learn from, its own first."""
    return (task.target, *_TAKEN_FROM[task.target][:1]) if task.target in _TAKEN_FROM else (task.target,)


def _check_one_question(dataset: Dataset) -> None:
    """Raise when as many cases hold one target as another, and nobody says which is to be learnt."""
    counts = Counter(kind for case in dataset.cases for kind in case.targets)
    most = [kind for kind, n in counts.items() if n == max(counts.values())]
    able = [task for task in TASKS.values() if task.target in most]
    held = list(dict.fromkeys(task.target for task in able))
    if len(held) > 1 and not _SIDE_BY_SIDE.issuperset(held):
        raise SettingsError(
            f"the cases have {' and '.join(map(name_target, held))}, and only one can be learnt",
            subject=dataset.source,
            do=f"Choose one: {' or '.join(f'--task {task.name}' for task in able)}.",
        )


def _not_yet(dataset: Dataset) -> SettingsError:
    """That there is no task for what most cases hold, and what there is."""
    known = ", ".join(f"{task.name} (from {name_target(task.target)})" for task in TASKS.values())
    counts = Counter(kind for case in dataset.cases for kind in case.targets)
    able = [t.name for t in TASKS.values() if counts[t.target]]
    return SettingsError(
        f"no task learns from {name_target(dataset.target)} yet",
        subject=dataset.source,
        expected=f"what one of the tasks learns from: {known}",
        received=", ".join(f"{n} cases with {name_target(kind)}" for kind, n in counts.items()),
        do=f"--task {' or '.join(able)} takes the cases that have what it learns from."
        if able
        else "inspect and convert work with these data.",
    )


def name_target(target: str) -> str:
    """What a case has, for a sentence: "a label", "boxes"."""
    return target if target.endswith("s") else f"a {target}"
