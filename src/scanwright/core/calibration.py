"""Calibration: making probabilities say how often they are right, and measuring how far they are from that.

Pure functions. Whoever fits must give cases that the network has not learnt from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scanwright.core.statistics import Number, wilson_interval
from scanwright.errors import ModelError
from scanwright.extras import Later
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray, JsonDict

optimize = Later("scipy.optimize", feature="Calibrating")
special = Later("scipy.special", feature="Calibrating")
METHODS = ("temperature", "isotonic", "none")
FEWEST_CASES: Mapping[str, int] = {"temperature": 20, "isotonic": 100}
"""Below so many cases nothing is fitted."""
FEWEST_OF_EACH = 5
"""Of a class that is fitted by itself, fewest cases that have it, and that do not."""
N_BINS = 5
"""More would hold so few cases that chance is most of what is measured."""
CORRECTED = ", corrected for chance"
# float32 can't tell a probability from 1 any nearer.
_LEAST = 1e-7
# What is left to 1 is rounded to 6e-8: were it no more, high temperatures would make that visible.
_LEFT = 1e-5
_MOST_LOG_TEMPERATURE = math.log(20.0)
# One deviation of what is held likely before the cases speak; see decision notes 38 and 44.
_USUAL_LOG_TEMPERATURE = math.log(2.0)
_USUAL_BIAS = 0.35
_MOST_BIAS = 100.0
_ALIKE = 0.8
"""Correlation of two networks' scores of unseen images of one class: 0.65 to 0.90 as measured in note 65."""


@dataclass(frozen=True)
class Calibration:
    """What turns the probabilities of a network into calibrated ones; plain data.

    Attributes:
        method: "temperature", "isotonic", or "none" where nothing was fitted.
        n: cases that it was fitted on, or that were too few.
        temperatures: class → temperature; "" for all classes together.
        biases: class → what is added to its log-probability after the temperature, of a class by itself to
            its log-odds; empty in older models.
        curves: class → (probabilities of the network, shares that came true), both growing.
    """

    method: str = "none"
    n: int = 0
    temperatures: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]] = field(default_factory=dict)
    biases: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_fitted(self) -> bool:
        """Whether it changes anything."""
        return bool(self.temperatures or self.curves)

    def apply(self, probabilities: AnyArray, classes: Sequence[str], *, exclusive: bool) -> FloatArray:
        """Calibrated probabilities.

        Args:
            probabilities: (class, …).
            classes: names, in the order of the first axis.
            exclusive: the classes exclude each other, and their probabilities add up to 1.
        """
        if "" in self.temperatures:
            biases = [self.biases.get(name, 0.0) for name in classes]
            return scale(probabilities, self.temperatures[""], biases)
        if not self.is_fitted:
            return np.asarray(probabilities)
        rows = [self._one(np.asarray(own), name) for own, name in zip(probabilities, classes, strict=True)]
        return normalise(np.stack(rows), probabilities) if exclusive else np.stack(rows)

    def _one(self, probabilities: AnyArray, name: str) -> FloatArray:
        if name in self.temperatures:
            both, odds = _two_sided(np.asarray(probabilities)), self.biases.get(name, 0.0)
            return np.asarray(scale(both, self.temperatures[name], (odds, 0.0))[0])
        if name in self.curves:
            return np.asarray(np.interp(probabilities, *self.curves[name]))
        return np.asarray(probabilities)

    def of_mean(self, n: int) -> Calibration:
        """For the mean of ``n`` networks, fitted on answers of one each.

        What differs between networks cancels out in their mean: scores of images of one class lie closer
        together, those of two classes as far apart as before. So the same mean says more than the same answer
        of one, by as much as that variance is less. Curves stay as they are.
        """
        share = (1 + (n - 1) * _ALIKE) / n
        temperatures = {name: value * share for name, value in self.temperatures.items()}
        return replace(self, temperatures=temperatures)

    def to_json(self) -> JsonDict:
        """Plain values; without biases as in older models, whose hashes stay what they were."""
        plain = asdict(self)
        return plain if self.biases else {name: value for name, value in plain.items() if name != "biases"}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], source: str) -> Calibration:
        """The inverse of :meth:`to_json`.

        Raises:
            ModelError: it makes no sense.
        """
        try:
            made = cls(
                str(plain["method"]),
                int(plain["n"]),
                {str(name): float(value) for name, value in plain["temperatures"].items()},
                {str(name): (x, y) for name, (x, y) in plain["curves"].items()},
                {str(name): float(value) for name, value in plain.get("biases", {}).items()},
            )
            numbers = [
                *made.temperatures.values(),
                *(end for x, y in made.curves.values() for end in (*x, *y)),
            ]
            fits = all(math.isfinite(number) and number >= 0 for number in numbers)
            fits &= all(value > 0 for value in made.temperatures.values())
            fits &= all(math.isfinite(bias) and abs(bias) <= _MOST_BIAS for bias in made.biases.values())
            fits &= all(len(x) == len(y) > 0 for x, y in made.curves.values())
        except (KeyError, TypeError, ValueError, AttributeError):
            fits = False
        if not fits:
            raise ModelError("the calibration of the model makes no sense", subject=source)
        return made


