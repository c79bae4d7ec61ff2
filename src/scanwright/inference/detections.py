"""Detections: findings as ``detections.json`` (COCO), of volumes also as ``detections.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanwright.core.boxes import enclosing_mm
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case
from scanwright.data.prediction import BoxPrediction
from scanwright.data.volume import Volume
from scanwright.io.files import write_csv, write_json
from scanwright.types import FloatArray, JsonDict

_VOXELS = tuple(f"{axis}_{end}" for end in ("lo", "hi") for axis in "ijk")
_MM = tuple(f"{axis}_{end}_mm" for end in ("lo", "hi") for axis in "xyz")
COLUMNS = ("id", "case", "class", "score", *_VOXELS, *_MM)


@dataclass(frozen=True, eq=False)
class Placed:
    """What was found in an image, and the grid of that image.

    Attributes:
        case: name.
        file_name: of the image, as the inputs name it.
        shape: (i, j, k).
        affine_ras: (4, 4); ``None`` where the spacing is unknown.
        boxes: with scores.
    """

    case: str
    file_name: str
    shape: tuple[int, int, int]
    affine_ras: FloatArray | None
    boxes: Boxes


def place(case: Case, prediction: BoxPrediction, image: Volume, *, all_findings: bool) -> Placed:
    """The findings of a case that are written: those that count, or all."""
    boxes = prediction.boxes if all_findings else prediction.found
    return Placed(case.name, case.image.source, image.shape, image.affine_ras, boxes)


def write_detections(folder: Path, placed: Sequence[Placed], classes: Sequence[str]) -> list[Path]:
    """Write ``detections.json``, and where an image has depth ``detections.csv`` with the same ids.

    Args:
        folder: where to.
        placed: of each image, also of those in which nothing was found.
        classes: of the model, in order: categories 1, 2, ….

    Returns:
        The files.

    Raises:
        OutputError: the disk is full.
    """
    files = [folder / "detections.json"]
    write_json(files[0], as_coco(placed, classes))
    if any(one.shape[2] > 1 for one in placed):
        files.append(folder / "detections.csv")
        write_csv(files[1], list(COLUMNS), list(_rows(placed)))
    return files


def as_coco(placed: Sequence[Placed], classes: Sequence[str]) -> JsonDict:
    """One COCO object; ids count from 1. ``bbox`` is x, y, width, height along i and j, from the edge of the
    first pixel; the ``depth`` of a volume is its number of slices."""
    annotations: list[JsonDict] = []
    images: list[JsonDict] = []
    for number, one in enumerate(placed, start=1):
        i, j, k = one.shape
        depth = {"depth": k} if k > 1 else {}
        images.append({"id": number, "file_name": one.file_name, "width": i, "height": j, **depth})
        for (lo, hi), name, score in _each(one.boxes):
            x, y, right, low = lo[0], lo[1], hi[0], hi[1]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": classes.index(name) + 1,
                    "bbox": [round(value, 3) for value in (x, y, right - x, low - y)],
                    "score": round(score, 6),
                }
            )
    categories = [{"id": n, "name": name} for n, name in enumerate(classes, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}


def _rows(placed: Sequence[Placed]) -> Iterator[list[str]]:
    """As ``COLUMNS``; mm along the axes of the patient, RAS+, empty where the spacing is unknown."""
    number = 0
    for one in placed:
        box_mm = None if one.affine_ras is None else enclosing_mm(one.boxes.box_ijk, one.affine_ras)
        for nth, (ends, name, score) in enumerate(_each(one.boxes)):
            number += 1
            mm = [""] * 6 if box_mm is None else [f"{value:.3f}" for value in box_mm[nth].ravel()]
            voxels = [f"{value:.3f}" for end in ends for value in end]
            yield [str(number), one.case, name, f"{score:.6f}", *voxels, *mm]


def _each(boxes: Boxes) -> Iterator[tuple[list[list[float]], str, float]]:
    """lo and hi, class and score."""
    scores = boxes.scores if boxes.scores is not None else np.ones(len(boxes))
    yield from zip(boxes.box_ijk.tolist(), boxes.classes, scores.tolist(), strict=True)
