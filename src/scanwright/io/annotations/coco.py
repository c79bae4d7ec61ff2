"""COCO: one JSON object of images, annotations and categories for many images. Pixels count from 0.

Lin et al., Microsoft COCO: Common Objects in Context, 2014; https://cocodataset.org, "Data format".
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, TypeGuard

from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.picture import Drawn, check_size, on_picture
from scanwright.io.failures import in_words

MOST_BYTES = 512 << 20
_CHUNK_BYTES = 1 << 20
_SIGNS = (b'"images"', b'"annotations"')


@dataclass(frozen=True)
class Pictured:
    """An image that a file tells of.

    Attributes:
        file_name: as it stands there.
        columns, rows: its size, where it is told.
        marks: its annotations, as they stand there (no outlines).
        names: category → class.
        problem: why its boxes can't be used, "" when they can.
    """

    file_name: str
    columns: float | None
    rows: float | None
    marks: tuple[Mapping[str, Any], ...]
    names: Mapping[int, str]
    problem: str = ""


@dataclass(frozen=True)
class Coco:
    """What a file tells.

    Attributes:
        images: in the order of the file.
        classes: names, in the order of the file.
        notes: what it holds and is not used, in words.
    """

    images: tuple[Pictured, ...]
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()


def looks_like_coco(path: Path) -> bool:
    """True when a file holds the names of the lists that make COCO; it is not parsed."""
    wanted, before = set(_SIGNS), b""
    with path.open("rb") as stream:
        while wanted and (chunk := stream.read(_CHUNK_BYTES)):
            wanted -= {sign for sign in wanted if sign in before + chunk}
            before = chunk[-max(map(len, _SIGNS)) :]
    return not wanted


def read_coco(path: Path) -> Coco:
    """Everything in a file; boxes are looked into when an image is asked for.

    Raises:
        DataError: without subject; no such JSON, implausibly large.
    """
    return from_json(load_json(path))


def load_json(path: Path) -> Any:
    """What a JSON file of annotations holds; NaN and infinity, which JSON does not know, are refused.

    Raises:
        DataError: without subject; not JSON, implausibly large.
    """
    if path.stat().st_size > MOST_BYTES:
        raise DataError("the annotations are implausibly large", expected=f"at most {MOST_BYTES >> 20} MiB")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DataError("the file is not JSON", received=in_words(error)) from None


def from_json(content: Any) -> Coco:
    """As :func:`read_coco`, of what was parsed already."""
    images, annotations, categories = (_list(content, key) for key in ("images", "annotations", "categories"))
    names, idle = _names(categories, annotations)
    by_id: dict[Any, Pictured] = {}
    marks: dict[Any, list[Mapping[str, Any]]] = {}
    for image in images:
        key, file_name = image.get("id"), image.get("file_name")
        if not isinstance(key, (int, str)) or not isinstance(file_name, str) or not file_name:
            raise DataError("an image has no id or no file_name", received=repr(image)[:80])
        entry = Pictured(file_name, _side(image, "width"), _side(image, "height"), (), names)
        if key in by_id:
            entry = replace(entry, problem=f"two images have the id {key!r}"[:80])
        by_id[key], marks[key] = entry, []
    lone, outlined = 0, 0
    for one in annotations:
        key = one.get("image_id")
        if not isinstance(key, (int, str)) or key not in marks:
            lone += 1
            continue
        outlined += bool(one.get("segmentation"))
        kept = ("bbox", "category_id", "iscrowd", "score")
        marks[key].append({name: one[name] for name in kept if name in one})
    notes = [f"{lone} annotations belong to no image"] if lone else []
    notes += [f"{outlined} outlines (segmentation) are not used, their boxes are"] if outlined else []
    classes = tuple(dict.fromkeys(name for key, name in names.items() if key not in idle))
    return Coco(
        tuple(replace(entry, marks=tuple(marks[key])) for key, entry in by_id.items()), classes, tuple(notes)
    )


def boxes_of(entry: Pictured, grid: Volume) -> Boxes:
    """The boxes of an image on its grid; what is marked as a crowd keeps that flag.

    Raises:
        DataError: without subject; another size, a box that is none, a category that is not listed.
    """
    if entry.problem:
        raise DataError(entry.problem)
    check_size(grid, entry.columns, entry.rows)
    return on_picture([_drawn(mark, entry.names) for mark in entry.marks])


def _drawn(mark: Mapping[str, Any], names: Mapping[int, str]) -> Drawn:
    box, category = mark.get("bbox"), mark.get("category_id")
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(value) for value in box):
        raise DataError("a bbox is not [x, y, width, height]", received=repr(box)[:60])
    if not isinstance(category, int) or category not in names:
        raise DataError("an annotation is of a category that is not listed", received=repr(category)[:20])
    x, y, width, height = (float(value) for value in box)
    score = mark.get("score")
    return Drawn(
        names[category],
        x,
        y,
        x + width,
        y + height,
        "crowd" if mark.get("iscrowd") else "",
        float(score) if _is_number(score) else None,
    )


def _names(
    categories: Sequence[Mapping[str, Any]], annotations: Sequence[Mapping[str, Any]]
) -> tuple[dict[int, str], set[int]]:
    """Category → name, and which are only the headings of others (Roboflow writes such)."""
    names: dict[int, str] = {}
    for one in categories:
        key, name = one.get("id"), one.get("name")
        if not isinstance(key, int) or isinstance(key, bool) or not isinstance(name, str) or not name:
            raise DataError("a category has no id or no name", received=repr(one)[:80])
        if key in names:
            raise DataError("two categories have one id", received=str(key))
        names[key] = name
    used = {one.get("category_id") for one in annotations if isinstance(one.get("category_id"), int)}
    headings = {one.get("supercategory") for one in categories if one.get("supercategory") != one["name"]}
    return names, {key for key, name in names.items() if key not in used and name in headings}


def _list(content: Any, key: str) -> list[Mapping[str, Any]]:
    entries = content.get(key) if isinstance(content, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DataError(
            "the file does not hold annotations as COCO has them",
            expected="the lists images, annotations and categories, each of objects",
            received=f"no such list: {key}",
        )
    return entries


def _side(image: Mapping[str, Any], name: str) -> float | None:
    value = image.get(name)
    return float(value) if _is_number(value) else None


def _is_number(value: Any) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
