"""A folder of results whose record says what was written there, so that nothing else is ever removed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scanwright.errors import ModelError, OutputError
from scanwright.io.files import claim_folder, read_json
from scanwright.types import PathLikeStr


def claim_recorded(
    out: PathLikeStr, record: str, files: Iterable[str], *, overwrite: bool, what: str
) -> tuple[Path, tuple[str, ...]]:
    """The folder, and what lies in it from an earlier time, by its own record.

    Args:
        out: the folder.
        record: the JSON file in it whose ``entries`` name what was written.
        files: what is to be written, relative to the folder.
        overwrite: accept what is there.
        what: what writes the record, in words.

    Raises:
        OutputError: it holds something; with ``overwrite``, something that would be in the way and that the
            record does not name.
    """
    earlier = _entries_of(Path(out), record) if overwrite else ()
    folder = claim_folder(out, overwrite=overwrite)
    tops = {record, *(file.split("/", 1)[0] for file in files)}
    foreign = sorted(name for name in tops - set(earlier) if (folder / name).exists())
    if foreign:
        raise OutputError(
            f"the folder holds what no {what} wrote, and it would be in the way",
            subject=str(out),
            received=", ".join(foreign[:4]) + ("…" if len(foreign) > 4 else ""),
            do="Choose another --out.",
        )
    return folder, earlier


def _entries_of(out: Path, record: str) -> tuple[str, ...]:
    """What the record names at the folder's top level; nothing without a record."""
    try:
        content = read_json(out / record)
    except ModelError:
        return ()
    entries = content.get("entries") if isinstance(content, dict) else None
    names = [name for name in entries if isinstance(name, str)] if isinstance(entries, list) else []
    # The record may have been edited: nothing outside the folder is ever removed.
    return tuple(name for name in names if name not in ("", ".", "..") and Path(name).name == name)
