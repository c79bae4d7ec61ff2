"""Where something lies, as a manifest says it: a path, or PATH#ENTRY for one of several in a folder or file.

An entry is a series of a DICOM export by its SeriesInstanceUID (export#1.2.3), with a mark where the series
holds several volumes (export#1.2.3_EchoTime-4.6), or a picture of an .npz (small.npz#train/17). Entries are
looked up among what is there; no entry ever becomes part of a path.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from scanwright.data.case import Lazy, SetAside
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.scan import Scan, counted, one_series, scan_tree
from scanwright.io.dicom.series import Series, read_file, series_of_file
from scanwright.io.failures import reading
from scanwright.io.formats.table import format_of
from scanwright.io.layouts.medmnist import lazy_picture
from scanwright.io.layouts.nnunet import lazy_image

SEPARATOR = "#"
_UID = re.compile(r"^[0-9]+(\.[0-9]+)+$")


@dataclass(frozen=True)
class Address:
    """A path with forward slashes, relative to the folder of a dataset, and what in it; "" for all of it."""

    path: str
    entry: str = ""


def find_address(root: Path, text: str) -> Address | None:
    """What a text means; a file may have a # in its name, so what exists counts. ``None``: it is not there.

    Args:
        root: what paths are relative to.
        text: PATH, PATH#ENTRY, #ENTRY or a SeriesInstanceUID of what lies below the root.
    """
    path, separator, entry = text.rpartition(SEPARATOR)
    ways = [(text, "")] + ([(path or ".", entry)] if separator and entry else [])
    for one, within in ways:
        for spelt in spellings(one):
            if os.path.isfile(root / spelt) or os.path.isdir(root / spelt):  # pipes may never end
                return Address(spelt, within)
    return Address(".", text) if _UID.match(text) else None


def find_file(root: Path, text: str, column: str) -> str:
    """The path of a file or folder that a cell names.

    Raises:
        DataError: it is not there, or an address of something in it.
    """
    address = find_address(root, text)
    if address is None or address.entry:
        raise _missing(text, column)
    return address.path


def spellings(path: str) -> tuple[str, ...]:
    """The paths that a cell can mean: a manifest written on Windows names them with backslashes."""
    return tuple(dict.fromkeys([path, path.replace("\\", "/")])) if path else ()


def address_from(folder: Path, root: Path, source: str) -> str | None:
    """The address, as seen from a folder, of what a dataset at ``root`` reads from ``source``; ``None`` where
    nothing is there."""
    address = find_address(root, source)
    if address is None:
        return None
    path = Path(os.path.relpath((root / address.path).resolve(), folder.resolve())).as_posix()
    return f"{path}{SEPARATOR}{address.entry}" if address.entry else path


class Images:
    """The images that the cells of a manifest name; an export is scanned once, and only if need be."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._scans: dict[Path, Scan] = {}
        self._asked: set[str] = set()
        self._used: dict[Path, Scan] = {}  # those in which a row found its series

    def find(self, cell: str, column: str, n_channels: int) -> tuple[Lazy[Volume], Series | None]:
        """An image, read when asked for, and the DICOM series that it is, if it is one.

        Args:
            cell: its address.
            column: in which it stands.
            n_channels: of a NIfTI file, see ``io.image.read_image``.

        Raises:
            DataError: there is no such image, or a series that is not one volume.
        """
        address = find_address(self._root, cell)
        if address is None:
            raise _missing(cell, column)
        path = self._root / address.path
        if path.is_dir():
            series = self._series(path, address.entry) if address.entry else one_series(path, cell)
            return series.image(cell), series
        if address.entry:
            return lazy_picture(path, address.entry, cell), None
        with reading(cell):
            known = format_of(path) if path.stat().st_size else None
        if known is not None and known.read is read_file:
            series = series_of_file(path, self._root, cell)
            return series.image(cell), series
        return lazy_image(self._root, [address.path], n_channels=n_channels), None

    def _series(self, export: Path, entry: str) -> Series:
        place = export.resolve()
        if place == place.parent:
            raise DataError("a whole disk is not searched for a series", expected="the folder of an export")
        if place not in self._scans:
            self._scans[place] = scan_tree(export)
        own = [one for one in self._scans[place].series if one.uid == entry.partition("_")[0]]
        found = [one for one in own if one.uid == entry]
        found = found or [volume for one in own for volume in one.volumes() if volume.entry == entry]
        if len(found) != 1:
            of_series = [volume.entry for one in own for volume in one.volumes()]
            raise DataError(
                "no DICOM file there has this SeriesInstanceUID"
                if not own
                else f"{len(found) or 'no'} volumes of the series are called so",
                received=entry,
                expected=", ".join(of_series) or f"one of {len(self._scans[place].series)} series found",
            )
        self._asked.add(found[0].uid)
        self._used[place] = self._scans[place]
        return found[0]

    def left_over(self, n_used: int) -> tuple[str, ...]:
        """Notes on what exports hold besides that some row uses.

        Args:
            n_used: how many objects that outline something are used.
        """
        notes: tuple[str, ...] = ()
        for scan in self._used.values():
            n_unnamed = len(scan.series_uids - self._asked)
            notes += (f"{n_unnamed} DICOM series are in no row of the manifest",) if n_unnamed else ()
            notes += counted(scan, n_used=n_used)
        return notes

    def damaged(self) -> tuple[SetAside, ...]:
        """The files that look like DICOM and cannot be read, in exports that some row uses."""
        return tuple(one for scan in self._used.values() for one in scan.set_aside)


def _missing(cell: str, column: str) -> DataError:
    return DataError(f"the file of the column {column} does not exist", received=cell)
