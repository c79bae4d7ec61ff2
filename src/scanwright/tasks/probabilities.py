"""Probabilities of whole images: how far they are from what comes true, before and after calibration."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from scanwright.core.calibration import brier, calibration_errors, equal_mass_bins, reliability
from scanwright.core.metrics import net_benefit
from scanwright.core.statistics import Key, finite_or_none, patient_bootstrap
from scanwright.data.plan import Plan
from scanwright.data.prediction import ClassPrediction, LabelsPrediction
from scanwright.tasks.base import Record
from scanwright.types import BoolArray, FloatArray, IntArray, JsonDict

N_CHANCE = 400
THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)
BEFORE = "_before"
"""End of the names of numbers that are of the network's own probabilities."""


def record_probabilities(prediction: ClassPrediction | LabelsPrediction) -> Record:
    """What a record holds of them; those of the network only where calibration has changed them."""
    own = {"probabilities": dict(prediction.probabilities)}
    if prediction.uncalibrated is None:
        return own
    return {**own, "uncalibrated": dict(prediction.uncalibrated)}


def stack_probabilities(
    records: Sequence[Record], names: Sequence[str], key: str = "probabilities"
) -> FloatArray:
    """(case, class) of records."""
    rows = [[record[key][name] for name in names] for record in records]
    return np.array(rows, dtype=np.float64).reshape(len(records), len(names))


def draw_net_benefit(
    records: Sequence[Record], truths: Sequence[Collection[str]], plan: Plan, names: Sequence[str]
) -> JsonDict:
    """Decision curves: of each class what acting on its probability gains, with intervals, and what acting
    on every case would.

    Args:
        records: with "probabilities" and "patient".
        truths: the classes that each record's case has.
        plan: the decisions.
        names: of the classes that are drawn.
    """
    held = np.array([[name in truth for name in names] for truth in truths], dtype=bool)
    held = held.reshape(len(records), len(names))
    scores = stack_probabilities(records, names)

    def statistic(rows: IntArray) -> dict[Key, float]:
        return {
            (name, f"{threshold:g}"): float(one)
            for c, name in enumerate(names)
            for threshold, one in zip(
                THRESHOLDS, net_benefit(scores[rows, c], held[rows, c], THRESHOLDS), strict=True
            )
        }

    numbers = patient_bootstrap(
        statistic, [record["patient"] for record in records], n_resamples=N_CHANCE, seed=plan.seed
    )
    return {
        name: {
            "threshold": THRESHOLDS.tolist(),
            "all": net_benefit(np.ones(len(records)), held[:, c], THRESHOLDS).tolist(),
            **{
                key: [finite_or_none(getattr(numbers[name, f"{t:g}"], key)) for t in THRESHOLDS]
                for key in ("value", "low", "high")
            },
        }
        for c, name in enumerate(names)
        if records
    }


class Judge:
    """Brier score and calibration error of each class, and their means over the classes as those of all;
    where probabilities are calibrated, also of the network's own ("brier_before").

    Args:
        records: with "probabilities", and "uncalibrated" where calibration has changed them.
        truths: the classes that each record's case has.
        plan: the decisions.
    """

    def __init__(self, records: Sequence[Record], truths: Sequence[Collection[str]], plan: Plan) -> None:
        self.names = plan.classes
        self.exclusive = plan.answer != "labels"
        held = [[name in truth for name in self.names] for truth in truths]
        self.held = np.array(held, dtype=bool).reshape(len(truths), len(self.names))
        self.scores = {"": stack_probabilities(records, self.names)}
        if records and all("uncalibrated" in record for record in records):
            self.scores[BEFORE] = stack_probabilities(records, self.names, "uncalibrated")
        # Of all cases: with bins of their own, resamples could not be compared.
        self.bins = {
            end: np.stack([equal_mass_bins(own) for own in scores.T], axis=1)
            for end, scores in self.scores.items()
        }

    def statistic(self, rows: IntArray) -> dict[Key, float]:
        """The numbers of some cases."""
        numbers: dict[Key, float] = {}
        for end, scores in self.scores.items():
            own = scores[rows], self.held[rows]
            numbers |= self._named(f"brier{end}", brier(*own))
            numbers |= self._named(f"ece{end}", calibration_errors(*own, self.bins[end][rows]))
        return numbers

    def by_chance(self) -> dict[Key, FloatArray]:
        """The calibration errors that probabilities would show here if they were right, in draws of the truth
        from them; one case of a patient is drawn as if it told nothing of another."""
        rng = np.random.default_rng(0)
        drawn: dict[Key, list[float]] = {}
        for end, scores in self.scores.items():
            for _ in range(N_CHANCE):
                errors = calibration_errors(scores, self._draw(scores, rng), self.bins[end])
                for key, error in self._named(f"ece{end}", errors).items():
                    drawn.setdefault(key, []).append(error)
        return {key: np.array(errors) for key, errors in drawn.items()}

    def reliability(self) -> JsonDict:
        """Reliability of each class, "after" calibration (as predicted) and, where there is one, "before"."""
        return {
            "before" if end else "after": {
                name: reliability(scores[:, c], self.held[:, c]) for c, name in enumerate(self.names)
            }
            for end, scores in self.scores.items()
        }

    def _draw(self, scores: FloatArray, rng: np.random.Generator) -> BoolArray:
        if not self.exclusive:
            return np.asarray(rng.random(scores.shape) < scores)
        # Of a sum that rounding leaves below 1, the last class takes the rest.
        reached = scores.cumsum(axis=1)[:, :-1] > rng.random((len(scores), 1))
        place = np.where(reached.any(axis=1), reached.argmax(axis=1), scores.shape[1] - 1)
        return np.asarray(place[:, None] == np.arange(scores.shape[1]))

    def _named(self, name: str, each: FloatArray) -> dict[Key, float]:
        return {(name, ""): float(each.mean())} | {
            (name, group): float(one) for group, one in zip(self.names, each, strict=True)
        }
