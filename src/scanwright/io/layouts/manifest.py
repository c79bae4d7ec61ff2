"""manifest.csv: one row per case, with what is known of it."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scanwright.data.case import Case, Lazy, SetAside, Split
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.measurements import VALUE
from scanwright.io.dicom.scan import Scan, counted, one_series, scan_tree
from scanwright.io.dicom.series import Series, read_file, series_of_file
from scanwright.io.files import write_csv, write_json
from scanwright.io.formats.table import format_of, without_suffix
from scanwright.io.layouts.classes import SPLIT_FOLDERS
from scanwright.io.layouts.description import read_description
from scanwright.io.layouts.nnunet import lazy_image
from scanwright.io.layouts.outlines import MaskFiles

NAME = "manifest.csv"
FILE_NAME = "manifest.csv"
# Columns of the contract that no task learns from yet.
_LATER = ("boxes", "time", "event")
_LATER_KINDS = ("label", "value", "text", "table", "sequence", "graph", "signal", "clip")
_OWN = ("case", "patient", "split", "image", "mask", "label")
_UID = re.compile(r"^[0-9]+(\.[0-9]+)+$")
_BYTES_LIMIT = 1 << 20  # of one cell; a reading limit, so that a binary file is not taken for a table


@dataclass(frozen=True)
class _Row:
    line: int
    cells: Mapping[str, str]


def open_manifest(path: Path, source: str) -> Dataset:
    """One case per row; paths are relative to the manifest.

    A dataset.json beside it names the values in the masks, and the channels.

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
    exports = _Exports(path.parent)
    described = read_description(path.parent)
    cells = [row.cells.get("mask", "") for row in rows]
    masks = MaskFiles(path.parent, [way for cell in cells for way in _spellings(cell)], described.class_names)
    for row in rows:
        name = row.cells.get("case") or without_suffix(row.cells[images[0]]) or f"row {row.line}"
        try:
            cases.append(_case(path, name, row, images, exports, masks))
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error)))
    labels = sorted({case.label for case in cases if "label" in case.targets})
    known = any(case.patient for case in cases)
    n_without = sum(case.patient is None for case in cases)
    by_column = any(row.cells.get("patient") for row in rows)
    patients = ('column "patient" of the manifest' if by_column else "PatientID in the DICOM header") + (
        f" (empty for {n_without} cases)" if n_without else ""
    )
    later = [column for column in columns if column in _LATER or column.partition(":")[0] in _LATER_KINDS[1:]]
    later += [column for column in columns if column.startswith("label:")]
    notes = (f"columns of the manifest that are not used yet: {', '.join(later)}",) if later else ()
    return Dataset(
        tuple(cases),
        NAME,
        source,
        channels=described.channels
        if images == ["image"]
        else tuple(column.removeprefix("image:") for column in images),
        class_names={label: label for label in labels} or masks.class_names,
        patients=patients if known else "unknown",
        notes=(
            *notes,
            *described.notes,
            *masks.notes(),
            *exports.left_over({row.cells[images[0]] for row in rows}, masks.n_objects),
        ),
        set_aside=(*set_aside, *exports.damaged()),
    )


def write_manifest(folder: Path, dataset: Dataset, cases: Sequence[Case]) -> Path:
    """Cases as a manifest.csv with paths relative to it, and a dataset.json with the names that it can't
    hold: those of the values in the masks, and of the channels of one file.

    Raises:
        DataError: a case is not made of files of its own (an array of an .npz, a series of many files).
    """
    root = Path(dataset.source)
    root = root if root.is_dir() else root.parent
    n_channels = max((1 + len(case.image.further) for case in cases), default=1)
    names = dataset.channels if len(dataset.channels) == n_channels else [str(c) for c in range(n_channels)]
    images = ["image"] if n_channels == 1 else [f"image:{name}" for name in names]
    facts = sorted({fact for case in cases for fact in case.facts})
    rows = []
    for case in cases:
        mask, label = case.targets.get("mask"), case.targets.get("label")
        # A case with fewer channels than the others gets empty cells, which reading will name.
        files = [_beside(root / file, folder, case) for file in (case.image.source, *case.image.further)]
        rows.append(
            [
                case.name,
                case.patient or "",
                case.split or "",
                *files,
                *[""] * (n_channels - len(files)),
                _beside(root / mask.source, folder, case) if isinstance(mask, Lazy) else "",
                label if isinstance(label, str) else "",
                *(case.facts.get(fact, "") for fact in facts),
            ]
        )
    columns = ("case", "patient", "split", *images, "mask", "label", *map(_fact_column, facts))
    write_csv(folder / FILE_NAME, columns, rows)
    described: dict[str, dict[str, str]] = {}
    if dataset.channels and n_channels == 1:  # several have their names in the columns
        described["channel_names"] = {str(number): name for number, name in enumerate(dataset.channels)}
    values = {value: name for value, name in dataset.class_names.items() if value.lstrip("-").isdecimal()}
    if values and dataset.target == "mask":
        described["labels"] = {"0": "background"} | values
    if described:
        write_json(folder / "dataset.json", described)
    return folder / FILE_NAME


def _fact_column(fact: str) -> str:
    """The column of a fact; a name that means something else in a manifest gets an underscore."""
    if fact.startswith(VALUE):
        return fact
    return f"{fact.replace(':', '_')}_" if fact in (*_OWN, *_LATER) or ":" in fact else fact


def _beside(file: Path, folder: Path, case: Case) -> str:
    if not file.is_file():
        raise DataError(
            "a manifest can be written only for cases that are files",
            subject=case.name,
            do="Leave out --apply, and correct the data by hand.",
        )
    return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()


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


def _case(
    manifest: Path, name: str, row: _Row, images: Sequence[str], exports: _Exports, masks: MaskFiles
) -> Case:
    root, cells = manifest.parent, row.cells
    for column in images:
        if not cells[column]:
            raise DataError(f"the column {column} is empty")
    series = exports.series(cells[images[0]]) if len(images) == 1 else None
    if series is None:
        image = lazy_image(root, [_existing(root, cells[column], column) for column in images])
    else:
        image = series.image(cells[images[0]])
    targets: dict[str, Lazy[Volume] | str] = {}
    if cells.get("mask"):
        targets["mask"] = masks.mask(_existing(root, cells["mask"], "mask"), image, series)
    if cells.get("label"):
        targets["label"] = cells["label"]
    facts = dict(series.facts) if series else {}
    for column, value in cells.items():
        if value and column not in _OWN and column not in _LATER and ":" not in column:
            facts[column] = value
    patient = cells.get("patient") or (series.patient if series else None)
    return Case(name, {"image": image}, targets, patient, _split(cells, row.line), facts)


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
