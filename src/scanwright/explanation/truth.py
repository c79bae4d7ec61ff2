"""Truth: where what a class is about is known to be, for the pointing game."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from scanwright.core.boxes import paint_boxes
from scanwright.data.case import Case, Lazy
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.explanation.aim import Aim
from scanwright.io.archive import place_of
from scanwright.io.dataset import open_dataset, open_inputs
from scanwright.io.masks import read_mask
from scanwright.planning.facts import check_pair
from scanwright.types import BoolArray, PathLikeStr

KINDS = ("mask", "boxes")


def with_truth(dataset: Dataset, truth: Dataset | PathLikeStr | None) -> Dataset:
    """The cases, each with the mask or boxes that are known of the case of its name.

    Args:
        dataset: what is explained; its own masks and boxes stay where nothing is given.
        truth: a dataset with masks or boxes, or where it is; a folder of masks that bear the names of their
            images; a mask, of a single image.

    Raises:
        DataError: nothing of it belongs to a case.
    """
    if truth is None:
        return dataset
    known, source = _known(truth, dataset)
    where = {case.name: case for case in known}
    ends = Counter(_end(name) for name in where)
    by_end = {_end(name): case for name, case in where.items() if ends[_end(name)] == 1}
    cases, n_known = [], 0
    for case in dataset.cases:
        own = where.get(case.name) or by_end.get(_end(case.name))
        targets = {kind: own.targets[kind] for kind in KINDS if own and kind in own.targets}
        n_known += bool(targets)
        label = {kind: own.targets[kind] for kind in ("label", "labels") if own and kind in own.targets}
        cases.append(replace(case, targets={**label, **case.targets, **targets}))
    if not n_known:
        raise DataError(
            "no mask and no box belongs to an image that is to be explained",
            subject=source,
            expected=f"names such as {dataset.cases[0].name}" if dataset.cases else "",
            received=", ".join(list(where)[:3]) or "nothing",
        )
    return replace(dataset, cases=tuple(cases))


def true_region(case: Case, aim: Aim, image: Volume, plan: Plan) -> BoolArray | None:
    """(i, j, k) where what is explained is known to be; ``None`` where nobody says, where it is nowhere, and
    where the case has another class than the one that is explained.

    Raises:
        DataError: what is known can't be read, or lies on another grid.
    """
    label, labels = case.targets.get("label"), case.targets.get("labels")
    if (label is not None and aim.name != label) or (isinstance(labels, tuple) and aim.name not in labels):
        return None
    region: BoolArray | None = None
    if "boxes" in case.targets:
        boxes = case.boxes.read()
        own = np.array([name == aim.name or aim.about != "box" for name in boxes.classes], dtype=bool)
        region = paint_boxes(boxes.subset(own).box_ijk, image.shape) > 0
    elif "mask" in case.targets:
        mask = case.mask.read()
        check_pair(image, mask, case.name)
        values = plan.label_values
        region = mask.array[0] == values[aim.index] if aim.about == "region" else mask.array[0] != 0
    return region if region is not None and region.any() else None


def _known(truth: Dataset | PathLikeStr, dataset: Dataset) -> tuple[tuple[Case, ...], str]:
    """Cases with masks or boxes, and where they come from."""
    if isinstance(truth, Dataset):
        return truth.cases, truth.source
    path = Path(truth)
    if path.is_file() and len(dataset) == 1 and path.suffix.lower() not in (".csv", ".npz", ".zip"):
        return (_masked(dataset.cases[0].name, path),), str(truth)
    try:
        opened = open_dataset(truth)
        if any(kind in case.targets for case in opened.cases for kind in KINDS):
            return opened.cases, str(truth)
    except DataError:
        pass  # no labelled dataset: then its images are masks
    root = place_of(path)
    root = root if root.is_dir() else root.parent
    return tuple(_masked(one.name, root / one.image.source) for one in open_inputs(truth).cases), str(truth)


def _masked(name: str, path: Path) -> Case:
    return Case(name, {}, {"mask": Lazy(path.name, lambda: read_mask(path))})


def _end(name: str) -> str:
    return PurePosixPath(name).name
