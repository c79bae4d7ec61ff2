"""Journal: what is done of a prediction, so that it can go on after Ctrl-C, a full disk or a power cut.

A line of JSON for each case, added once all its files are written. Reading it runs no code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from scanwright.data.boxes import Boxes
from scanwright.data.case import SetAside
from scanwright.data.prediction import (
    Amount,
    BoxPrediction,
    ClassPrediction,
    Doubt,
    LabelsPrediction,
    Referral,
    Sampled,
    ValuePrediction,
)
from scanwright.errors import DataError, OutputError
from scanwright.inference.detections import Placed
from scanwright.io.files import claim_folder, forget_partials, naming_full_disks, write_text
from scanwright.types import JsonDict, PathLikeStr

JOURNAL = "progress.jsonl"


@dataclass(frozen=True)
class Outlined:
    """What the tables tell of a mask.

    Attributes:
        case: the case's name.
        doubts: why it may be wrong.
        volumes: of each class.
        sampled: how uncertain several answers are together, where that was asked for.
    """

    case: str
    doubts: tuple[Doubt, ...] = ()
    volumes: tuple[Amount, ...] = ()
    sampled: Sampled | None = None


TOLD = (Outlined, ClassPrediction, LabelsPrediction, ValuePrediction, BoxPrediction)
Told: TypeAlias = Outlined | ClassPrediction | LabelsPrediction | ValuePrediction | BoxPrediction


@dataclass(frozen=True)
class Written:
    """What became of a case: what the tables tell of it, its files, where its boxes lie, and which DICOM
    objects could not be written."""

    told: Told
    masks: Sequence[Path] = ()
    pictures: Sequence[Path] = ()
    placed: Sequence[Placed] = ()
    objects: Sequence[Path] = ()
    unwritten: Sequence[SetAside] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All that must be there if the case is to count as done."""
        return (*self.masks, *self.pictures, *self.objects)


KINDS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        *(Written, *TOLD),
        *(Amount, Boxes, Doubt, Placed, Referral, Sampled, SetAside),
    )
}
"""What a journal may hold beside paths, arrays, mappings, lists and single values."""


class Journal:
    """The cases that are done, in a folder of results; on disk from the first one on.

    Attributes:
        done: those of before.
    """

    def __init__(self, folder: Path, of: JsonDict, done: Sequence[Written] = ()) -> None:
        self.done = tuple(done)
        self._folder, self._path = folder, folder / JOURNAL
        self._head = _line({"of": of})
        if done:  # without what was cut off
            write_text(self._path, self._head + "".join(_line(_to_plain(one, folder)) for one in done))

    def add(self, written: Written) -> None:
        """Note that a case is done.

        Raises:
            OutputError: the disk is full.
        """
        head = "" if self._path.exists() else self._head
        with naming_full_disks(self._path), self._path.open("a", encoding="utf-8") as stream:
            stream.write(head + _line(_to_plain(written, self._folder)))

    def forget(self) -> None:
        """All is done."""
        self._path.unlink(missing_ok=True)


def begin(out: PathLikeStr, of: JsonDict, *, own: tuple[str, ...], overwrite: bool, resume: bool) -> Journal:
    """The journal of a folder of results; the folder is made, or gone on with.

    Args:
        out: the folder.
        of: the model, the input and what else answers depend on.
        own: names of files and folders that are written there.
        overwrite: replace earlier results.
        resume: go on with what was begun there; where nothing was, begin.

    Raises:
        OutputError: the folder holds something else, or what was begun there is of another model or input.
    """
    folder = Path(out)
    if not resume or not (folder / JOURNAL).is_file():
        return Journal(claim_folder(out, overwrite=overwrite, own=own, resumable="prediction"), of)
    lines = _read_lines(folder / JOURNAL)
    begun = next(lines, {}).get("of")
    if not isinstance(begun, dict):
        raise OutputError(
            "what was begun here can't be read",
            subject=str(out),
            do="Begin anew: --overwrite without --resume.",
        )
    other = [name for name, value in of.items() if begun.get(name) != value]
    if other:
        raise OutputError(
            "what was begun here can't be gone on with",
            subject=str(out),
            received=f"another {', '.join(other)}",
            do="Give what was given then, choose another --out, or begin anew: --overwrite without --resume.",
        )
    forget_partials(folder)
    journal = Journal(folder, of, list(_read_done(lines, folder)))
    if not journal.done:  # nothing of it holds any more
        journal.forget()
    return journal


def _read_lines(path: Path) -> Iterator[JsonDict]:
    """Up to the first that is not whole."""
    with path.open("rb") as stream:
        for line in stream:
            try:
                plain = json.loads(line)
            except (ValueError, RecursionError):
                return
            if not isinstance(plain, dict):
                return
            yield plain


def _read_done(lines: Iterator[JsonDict], folder: Path) -> Iterator[Written]:
    """The cases whose files are all there."""
    for plain in lines:
        try:
            written = _from_plain(plain, folder)
            is_done = isinstance(written.told, TOLD) and all(file.is_file() for file in written.files)
        except (AttributeError, KeyError, TypeError, ValueError, DataError):
            return
        if is_done:
            yield written


def _line(plain: JsonDict) -> str:
    return json.dumps(plain, ensure_ascii=False) + "\n"


def _to_plain(value: Any, folder: Path) -> Any:
    if isinstance(value, Path):
        return {"path": value.relative_to(folder).as_posix()}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"mapping": {name: _to_plain(item, folder) for name, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_to_plain(item, folder) for item in value]
    if type(value).__name__ in KINDS:
        named = {one.name: _to_plain(getattr(value, one.name), folder) for one in fields(value)}
        return {type(value).__name__: named}
    return value


def _from_plain(plain: Any, folder: Path) -> Any:
    if isinstance(plain, list):
        return tuple(_from_plain(item, folder) for item in plain)
    if not isinstance(plain, dict):
        return plain
    ((kind, held),) = plain.items()
    if kind == "path":
        return folder / held
    if kind == "array":
        return np.asarray(held, dtype=np.float64)
    named = {name: _from_plain(item, folder) for name, item in held.items()}
    return named if kind == "mapping" else KINDS[kind](**named)
