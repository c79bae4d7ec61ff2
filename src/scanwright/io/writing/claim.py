"""A folder of results whose record says what was written there, so that nothing else is ever removed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scanwright.errors import ModelError, OutputError
from scanwright.io.files import claim_folder, read_json
from scanwright.types import JsonDict, PathLikeStr


def claim_recorded(
    out: PathLikeStr, record: str, files: Iterable[str], *, overwrite: bool, what: str
) -> tuple[Path, tuple[str, ...]]:
    """The folder, and what lies in it from an earlier time, by its own record.

    Args:
        out: the folder.
        record: the JSON file in it with what :func:`holdings` gives.
        files: what is to be written, relative to the folder.
        overwrite: accept what is there.
        what: what writes the record, in words.

    Raises:
        OutputError: it holds something; with ``overwrite``, something that would be in the way and that the
            record does not name.
    """
    earlier, own = _left_in(Path(out), record) if overwrite else ((), frozenset[str]())
    folder = claim_folder(out, overwrite=overwrite)
    tops = {record, *(file.split("/", 1)[0] for file in files if file)}
    foreign = sorted(name for name in tops - set(earlier) if (folder / name).exists())
    # Someone may have put work of their own between our files.
    for name in earlier:
        below = (path for path in (folder / name).rglob("*") if not path.is_dir())
        foreign += sorted({path.relative_to(folder).as_posix() for path in below} - own)
    if foreign:
        raise OutputError(
            f"the folder holds what no {what} wrote, and it would be in the way",
            subject=str(out),
            received=", ".join(foreign[:4]) + ("…" if len(foreign) > 4 else ""),
            do="Choose another --out.",
        )
    return folder, earlier


def holdings(folder: Path, record: str) -> JsonDict:
    """``entries`` and ``files`` for the record of a folder that is complete but for the record itself."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    entries = {entry.name for entry in folder.iterdir()}
    return {"entries": sorted({*entries, record}), "files": sorted({*files, record})}


def _left_in(out: Path, record: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """What the record names at the folder's top level, and all files; nothing without a record."""
    try:
        content = read_json(out / record)
    except ModelError:
        return (), frozenset()
    if not isinstance(content, dict):
        return (), frozenset()
    entries, files = (
        [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
        for names in (content.get("entries"), content.get("files"))
    )
    # The record may have been edited: nothing outside the folder is ever removed.
    own = tuple(name for name in entries if name not in ("", ".", "..") and Path(name).name == name)
    return own, frozenset(files)
