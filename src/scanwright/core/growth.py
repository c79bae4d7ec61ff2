"""Growth: how fast a lesion grows, by which law, and how large it will be.

Log volume is measured with an error of known size, times an unknown factor. Five laws are laid over a grid of
their parameters; each point is weighed by how well it explains what was measured (its marginal likelihood:
the volume at the first date is integrated out) and by how common it is among lesions. A forecast is a mixture
over all points of all laws, so that two dates give an interval too, an honest and wide one. Laws as in
Benzekry et al., PLoS Comput Biol 2014;10:e1003800, and one for treatment that loses its hold. All functions
are pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from scipy.special import logsumexp, ndtr

from scanwright.types import BoolArray, FloatArray

LAWS = ("exponential", "linear", "logistic", "gompertz", "regrowth")
"""The last: a part dies off while what resists grows (Stein et al., Oncologist 2008;13:1046)."""
DAYS_A_MONTH = 365.25 / 12
LONGEST_DOUBLING_DAYS = 3652.5
"""What doubles more slowly than in ten years is not told from what does not grow."""
LEVEL = 0.9
_RATES = 81
_CAPACITIES = np.linspace(0.5, 6.0, 12)
_REGROWTHS = np.geomspace(0.001, 0.04, 12)
_ERROR_FACTORS = np.array([0.5, 0.7, 1.0, 1.4, 2.0])
_ERROR_WEIGHTS = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
_SECOND = {"logistic": _CAPACITIES, "gompertz": _CAPACITIES, "regrowth": _REGROWTHS}
"""Law → values of its second parameter: log of the largest volume over the first, or a rate a day."""
_TURNS: dict[str, Callable[[FloatArray], BoolArray]] = {
    "exponential": lambda rate: rate < math.inf,
    "linear": lambda rate: rate < math.inf,
    "logistic": lambda rate: rate > 0,
    "gompertz": lambda rate: rate > 0,
    "regrowth": lambda rate: rate < 0,
}
"""Law → for which rates it holds; what shrinks nears no capacity, what grows does not grow again. Beyond, all
are exponential."""
_QUANTILE_STEPS = 60
_STRIDE_DAYS = 14.0
_SMALLEST = 0.2
"""Part of its first diameter from which a lesion that shrinks linearly does so by a steady rate."""


@dataclass(frozen=True)
class Population:
    """What is known of growth before a lesion is measured: rates are normal, laws equally likely.

    Attributes:
        rate_mean, rate_sd: of the change of log volume a day, at the first date.
        wander_sd: by which log volume strays from any law in a square root of a day.

    The defaults: doubling in 40 days (or halving) is within one standard deviation and a half, and the
    middle is slow growth; wide enough for tumours under treatment.
    """

    rate_mean: float = 0.002
    rate_sd: float = 0.01
    wander_sd: float = 0.005


@dataclass(frozen=True, eq=False)
class Growth:
    """A lesion's growth, as far as it is known.

    Attributes:
        days: of the measurements.
        laws: law → probability.
        rates: (n,) of every point of the grid: change of log volume a day at the last date.
        weights: (n,) probabilities of the points.
        points: the points themselves.
    """

    days: FloatArray
    laws: dict[str, float]
    weights: FloatArray
    points: _Points
    population: Population

    @cached_property
    def rates(self) -> FloatArray:
        """(n,) change of log volume a day at the last date, for every point."""
        step = 0.5
        ends = np.array([self.days[-1] - step, self.days[-1] + step])
        shapes = self.points.shapes(ends - self.days[0])
        rates: FloatArray = (shapes[:, 1] - shapes[:, 0]) / (2 * step)
        return rates

    @property
    def probability_of_growth(self) -> float:
        """That it grows at the last date."""
        return float(self.weights[self.rates > 0].sum())

    def rate(self, level: float = LEVEL) -> tuple[float, float, float]:
        """Change of log volume a day at the last date: median, low and high."""
        return _weighted(self.rates, self.weights, (0.5, (1 - level) / 2, (1 + level) / 2))

    def doubling_days(self, level: float = LEVEL) -> tuple[float, float, float]:
        """Days in which it doubles at the rate of the last date: median, low and high.

        Infinite from ``LONGEST_DOUBLING_DAYS`` on; negative never: what shrinks has none.
        """
        middle, low, high = self.rate(level)
        slowest = math.log(2) / LONGEST_DOUBLING_DAYS
        told = [math.log(2) / one if one > slowest else math.inf for one in (middle, high, low)]
        return told[0], told[1], told[2]

    def forecast(self, day: float, error_sd: float = 0.0, level: float = LEVEL) -> tuple[float, float, float]:
        """Log volume at a day: median, low and high.

        Args:
            day: counted as those of the measurements.
            error_sd: of a measurement that would be made then; 0 for the true volume.
            level: of the interval.
        """
        means, sds = self._at(day, error_sd)
        found = [_quantile(means, sds, self.weights, q) for q in (0.5, (1 - level) / 2, (1 + level) / 2)]
        return found[0], found[1], found[2]

    def probability_above(self, day: float, log_volume: float) -> float:
        """That the true log volume at a day is above a value."""
        means, sds = self._at(day, 0.0)
        return float(self.weights @ ndtr((means - log_volume) / np.maximum(sds, 1e-9)))

    def draw(self, days: Sequence[float], n: int, rng: np.random.Generator) -> FloatArray:
        """(n, days) true log volumes at several days, each row one way that it may go."""
        chosen = rng.choice(len(self.weights), n, p=self.weights)
        steady = rng.standard_normal(n)
        rows = np.empty((n, len(days)))
        for column, day in enumerate(days):
            means, sds = self._at(day, 0.0)
            rows[:, column] = means[chosen] + steady * sds[chosen]
        return rows

    def _at(self, day: float, error_sd: float) -> tuple[FloatArray, FloatArray]:
        ahead = max(0.0, day - float(self.days[-1]))
        shape = self.points.shapes(np.array([day - self.days[0]]))[:, 0]
        variance = self.points.level_variance + self.population.wander_sd**2 * ahead
        variance = variance + (error_sd * self.points.factors) ** 2
        return self.points.levels + shape, np.sqrt(variance)


@dataclass(frozen=True, eq=False)
class _Points:
    """Points of the grid: one law, its parameters, a factor of the error, and what then follows of the level.

    Attributes:
        laws: (n,) numbers in ``LAWS``.
        rates, capacities, factors: (n,).
        levels, level_variance: (n,) of log volume at the first date.
    """

    laws: FloatArray
    rates: FloatArray
    capacities: FloatArray
    factors: FloatArray
    levels: FloatArray
    level_variance: FloatArray

    def shapes(self, days: FloatArray) -> FloatArray:
        """(n, days) log volume less that of the first date."""
        return _shapes(self.laws, self.rates, self.capacities, days)


def grow(
    days: Sequence[float],
    log_volumes: Sequence[float],
    error_sds: Sequence[float],
    population: Population | None = None,
) -> Growth:
    """Growth from two or more measurements.

    Args:
        days: growing, not all the same.
        log_volumes: natural logarithms of volumes, in any unit.
        error_sds: of each.
        population: what is known of lesions beforehand.

    Raises:
        ValueError: fewer than two days.
    """
    when, sizes = np.asarray(days, dtype=float), np.asarray(log_volumes, dtype=float)
    if len(when) < 2 or np.ptp(when) <= 0:
        raise ValueError("growth needs two days")
    population = population or Population()
    laws, rates, capacities, factors, prior = _grid(population)
    shapes = _shapes(laws, rates, capacities, when - when[0])
    errors = np.maximum(np.asarray(error_sds, dtype=float), 1e-3)
    posterior = np.full(len(laws), -np.inf)
    levels, variances = np.zeros(len(laws)), np.zeros(len(laws))
    for factor in _ERROR_FACTORS:
        rows = factors == factor
        # Errors of measurement, and what strays from the law between the dates.
        covariance = np.diag((factor * errors) ** 2) + _walk(when, population.wander_sd)
        inverse = np.linalg.inv(covariance)
        weight = float(inverse.sum())
        residuals = sizes - shapes[rows]
        level = residuals @ inverse.sum(axis=1) / weight
        left = residuals - level[:, None]
        misfit = np.einsum("ni,ij,nj->n", left, inverse, left)
        _, logdet = np.linalg.slogdet(covariance)
        posterior[rows] = prior[rows] - 0.5 * (misfit + logdet + math.log(weight))
        levels[rows], variances[rows] = level, 1 / weight
    weights = np.exp(posterior - logsumexp(posterior))
    by_law = {name: float(weights[laws == n].sum()) for n, name in enumerate(LAWS)}
    kept = weights > weights.max() * 1e-9
    points = _Points(*(one[kept] for one in (laws, rates, capacities, factors, levels, variances)))
    return Growth(when, by_law, weights[kept] / weights[kept].sum(), points, population)


def first_day_above(
    growth: Growth, log_volume: float, *, probability: float = 0.5, horizon_days: float = 730.0
) -> float | None:
    """First day after the last measurement on which the true volume is above a value with a probability.

    Returns:
        ``None`` where that is not so on any day up to the horizon.
    """
    last = float(growth.days[-1])
    before = 0.0
    for ahead in np.minimum(np.arange(0.0, horizon_days + _STRIDE_DAYS, _STRIDE_DAYS), horizon_days):
        if growth.probability_above(last + ahead, log_volume) >= probability:
            for day in np.arange(before, ahead):
                if growth.probability_above(last + day, log_volume) >= probability:
                    return last + float(day)
            return last + float(ahead)
        before = float(ahead)
    return None


def _walk(days: FloatArray, sd: float) -> FloatArray:
    """Covariance of what strays, counted back from the last date, where it is 0."""
    back = days[-1] - days
    covariance: FloatArray = sd**2 * np.minimum(back[:, None], back[None])
    return covariance


_Grid: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]


def _grid(population: Population) -> _Grid:
    """Law, rate, capacity, factor of the error and log prior of every point."""
    span = np.linspace(-4.0, 4.0, _RATES)
    rates = population.rate_mean + population.rate_sd * span
    rate_prior = -0.5 * span**2 - logsumexp(-0.5 * span**2)
    columns: list[list[FloatArray]] = []
    for law, name in enumerate(LAWS):
        capacities = _SECOND.get(name, np.zeros(1))
        r, c, f = np.meshgrid(rates, capacities, _ERROR_FACTORS, indexing="ij")
        prior = rate_prior[:, None, None] - math.log(len(capacities)) - math.log(len(LAWS))
        prior = prior + np.log(_ERROR_WEIGHTS)[None, None]
        flat = [np.where(_TURNS[name](r), law, 0.0).ravel(), r.ravel(), c.ravel(), f.ravel()]
        columns.append([*flat, np.broadcast_to(prior, r.shape).ravel()])
    law_, rate, capacity, factor, log_prior = (np.concatenate(one) for one in zip(*columns, strict=True))
    return law_, rate, capacity, factor, log_prior


def _shapes(laws: FloatArray, rates: FloatArray, capacities: FloatArray, days: FloatArray) -> FloatArray:
    """(n, days) log volume less that of day 0."""
    r, t, c = rates[:, None], days[None], capacities[:, None]
    found = r * t
    linear = laws == LAWS.index("linear")
    # Linear in diameter, whose cube is the volume; what nears nothing goes on as steeply as it came there.
    inside = 1 + r[linear] * t / 3
    beyond = 3 * math.log(_SMALLEST) + 3 / _SMALLEST * (inside - _SMALLEST)
    found[linear] = np.where(inside > _SMALLEST, 3 * np.log(np.maximum(inside, _SMALLEST)), beyond)
    rows = laws == LAWS.index("regrowth")
    found[rows] = np.log(np.exp(r[rows] * t) + np.expm1(np.minimum(c[rows] * t, 50)))
    rows = laws == LAWS.index("logistic")
    rate, top = r[rows], c[rows]
    # The rate at day 0 is r: the intrinsic one is larger by what the capacity holds back.
    found[rows] = top - np.logaddexp(0.0, np.log(np.expm1(top)) - rate / (1 - np.exp(-top)) * t)
    rows = laws == LAWS.index("gompertz")
    rate, top = r[rows], c[rows]
    found[rows] = top * (1 - np.exp(-np.minimum(rate * t / top, 50)))
    return np.asarray(found)


def _weighted(
    values: FloatArray, weights: FloatArray, quantiles: Sequence[float]
) -> tuple[float, float, float]:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    found = [float(values[order][min(int(np.searchsorted(reached, q)), len(values) - 1)]) for q in quantiles]
    return found[0], found[1], found[2]


def _quantile(means: FloatArray, sds: FloatArray, weights: FloatArray, q: float) -> float:
    """Of a mixture of normal distributions, by halving."""
    low, high = float((means - 8 * sds).min()), float((means + 8 * sds).max())
    sds = np.maximum(sds, 1e-9)
    for _ in range(_QUANTILE_STEPS):
        middle = (low + high) / 2
        if float(weights @ ndtr((middle - means) / sds)) < q:
            low = middle
        else:
            high = middle
        if high - low < 1e-4:
            break
    return (low + high) / 2
