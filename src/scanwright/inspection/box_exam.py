"""What the doctor sees of the boxes of a case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanwright.core.boxes import intersection_over_union
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case
from scanwright.data.volume import Volume
from scanwright.errors import ScanwrightError
from scanwright.types import BoolArray

# Rounding to whole pixels puts an edge up to one beyond the image.
TOLERANCE_VOXELS = 1.0
SHORTEST_SIDE_VOXELS = 0.1
SAME_OVERLAP = 0.95
_BLOCK = 64


@dataclass(frozen=True, eq=False)
class BoxExam:
    """What one reading of the boxes told.

    Attributes:
        problem: why they can't be used, "" when they can; all else is then empty.
        boxes: themselves.
        n_outside: which reach out of the image by more than a voxel.
        n_beside: of these, which lie wholly outside of it.
        n_flat: which have no room: a side of nearly nothing, or a single pixel of a picture.
        n_twice: which repeat one before them: the same class, and nearly the same place.
    """

    problem: str = ""
    boxes: Boxes | None = None
    n_outside: int = 0
    n_beside: int = 0
    n_flat: int = 0
    n_twice: int = 0


def examine_boxes(case: Case, image: Volume) -> BoxExam | None:
    """Read the boxes of a case, once; ``None`` where nothing is known of any."""
    if "boxes" not in case.targets:
        return None
    try:
        boxes = case.boxes.read()
    except ScanwrightError as error:
        return BoxExam(problem=str(error))
    box, shape = boxes.box_ijk, np.array(image.shape, dtype=float)
    sides = box[:, 1] - box[:, 0]
    outside = ((box[:, 0] < -TOLERANCE_VOXELS) | (box[:, 1] > shape + TOLERANCE_VOXELS)).any(axis=1)
    beside = ((box[:, 1] <= 0) | (box[:, 0] >= shape)).any(axis=1)
    flat = (sides < SHORTEST_SIDE_VOXELS).any(axis=1)
    # In a volume a lesion may well be one voxel, in a picture it is a click.
    one_pixel = (sides <= 1).all(axis=1) & (image.shape[2] == 1 < image.array[0].size)
    return BoxExam(
        boxes=boxes,
        n_outside=int((outside | beside).sum()),
        n_beside=int(beside.sum()),
        n_flat=int((flat | one_pixel).sum()),
        n_twice=int(_twice(boxes).sum()),
    )


def _twice(boxes: Boxes) -> BoolArray:
    names, number = np.unique(np.array(boxes.classes, dtype=object), return_inverse=True)
    found = np.zeros(len(boxes), dtype=bool)
    # In blocks, as thousands of boxes have millions of pairs.
    for start in range(0, len(boxes) if len(names) else 0, _BLOCK):
        part = slice(start, start + _BLOCK)
        same = intersection_over_union(boxes.box_ijk[part], boxes.box_ijk) >= SAME_OVERLAP
        same &= number[part, None] == number[None, :]
        before = np.arange(len(boxes))[None, :] < np.arange(len(boxes))[part, None]
        found[part] = (same & before).any(axis=1)
    return found
