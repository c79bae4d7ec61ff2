"""Names for files and subjects: no two alike, and no sign that a file system or a standard forbids."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

Key = TypeVar("Key")


def for_files(name: str) -> str:
    """Letters, digits, dots, hyphens and underscores; not hidden."""
    return re.sub(r"[^\w.-]+", "_", name).lstrip(".")


def for_labels(name: str) -> str:
    """Latin letters and digits, as BIDS has them in its entities."""
    return re.sub(r"[^A-Za-z0-9]+", "", name)


def distinct(wanted: Mapping[Key, str], clean: Callable[[str], str]) -> dict[Key, str]:
    """A clean name for each key; a number is appended where two would be alike, whatever their case.

    Names that are clean as they are keep their form before others.
    """
    taken: set[str] = set()
    given: dict[Key, str] = {}
    for key, name in sorted(wanted.items(), key=lambda item: clean(item[1]) != item[1]):
        base = candidate = clean(name) or "x"
        number = 1
        while candidate.casefold() in taken:
            number += 1
            candidate = clean(f"{base}-{number}")
        taken.add(candidate.casefold())
        given[key] = candidate
    return {key: given[key] for key in wanted}
