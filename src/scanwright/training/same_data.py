"""Whether the data of a resumed run are those that it was begun with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import SettingsError
from scanwright.planning.facts import count_labels, find_objects, image_hash

T = TypeVar("T")


def as_planned(dataset: Dataset, facts: Sequence[Mapping[str, Any]], target: str) -> Dataset:
    """A dataset whose cases refuse to be read where they are not those that a run was begun with.

    What the run has prepared already is not read again, and needs no such check.

    Args:
        dataset: as it is now.
        facts: of its cases when the run was begun, see ``Fingerprint.to_json``.
        target: what is learnt.

    Raises:
        SettingsError: a case has another class or number.
    """
    planned = {row["case"]: row for row in facts}
    cases = []
    for case in dataset.cases:
        row, drawn, label = planned.get(case.name), case.targets.get(target), case.targets.get("label")
        if row is not None:
            told = row["labels"]
            if isinstance(told, str) and label is not None and label != told:
                raise _other_data(case.name, "class")
            if isinstance(told, list) and ("labels" not in case.targets or list(case.labels) != told):
                raise _other_data(case.name, "set of classes")
            if isinstance(told, float) and ("values" not in case.targets or told not in case.values.values()):
                raise _other_data(case.name, "number")
            same_image = partial(_read_planned, case.name, "image", case.image, image_hash, row["sha256"])
            case = replace(case, inputs={**case.inputs, "image": replace(case.image, read=same_image)})
            if isinstance(drawn, Lazy) and isinstance(told, dict):
                mark = partial(_object_counts, case) if target == "boxes" else _label_counts
                same = partial(
                    _read_planned,
                    case.name,
                    "set of boxes" if target == "boxes" else target,
                    drawn,
                    mark,
                    told,
                )
                case = replace(case, targets={**case.targets, target: replace(drawn, read=same)})
        cases.append(case)
    return replace(dataset, cases=tuple(cases))


def _read_planned(name: str, what: str, lazy: Lazy[T], mark: Callable[[T], Any], planned: Any) -> T:
    found = lazy.read()
    if mark(found) != planned:
        raise _other_data(name, what)
    return found


def _label_counts(mask: Volume) -> dict[str, int]:
    return {str(value): n for value, n in count_labels(mask.array, "").items()}


def _object_counts(case: Case, boxes: Boxes) -> dict[str, int]:
    return dict(Counter(find_objects(boxes, case.image.read())[0]))


def _other_data(name: str, what: str) -> SettingsError:
    return SettingsError(
        f"the case has another {what} than when the run was begun: this is other data",
        subject=name,
        do="Name the data that the run was begun with, or begin anew with another --out.",
    )
