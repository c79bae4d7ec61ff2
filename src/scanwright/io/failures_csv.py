"""``failures.csv``: what was set aside, at which stage, and why."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from scanwright.data.case import SetAside
from scanwright.io.files import write_csv


def write_failures(path: Path, rows: Sequence[SetAside]) -> None:
    """Write the list, one row an entry."""
    write_csv(path, ("case", "stage", "reason"), [(row.case, row.stage, row.reason) for row in rows])


def read_failures(path: Path) -> list[SetAside]:
    """The inverse of :func:`write_failures`; an absent file holds nothing."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return [SetAside(row["case"], row["stage"], row["reason"]) for row in csv.DictReader(stream)]
