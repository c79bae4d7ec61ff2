"""Whether a change is more than the error of measuring."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scanwright.core.change import (
    ball_diameter_mm,
    diameter_sd_mm,
    least_real_change,
    log_volume_sd,
    probability_grew,
)


def test_the_diameter_of_a_ball() -> None:
    assert ball_diameter_mm(math.pi / 6) == pytest.approx(10)
    assert ball_diameter_mm(0) == 0


def test_small_lesions_and_thick_slices_are_known_less_well() -> None:
    assert log_volume_sd(0.5, 0.7, 1) > log_volume_sd(4, 0.7, 1)
    assert log_volume_sd(4, 0.7, 5) > log_volume_sd(4, 0.7, 1)
    assert log_volume_sd(0, 0.7, 1) == log_volume_sd(1e-6, 0.7, 1) == 1
    assert diameter_sd_mm(1.0) == pytest.approx(0.7)


def test_the_error_of_a_volume_is_that_of_an_edge_drawn_too_far_out() -> None:
    rng = np.random.default_rng(0)
    across, along = 0.35 * 0.8 * rng.standard_normal(4000), 0.25 * 3 * rng.standard_normal(4000)
    volumes = (10 + across) ** 2 * (10 + along)
    assert np.std(np.log(volumes)) == pytest.approx(log_volume_sd(4 * math.pi / 3, 0.8, 3), rel=0.05)


def test_no_change_is_as_likely_growth_as_not() -> None:
    assert probability_grew(1.0, 1.0, (0.1, 0.1)) == pytest.approx(0.5)
    assert probability_grew(1.0, 2.0, (0.0, 0.0)) == 1
    assert probability_grew(1.0, 1.0, (0.0, 0.0), prior=(0.0, 1.0)) == 0


def test_the_same_change_says_less_of_what_is_known_less_well() -> None:
    sure, unsure = (probability_grew(0.0, 0.3, (sd, sd)) for sd in (0.1, 0.4))
    assert sure > 0.98 > unsure > 0.5
    assert probability_grew(0.0, 0.3, (0.1, 0.1), by=0.3) == pytest.approx(0.5)


def test_the_probability_holds_among_lesions_that_change_as_thought() -> None:
    rng = np.random.default_rng(1)
    true = 0.1 + 0.5 * rng.standard_normal(20_000)
    first, second = 0.2 * rng.standard_normal(20_000), true + 0.3 * rng.standard_normal(20_000)
    told = np.array(
        [probability_grew(a, b, (0.2, 0.3), prior=(0.1, 0.5)) for a, b in zip(first, second, strict=True)]
    )
    for low in (0.1, 0.4, 0.7, 0.9):
        rows = (told >= low) & (told < low + 0.1)
        assert np.mean(true[rows] > 0) == pytest.approx(told[rows].mean(), abs=0.05)


def test_measuring_twice_stays_below_the_least_real_change() -> None:
    assert least_real_change((0.3, 0.4)) == pytest.approx(1.96 * 0.5, rel=1e-3)
