"""Numbers as a person reads them: the interval decides how many digits mean something."""

from __future__ import annotations

import math

UNDEFINED = "–"


def format_number(
    value: float | None, low: float | None = None, high: float | None = None, unit: str = ""
) -> str:
    """A number with its interval, "0.873 (0.861–0.885) mm".

    The last digit shown is the second significant digit of the interval's width. Without an interval, or
    with one of no width, three significant digits are shown.

    Args:
        value: the number; ``None`` or nan is undefined.
        low, high: the interval's ends; ``None`` or nan when there is none.
        unit: put behind, "" for none.
    """
    if value is None or not math.isfinite(value):
        return UNDEFINED
    tail = f" {unit}" if unit else ""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return _fixed(value, decimals_of(value, 3)) + tail
    return f"{format_value(value, low, high)} ({format_interval(low, high, value)}){tail}"


def format_value(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """The number alone, with the digits that its interval allows."""
    if value is None or not math.isfinite(value):
        return UNDEFINED
    return _fixed(value, _decimals(value, low, high))


def format_plain(value: float) -> str:
    """A number as it was measured or predicted, four significant digits."""
    return _fixed(value, decimals_of(value, 4)) if math.isfinite(value) else UNDEFINED


def format_length(value: float) -> str:
    """A length to a tenth: as far as one that is measured on pictures means something."""
    return _fixed(value, 1) if math.isfinite(value) else UNDEFINED


def format_interval(low: float | None, high: float | None, value: float) -> str:
    """The interval alone, "0.861–0.885"; "" when there is none."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return ""
    decimals = _decimals(value, low, high)
    # A dash between negative numbers reads as a minus.
    between = " … " if low < 0 else "–"
    return f"{_fixed(low, decimals)}{between}{_fixed(high, decimals)}"


def decimals_of(quantity: float, significant: int) -> int:
    """Decimals that show ``significant`` digits of ``quantity``; negative before the decimal point."""
    if quantity == 0:
        return significant - 1
    exponent = math.floor(math.log10(abs(quantity)))
    # 0.0996 has its first digit one place further left once it is rounded to two digits.
    if round(abs(quantity), significant - 1 - exponent) >= 10 ** (exponent + 1):
        exponent += 1
    return significant - 1 - exponent


def _decimals(value: float, low: float | None, high: float | None) -> int:
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return decimals_of(value, 3)
    width = abs(high - low)
    if width < 1e-9 * max(1.0, abs(value)):
        return decimals_of(value, 3)
    return decimals_of(width, 2)


def _fixed(value: float, decimals: int) -> str:
    rounded = round(value, decimals)
    text = f"{rounded + 0.0:.{max(decimals, 0)}f}"
    return text.replace("-", "−")
