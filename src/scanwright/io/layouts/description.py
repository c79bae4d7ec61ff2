"""dataset.json: what the data themselves say of their labels and channels (nnU-Net, Decathlon)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scanwright.errors import DataError
from scanwright.io.failures import in_words

FILE_NAME = "dataset.json"
_SHOWN = 40


@dataclass(frozen=True)
class Description:
    """What dataset.json says.

    Attributes:
        channels: names of the image channels, in order.
        class_names: value in the masks → name.
        classes: names of the classes of boxes; also of those that no box has.
        notes: what it says and is not used, in words.
    """

    channels: tuple[str, ...] = ()
    class_names: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_description(folder: Path, *, needed: bool = True) -> Description:
    """The description that lies in a folder; an empty one where there is none.

    Args:
        folder: where it lies.
        needed: otherwise one that can't be used is only noted, as nobody asks for labels.

    Raises:
        DataError: dataset.json is not what it should be.
    """
    if not (folder / FILE_NAME).is_file():
        return Description()
    try:
        return _read(folder)
    except DataError as error:
        if needed:
            raise
        return Description(notes=(f"not used: {error}",))


def _read(folder: Path) -> Description:
    try:
        described = json.loads((folder / FILE_NAME).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            "the file is not JSON",
            subject="dataset.json",
            received=in_words(error),
            do="Correct or remove it.",
        ) from None
    if not isinstance(described, dict):
        raise DataError(
            "the file does not describe a dataset", subject="dataset.json", expected="a JSON object"
        )
    channels = described.get("channel_names", described.get("modality"))
    if isinstance(channels, dict):
        channels = [channels[key] for key in sorted(channels, key=_as_number)]
    classes = described.get("classes")
    class_names, notes = _read_labels(described.get("labels"))
    if channels is not None and not isinstance(channels, list):
        notes.append("dataset.json: channel_names (or modality) is no list of names; it is not used")
    return Description(
        channels=tuple(str(channel) for channel in channels) if isinstance(channels, list) else (),
        class_names=dict(sorted(class_names.items(), key=lambda item: _as_number(item[0]))),
        classes=tuple(str(name) for name in classes) if isinstance(classes, list) else (),
        notes=tuple(notes),
    )


def _read_labels(labels: object) -> tuple[dict[str, str], list[str]]:
    """Value → name, and notes on what cannot be used."""
    if labels is None:
        return {}, []
    if not isinstance(labels, dict):
        return {}, ["dataset.json: labels is no table of names and values; it is not used"]
    class_names: dict[str, str] = {}
    notes = []
    for key, value in labels.items():
        if isinstance(value, list):
            notes.append(
                f"dataset.json: the region {key!r} joins the labels {value}; the labels are learnt one by one"
            )
            continue
        # nnU-Net v2 writes {"liver": 1}, MSD and nnU-Net v1 {"1": "liver"}.
        number, name = (str(value), str(key)) if isinstance(value, int) else (str(key), str(value))
        if not _is_whole(number):
            number, name = name, number
        if not _is_whole(number):
            said = f"{str(key)[:_SHOWN]!r}: {str(value)[:_SHOWN]!r}"
            notes.append(f"dataset.json: the label {said} gives no whole number; it names nothing")
        elif class_names.setdefault(number, name) != name:
            notes.append(
                f"dataset.json: the value {number} has two names; it is called {class_names[number]!r}"
            )
    return class_names, notes


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _as_number(key: str) -> tuple[int, str]:
    return (int(key), "") if _is_whole(key) else (10**9, key)
