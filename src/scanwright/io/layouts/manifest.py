"""manifest.csv: one row per case, with what is known of it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scanwright.data.case import Case, Lazy, SetAside, Split
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.classes import SPLIT_FOLDERS
from scanwright.io.layouts.nnunet import lazy_image, lazy_mask

NAME = "manifest.csv"
FILE_NAME = "manifest.csv"
# Columns of the contract that no task learns from yet.
_LATER = ("boxes", "time", "event")
_LATER_KINDS = ("label", "value", "text", "table", "sequence", "graph", "signal", "clip")
_OWN = ("case", "patient", "split", "image", "mask", "label")
_BYTES_LIMIT = 1 << 20  # of one cell; a reading limit, so that a binary file is not taken for a table


@dataclass(frozen=True)
class _Row:
    line: int
    cells: Mapping[str, str]


def open_manifest(path: Path, source: str) -> Dataset:
    """One case per row; paths are relative to the manifest.

    Raises:
        DataError: not a table, no image column, two rows with one name, an unknown split.
    """
    columns, rows = _read_rows(path)
    images = [column for column in columns if column == "image" or column.startswith("image:")]
    if not images:
        raise DataError(
            "the manifest has no image column",
            subject=path.name,
            expected="a column named image (or image:NAME for several channels)",
            received=", ".join(columns[:12]),
        )
    cases: list[Case] = []
    set_aside: list[SetAside] = []
    for row in rows:
        name = row.cells.get("case") or without_suffix(row.cells[images[0]]) or f"row {row.line}"
        try:
            cases.append(_case(path, name, row, images))
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error)))
    labels = sorted({case.label for case in cases if "label" in case.targets})
    known = any(case.patient for case in cases)
    n_without = sum(case.patient is None for case in cases)
    patients = 'column "patient" of the manifest' + (f" (empty for {n_without} cases)" if n_without else "")
    later = [column for column in columns if column in _LATER or column.partition(":")[0] in _LATER_KINDS[1:]]
    later += [column for column in columns if column.startswith("label:")]
    return Dataset(
        tuple(cases),
        NAME,
        source,
        channels=tuple(column.removeprefix("image:") for column in images) if images != ["image"] else (),
        class_names={label: label for label in labels},
        patients=patients if known else "unknown",
        notes=(f"columns of the manifest that are not used yet: {', '.join(later)}",) if later else (),
        set_aside=tuple(set_aside),
    )


def refers_into(path: Path, folders: Sequence[str]) -> bool:
    """True when some row of the manifest names a file in one of the folders beside it."""
    columns, rows = _read_rows(path)
    starts = tuple(f"{folder}/" for folder in folders)
    cells = (row.cells[column] for row in rows for column in columns)
    return any(cell.replace("\\", "/").removeprefix("./").startswith(starts) for cell in cells)


def _read_rows(path: Path) -> tuple[list[str], list[_Row]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "the manifest cannot be read",
            subject=path.name,
            received=type(error).__name__,
            do="Save it as CSV in UTF-8.",
        ) from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        csv.field_size_limit(_BYTES_LIMIT)
        lines = list(csv.reader(text.splitlines(), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise DataError("the manifest is not a table", subject=path.name, received=str(error)) from None
    if len(lines) < 2:
        raise DataError(
            "the manifest has no rows",
            subject=path.name,
            expected="a line of column names and a line per case",
        )
    columns = [column.strip() for column in lines[0]]
    if len(set(columns)) < len(columns):
        raise DataError(
            "the manifest has two columns of one name", subject=path.name, received=", ".join(columns)
        )
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) > len(columns):
            raise DataError(
                f"line {number} has {len(line)} cells",
                subject=path.name,
                expected=f"{len(columns)}, as in the first line",
            )
        cells = [cell.strip() for cell in line] + [""] * (len(columns) - len(line))
        rows.append(_Row(number, dict(zip(columns, cells, strict=True))))
    return columns, rows


def _case(manifest: Path, name: str, row: _Row, images: Sequence[str]) -> Case:
    root, cells = manifest.parent, row.cells
    image = _image(root, [cells[column] for column in images], images)
    targets: dict[str, Lazy[Volume] | str] = {}
    if cells.get("mask"):
        targets["mask"] = lazy_mask(root, _existing(root, cells["mask"], "mask"))
    if cells.get("label"):
        targets["label"] = cells["label"]
    facts = {
        column: value
        for column, value in cells.items()
        if value and column not in _OWN and column not in _LATER and ":" not in column
    }
    return Case(name, {"image": image}, targets, cells.get("patient") or None, _split(cells, row.line), facts)


def _image(root: Path, values: Sequence[str], columns: Sequence[str]) -> Lazy[Volume]:
    for value, column in zip(values, columns, strict=True):
        if not value:
            raise DataError(f"the column {column} is empty")
    return lazy_image(
        root, [_existing(root, value, column) for value, column in zip(values, columns, strict=True)]
    )


def _existing(root: Path, value: str, column: str) -> str:
    value = (
        value.replace("\\", "/") if re.match(r"^[^/]*\\", value) and not (root / value).exists() else value
    )
    if not (root / value).exists():
        raise DataError(f"the file of the column {column} does not exist", received=value)
    return value


def _split(cells: Mapping[str, str], line: int) -> Split | None:
    value = cells.get("split", "")
    if not value:
        return None
    try:
        return SPLIT_FOLDERS[value.lower()]
    except KeyError:
        raise DataError(
            f"line {line} of the manifest names an unknown split",
            expected="train, val or test",
            received=value,
        ) from None
