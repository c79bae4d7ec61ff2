"""A table of labels beside images: the only CSV there, or one a split (train.csv, valid.csv).

The column whose cells name most images is the image. The others are those of a manifest, in its words or in
those of well-known sets (ChestX-ray14: Image Index, Finding Labels, Patient ID). Where none of them tells a
label, all that hold nothing but 0, 1 and -1 are classes, if there are two or more; a note names them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scanwright.data.case import Split
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io.layouts.classes import split_in
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.lookup import Images
from scanwright.io.layouts.manifest import FILE_NAME, MEANINGFUL, open_rows
from scanwright.io.layouts.targets import OWN
from scanwright.io.tables import Row, Table, read_table

NAME = "table of labels"
# Words of others for columns of a manifest, in small letters and digits.
_WORDS = {
    **dict.fromkeys(("patientid", "subject", "subjectid"), "patient"),
    "findinglabels": "labels",
    **dict.fromkeys(("class", "diagnosis", "dx"), "label"),
}
_NO_CLASSES = ("sex", "gender", "male", "female", "fold", "followup")
_BITS = ("0", "1", "-1", "0.0", "1.0", "-1.0")
_FEWEST_CLASSES = 2
_N_LOOKED_AT = 2000


@dataclass(frozen=True)
class _Understood:
    """The tables of a folder as one, its columns those of a manifest.

    Attributes:
        table: a row a case.
        files: what it comes from.
        notes: what was made of it.
    """

    table: Table
    files: tuple[str, ...]
    notes: tuple[str, ...]


def is_complete(folder: Folder) -> bool:
    """True for such a table that tells a target of images that lie below; opens none of these."""
    return _understand(folder) is not None


def used_entries(folder: Folder) -> list[str]:
    """What belongs to the layout at the top level."""
    return [*_files(folder), *(path.partition("/")[0] for path in folder.images_below())]


def overrules_folders(folder: Folder) -> bool | None:
    """Whether the table says that folders of images are no classes, as the parts of a large set are not.

    ``True`` when no folder is called like a class; ``False`` when there is no table that names classes, or
    each folder is one of its classes, whatever that is called; ``None`` when nobody can tell.
    """
    understood = _understand(folder)
    column = next((c for c in ("label", "labels") if understood and c in understood.table.columns), "")
    if understood is None or not column:
        return False
    told = {(row.cells["image"].split("/")[-2:][0], row.cells[column]) for row in understood.table.rows}
    places, labels = {place for place, _ in told}, {label for _, label in told}
    if len(told) == len(places) == len(labels):
        return False
    return None if places & labels else True


def open_labels(folder: Folder, source: str) -> Dataset:
    """One case per row whose image lies below the folder, named by the path of the image.

    Raises:
        DataError: the table is not what it was.
    """
    understood = _understand(folder)
    if understood is None:
        raise DataError("no table of labels", subject=source)
    dataset = open_rows(
        folder.path, understood.table, source, subject=" and ".join(understood.files), layout=NAME
    )
    return replace(dataset, notes=(*understood.notes, *dataset.notes))


def _files(folder: Folder) -> dict[str, Split | None]:
    """The table of a folder, or those of its splits."""
    names = [name for name in folder.files if name.lower().endswith(".csv") and name != FILE_NAME]
    if len(names) == 1:
        return {names[0]: split_in(names[0].lower().removesuffix(".csv"))}
    splits = {name: split_in(name.lower().removesuffix(".csv")) for name in names}
    return splits if None not in splits.values() and len({*splits.values()}) == len(names) else {}


def _understand(folder: Folder) -> _Understood | None:
    files = _files(folder)
    paths = folder.images_below() if files else []
    if not paths:
        return None
    images, rows, columns = Images(paths), list[Row](), {"case": None}
    n_lost = 0
    for file, split in files.items():
        try:
            table = _in_our_words(read_table(folder.path / file), images, file, split)
        except DataError:
            return None
        if table is None:
            return None
        found = [_found(row, images, file, split) for row in table.rows]
        n_lost += found.count(None)
        rows += [row for row in found if row is not None]
        columns |= dict.fromkeys(table.columns)
    table = Table(
        tuple(columns), tuple(replace(row, cells=dict.fromkeys(columns, "") | {**row.cells}) for row in rows)
    )
    table, bits = _with_classes(table)
    shown = [row.cells["image"] for row in rows]
    if not _tells_target(table) or len(set(shown)) < len(shown):
        return None
    notes = [f"classes are the columns that hold 0, 1 or -1: {', '.join(bits)}"] if bits else []
    notes += [f"{n_lost} rows name images that are not here"] if n_lost else []
    notes += (
        [f"{len(paths) - len(rows)} images are in no row and are not used"] if len(paths) > len(rows) else []
    )
    return _Understood(table, tuple(files), tuple(notes))


def _in_our_words(table: Table, images: Images, file: str, split: Split | None) -> Table | None:
    """With the names that columns have in a manifest; ``None`` where no column names images."""
    n_named = {column: _n_images(table.column(column), images, file, split) for column in table.columns}
    shown = max(n_named, key=lambda column: n_named[column], default="")
    if not n_named.get(shown):
        return None
    ours = {column: _ours(column) for column in table.columns}
    taken = {*table.columns}
    named = {c: "image" if c == shown else ours[c] if ours[c] not in taken else c for c in table.columns}
    if len(set(named.values())) < len(named):
        return None
    told = {"split": split} if split and "split" not in named.values() else {}
    rows = [replace(row, cells={named[c]: v for c, v in row.cells.items()} | told) for row in table.rows]
    return Table((*named.values(), *told), tuple(rows))


def _ours(column: str) -> str:
    return _WORDS.get(re.sub(r"[^a-z0-9]", "", column.lower()), column)


def _n_images(cells: Sequence[str], images: Images, file: str, split: Split | None) -> int:
    return sum(bool(_path(cell, images, file, split)) for cell in cells[:_N_LOOKED_AT] if cell)


def _path(cell: str, images: Images, file: str, split: Split | None) -> str:
    try:
        return images.find(cell, file, split)
    except DataError:
        return ""


def _found(row: Row, images: Images, file: str, split: Split | None) -> Row | None:
    path = _path(row.cells["image"], images, file, split)
    return replace(row, cells={"case": images.names[path], **row.cells, "image": path}) if path else None


def _tells_target(table: Table) -> bool:
    kinds = {column.partition(":")[0] for column in table.columns if any(table.column(column))}
    return bool(kinds & {*OWN})


def _with_classes(table: Table) -> tuple[Table, list[str]]:
    """With label: before the columns of classes, where no column tells a label; and their names."""
    if any(column.partition(":")[0] in ("label", "labels") for column in table.columns):
        return table, []
    bits = []
    for column in table.columns:
        filled = {cell for cell in table.column(column) if cell}
        plain = re.sub(r"[^a-z0-9]", "", column.lower())
        if filled and filled <= {*_BITS} and ":" not in column:
            bits += [column] if column not in MEANINGFUL and plain not in _NO_CLASSES else []
    if len(bits) < _FEWEST_CLASSES:
        return table, []
    named = {column: f"label:{column}" if column in bits else column for column in table.columns}
    rows = tuple(replace(row, cells={named[c]: v for c, v in row.cells.items()}) for row in table.rows)
    return Table(tuple(named.values()), rows), bits
