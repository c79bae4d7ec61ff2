"""What lies in a folder: the one place where folders are listed, and what can't be walked into is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scanwright.data.case import SetAside
from scanwright.errors import DataError

_NO_RIGHT = (
    "the folder may not be read, and what lies in it is not looked at. Give yourself the right to read it"
)
_NOT_TEXT = (
    "its name is not UTF-8, so that no table or page can hold it. Rename it (convmv -f gbk -t utf8 for names "
    "from Chinese Windows)"
)


@dataclass(frozen=True)
class Listing:
    """A folder's entries, without hidden ones.

    Attributes:
        entries: in the order of their names.
        refused: what could not be listed, with the reason; named relative to the root.
    """

    entries: tuple[os.DirEntry[str], ...]
    refused: tuple[SetAside, ...] = ()


def list_folder(path: Path, root: Path) -> Listing:
    """List a folder at or below a root; never fails for want of the right to read it."""
    place = path.relative_to(root)
    try:
        with os.scandir(path) as entries:
            seen = sorted((one for one in entries if not one.name.startswith(".")), key=lambda one: one.name)
    except PermissionError:
        return Listing((), (SetAside(place.as_posix(), "read", _NO_RIGHT),))
    odd = [escaped((place / entry.name).as_posix()) for entry in seen if not is_text(entry.name)]
    usable = tuple(entry for entry in seen if is_text(entry.name))
    return Listing(usable, tuple(SetAside(name, "read", _NOT_TEXT) for name in odd))


def files_below(root: Path, refused: list[SetAside]) -> Iterator[Path]:
    """All files below a folder, those of each folder before those further down; links to folders are not
    followed.

    Args:
        root: the folder.
        refused: takes up what could not be listed.
    """
    left = [root]
    while left:
        listing = list_folder(left.pop(), root)
        refused += listing.refused
        folders = [entry for entry in listing.entries if is_folder(entry)]
        yield from (Path(entry) for entry in listing.entries if entry not in folders)
        left += [Path(entry) for entry in reversed(folders) if not entry.is_symlink()]


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or leads to one."""
    # A link to itself is none; asked directly, the entry raises.
    return os.path.isdir(entry) if entry.is_symlink() else entry.is_dir()


def check_name(path: str) -> None:
    """Raise DataError for a path that no table or page can hold."""
    if not is_text(path):
        raise DataError(
            "the name is not UTF-8", subject=escaped(path), do="Rename it, or name a folder above it."
        )


def is_text(name: str) -> bool:
    """Whether a name is UTF-8; Python keeps what is not as lone surrogates, which nothing can write."""
    return name.isascii() or escaped(name) == name


def escaped(name: str) -> str:
    """The name with bytes that are not UTF-8 as \\xff."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
