"""Files of our own: written whole or not at all, read with a clear word when damaged."""

from __future__ import annotations

import csv
import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

from scanwright.errors import ModelError, OutputError
from scanwright.types import PathLikeStr


@contextmanager
def naming_full_disks(path: Path) -> Iterator[None]:
    """Turn what the system says of a full or forbidden disk into an OutputError that names the file."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(
                "the disk is full",
                subject=str(path),
                do="Free some space and run the command again: train, compress and predict with --resume, "
                "others with --overwrite.",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
            raise OutputError(
                "writing here is not possible", subject=str(path), do="Choose another --out."
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise OutputError(
                "the name is too long", subject=str(path), do="Choose a shorter one."
            ) from error
        raise


def write_whole(path: PathLikeStr, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a file beside ``path``, then put it in place in one step.

    Whoever is killed in between leaves the old file as it was.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    path = Path(path)
    with naming_full_disks(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # The suffix stays the file's own, because libraries choose the format by it.
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=".partial-", suffix="".join(path.suffixes[-2:])
        )
        os.close(handle)
        part = Path(name)
        try:
            write(part)
            with part.open("rb+") as stream:
                os.fsync(stream.fileno())
            part.chmod(0o644)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def write_text(path: PathLikeStr, text: str) -> None:
    """Write a text file in one step (UTF-8)."""
    write_whole(path, lambda part: _put(part, text.encode()))


def write_bytes(path: PathLikeStr, content: bytes) -> None:
    """Write a binary file in one step."""
    write_whole(path, lambda part: _put(part, content))


def _put(part: Path, content: bytes) -> None:
    part.write_bytes(content)


def write_json(path: PathLikeStr, value: Any) -> None:
    """Write JSON in one step; numbers that are not finite become null."""
    write_text(path, json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def finite(value: Any) -> Any:
    """The same plain value with NaN and infinity replaced by ``None``, as JSON has no word for them."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def read_json(path: PathLikeStr) -> Any:
    """Read a JSON file of ours.

    Raises:
        ModelError: it is missing or damaged.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError("the file is missing", subject=str(path)) from None
    except (OSError, ValueError) as error:
        raise ModelError(
            "the file is damaged", subject=str(path), do="Restore it, or make it again."
        ) from error


@contextmanager
def whole_folder(path: PathLikeStr) -> Iterator[Path]:
    """A fresh folder to fill; it takes the place of ``path`` only when the block ends well.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    path = Path(path)
    with naming_full_disks(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".partial-{path.name}-"))
        try:
            yield part
            _onto_the_disk(part)
            part.chmod(0o755)
            old = path.with_name(f".old-{path.name}")
            shutil.rmtree(old, ignore_errors=True)
            if path.exists():
                path.rename(old)
            part.rename(path)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def filling(folder: Path, *, instead_of: Sequence[str] = ()) -> Iterator[Path]:
    """A fresh folder to fill; what lies in it moves into ``folder`` only when the block ends well.

    A program that is killed leaves a ``.partial-`` folder, which the next one removes.

    Args:
        folder: where the results go; it exists.
        instead_of: names of earlier results in it, which stay until the new ones are whole.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    with naming_full_disks(folder):
        part = Path(tempfile.mkdtemp(dir=folder, prefix=".partial-"))
        try:
            yield part
            _onto_the_disk(part)
            _remove(folder, instead_of)
            for entry in sorted(part.iterdir()):
                entry.rename(folder / entry.name)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _onto_the_disk(folder: Path) -> None:
    """Wait until every file below is written, and not only said to be."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())


def forget_partials(folder: PathLikeStr) -> None:
    """Remove what a killed program of ours left half-written in a folder."""
    for left in Path(folder).glob(".partial-*"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def fresh_folder(stem: str = "scanwright-run-") -> Path:
    """The first of STEM1, STEM2, … that does not exist."""
    n = 1
    while Path(f"{stem}{n}").exists():
        n += 1
    return Path(f"{stem}{n}")


def claim_folder(
    path: PathLikeStr, *, overwrite: bool, own: tuple[str, ...] = (), resumable: str = ""
) -> Path:
    """A folder for results: made when missing, refused when it holds something.

    Args:
        path: the folder.
        overwrite: accept a folder that holds something; of it, only the entries named in ``own`` are removed.
        own: names of files and folders that the caller writes.
        resumable: what the caller could go on with: "training", "search"; "" for nothing.

    Raises:
        OutputError: it holds something, is a file, or can't be made.
    """
    path = Path(path)
    with naming_full_disks(path):
        if path.exists() and not path.is_dir():
            raise OutputError(
                "results need a folder, and this is a file", subject=str(path), do="Choose another --out."
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError:  # said of places where nothing can be made, such as /proc
            raise OutputError(
                "this folder can't be made", subject=str(path), do="Choose another --out."
            ) from None
        held = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(".partial-"))
        if held and not overwrite:
            raise OutputError(
                "the folder already holds something",
                subject=str(path),
                received=", ".join(held[:4]) + ("…" if len(held) > 4 else ""),
                do=(
                    f"An unfinished {resumable} goes on with --resume. Else choose" if resumable else "Choose"
                )
                + " another --out, or say --overwrite to replace earlier results.",
            )
        if "settings.toml" in held and "settings.toml" not in own:
            raise OutputError(
                "this folder is a run; its records are not overwritten",
                subject=str(path),
                do="Choose another --out.",
            )
        forget_partials(path)
        _remove(path, own)
    return path


@contextmanager
def kept_if_filled(folder: PathLikeStr) -> Iterator[None]:
    """A claimed folder in which an error or Ctrl-C may leave nothing: then the folder goes too."""
    try:
        yield
    except BaseException:
        with suppress(OSError):  # it holds something
            Path(folder).rmdir()
        raise


def _remove(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)


def write_csv(path: PathLikeStr, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table in one step (UTF-8)."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())
