"""manifest.csv: one row per case, with what is known of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from scanwright.data.case import Case, Lazy, SetAside, Split, Target
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.scan import Scan, counted, one_series, scan_tree
from scanwright.io.dicom.series import Series, read_file, series_of_file
from scanwright.io.formats.table import format_of, without_suffix
from scanwright.io.layouts.classes import SPLIT_FOLDERS
from scanwright.io.layouts.description import read_description
from scanwright.io.layouts.lesions import Settled, lazy_masks, named_part, settle
from scanwright.io.layouts.nnunet import lazy_image
from scanwright.io.layouts.outlines import MaskFiles
from scanwright.io.layouts.targets import OWN as OWN_TARGETS
from scanwright.io.layouts.targets import SEPARATOR, UNSURE, TargetColumns, lazy_case_boxes
from scanwright.io.tables import Row, Table, read_table

NAME = "manifest.csv"
FILE_NAME = "manifest.csv"
# Columns of the contract that no task learns from yet.
_LATER = ("time", "event")
_LATER_KINDS = ("text", "table", "sequence", "graph", "signal", "clip")
MEANINGFUL = ("case", "patient", "split", "image", *OWN_TARGETS, *_LATER)
"""Columns that are no facts, without those with a colon."""
_UID = re.compile(r"^[0-9]+(\.[0-9]+)+$")


def open_manifest(path: Path, source: str) -> Dataset:
    """One case per row; paths are relative to the manifest.

    A dataset.json beside it names the values in the masks, and the channels.

    Raises:
        DataError: not a table, no image column, two rows with one name, an unknown split.
    """
    table = read_table(path, what="manifest")
    if not table.rows:
        raise DataError(
            "the manifest has no rows",
            subject=path.name,
            expected="a line of column names and a line per case",
        )
    return open_rows(path.parent, table, source, subject=path.name)


def open_rows(root: Path, table: Table, source: str, *, subject: str, layout: str = NAME) -> Dataset:
    """One case per row of a table whose columns are those of a manifest.

    Args:
        root: what the paths in it are relative to.
        table: the rows.
        source: of the dataset.
        subject: how messages name the table.
        layout: how it was recognised, in words.

    Raises:
        DataError: see :func:`open_manifest`.
    """
    columns, rows = table.columns, table.rows
    images = [column for column in columns if column == "image" or column.startswith("image:")]
    if not images:
        raise DataError(
            "the manifest has no image column",
            subject=subject,
            expected="a column named image (or image:NAME for several channels)",
            received=", ".join(columns[:12]),
        )
    reader = _Reader(root, table, tuple(images))
    cases: list[Case] = []
    set_aside: list[SetAside] = []
    for row in rows:
        name = row.cells.get("case") or without_suffix(row.cells[images[0]]) or f"row {row.line}"
        try:
            cases.append(reader.case(name, row))
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error)))
    known = any(case.patient for case in cases)
    n_without = sum(case.patient is None for case in cases)
    by_column = any(row.cells.get("patient") for row in rows)
    patients = (
        f'column "patient" of {"the manifest" if layout == NAME else subject}'
        if by_column
        else "PatientID in the DICOM header"
    ) + (f" (empty for {n_without} cases)" if n_without else "")
    described = reader.described
    later = [column for column in columns if column in _LATER or column.partition(":")[0] in _LATER_KINDS]
    notes = [f"columns of the manifest that are not used yet: {', '.join(later)}"] if later else []
    notes += [*reader.masks.notes(), *reader.targets.notes(table), *described.notes, *reader.outlines.notes()]
    classes = reader.targets.class_names(cases) | {name: name for name in described.classes}
    return Dataset(
        tuple(cases),
        layout,
        source,
        channels=described.channels
        if images == ["image"]
        else tuple(column.removeprefix("image:") for column in images),
        class_names={**(reader.masks.names or reader.outlines.class_names), **classes},
        patients=patients if known else "unknown",
        notes=(
            *notes,
            *reader.exports.left_over({row.cells[images[0]] for row in rows}, reader.outlines.n_objects),
        ),
        set_aside=(*set_aside, *reader.exports.damaged()),
    )


def refers_into(path: Path, folders: Sequence[str]) -> bool:
    """True when some row of the manifest names a file in one of the folders beside it."""
    starts = tuple(f"{folder}/" for folder in folders)
    cells = (cell for row in read_table(path, what="manifest").rows for cell in row.cells.values())
    return any(cell.replace("\\", "/").removeprefix("./").startswith(starts) for cell in cells)


class _Reader:
    """Makes a case of each row of a manifest."""

    def __init__(self, root: Path, table: Table, images: tuple[str, ...]) -> None:
        self._root, self._images = root, images
        self.exports = _Exports(root)
        self.targets = TargetColumns.of(table)
        self.described = read_description(root)
        cells = [row.cells.get("mask", "") for row in table.rows]
        self.masks = self._settle(table) if any(SEPARATOR in cell for cell in cells) else Settled()
        single = [way for cell in cells if SEPARATOR not in cell for way in _spellings(cell)]
        self.outlines = MaskFiles(root, single, self.described.class_names)

    def case(self, name: str, row: Row) -> Case:
        """The case of a row.

        Raises:
            DataError: a file or a series is missing, or a cell is not what its column holds.
        """
        root, cells = self._root, row.cells
        for column in self._images:
            if not cells[column]:
                raise DataError(f"the column {column} is empty")
        series = self.exports.series(cells[self._images[0]]) if len(self._images) == 1 else None
        if series is None:
            image = lazy_image(root, [_existing(root, cells[column], column) for column in self._images])
        else:
            image = series.image(cells[self._images[0]])
        targets: dict[str, Target] = {}
        if cells.get("mask"):
            targets["mask"] = self._mask(row, image, series)
        told, unsure = self.targets.targets(cells)
        targets |= told
        if cells.get("boxes"):
            file = _existing(root, cells["boxes"], "boxes")
            targets["boxes"] = lazy_case_boxes(root, file, image, name)
        facts = (dict(series.facts) if series else {}) | ({UNSURE: unsure} if unsure else {})
        for column, value in cells.items():
            if value and column not in MEANINGFUL and ":" not in column:
                facts[column] = value
        patient = cells.get("patient") or (series.patient if series else None)
        return Case(name, {"image": image}, targets, patient, _split(cells, row.line), facts)

    def _mask(self, row: Row, image: Lazy[Volume], series: Series | None) -> Lazy[Volume]:
        key = str(row.line)
        if key in self.masks.problems:
            raise DataError(self.masks.problems[key])
        files = self.masks.values.get(key, {row.cells["mask"]: None})
        found = {_existing(self._root, file, "mask"): value for file, value in files.items()}
        if list(found.values()) == [None]:
            return self.outlines.mask(next(iter(found)), image, series)
        return lazy_masks(self._root, found)

    def _settle(self, table: Table) -> Settled:
        """By line. That the masks belong to the row is told already: names tell only structures."""
        parts = {}
        for row in table.rows:
            files = [cell.strip() for cell in row.cells["mask"].split(SEPARATOR)]
            image = without_suffix(PurePosixPath(row.cells[self._images[0]].replace("\\", "/")).name)
            parts[str(row.line)] = [named_part(file, image) for file in files if file]
        return settle({line: own for line, own in parts.items() if own})


class _Exports:
    """The DICOM series that a manifest's cells can mean; the tree is scanned once, and only if need be."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def _by_uid(self) -> dict[str, Series]:
        return {series.uid: series for series in self.scan.series}

    @cached_property
    def scan(self) -> Scan:
        return scan_tree(self._root)

    def series(self, cell: str) -> Series | None:
        """The series that a cell names by folder, file or SeriesInstanceUID; ``None`` for other files.

        Raises:
            DataError: no such series, or a folder that does not hold exactly one.
        """
        path = self._root / cell
        if path.is_dir():
            return one_series(path, cell)
        if path.is_file():
            known = None if path.stat().st_size == 0 else format_of(path)
            is_one = known is not None and known.read is read_file
            return series_of_file(path, self._root, cell) if is_one else None
        if not _UID.match(cell):
            return None
        try:
            return self._by_uid[cell]
        except KeyError:
            raise DataError(
                "no DICOM file below the manifest has this SeriesInstanceUID",
                received=cell,
                expected=f"one of the {len(self._by_uid)} series found",
            ) from None

    def left_over(self, cells: Collection[str], n_used: int) -> tuple[str, ...]:
        """Notes on series that no row names and on other objects but the used ones, if the tree had to be
        scanned."""
        if "scan" not in self.__dict__:
            return ()
        unnamed = [uid for uid in self._by_uid if uid not in cells]
        said = (f"{len(unnamed)} DICOM series are in no row of the manifest",) if unnamed else ()
        return said + counted(self.scan, n_used=n_used)

    def damaged(self) -> tuple[SetAside, ...]:
        """The files that look like DICOM and cannot be read, if the tree had to be scanned."""
        return self.scan.set_aside if "scan" in self.__dict__ else ()


def _spellings(value: str) -> tuple[str, ...]:
    """The paths that a cell can mean: a manifest written on Windows names them with backslashes."""
    return tuple(dict.fromkeys([value, value.replace("\\", "/")])) if value else ()


def _existing(root: Path, value: str, column: str) -> str:
    for path in _spellings(value):
        if (root / path).exists():
            return path
    raise DataError(f"the file of the column {column} does not exist", received=value)


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