def fit_calibration(
    method: str, probabilities: AnyArray, truth: BoolArray, classes: Sequence[str], *, exclusive: bool
) -> Calibration:
    """Fit on cases that the network did not learn from; where they are too few, nothing is fitted.

    Args:
        method: of ``METHODS``.
        probabilities: (case, class), of the network.
        truth: (case, class), which classes the case has.
        classes: names.
        exclusive: the classes exclude each other: one temperature for all; else each has its own.
    """
    n = len(probabilities)
    if method == "none" or n < FEWEST_CASES[method]:
        return Calibration(n=n)
    enough = np.minimum(truth.sum(axis=0), (~truth).sum(axis=0)) >= FEWEST_OF_EACH
    if method == "temperature" and exclusive:
        if enough.sum() < 2:
            return Calibration(n=n)
        temperature, biases = fit_scaling(probabilities, smooth_targets(truth))
        named = dict(zip(classes, biases.tolist(), strict=True))
        return Calibration(method, n, {"": temperature}, biases=named)
    if exclusive and not enough.all():  # probabilities that add up to 1 are calibrated together or not at all
        return Calibration(n=n)
    chosen = [(name, probabilities[:, c], truth[:, c]) for c, name in enumerate(classes) if enough[c]]
    if not chosen:
        return Calibration(n=n)
    if method == "isotonic":
        return Calibration(method, n, curves={name: fit_isotonic(own, held) for name, own, held in chosen})
    fitted = {
        name: fit_scaling(_two_sided(own).T, smooth_targets(_two_sided(held).T)) for name, own, held in chosen
    }
    temperatures = {name: temperature for name, (temperature, _) in fitted.items()}
    log_odds = {name: float(biases[0] - biases[1]) for name, (_, biases) in fitted.items()}
    return Calibration(method, n, temperatures, biases=log_odds)


def _two_sided(own: AnyArray) -> AnyArray:
    """Having a class and not having it, (2, …), of probabilities or of truth."""
    if own.dtype == bool:
        return np.stack([own, ~own])
    own = own * (1 - _LEFT)
    return np.stack([own, 1 - own])


def even_threshold(probabilities: AnyArray, held: BoolArray) -> float:
    """The probability from which to say that a case has a class, were half of all cases to have it.

    Where errors among those that have it and among those that have not weigh the same, as in balanced
    accuracy. It comes from a temperature and biases, see ``fit_scaling``: two numbers, which hang less on
    single cases than the threshold that parts them best; few cases leave it near a half.

    Args:
        probabilities: (case,), of the network.
        held: (case,), of both at least one.
    """
    truth = _two_sided(held).T
    weights = (truth * (len(held) / (2 * truth.sum(axis=0)))).sum(axis=1)
    # As ``smooth_targets``, for both alike: else the rarer would be asked for less, and be called less.
    wanted = np.where(truth, 1.0, 0.0) + np.where(truth, -1.0, 1.0) / (truth.sum(axis=0).min() + 2.0)
    temperature, biases = fit_scaling(_two_sided(probabilities).T, wanted, weights)
    return float(special.expit(temperature * (biases[1] - biases[0])))


