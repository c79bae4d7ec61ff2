"""Addresses in a manifest: a path, or PATH#ENTRY for what lies in a folder, a zip or an .npz with others."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from scanwright.data.case import Lazy, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.archive import place_of
from scanwright.io.dicom.labels import Labels, read_labels
from scanwright.io.dicom.scan import Scan, counted, one_series, scan_tree
from scanwright.io.dicom.series import Series, read_file, series_of_file
from scanwright.io.failures import reading
from scanwright.io.formats.table import format_of
from scanwright.io.image import read_image
from scanwright.io.layouts.medmnist import lazy_picture

SEPARATOR = "#"
ALSO = "|"
"""Between the objects that make one mask."""
_UID = re.compile(r"^[0-9]+(\.[0-9]+)+(_.+)?$")


def split_address(root: Path, cell: str, what: str = "file") -> tuple[str, str]:
    """The path, and the entry in it ("" for all of it). A file may have a # in its name: what exists counts.

    Raises:
        DataError: no such file or folder; ``what`` it should be.
    """
    # A manifest written on Windows names paths with backslashes.
    for address in (cell, cell.replace("\\", "/")):
        ends = [len(address), *(match.start() for match in re.finditer(SEPARATOR, address))]
        for end in ends:
            if (root / address[:end]).exists():
                return address[:end], address[end + 1 :]
    raise DataError(f"the {what} does not exist", received=cell)


def locate(root: Path, cell: str, what: str = "file") -> tuple[Path, str]:
    """Where a cell's path is on the disk, zips unpacked, and the entry in it.

    Raises:
        DataError: no such file or folder, or a zip that can't be unpacked.
    """
    path, entry = split_address(root, cell, what)
    place = place_of(root / path)
    if place == root / path or not entry:
        return place, entry
    if (place / entry).exists() or SEPARATOR in entry:
        return locate(place, entry, what)
    return place, entry


def address_from(folder: Path, dataset: Dataset, source: str) -> str:
    """The address, as seen from a folder, of what a dataset reads from ``source``.

    Raises:
        DataError: there is no such file.
    """
    given = Path(dataset.source)
    if place_of(given) not in (given, given.parent):  # a zip
        return f"{_seen_from(folder, given)}{SEPARATOR}{source.removeprefix(SEPARATOR)}"
    root = given if given.is_dir() else given.parent
    path, entry = split_address(root, source)
    return _seen_from(folder, root / path) + (f"{SEPARATOR}{entry}" if entry else "")


def _seen_from(folder: Path, path: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


class Pointers:
    """What the cells of a manifest point to; an export is scanned once, and only if need be."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._scans: dict[Path, Scan] = {}
        self._asked: set[str] = set()

    def image(self, cell: str, column: str, *, n_channels: int = 1) -> tuple[Lazy[Volume], Series | None]:
        """An image, read when asked for, and the DICOM series that it is.

        Args:
            cell: a file, a folder of one series, a SeriesInstanceUID below the manifest, or PATH#ENTRY.
            column: in which it stands.
            n_channels: of a NIfTI file, see ``io.image.read_image``.

        Raises:
            DataError: there is no such thing, or no volume.
        """
        if _UID.match(cell) and not (self.root / cell).exists():
            cell = f"{SEPARATOR}{cell}"
        path, entry = locate(self.root, cell, _of(column))
        if path.is_dir():
            series = self._series(path, entry) if entry else one_series(path, cell)
            return series.image(cell), series
        if entry:
            return lazy_picture(path, entry, cell), None
        if _is_dicom(path):
            series = series_of_file(path, self.root, cell)
            return series.image(cell), series
        return Lazy(cell, partial(read_image, path, subject=cell, n_channels=n_channels)), None

    def file(self, cell: str, column: str) -> Path:
        """A file, perhaps in a zip.

        Raises:
            DataError: there is none.
        """
        path, entry = locate(self.root, cell, _of(column))
        if entry:
            raise DataError("a file was expected", received=cell)
        return path

    def outlines(self, cells: Sequence[str], column: str) -> list[Labels]:
        """The SEG and RTSTRUCT objects that cells name; none where a cell names another file.

        Raises:
            DataError: no such file, or a damaged one.
        """
        found = []
        for cell in cells:
            path = self.file(cell, column)
            if not path.is_file() or not _is_dicom(path):
                return []
            with reading(cell, quote=False):
                labels = read_labels(path)
            if labels is None:
                return []
            found.append(labels)
        return found

    def _series(self, export: Path, entry: str) -> Series:
        if export not in self._scans:
            self._scans[export] = scan_tree(export)
        uid, _, mark = entry.partition("_")
        self._asked.add(uid)
        for series in self._scans[export].series:
            if series.uid == uid:
                volumes = series.volumes() if mark else (series,)
                known = {volume.entry: volume for volume in volumes}
                if entry in known:
                    return known[entry]
                raise DataError(
                    "the series holds no such volume", received=entry, expected=", ".join(known) or "none"
                )
        raise DataError(
            "no DICOM file there has this SeriesInstanceUID",
            received=entry,
            expected=f"one of the {len(self._scans[export].series)} series found",
        )

    def left_over(self) -> tuple[str, ...]:
        """Notes on what exports hold besides, if any was scanned."""
        notes: tuple[str, ...] = ()
        for scan in self._scans.values():
            unnamed = [series for series in scan.series if series.uid not in self._asked]
            notes += (f"{len(unnamed)} DICOM series are in no row of the manifest",) if unnamed else ()
            notes += counted(scan, labels_used=True)
        return notes

    def damaged(self) -> tuple[SetAside, ...]:
        """The files that look like DICOM and cannot be read, in exports that were scanned."""
        return tuple(one for scan in self._scans.values() for one in scan.set_aside)


def _of(column: str) -> str:
    return f"file of the column {column}"


def _is_dicom(path: Path) -> bool:
    known = None if path.stat().st_size == 0 else format_of(path)
    return known is not None and known.read is read_file


def several(root: Path, cell: str) -> list[str]:
    """The addresses that one cell holds."""
    if ALSO not in cell or (root / cell).exists():
        return [cell]
    return [part.strip() for part in cell.split(ALSO)]


def joined(addresses: Collection[str]) -> str:
    """One cell for them."""
    return ALSO.join(addresses)
