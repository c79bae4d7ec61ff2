"""manifest.csv: one row per case, with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from scanwright.data.case import Case, Lazy, SetAside, Split, Target
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.series import Series
from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.addresses import SEPARATOR as WITHIN
from scanwright.io.layouts.addresses import Images, find_file, spellings
from scanwright.io.layouts.classes import SPLIT_FOLDERS
from scanwright.io.layouts.description import read_description
from scanwright.io.layouts.lesions import Settled, lazy_masks, named_part, settle
from scanwright.io.layouts.nnunet import lazy_image
from scanwright.io.layouts.outlines import MaskFiles
from scanwright.io.layouts.targets import OWN as OWN_TARGETS
from scanwright.io.layouts.targets import SEPARATOR, UNSURE, TargetColumns, lazy_case_boxes, note_strangers
from scanwright.io.tables import Row, Table, read_table

NAME = "manifest.csv"
FILE_NAME = "manifest.csv"
# Columns of the contract that no task learns from yet.
_LATER = ("time", "event")
_LATER_KINDS = ("text", "table", "sequence", "graph", "signal", "clip")
MEANINGFUL = ("case", "patient", "split", "image", *OWN_TARGETS, *_LATER)
"""Columns that are no facts, without those with a colon."""


def open_manifest(path: Path, source: str, *, labels_needed: bool = True) -> Dataset:
    """One case per row; paths are relative to the manifest.

    A dataset.json beside it names the values in the masks, and the channels; a broken one is only noted where
    labels are not needed.

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
    return open_rows(path.parent, table, source, subject=path.name, labels_needed=labels_needed)


def open_rows(
    root: Path,
    table: Table,
    source: str,
    *,
    subject: str,
    layout: str = NAME,
    labels_needed: bool = True,
) -> Dataset:
    """One case per row of a table whose columns are those of a manifest.

    Args:
        root: what the paths in it are relative to.
        table: the rows.
        source: of the dataset.
        subject: how messages name the table.
        layout: how it was recognised, in words.
        labels_needed: see :func:`open_manifest`.

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
    reader = _Reader(root, table, tuple(images), labels_needed)
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
    boxes = dict.fromkeys(case.boxes.source for case in cases if "boxes" in case.targets)
    notes += note_strangers(root, boxes, {case.name for case in cases} | {one.case for one in set_aside})
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
            *reader.images.left_over(reader.outlines.n_objects),
        ),
        set_aside=(*set_aside, *reader.images.damaged()),
    )


def refers_into(path: Path, names: Sequence[str]) -> bool:
    """True when some row of the manifest names what lies in one of the folders, or files, beside it."""
    starts = tuple(f"{name}{end}" for name in names for end in ("/", WITHIN))
    cells = (cell for row in read_table(path, what="manifest").rows for cell in row.cells.values())
    return any(cell.replace("\\", "/").removeprefix("./").startswith(starts) for cell in cells)


class _Reader:
    """Makes a case of each row of a manifest."""

    def __init__(self, root: Path, table: Table, images: tuple[str, ...], labels_needed: bool) -> None:
        self._root, self._images = root, images
        self.images = Images(root)
        self.targets = TargetColumns.of(table)
        self.described = read_description(root, needed=labels_needed)
        masks = {str(row.line): _parts(row.cells.get("mask", "")) for row in table.rows}
        ways = (way for files in masks.values() for file in files for way in spellings(file))
        self.outlines = MaskFiles(root, ways, self.described.class_names)
        several = any(len(files) > 1 and not self._are_objects(files) for files in masks.values())
        self.masks = self._settle(table) if several else Settled()

    def case(self, name: str, row: Row) -> Case:
        """The case of a row.

        Raises:
            DataError: a file or a series is missing, or a cell is not what its column holds.
        """
        cells = row.cells
        for column in self._images:
            if not cells[column]:
                raise DataError(f"the column {column} is empty")
        image, series = self._image(cells)
        targets: dict[str, Target] = {}
        if cells.get("mask"):
            targets["mask"] = self._mask(row, image, series)
        told, unsure = self.targets.targets(cells)
        targets |= told
        if cells.get("boxes"):
            file = find_file(self._root, cells["boxes"], "boxes")
            targets["boxes"] = lazy_case_boxes(self._root, file, image, name)
        facts = (dict(series.facts) if series else {}) | ({UNSURE: unsure} if unsure else {})
        for column, value in cells.items():
            if value and column not in MEANINGFUL and ":" not in column:
                facts[column] = value
        patient = cells.get("patient") or (series.patient if series else None)
        return Case(name, {"image": image}, targets, patient, _split(cells, row.line), facts)

    def _image(self, cells: Mapping[str, str]) -> tuple[Lazy[Volume], Series | None]:
        if len(self._images) > 1:
            files = [find_file(self._root, cells[column], column) for column in self._images]
            return lazy_image(self._root, files), None
        (column,) = self._images
        n_channels = len(self.described.channels) if column == "image" else 1
        return self.images.find(cells[column], column, max(1, n_channels))

    def _mask(self, row: Row, image: Lazy[Volume], series: Series | None) -> Lazy[Volume]:
        key, parts = str(row.line), _parts(row.cells["mask"])
        if key in self.masks.problems:
            raise DataError(self.masks.problems[key])
        values = self.masks.values.get(key, dict.fromkeys(parts))
        found = {find_file(self._root, file, "mask"): value for file, value in values.items()}
        objects = [file for file in found if self.outlines.are_objects([file])]
        if len(objects) == len(found) or list(found.values()) == [None]:
            return self.outlines.mask([*found], image, series)
        if objects:
            raise DataError(
                "a mask is made of DICOM objects or of files of voxels", received=row.cells["mask"]
            )
        return lazy_masks(self._root, found)

    def _are_objects(self, files: Sequence[str]) -> bool:
        return all(any(self.outlines.are_objects([way]) for way in spellings(file)) for file in files)

    def _settle(self, table: Table) -> Settled:
        """By line. That the masks belong to the row is told already: names tell only structures."""
        parts = {}
        for row in table.rows:
            files = _parts(row.cells["mask"])
            if self._are_objects(files):
                continue  # they name their structures themselves
            image = without_suffix(PurePosixPath(row.cells[self._images[0]].replace("\\", "/")).name)
            parts[str(row.line)] = [named_part(file, image) for file in files]
        return settle(parts)


def _parts(cell: str) -> list[str]:
    """The files of which a cell says that they make the mask."""
    return [part.strip() for part in cell.split(SEPARATOR) if part.strip()]


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