def fit_scaling(
    probabilities: AnyArray, targets: AnyArray, weights: FloatArray | None = None
) -> tuple[float, FloatArray]:
    """The temperature and the bias of each class, (class,), that make the log-loss least (Guo et al. 2017;
    bias-corrected temperature scaling, Alexandari et al. 2020). A temperature above 1 makes less sure; biases
    undo a lean to some classes, as weights of classes in training cause it.

    Before the cases speak, the temperature is held to lie between 1/2 and 2 (log-normal, one deviation), and
    the odds of two classes to be right within a factor of 1.6: of scores that by accident rank a few cases no
    better than chance, the least loss alone would make the temperature endless.

    Args:
        probabilities: (case, class), adding up to 1.
        targets: (case, class), the wanted probabilities.
        weights: (case,), how much each counts, 1 on average; all the same by default.
    """
    logits = np.log(np.clip(np.asarray(probabilities, dtype=np.float64), _LEAST, 1.0))
    wanted = np.asarray(targets, dtype=np.float64)
    counted = np.ones((len(wanted), 1)) if weights is None else weights[:, None]

    def loss(asked: FloatArray) -> tuple[float, FloatArray]:
        log_temperature, biases = asked[0], asked[1:]
        sharpened = logits * math.exp(-log_temperature)
        log_said = sharpened + biases
        log_said -= special.logsumexp(log_said, axis=1, keepdims=True)
        priors = np.append(log_temperature / _USUAL_LOG_TEMPERATURE, biases / _USUAL_BIAS)
        off = counted * (np.exp(log_said) - wanted)
        slopes = np.append(-(off * sharpened).sum(), off.sum(axis=0))
        value = -(counted * wanted * log_said).sum() + (priors**2).sum() / 2
        scales = np.append(_USUAL_LOG_TEMPERATURE, np.full(len(biases), _USUAL_BIAS))
        return float(value), slopes + priors / scales

    start = np.zeros(1 + logits.shape[1])
    bounds = [(-_MOST_LOG_TEMPERATURE, _MOST_LOG_TEMPERATURE), *[(None, None)] * logits.shape[1]]
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return math.exp(found[0]), np.asarray(found[1:])


def smooth_targets(truth: BoolArray) -> FloatArray:
    """What may be asked of probabilities, (case, class): of n cases of a class, (n + 1) / (n + 2) and not 1.

    Cases that are all right would otherwise ask for a temperature of 0 (Platt 1999).
    """
    n_classes = truth.shape[1]
    rest = 1.0 / (truth.sum(axis=0) + 2.0)
    own = (truth * rest).sum(axis=1, keepdims=True)
    return np.asarray(np.where(truth, 1.0 - own, own / max(1, n_classes - 1)))


def scale(probabilities: AnyArray, temperature: float, biases: Sequence[float]) -> FloatArray:
    """Probabilities (class, …) that add up to 1, as if their logits were divided by the temperature and the
    biases added. Where these are alike, which class is the most probable does not change."""
    factors = np.exp(np.asarray(biases, dtype=np.asarray(probabilities).dtype) - max(biases))
    scaled = np.clip(probabilities, _LEAST, 1.0) ** (1.0 / temperature)
    scaled *= factors.reshape(-1, *[1] * (scaled.ndim - 1))
    return np.asarray(scaled / scaled.sum(axis=0))


def fit_isotonic(scores: AnyArray, truth: BoolArray) -> tuple[list[float], list[float]]:
    """The growing steps nearest to what came true (Zadrozny and Elkan 2002): scores, shares at them.

    Shares stay off 0 and 1 by one case in n + 2: so few can't bear more certainty.
    """
    known, where = np.unique(np.asarray(scores, dtype=np.float64), return_inverse=True)
    n = np.bincount(where)
    shares = optimize.isotonic_regression(np.bincount(where, weights=truth) / n, weights=n).x
    shares = np.clip(shares, 1 / (len(scores) + 2), 1 - 1 / (len(scores) + 2))
    # Of a level stretch only the ends are needed.
    inner = np.flatnonzero((shares[1:-1] == shares[:-2]) & (shares[1:-1] == shares[2:])) + 1
    kept = np.setdiff1d(np.arange(len(known)), inner)
    return known[kept].tolist(), shares[kept].tolist()


