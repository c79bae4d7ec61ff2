"""Checks of named fields: unknown names are errors that name the nearest known ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from scanwright.errors import SettingsError


def check_keys(received: Iterable[str], known: Sequence[str], source: str) -> None:
    """Raise when a key is not known.

    Raises:
        SettingsError: naming the key and its nearest neighbours.
    """
    for key in received:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3, cutoff=0.4) or sorted(known)[:8]
            raise SettingsError(
                f"'{key}' is not known here", subject=source, do=f"Did you mean {', '.join(near)}?"
            )
