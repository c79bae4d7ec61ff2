"""What of a search is worth having, and what a busy machine did to it."""

from __future__ import annotations

from typing import Any

import pytest

from scanwright.compression.search import find_disturbance, find_front


def row(
    name: str, *, loss: float = 0.0, verdict: str = "allowed", size: int = 100, speedup: float = 2.0
) -> dict[str, Any]:
    """A candidate whose original took one second."""
    pace = {"original_s": 1.0, "s": 1.0 / speedup, "speedup": speedup}
    paces = {"network": dict(pace), "end_to_end": dict(pace)}
    return {"name": name, "bytes": size, "verdict": verdict, "checks": [{"loss": loss}], **paces}


ORIGINAL = {
    name: value for name, value in row("original", speedup=1.0, size=200).items() if name != "verdict"
}


def test_what_loses_too_much_is_not_worth_having_however_small() -> None:
    broken = row("width-25-int8", loss=0.8, verdict="worse", size=5, speedup=9.0)
    rows = [ORIGINAL, row("width-100-int8", size=60), broken, row("width-50-fp32", verdict="unsure", size=50)]
    assert find_front(rows, "width-100-int8") == ["original", "width-100-int8", "width-50-fp32"]


def test_what_was_asked_for_by_its_speed_is_kept_whatever_it_loses() -> None:
    rows = [ORIGINAL, row("width-25-int8", loss=0.8, verdict="worse", size=5, speedup=9.0)]
    assert find_front(rows, "width-25-int8") == ["original", "width-25-int8"]


def test_what_another_beats_in_all_is_not_worth_having() -> None:
    rows = [ORIGINAL, row("width-100-int8", size=60, speedup=3.0), row("width-70-fp32", loss=0.001, size=70)]
    assert find_front(rows, "width-100-int8") == ["original", "width-100-int8"]


def test_a_busy_machine_is_known_by_the_original() -> None:
    rows = [ORIGINAL, row("width-100-int8"), row("width-50-fp32")]
    assert find_disturbance(rows) == 1.0
    rows[2]["end_to_end"]["original_s"] = 2.5
    assert find_disturbance(rows) == pytest.approx(2.5)