def normalise(rows: FloatArray, otherwise: AnyArray) -> FloatArray:
    """Rows (class, …) divided by their sum; ``otherwise`` where that is 0."""
    total = rows.sum(axis=0)
    return np.asarray(np.where(total > 0, rows / np.where(total > 0, total, 1.0), otherwise))


def brier(scores: AnyArray, truth: BoolArray) -> FloatArray:
    """Mean squared distance between probability and truth of each class, (class,); 0 … 1 (Brier 1950).

    Args:
        scores, truth: (case, class).
    """
    return (
        np.asarray(((scores - truth) ** 2).mean(axis=0)) if len(scores) else np.full(scores.shape[1], np.nan)
    )


def equal_mass_bins(scores: ArrayLike, n_bins: int = N_BINS) -> IntArray:
    """The bin of each score: bins of as many cases as one another, and equal scores always in one bin."""
    values = np.asarray(scores, dtype=np.float64)
    if not values.size:
        return np.empty(0, dtype=np.int64)
    edges = np.quantile(values, np.arange(1, n_bins) / n_bins)
    return np.asarray(np.searchsorted(edges, values, side="right"), dtype=np.int64)


def calibration_errors(
    scores: AnyArray, truth: BoolArray, bins: IntArray, n_bins: int = N_BINS
) -> FloatArray:
    """Expected calibration error of each class, (class,): the mean over the cases of the distance between
    mean probability and share that came true, in the bin of the case (Naeini et al. 2015; classwise, Kull et
    al. 2019).

    Args:
        scores, truth: (case, class).
        bins: (case, class), of each class by itself, see :func:`equal_mass_bins`.
        n_bins: how many there are.
    """
    n, n_classes = scores.shape
    if not n:
        return np.full(n_classes, np.nan)
    place = (bins + n_bins * np.arange(n_classes)).ravel()
    gaps = np.bincount(place, weights=(scores - truth).ravel(), minlength=n_bins * n_classes)
    return np.asarray(np.abs(gaps).reshape(n_classes, n_bins).sum(axis=1) / n)


def without_chance(number: Number, draws: FloatArray, null: FloatArray) -> Number:
    """A number of 0 or more that chance alone makes larger than the truth, corrected for that.

    A resample enlarges it by as much again, so the interval is mirrored about the value (the basic bootstrap
    interval, Davison and Hinkley 1997, ch. 5.2) and cut at 0. Where chance alone gives a value as large, the
    interval begins at 0: near there the bootstrap fails. Without an interval nothing is corrected.

    Args:
        number: as it was measured.
        draws: what it was in each resample, nan where it was not defined.
        null: what it is where the truth is 0, in simulated draws.
    """
    if not math.isfinite(number.low):
        return number
    most, mean = float(np.quantile(null, (1 + number.level) / 2)), float(null.mean())
    mirrored = np.maximum(2 * number.value - draws[np.isfinite(draws)], 0.0)
    low, middle, high = np.quantile(mirrored, [(1 - number.level) / 2, 0.5, (1 + number.level) / 2])
    if number.value <= most:
        low, middle, high = 0.0, number.value - mean, max(high, most - mean)
    method = number.method.replace(" (BCa)", "").replace("BCa, ", "") + CORRECTED
    value = float(np.clip(middle, low, high))
    return replace(number, value=value, low=float(low), high=float(high), method=method)


def reliability(scores: ArrayLike, truth: ArrayLike, n_bins: int = N_BINS) -> list[dict[str, float]]:
    """What a reliability diagram draws: of each bin that has cases the mean "probability", the "share" that
    came true, that share's 95 % interval "low" … "high" (Wilson 1927), and "n"."""
    values, held = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=bool)
    bins = equal_mass_bins(values, n_bins)
    rows = []
    for own, came in ((values[bins == b], held[bins == b]) for b in np.unique(bins)):
        low, high = wilson_interval(int(came.sum()), len(own))
        row = {"probability": float(own.mean()), "share": float(came.mean())}
        rows.append(row | {"low": low, "high": high, "n": len(own)})
    return rows
