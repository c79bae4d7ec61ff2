"""Exports that come as one file: a zip archive, or the DICOMDIR of a disc."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from scanwright.errors import DataError
from scanwright.io.failures import reading
from scanwright.io.tree import check_name

MOST_FILES = 1_000_000
MOST_GROWTH = 200
"""How many times its own size an archive may become; images shrink to a third, a bomb by thousands."""
FREE_GROWTH_BYTES = 1 << 28
"""Up to this size no growth is suspicious."""
_CHUNK_BYTES = 1 << 20
_unpacked: dict[tuple[str, int, int], Path] = {}


def place_of(path: Path) -> Path:
    """Where the files of an input lie: the folder of a DICOMDIR, a temporary one for a zip, else itself.

    What is unpacked stays until the program ends, so that images can be read later.

    Raises:
        DataError: its name is not UTF-8, or it may not be looked at; the archive is empty, damaged,
            encrypted, reaches out of its folder, or would fill the disk; or this is a pipe or a device.
    """
    check_name(os.fspath(path))
    with reading(str(path)):
        exists = path.exists()
    if exists and not (path.is_file() or path.is_dir()):
        raise DataError(
            "this is neither a file nor a folder", subject=str(path), do="Save what it gives in a file first."
        )
    if not path.is_file():
        return path
    if path.name.upper() == "DICOMDIR":
        return path.parent
    if path.suffix.lower() != ".zip":
        return path
    known = path.stat()
    key = (os.path.realpath(path), known.st_mtime_ns, known.st_size)
    if key not in _unpacked:
        place = Path(tempfile.mkdtemp(prefix="scanwright-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        # Named like the archive, as a dataset is named by its folder.
        _unpack(path, place / path.stem)
        _unpacked[key] = place / path.stem
    return _unpacked[key]


def _unpack(path: Path, folder: Path) -> None:
    with reading(path.name), zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if not members:
            raise DataError("the archive is empty", expected="a zip of a folder")
        if len(members) > MOST_FILES:
            raise DataError("the archive holds implausibly many files", received=f"{len(members)}")
        allowed = max(FREE_GROWTH_BYTES, MOST_GROWTH * path.stat().st_size)
        free = shutil.disk_usage(tempfile.gettempdir()).free
        left = min(allowed, int(0.9 * free))
        if sum(member.file_size for member in members) > left:
            raise _too_large(min(allowed, free))
        # That an archive is small is not believed where it says so: bytes are counted as they come.
        for member in members:
            target = folder.joinpath(*_inside(member.filename))
            if stat.S_ISLNK(member.external_attr >> 16):
                continue
            if member.flag_bits & 1:
                raise DataError("the archive is encrypted", do="Unpack it with its password first.")
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as sink:
                while chunk := source.read(_CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise _too_large(min(allowed, free))
                    sink.write(chunk)


def _too_large(most_bytes: int) -> DataError:
    return DataError(
        "the archive becomes implausibly large, or larger than the free space",
        expected=f"at most {most_bytes / 1e9:.1f} GB",
        do="Unpack it yourself, and name the folder.",
    )


def _inside(name: str) -> tuple[str, ...]:
    """The parts of a member's path.

    Raises:
        DataError: it leads out of the archive's own folder.
    """
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or any(":" in part for part in parts):
        raise DataError("a file in the archive would be written outside its folder", received=repr(name))
    return parts
