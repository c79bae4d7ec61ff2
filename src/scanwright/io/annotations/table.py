"""Boxes in a table, or as JSON with the same names: in voxels, in mm, or as balls. Also what we write.

==============================  =======================================================================
columns                         mean
==============================  =======================================================================
i_lo j_lo k_lo i_hi j_hi k_hi   voxels, half-open; without k_lo and k_hi on pictures
x_lo_mm … z_hi_mm               corners along the axes of the patient, RAS+
i j k diameter_mm               centre of a ball; a whole number is the centre of a voxel
x_mm y_mm z_mm diameter_mm      centre of a ball, RAS+; coordX coordY coordZ (LUNA16) are LPS+
i j k diameter_voxels           centre and sides of a cube of voxels; without k a square on pictures
case                            whose box it is, in a table of several cases; or seriesuid (LUNA16)
class, score, flag              what it is ("object"), how sure, "difficult" or "crowd"
==============================  =======================================================================

Of several places that a row tells, the first in this order counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from scanwright.core.boxes import boxes_around, enclosing_ijk, enclosing_mm, ijk_of
from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.coco import Coco, Pictured, boxes_of, from_json, load_json
from scanwright.io.files import write_csv
from scanwright.io.formats.table import without_suffix
from scanwright.io.paths import common_tail
from scanwright.io.tables import read_table
from scanwright.types import FloatArray

VOXELS = ("i_lo", "j_lo", "k_lo", "i_hi", "j_hi", "k_hi")
MILLIMETRES = ("x_lo_mm", "y_lo_mm", "z_lo_mm", "x_hi_mm", "y_hi_mm", "z_hi_mm")
_FLAT = ("i_lo", "j_lo", "i_hi", "j_hi")
_BALLS = (("i", "j", "k"), ("x_mm", "y_mm", "z_mm"), ("coordX", "coordY", "coordZ"))
_CUBE, _SQUARE = ("i", "j", "k", "diameter_voxels"), ("i", "j", "diameter_voxels")
_OWNERS = ("case", "seriesuid")
_LPS = np.array([-1.0, -1.0, 1.0])
_NO_CLASS = "object"
_Cells: TypeAlias = Mapping[str, Any]


def read_boxes(path: Path, grid: Volume, *, case: str, image: str) -> Boxes:
    """The boxes of one case, on the grid of its image.

    Args:
        path: a table (.csv, .tsv) of this case or of several, or JSON (.json): a list of objects with the
            names of the columns above, or COCO.
        grid: of the image.
        case: its name; in a table of several cases without a row for it, there is no object in it.
        image: its file, by which COCO knows it.

    Raises:
        DataError: without subject; not such a file, a box that is none, mm without a place in the patient.
    """
    told = _read_once(path, path.stat().st_mtime_ns, path.stat().st_size)
    if isinstance(told, Coco):
        return boxes_of(_pictured(told, case, image), grid)
    return _boxes(told.get(case, ()) if None not in told else told[None], grid)


def owners_of(path: Path) -> dict[str, int]:
    """How many rows a table of several cases has for each; empty for a file of one case, and for COCO.

    Raises:
        DataError: as :func:`read_boxes`.
    """
    told = _read_once(path, path.stat().st_mtime_ns, path.stat().st_size)
    return {} if isinstance(told, Coco) else {name: len(rows) for name, rows in told.items() if name}


def write_boxes(path: Path, boxes: Mapping[str, tuple[Boxes, FloatArray | None]]) -> None:
    """A table that :func:`read_boxes` reads: a row a box, in voxels and, where the affine is known, in mm.

    Args:
        path: the table.
        boxes: case → its boxes, and the affine of its image.
    """
    scored = any(own.scores is not None for own, _ in boxes.values())
    flagged = any(own.ignored.any() for own, _ in boxes.values())
    placed = any(affine is not None for _, affine in boxes.values())
    optional = [name for name, needed in (("score", scored), ("flag", flagged)) if needed]
    columns = ("id", "case", "class", *optional, *VOXELS, *(MILLIMETRES if placed else ()))
    rows = (row for case, (own, affine) in boxes.items() for row in _written(case, own, affine))
    numbered = ({"id": number} | row for number, row in enumerate(rows, start=1))
    write_csv(path, columns, ([row.get(column, "") for column in columns] for row in numbered))


def _written(case: str, boxes: Boxes, affine: FloatArray | None) -> Iterator[dict[str, Any]]:
    voxels = boxes.box_ijk.reshape(-1, 6)
    mm = None if affine is None else enclosing_mm(boxes.box_ijk, affine).reshape(-1, 6)
    for n, (name, flag) in enumerate(zip(boxes.classes, boxes.flags, strict=True)):
        row: dict[str, Any] = {"case": case, "class": name, "flag": flag}
        row |= zip(VOXELS, map(_plain, voxels[n]), strict=True)
        if boxes.scores is not None:
            row["score"] = float(boxes.scores[n])
        if mm is not None:
            row |= zip(MILLIMETRES, (round(float(value), 4) for value in mm[n]), strict=True)
        yield row


def _plain(value: float) -> float | int:
    """To a billionth of a voxel: shares of an image times its pixels give 46 and not 45.99999999999999."""
    near = round(float(value), 9)
    return int(near) if near == int(near) else near


@lru_cache(maxsize=4)
def _read_once(path: Path, changed_ns: int, n_bytes: int) -> Coco | dict[str | None, list[_Cells]]:
    """What a file tells: its rows by case, all under ``None`` where it is of one case. Files that many cases
    share are read once, as long as they do not change."""
    rows: Sequence[_Cells]
    if path.suffix.lower() == ".json":
        content = load_json(path)
        if isinstance(content, dict):
            return from_json(content)
        if not isinstance(content, list) or not all(isinstance(one, dict) for one in content):
            raise DataError("the file holds no boxes", expected="a list of objects, or COCO")
        rows, owner = content, None
    else:
        table = read_table(path, what="table of boxes")
        rows = [row.cells for row in table.rows]
        owner = next((column for column in _OWNERS if column in table.columns), None)
        if not rows and not {*_FLAT, *MILLIMETRES, "diameter_mm", "diameter_voxels"} & {*table.columns}:
            raise DataError("the table has no column that tells a place")
    by_case: dict[str | None, list[_Cells]] = {} if owner else {None: []}
    for row in rows:
        by_case.setdefault(row[owner] if owner else None, []).append(row)
    return by_case


def _pictured(coco: Coco, case: str, image: str) -> Pictured:
    """The one whose path has the longest end in common with the image's, else the one named as the case."""
    tails = [common_tail(one.file_name, image) for one in coco.images]
    longest = max(tails, default=0)
    best = [one for one, tail in zip(coco.images, tails, strict=True) if longest and tail == longest]
    best = best or [one for one in coco.images if without_suffix(one.file_name) == case]
    if len(best) != 1:
        raise DataError(
            "the annotations do not tell clearly of this image",
            expected="one image of its name",
            received=str(len(best)),
        )
    return best[0]


