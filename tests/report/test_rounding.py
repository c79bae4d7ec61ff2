"""The interval decides how many digits mean something."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.report.rounding import decimals_of, format_interval, format_number, format_value


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "text"),
    [
        (0.87312, 0.86123, 0.88499, "", "0.873 (0.861–0.885)"),
        (0.87, 0.6, 0.95, "", "0.87 (0.60–0.95)"),
        (12345.6, 12011.0, 12820.0, "ml", "12350 (12010–12820) ml"),
        (1.234, 0.51, 3.9, "mm", "1.2 (0.5–3.9) mm"),
        (-0.12, -0.41, 0.21, "ml", "−0.12 (−0.41 … 0.21) ml"),
        (0.5, 0.45, 0.5496, "", "0.50 (0.45–0.55)"),
        (1.0, 1.0, 1.0, "", "1.00 (1.00–1.00)"),
        (0.0, 0.0, 0.0, "", "0.00 (0.00–0.00)"),
        (0.87312, None, None, "", "0.873"),
        (0.87312, math.nan, math.nan, "mm", "0.873 mm"),
        (None, None, None, "mm", "–"),
        (math.nan, 0.1, 0.2, "", "–"),
        (math.inf, None, None, "", "–"),
        (-0.0001, -0.3, 0.4, "", "0.00 (−0.30 … 0.40)"),
    ],
)
def test_numbers_read_as_they_should(value, low, high, unit, text):
    assert format_number(value, low, high, unit) == text


def test_parts_can_be_had_alone():
    assert format_value(0.87312, 0.86123, 0.88499) == "0.873"
    assert format_value(None) == "–"
    assert format_interval(0.86123, 0.88499, 0.87312) == "0.861–0.885"
    assert format_interval(None, None, 0.87) == ""


@given(st.floats(1e-6, 1e6), st.integers(1, 4))
def test_decimals_keep_that_many_significant_digits(quantity, significant):
    decimals = decimals_of(quantity, significant)
    digits = round(round(quantity, decimals) * 10.0**decimals)
    assert 10 ** (significant - 1) <= digits <= 10**significant


@given(st.floats(-1e3, 1e3), st.floats(1e-4, 1e3), st.floats(1e-4, 1e3))
def test_rounding_moves_a_number_by_less_than_a_tenth_of_its_interval(value, below, above):
    shown = float(format_value(value, value - below, value + above).replace("−", "-"))
    assert abs(shown - value) <= 0.0501 * (below + above) + 1e-9
