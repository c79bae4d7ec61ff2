"""How fast a lesion grows, and how large it will be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from scanwright.core.growth import LAWS, Population, first_day_above, grow
from scanwright.core.growth import _shapes as shapes

DAYS = np.array([0.0, 30.0, 60.0, 120.0])


def test_a_lesion_that_doubles_every_sixty_days_is_told_so() -> None:
    growth = grow(DAYS, DAYS / 60 * math.log(2), [0.03] * 4)
    middle, low, high = growth.doubling_days()
    assert low < 60 < high
    assert middle == pytest.approx(60, rel=0.15)
    assert growth.probability_of_growth > 0.99
    assert sum(growth.laws.values()) == pytest.approx(1)


def test_what_shrinks_has_no_doubling_time() -> None:
    growth = grow(DAYS, -DAYS / 60 * math.log(2), [0.03] * 4)
    assert growth.doubling_days()[0] == math.inf
    assert growth.rate()[0] < 0
    assert first_day_above(growth, 0.0) is None


@pytest.mark.parametrize("law", [law for law in LAWS if law != "regrowth"])
def test_the_laws_are_those_of_their_differential_equations(law: str) -> None:
    rate, top = 0.02, 2.0
    own = rate / (1 - math.exp(-top))
    slopes = {
        "exponential": lambda _, y: [rate],
        "linear": lambda _, y: [rate * math.exp(-y[0] / 3)],
        "logistic": lambda _, y: [own * (1 - math.exp(y[0] - top))],
        "gompertz": lambda _, y: [rate * (1 - y[0] / top)],
    }
    solved = solve_ivp(slopes[law], (0, 150), [0.0], t_eval=DAYS, rtol=1e-8, atol=1e-10).y[0]
    one = np.array([float(LAWS.index(law))])
    told = shapes(one, np.array([rate]), np.array([top]), DAYS)[0]
    assert told == pytest.approx(solved, abs=1e-5)


def test_what_resists_grows_again_and_is_expected_to() -> None:
    days = np.array([0, 40, 80, 120, 160.0])
    sizes = np.log(np.exp(-0.04 * days) + np.expm1(0.006 * days))
    growth = grow(days, sizes, [0.05] * 5)
    assert max(growth.laws, key=growth.laws.__getitem__) == "regrowth"
    assert growth.probability_of_growth > 0.95
    assert growth.forecast(250)[0] > sizes[-1]


def test_two_dates_give_an_interval_that_widens_with_time() -> None:
    growth = grow([0, 60], [0.0, 0.2], [0.1, 0.1])
    near, far = (np.ptp(growth.forecast(day)[1:]) for day in (90, 365))
    assert 0 < near < far
    assert np.ptp(growth.forecast(90, error_sd=0.3)[1:]) > near
    assert np.ptp(growth.forecast(90, level=0.5)[1:]) < near


def test_the_band_holds_nine_in_ten_of_lesions_as_they_are_drawn() -> None:
    rng, population = np.random.default_rng(0), Population(wander_sd=0.0)
    held = 0
    for _ in range(300):
        rate = population.rate_mean + population.rate_sd * rng.standard_normal()
        # Where the law is known and errors are as said, the others widen the band a little.
        y = rate * DAYS[:3] + 0.1 * rng.standard_normal(3)
        _, low, high = grow(DAYS[:3], y, [0.1] * 3, population).forecast(DAYS[3])
        held += low <= rate * DAYS[3] <= high
    assert 0.85 <= held / 300 <= 0.98


def test_the_first_day_above_a_size_has_that_probability() -> None:
    growth = grow(DAYS, DAYS / 60 * math.log(2), [0.03] * 4)
    day = first_day_above(growth, 3.0)
    assert day is not None
    assert growth.probability_above(day, 3.0) >= 0.5 > growth.probability_above(day - 1, 3.0)
    assert first_day_above(growth, 50.0) is None
    assert first_day_above(growth, -5.0) == 120


def test_ways_that_are_drawn_agree_with_the_forecast() -> None:
    growth = grow([0, 60], [0.0, 0.3], [0.1, 0.1])
    drawn = growth.draw([60.0, 180.0], 4000, np.random.default_rng(0))
    for column, day in enumerate((60.0, 180.0)):
        middle, low, high = growth.forecast(day)
        assert np.median(drawn[:, column]) == pytest.approx(middle, abs=0.05)
        assert np.mean((drawn[:, column] > low) & (drawn[:, column] < high)) == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("days", [[0.0], [5.0, 5.0]])
def test_one_day_is_not_growth(days: list[float]) -> None:
    with pytest.raises(ValueError, match="two days"):
        grow(days, [0.0] * len(days), [0.1] * len(days))