def _boxes(rows: Sequence[_Cells], grid: Volume) -> Boxes:
    scores = [_number(row, "score") for row in rows if row.get("score") not in (None, "")]
    return Boxes(
        np.array([_place(row, grid) for row in rows]).reshape(-1, 2, 3),
        tuple(str(row.get("class") or _NO_CLASS) for row in rows),
        np.array(scores) if scores and len(scores) == len(rows) else None,
        tuple(str(row.get("flag") or "") for row in rows),
    )


def _place(row: _Cells, grid: Volume) -> FloatArray:
    """(2, 3) of one row."""
    if _tells(row, VOXELS):
        return np.array([_number(row, column) for column in VOXELS]).reshape(2, 3)
    if _tells(row, _FLAT):
        if grid.shape[2] != 1:
            raise DataError("a box of a volume has no k_lo and k_hi")
        i_lo, j_lo, i_hi, j_hi = (_number(row, column) for column in _FLAT)
        return np.array([[i_lo, j_lo, 0.0], [i_hi, j_hi, 1.0]])
    if _tells(row, MILLIMETRES):
        corners = np.array([_number(row, column) for column in MILLIMETRES]).reshape(1, 2, 3)
        if (corners[0, 1] < corners[0, 0]).any():  # turned back by an affine, it would look like any other
            raise DataError("a box in mm ends before it begins")
        return np.asarray(enclosing_ijk(corners, _affine(grid))[0])
    for columns in _BALLS:
        if _tells(row, columns):
            if not _tells(row, ("diameter_mm",)) and _tells(row, ("diameter_voxels",)):
                break
            return _ball(row, columns, _affine(grid))
    for cube in (_CUBE, _SQUARE):
        if _tells(row, cube):
            return _cube(row, cube, grid)
    raise DataError(
        "a row does not tell where its box is",
        expected="i_lo … k_hi, x_lo_mm … z_hi_mm, or a centre and diameter_mm or diameter_voxels",
        received=", ".join(str(column) for column in row)[:80],
    )


def _ball(row: _Cells, columns: Sequence[str], affine: FloatArray) -> FloatArray:
    if not _tells(row, ("diameter_mm",)):
        raise DataError("a centre has no diameter_mm")
    centre, diameter = np.array([_number(row, column) for column in columns]), _number(row, "diameter_mm")
    if diameter < 0:
        raise DataError("a diameter_mm is negative")
    if columns != _BALLS[0]:
        centre = ijk_of(centre * _LPS if columns == _BALLS[2] else centre, affine)
    return np.asarray(boxes_around(centre[None], np.array([diameter]), affine)[0])


def _cube(row: _Cells, columns: Sequence[str], grid: Volume) -> FloatArray:
    """As :func:`_ball`, in voxels."""
    if columns == _SQUARE and grid.shape[2] != 1:
        raise DataError("a point in a volume has no k")
    *centre, diameter = (_number(row, column) for column in columns)
    if diameter < 0:
        raise DataError("a diameter_voxels is negative")
    middle = np.array([*centre, 0.0][:3])
    box = boxes_around(middle[None], np.array([diameter]), np.eye(4))[0]
    if columns == _SQUARE:
        box[:, 2] = (0.0, 1.0)
    return np.asarray(box)


def _affine(grid: Volume) -> FloatArray:
    if grid.affine_ras is None:
        raise DataError("boxes are told in mm, and nobody knows the spacing of the image")
    return grid.affine_ras


def _tells(row: _Cells, columns: Sequence[str]) -> bool:
    return all(row.get(column) not in (None, "") for column in columns)


def _number(row: _Cells, column: str) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{column} is not a number", received=repr(row[column])[:20])
    return value
