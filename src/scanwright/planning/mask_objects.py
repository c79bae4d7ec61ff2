"""Objects of masks: boxes to learn from where only masks are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from scanwright.core.boxes import boxes_of_mask
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy
from scanwright.data.dataset import Dataset
from scanwright.planning.facts import check_pair
from scanwright.types import FloatArray, IntArray

_NO_CLASS = "object"


def boxes_from_masks(dataset: Dataset) -> Dataset:
    """The dataset with boxes, read when asked for, in each case that has a mask and no boxes.

    Every piece of every value of a mask is an object. Where the data name the values, the names are the
    classes. Where they do not, a value may well be the number of an object, so that all are of one class;
    and of a mask that is put together from masks of its lesions, each of these is one object.
    """
    named = {value: name for value, name in dataset.class_names.items() if value.isdecimal() and int(value)}
    cases = tuple(
        replace(case, targets={**case.targets, "boxes": _lazy_boxes(case, named)})
        if "mask" in case.targets and "boxes" not in case.targets
        else case
        for case in dataset.cases
    )
    return replace(dataset, cases=cases)


def _lazy_boxes(case: Case, named: Mapping[str, str]) -> Lazy[Boxes]:
    return Lazy(case.mask.source, partial(_read_boxes, case, named), case.mask.further)


def _read_boxes(case: Case, named: Mapping[str, str]) -> Boxes:
    lesions = case.mask.parts if len(case.mask.parts) > 1 and not named else ()
    image = case.image.read()
    found = []
    for part in lesions or (case.mask,):
        mask = part.read()
        check_pair(image, mask, case.name)
        boxes, values = boxes_of_mask(mask.array[0])
        found.append(_joined(boxes, values) if lesions else (boxes, values))
    boxes, values = (np.concatenate(one) for one in zip(*found, strict=True))
    names = [named.get(str(value), f"label {value}") if named else _NO_CLASS for value in values]
    return Boxes(boxes, tuple(names))


def _joined(boxes: FloatArray, values: IntArray) -> tuple[FloatArray, IntArray]:
    """One box around all pieces, unless their values tell them apart."""
    if len(np.unique(values)) != 1:
        return boxes, values
    return np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])[None], values[:1]
