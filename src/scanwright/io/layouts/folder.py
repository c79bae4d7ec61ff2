"""What a folder holds, listed without opening a file, unless its DICOM is asked for."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scanwright.data.case import SetAside
from scanwright.io.dicom.header import SUFFIXES as DICOM_SUFFIXES
from scanwright.io.dicom.scan import Scan, scan_tree
from scanwright.io.formats.table import suffix_of, without_suffix
from scanwright.io.notes import listed
from scanwright.io.tree import Listing, is_folder, list_folder

DOUBLED = "several images have this name but for the suffix"
_SHOWN = 8


@dataclass(frozen=True)
class Folder:
    """A folder and what lies directly in it, in the order of their names.

    Hidden names are left out, and so are pipes, devices and links that lead back to where they lie. What
    can't be listed is in ``refused_below``.

    Attributes:
        path: where it is.
        way: the folders through which it was reached.
    """

    path: Path
    way: tuple[Path, ...] = field(default=(), compare=False)

    @cached_property
    def folders(self) -> dict[str, Folder]:
        """The folders directly below, by name."""
        way = (*self.way, self.path)
        return {name: Folder(self.path / name, way) for name, is_folder in self._entries if is_folder}

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The names of the files directly below."""
        return tuple(name for name, is_folder in self._entries if not is_folder)

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The names of the files whose suffix says that they hold an image (DICOM excepted).

        An Analyze or detached pair (.hdr + .img) counts once, by its header.
        """
        known = [name for name in self.files if suffix_of(name) not in ("", *DICOM_SUFFIXES)]
        return tuple(name for name in known if not (name.endswith(".img") and name[:-4] + ".hdr" in known))

    @cached_property
    def _entries(self) -> list[tuple[str, bool]]:
        entries = self._listing.entries
        return [(entry.name, is_folder(entry)) for entry in entries if self._is_usable(entry)]

    @cached_property
    def _listing(self) -> Listing:
        return list_folder(self.path, self.way[0] if self.way else self.path)

    def _is_usable(self, entry: os.DirEntry[str]) -> bool:
        if not entry.is_symlink():
            return entry.is_dir() or entry.is_file()
        if is_folder(entry):
            target = Path(entry).resolve()
            passed = (place.resolve() for place in (*self.way, self.path))
            return not any(place.is_relative_to(target) for place in passed)
        return os.path.isfile(entry) or not os.path.exists(entry)  # links to nothing are missed by name

    @cached_property
    def scan(self) -> Scan:
        """The DICOM series and labels below; opens every file that may be DICOM, once."""
        return scan_tree(self.path)

    def images_below(self) -> list[str]:
        """Paths of all images below, relative to this folder, with forward slashes."""
        found = list(self.images)
        for name, folder in self.folders.items():
            found += [f"{name}/{image}" for image in folder.images_below()]
        return found

    def doubled_below(self) -> frozenset[str]:
        """Paths of images below, without suffix, that several files share."""
        counts = Counter(without_suffix(file) for file in self.images_below())
        return frozenset(stem for stem, n in counts.items() if n > 1)

    def files_below(self, suffix: str) -> list[str]:
        """Paths of all files with a suffix below, relative to this folder, with forward slashes."""
        found = [name for name in self.files if name.lower().endswith(suffix)]
        for name, folder in self.folders.items():
            found += [f"{name}/{file}" for file in folder.files_below(suffix)]
        return found

    def refused_below(self) -> list[SetAside]:
        """What can't be listed here and below, with the reason: folders without the right to read them, names
        that are no text."""
        found = [*self._listing.refused]
        for folder in self.folders.values():
            found += folder.refused_below()
        return found

    def described(self) -> str:
        """What lies here, in words, for messages."""
        parts = [f"{name}/" for name in self.folders] + list(self.files)
        parts += [one.case for one in self._listing.refused]
        return listed(parts, _SHOWN) or "nothing"
