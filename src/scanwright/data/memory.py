"""Amounts of memory as people write them: "4G", "800M"."""

from __future__ import annotations

import math
import re

from scanwright.errors import SettingsError

UNITS = {"M": 10**6, "G": 10**9}


def read_memory(text: str) -> int:
    """Bytes; M and G are powers of ten.

    Raises:
        SettingsError: it is no amount.
    """
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*([MG])B?", text.strip(), re.IGNORECASE)
    if found is None or not float(found[1]):
        raise SettingsError(
            "memory is an amount", expected="one such as 4G or 800M", received=f"memory={text}"
        )
    return round(float(found[1]) * UNITS[found[2].upper()])


def write_memory(n_bytes: float) -> str:
    """The amount in words that :func:`read_memory` reads, rounded up to two digits: no less than it was."""
    unit = "G" if n_bytes >= UNITS["G"] else "M"
    number = n_bytes / UNITS[unit]
    step = 10.0 ** (math.floor(math.log10(max(number, 1))) - 1)
    return f"{math.ceil(number / step) * step:g}{unit}"
