"""The tables of a BIDS dataset: participants.tsv, sessions.tsv, and dseg.tsv with the names of labels."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from scanwright.errors import DataError
from scanwright.io.failures import in_words
from scanwright.io.layouts.folder import Folder

PARTICIPANTS = "participants.tsv"
# Where a conversion had to make up a subject, this column says so.
PATIENT, UNKNOWN = "patient", "unknown"
_UNKNOWN = ("", "n/a")


def read_participants(folder: Path) -> dict[str, dict[str, str]]:
    """Subject (without sub-) → what participants.tsv says; empty where there is none.

    Raises:
        DataError: the file is no such table.
    """
    return _keyed(folder / PARTICIPANTS, "participant_id", "sub-", PARTICIPANTS)


def read_sessions(folder: Path, subject: str) -> dict[str, dict[str, str]]:
    """Session (without ses-) → what the subject's sessions.tsv says; empty where there is none.

    Raises:
        DataError: the file is no such table.
    """
    name = f"sub-{subject}/sub-{subject}_sessions.tsv"
    return _keyed(folder / name, "session_id", "ses-", name)


def read_label_names(folder: Folder) -> dict[str, str]:
    """Value in the masks → name, from the first dseg.tsv at the top of derivatives or of one of them.

    Raises:
        DataError: the file is no such table.
    """
    for path, subject in _label_tables(folder):
        rows = _rows(path, "index", subject)
        return {
            row["index"]: row["name"]
            for row in rows
            if row["index"].lstrip("-").isdecimal() and row.get("name", "") not in _UNKNOWN
        }
    return {}


def _label_tables(folder: Folder) -> Iterator[tuple[Path, str]]:
    derived = folder.folders.get("derivatives")
    places = {"": folder}
    if derived is not None:
        places["derivatives/"] = derived
        places |= {f"derivatives/{name}/": below for name, below in derived.folders.items()}
    for prefix, place in places.items():
        for name in place.files:
            if name.endswith("dseg.tsv"):
                yield place.path / name, prefix + name


def _keyed(path: Path, key: str, prefix: str, subject: str) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    return {
        row[key].removeprefix(prefix): {
            name: value for name, value in row.items() if name != key and value not in _UNKNOWN
        }
        for row in _rows(path, key, subject)
    }


def _rows(path: Path, key: str, subject: str) -> list[Mapping[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            "the table cannot be read",
            subject=subject,
            received=in_words(error),
            do="Save it as tab-separated text in UTF-8, or remove it.",
        ) from None
    columns = [column.strip() for column in lines[0]] if lines else []
    if key not in columns or len(set(columns)) < len(columns):
        raise DataError(
            "the table is not laid out as BIDS says",
            subject=subject,
            expected=f"columns of different names, one of them {key}, separated by tabs",
            received=", ".join(columns[:12]) or "nothing",
            do="Correct or remove it.",
        )
    rows = [dict(zip(columns, [cell.strip() for cell in line], strict=False)) for line in lines[1:]]
    return [row for row in rows if row.get(key)]
