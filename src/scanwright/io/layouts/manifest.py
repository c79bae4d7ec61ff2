"""manifest.csv: one row per case, with what is known of it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scanwright.data.case import Case, Lazy, SetAside, Split
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.labels import Labels, lazy_labels, name_structures
from scanwright.io.dicom.series import Series
from scanwright.io.files import write_csv, write_json
from scanwright.io.formats.table import without_suffix
from scanwright.io.image import join_channels
from scanwright.io.layouts.addresses import Pointers, address_from, joined, several
from scanwright.io.layouts.classes import SPLIT_FOLDERS
from scanwright.io.layouts.description import read_description
from scanwright.io.masks import read_mask

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


class _Structures:
    """What the values mean in masks that are painted from SEG and RTSTRUCT: as dataset.json says, or else the
    places of the names in the alphabet, over all cases."""

    def __init__(self, class_names: Mapping[str, str]) -> None:
        named = {value: name for value, name in class_names.items() if value.isdecimal() and int(value) > 0}
        self.names = {int(value): name for value, name in named.items()}
        self._told = bool(named)
        self._seen: list[Labels] = []

    def add(self, labels: Sequence[Labels]) -> None:
        """Take note of what objects outline.

        Raises:
            DataError: dataset.json does not name all of it.
        """
        if not self._told:
            self._seen += labels
            self.names.clear()  # the masks that are read later look here
            self.names.update(name_structures(self._seen))
            return
        known = {name.casefold() for name in self.names.values()}
        strange = sorted({name for one in labels for name in one.names.values()} - known, key=str.casefold)
        if unknown := [name for name in strange if name.casefold() not in known]:
            raise DataError(
                "dataset.json does not name what the mask outlines",
                expected=", ".join(self.names.values()),
                received=", ".join(unknown),
            )


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
    pointers = Pointers(path.parent)
    described = read_description(path.parent)
    structures = _Structures(described.class_names)
    n_channels = max(1, len(described.channels)) if images == ["image"] else 1
    for row in rows:
        name = row.cells.get("case") or without_suffix(row.cells[images[0]]) or f"row {row.line}"
        try:
            cases.append(_case(name, row, images, n_channels, pointers, structures))
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
        class_names={label: label for label in labels}
        or described.class_names
        or {str(value): name for value, name in structures.names.items()},
        patients=patients if known else "unknown",
        notes=notes + described.notes + pointers.left_over(),
        set_aside=(*set_aside, *pointers.damaged()),
    )


def write_manifest(folder: Path, dataset: Dataset, cases: Sequence[Case]) -> Path:
    """Cases as a manifest.csv with addresses relative to it, and a dataset.json with the names that it can't
    hold: those of the values in the masks, and of the channels of one file.

    Raises:
        DataError: a case comes from no file.
    """
    n_channels = max((1 + len(case.image.further) for case in cases), default=1)
    names = dataset.channels if len(dataset.channels) == n_channels else [str(c) for c in range(n_channels)]
    images = ["image"] if n_channels == 1 else [f"image:{name}" for name in names]
    facts = sorted({fact for case in cases for fact in case.facts})
    rows = []
    for case in cases:
        mask, label = case.targets.get("mask"), case.targets.get("label")
        # A case with fewer channels than the others gets empty cells, which reading will name.
        files = _addresses(folder, dataset, case.name, case.image)
        rows.append(
            [
                case.name,
                case.patient or "",
                case.split or "",
                *files,
                *[""] * (n_channels - len(files)),
                joined(_addresses(folder, dataset, case.name, mask)) if isinstance(mask, Lazy) else "",
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
    return f"{fact.replace(':', '_')}_" if fact in (*_OWN, *_LATER) or ":" in fact else fact


def _addresses(folder: Path, dataset: Dataset, case: str, lazy: Lazy[Volume]) -> list[str]:
    try:
        return [address_from(folder, dataset, source) for source in (lazy.source, *lazy.further)]
    except DataError as error:
        raise DataError(
            "a manifest can be written only for cases that come from files",
            subject=case,
            received=error.received,
        ) from None


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
    name: str,
    row: _Row,
    images: Sequence[str],
    n_channels: int,
    pointers: Pointers,
    structures: _Structures,
) -> Case:
    cells = row.cells
    lazies, series = [], None
    for column in images:
        if not cells[column]:
            raise DataError(f"the column {column} is empty")
        image, series = pointers.image(cells[column], column, n_channels=n_channels)
        lazies.append(image)
    targets: dict[str, Lazy[Volume] | str] = {}
    if cells.get("mask"):
        targets["mask"] = _mask(cells["mask"], series, pointers, structures)
    if cells.get("label"):
        targets["label"] = cells["label"]
    facts = dict(series.facts) if series else {}
    for column, value in cells.items():
        if value and column not in _OWN and column not in _LATER and ":" not in column:
            facts[column] = value
    patient = cells.get("patient") or (series.patient if series else None)
    return Case(name, {"image": _joined(lazies)}, targets, patient, _split(cells, row.line), facts)


def _joined(lazies: Sequence[Lazy[Volume]]) -> Lazy[Volume]:
    """The channels of one image."""
    if len(lazies) == 1:
        return lazies[0]
    sources = tuple(lazy.source for lazy in lazies)
    return Lazy(
        sources[0],
        lambda: join_channels([lazy.read() for lazy in lazies], subjects=sources),
        sources[1:],
    )


def _mask(cell: str, series: Series | None, pointers: Pointers, structures: _Structures) -> Lazy[Volume]:
    """A mask file, or what SEG and RTSTRUCT objects outline in a series."""
    cells = several(pointers.root, cell)
    labels = pointers.outlines(cells, "mask")
    if not labels:
        return Lazy(cell, partial(read_mask, pointers.file(cell, "mask"), subject=cell))
    if series is None:
        raise DataError(
            "a SEG or RTSTRUCT outlines something in a DICOM series, and the image is none", received=cell
        )
    structures.add(labels)
    return lazy_labels(series, labels, structures.names, cells)


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
