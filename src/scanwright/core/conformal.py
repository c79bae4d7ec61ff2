"""Conformal prediction: sets of answers that hold the true one as often as promised, whatever the network.

What is promised, and for whom. Of new patients *of each class*, the set holds that class in a share of
``level`` or more, on average over the draws of validation patients (Vovk et al. 2005, class-conditional or
Mondrian). It holds for any network and any number of cases, if validation and new patients come from the same
source and each gives one image; for another hospital, or a mix of scanners that has changed, nothing is
promised. It is no promise for a subgroup, nor for those cases alone whose set has one class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scanwright.errors import ModelError
from scanwright.types import AnyArray, BoolArray, FloatArray, JsonDict


@dataclass(frozen=True)
class Conformal:
    """Which answers can't be excluded; plain data.

    Attributes:
        level: share of the cases of each class whose set is to hold it.
        least: class → probability of the network from which the class can't be excluded; empty where one of
            the classes has too few cases for the level.
        most: where classes go together, class → probability up to which its absence can't be excluded.
        n: class → cases that it comes from; the fewer of those with and without it where classes go together.
    """

    level: float = 0.9
    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    n: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_fitted(self) -> bool:
        """Whether there were enough cases."""
        return bool(self.least)

    @property
    def n_needed(self) -> int:
        """Cases of each class that the level takes."""
        return fewest_cases(self.level)

    def possible(self, probabilities: Mapping[str, float]) -> tuple[str, ...]:
        """The classes that can't be excluded."""
        return tuple(name for name, p in probabilities.items() if p >= self.least[name])

    def maybe_absent(self, probabilities: Mapping[str, float]) -> tuple[str, ...]:
        """Where classes go together: those whose absence can't be excluded."""
        return tuple(name for name, p in probabilities.items() if p <= self.most[name])

    def to_json(self) -> JsonDict:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], source: str) -> Conformal:
        """The inverse of :meth:`to_json`.

        Raises:
            ModelError: it makes no sense.
        """
        try:
            least, most = ({str(k): float(v) for k, v in plain[name].items()} for name in ("least", "most"))
            made = cls(float(plain["level"]), least, most, {str(k): int(v) for k, v in plain["n"].items()})
            fits = all(math.isfinite(p) for p in (*least.values(), *most.values())) and 0 < made.level < 1
        except (KeyError, TypeError, ValueError, AttributeError):
            fits = False
        if not fits:
            raise ModelError("the prediction sets of the model make no sense", subject=source)
        return made


def fit_conformal(
    probabilities: AnyArray, truth: BoolArray, classes: Sequence[str], level: float, *, exclusive: bool
) -> Conformal:
    """From cases that the network did not learn from; nothing where one class has too few.

    Args:
        probabilities: (case, class), of the network itself: nothing may have been fitted on these cases.
        truth: (case, class), which classes the case has.
        classes: names.
        level: share of the cases of each class whose set is to hold it.
        exclusive: the classes exclude each other.
    """
    with_it, all_cases = truth.sum(axis=0), len(truth)
    n = with_it if exclusive else np.minimum(with_it, all_cases - with_it)
    counts = dict(zip(classes, map(int, n), strict=True))
    if not counts or min(counts.values()) < fewest_cases(level):
        return Conformal(level, n=counts)
    least = {name: reached_by(probabilities[truth[:, c], c], level) for c, name in enumerate(classes)}
    most = (
        {}
        if exclusive
        else {name: -reached_by(-probabilities[~truth[:, c], c], level) for c, name in enumerate(classes)}
    )
    return Conformal(level, least, most, counts)


def fewest_cases(level: float) -> int:
    """Cases from which on a set can hold a new one at that level and still exclude anything."""
    return math.ceil(round(level / (1 - level), 9))


def reached_by(values: ArrayLike, level: float) -> float:
    """The value that a new one of the same kind reaches with a probability of ``level`` or more: the
    ⌈(n + 1) · level⌉-th largest. There must be ``fewest_cases`` or more."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))[::-1]
    # 0.9 is no binary fraction: 27.000000000000004 means the 27th.
    return float(ordered[math.ceil(round((ordered.size + 1) * level, 9)) - 1])


def risk_coverage(confidence: ArrayLike, wrong: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Share of the cases that are answered, the surest first, and share of these that are wrong
    (El-Yaniv and Wiener 2010); cases that are equally sure are answered together."""
    sure, errors = np.asarray(confidence, dtype=np.float64), np.asarray(wrong, dtype=np.float64)
    order = np.argsort(-sure, kind="stable")
    counted = np.arange(1, sure.size + 1)
    last = np.flatnonzero(np.append(np.diff(sure[order]) != 0, True)[: sure.size])
    return counted[last] / max(1, sure.size), (errors[order].cumsum() / counted)[last]
