"""What sizes say of change and growth, from sizes alone."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from scanwright.core.growth import Population
from scanwright.followup.assessment import Followed, change_of, comparable, growth_of, tell_growth, warn
from scanwright.followup.choices import LesionChoice, VisitChoice

DAYS = (0, 60, 120)


def sizes(*volumes: float | str) -> list[dict]:
    """Of each date a volume (ml), or a status."""
    rows = []
    for n, volume in enumerate(volumes):
        row = {"study": f"S{n}", "day": DAYS[n], "status": volume if isinstance(volume, str) else "seen"}
        if not isinstance(volume, str):
            long = 10 * (6 * volume / math.pi) ** (1 / 3)
            row |= {"volume_ml": volume, "log_volume_sd": 0.1, "long_mm": long, "short_mm": long}
        rows.append(row)
    return rows


def patient(of: dict[str, list[dict]], into: dict[str, str] | None = None, modality: str = "CT") -> Followed:
    lesions = [
        LesionChoice(name, name, {}, into=(into or {}).get(name, ""), role="target", why="largest")
        for name in of
    ]
    n = len(next(iter(of.values())))
    studies = [{"study": f"S{i}", "day": DAYS[i], "modality": "CT"} for i in range(n)]
    studies[-1]["modality"] = modality
    return Followed(lesions, of, [VisitChoice(f"S{i}") for i in range(n)], studies)


def test_a_merged_mass_compares_with_the_sum_of_its_parts() -> None:
    of = {"L1": sizes(3.0, 4.0, 12.0), "L2": sizes(2.0, 4.0, "merged"), "L3": sizes(1.0, "merged", "merged")}
    seen = comparable(one := patient(of, {"L2": "L1", "L3": "L2"}), one.lesions[0])
    assert [row["volume_ml"] for row in seen] == [6.0, 8.0, 12.0]
    assert seen[0]["log_volume_sd"] == pytest.approx(math.hypot(0.3, 0.2, 0.1) / 6)
    last = [row for row in change_of(seen, Population()) if row["study"] == "S2" and row["since"] == "first"]
    assert last[0]["volume_percent"] == pytest.approx(100)
    assert [row["volume_ml"] for row in comparable(one, one.lesions[1])] == [3.0, 4.0]


def test_a_part_that_is_not_known_leaves_the_date_out() -> None:
    of = {"L1": sizes(3.0, 4.0, 12.0), "L2": sizes(2.0, "unknown", "merged")}
    seen = comparable(one := patient(of, {"L2": "L1"}), one.lesions[0])
    assert [row["study"] for row in seen] == ["S0", "S2"]


def test_progression_is_forecast_from_the_law_not_from_the_unluckiest_measurement() -> None:
    of = {"L1": sizes(0.07, 0.13, 0.12)}
    for row in of["L1"]:
        row["log_volume_sd"] = 1.0
    one = patient(of)
    seen = comparable(one, one.lesions[0])
    growth = growth_of(of["L1"], seen, Population())
    assert growth is not None
    told = tell_growth(growth, dt.date(2024, 1, 1))
    assert told["progression_day"] is None or told["progression_day"] > DAYS[-1]


def test_a_stable_lesion_has_no_doubling_time() -> None:
    of = {"L1": sizes(7.21, 7.20, 7.16)}
    one = patient(of)
    growth = growth_of(of["L1"], comparable(one, one.lesions[0]), Population())
    assert growth is not None
    assert tell_growth(growth, dt.date(2024, 1, 1))["doubling_days"][0] == math.inf


def test_no_warning_where_the_last_date_does_not_compare() -> None:
    of = {"L1": sizes(3.0, 5.0, 9.0)}
    for modality, expected in (("CT", True), ("MR", False)):
        one = patient(of, modality=modality)
        growth = growth_of(of["L1"], comparable(one, one.lesions[0]), Population())
        assert growth is not None
        assert (warn(one, {"L1": growth}, dt.date(2024, 1, 1), 0) is not None) is expected
