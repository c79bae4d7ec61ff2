"""Numbers of an evaluation or a comparison, found by their name."""

from __future__ import annotations

from collections.abc import Sequence

from scanwright.errors import SettingsError
from scanwright.types import JsonDict


def find_number(numbers: Sequence[JsonDict], name: str, group: str) -> JsonDict:
    """The number of that name and group.

    Raises:
        SettingsError: there is none.
    """
    for number in numbers:
        if (number["name"], number["group"]) == (name, group):
            return dict(number)
    known = sorted({number["name"] for number in numbers})
    raise SettingsError("no such number", expected=", ".join(known), received=f"{name} {group}".strip())
