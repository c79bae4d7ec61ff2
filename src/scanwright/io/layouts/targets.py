"""What the columns of a manifest say of a case: its mask, its classes, its numbers, its boxes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy, Target
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.table import owners_of, read_boxes
from scanwright.io.failures import reading
from scanwright.io.image import read_grid
from scanwright.io.notes import listed
from scanwright.io.tables import Table

OWN = ("mask", "label", "labels", "boxes", "value")
SEPARATOR = "|"
UNSURE = "uncertain"
"""The fact that names the classes of which nobody is sure."""
_YES, _NO, _MAYBE = ("1", "true", "yes"), ("0", "false", "no"), ("-1", "u", UNSURE)
_NOTHING_MEASURED = ("", "na", "n/a", "nan", "null", "none")
_NONE_OF_THEM = ("", "no finding")  # what ChestX-ray14 writes


@dataclass(frozen=True)
class TargetColumns:
    """Which columns of a table hold targets.

    Attributes:
        classes: column → class that it says of whether a case has it.
        values: column → what is measured.
        joined: the column with names of classes joined by ``|``, "" without one.
    """

    classes: Mapping[str, str]
    values: Mapping[str, str]
    joined: str

    @classmethod
    def of(cls, table: Table) -> TargetColumns:
        """Those of a manifest: ``label:NAME``, ``value:NAME`` or ``value``, and ``labels``."""
        classes = {
            column: column.partition(":")[2] for column in table.columns if column.startswith("label:")
        }
        values = {column: column.partition(":")[2] for column in table.columns if column.startswith("value:")}
        values |= {"value": "value"} if "value" in table.columns else {}
        filled = "labels" in table.columns and any(table.column("labels"))
        return cls(classes, values, "labels" if filled else "")

    def targets(self, cells: Mapping[str, str]) -> tuple[dict[str, Target], str]:
        """The targets of a row that are no files, and the classes of which it is not sure.

        Raises:
            DataError: without subject; a cell is not what its column holds.
        """
        targets: dict[str, Target] = {"label": cells["label"]} if cells.get("label") else {}
        answers = {name: _answer(column, cells[column]) for column, name in self.classes.items()}
        told = [name for name, answer in answers.items() if answer in _YES]
        joined = cells.get(self.joined, "")
        if joined.lower() not in _NONE_OF_THEM:
            told += [name.strip() for name in joined.split(SEPARATOR) if name.strip()]
        if self.joined or any(answers.values()):
            targets["labels"] = tuple(dict.fromkeys(told))
        values = {name: _measured(column, cells[column]) for column, name in self.values.items()}
        known = {name: value for name, value in values.items() if value is not None}
        targets |= {"values": known} if known else {}
        return targets, SEPARATOR.join(name for name, answer in answers.items() if answer in _MAYBE)

    def class_names(self, cases: Sequence[Case]) -> dict[str, str]:
        """All classes, also those that no case has."""
        found = {name for case in cases if "labels" in case.targets for name in case.labels}
        singles = {case.label for case in cases if "label" in case.targets}
        return {name: name for name in (*sorted(singles), *self.classes.values(), *sorted(found))}

    def notes(self, table: Table) -> tuple[str, ...]:
        """How cells were understood that could be understood in another way."""
        notes = []
        rows = [
            [_answer(column, row.cells[column], strict=False) for column in self.classes]
            for row in table.rows
        ]
        blank = sum(row.count("") for row in rows if any(row))
        maybe = sum(answer in _MAYBE for row in rows for answer in row)
        if blank:
            notes.append(f"{blank} empty cells of label: columns, beside filled ones, count as 0")
        if maybe:
            notes.append(f"{maybe} uncertain cells (-1) count as 0; the fact '{UNSURE}' names the classes")
        none = sum(cell.lower() in _NONE_OF_THEM for cell in table.column(self.joined)) if self.joined else 0
        if none:
            notes.append(f"{none} cases have none of the classes, by the column {self.joined}")
        names = {
            name.strip()
            for cell in (table.column(self.joined) if self.joined else ())
            for name in cell.split(SEPARATOR)
            if name.strip()
        }
        for mark in ";,/+":
            joined = [name for name in names if mark in name and {*map(str.strip, name.split(mark))} <= names]
            if joined:
                notes.append(
                    f"classes that look like others joined by {mark} count as classes of their own; "
                    f"{SEPARATOR} joins names: {listed(sorted(joined))}"
                )
        return tuple(notes)


def _answer(column: str, cell: str, *, strict: bool = True) -> str:
    """What a cell says of a class, in one of the words above; "" when nothing."""
    word = cell.lower()
    try:
        number = float(word)
        word = str(int(number)) if number.is_integer() else word
    except (ValueError, OverflowError):
        pass
    if word in _NOTHING_MEASURED:
        return ""
    if strict and word not in (*_YES, *_NO, *_MAYBE):
        raise DataError(
            f"the column {column} does not say whether the case has the class",
            expected="1, 0, -1 (uncertain) or nothing",
            received=repr(cell[:20]),
        )
    return word


def _measured(column: str, cell: str) -> float | None:
    if cell.lower() in _NOTHING_MEASURED:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"the column {column} does not hold a number", received=repr(cell[:20]))
    return value


def lazy_case_boxes(root: Path, file: str, image: Lazy[Volume], case: str) -> Lazy[Boxes]:
    """The boxes of a case in a file of boxes, read when asked for; paths relative to the root."""
    return Lazy(file, partial(_read_case_boxes, root, file, image, case))


def note_strangers(root: Path, files: Collection[str], cases: Collection[str]) -> list[str]:
    """A note on each table of boxes with rows of cases that do not exist: nobody would miss them."""
    notes = []
    for file in files:
        try:
            with reading(file):
                owners = owners_of(root / file)
        except DataError:
            continue  # its cases will say so
        strange = [name for name in owners if name not in cases]
        n = sum(owners[name] for name in strange)
        notes += [f"{file}: rows of boxes whose case does not exist: {n}, of {listed(strange)}"] * bool(n)
    return notes


def _read_case_boxes(root: Path, file: str, image: Lazy[Volume], case: str) -> Boxes:
    grid = read_grid_of(root, image)
    with reading(file):
        return read_boxes(root / file, grid, case=case, image=image.source)


def read_grid_of(root: Path, image: Lazy[Volume]) -> Volume:
    """Shape and affine of an image of a dataset at ``root``: not to be looked into."""
    # What is no file of its own, such as a series, has no header that tells its grid; it is read.
    alone = (root / image.source).is_file()
    return read_grid(root / image.source, subject=image.source) if alone else image.read()
