"""Regression: a number for a whole image, with an interval that should hold the true one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from scanwright.core import agreement
from scanwright.core.statistics import Key
from scanwright.data.case import Case, Target
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import Prediction, ValuePrediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning.answers import choose_value
from scanwright.planning.fingerprint import Fingerprint
from scanwright.tasks.base import Example, Record, Summary
from scanwright.tasks.whole_image import encode_image, plan_image, read_outputs
from scanwright.transforms.steps import History
from scanwright.types import AnyArray, FloatArray, IntArray, JsonDict


class Regression:
    """A number that was measured, from the image alone (decision note 33)."""

    name = "regression"
    target = "values"
    answer = "value"
    score = "r2"
    chance = 0.0

    def check(self, dataset: Dataset, settings: Settings) -> None:
        choose_value(dataset, settings.target)

    def plan(self, facts: Fingerprint, settings: Settings) -> Plan:
        if not facts.value_deviation > 1e-12 * max(1.0, abs(facts.value_mean)):
            raise DataError(
                f"'{facts.value}' is the same number in all cases that train: there is nothing to learn",
                subject=facts.dataset.source,
            )
        decided = {
            "task": self.name,
            "answer": self.answer,
            "classes": (),
            "target": facts.value,
            "target_mean": float(f"{facts.value_mean:.8g}"),
            "target_deviation": float(f"{facts.value_deviation:.8g}"),
            "loss": "mse",
        }
        reasons = {
            "task": "the cases have a number",
            "answer": "a number, and no class",
            "classes": "none: the answer is a number",
            "class_shares": "none: the answer is a number",
            "class_weights": "none: the answer is a number",
            "label_smoothing": "none: the answer is a number",
            "logit_adjustment": "none: the answer is a number",
            "sampling": "uniform: every image as often as the others",
            "target": "the number that the cases have, or the one that was asked for",
            "target_mean": "of the cases that train",
            "target_deviation": "of the cases that train: the network learns numbers of about 1 in size",
            "interval_level": "90 %: a handful of validation cases are enough for it (9 or more)",
            "loss": "squares: what they make small is the mean of the numbers that an image may have",
        }
        plan = plan_image(facts, settings, decided, reasons)
        why = f"{plan.reasons['augmentation']}; not their size, which the number may be, and no mixed pairs"
        return replace(
            plan,
            augmentation=replace(plan.augmentation, scale=0.0, mixup=0.0),
            reasons={**plan.reasons, "augmentation": why},
        )

    def encode(self, case: Case, plan: Plan) -> Example:
        standard = (_true_value(case, plan) - plan.target_mean) / plan.target_deviation
        return Example(encode_image(case, plan), np.array([standard], dtype=np.float32))

    def truth(self, example: Example, plan: Plan) -> dict[str, Target]:
        return {"values": {plan.target: _value(np.asarray(example.target), plan)}}

    def has_thresholds(self, plan: Plan) -> bool:
        return True

    def choose_thresholds(
        self, outputs: Sequence[FloatArray], targets: Sequence[AnyArray], plan: Plan
    ) -> dict[str, float]:
        """Half the width of the interval, by split conformal prediction; none where cases are too few."""
        residuals = [
            _value(output, plan) - _value(np.asarray(target), plan)
            for output, target in zip(outputs, targets, strict=True)
        ]
        radius = agreement.conformal_radius(residuals, plan.interval_level)
        return {plan.target: radius} if math.isfinite(radius) else {}

    def decode(
        self,
        case: str,
        outputs: FloatArray,
        plan: Plan,
        history: History,
        image: Volume,
        thresholds: Mapping[str, float],
    ) -> Prediction:
        value = _value(read_outputs(outputs, case), plan)
        radius = thresholds.get(plan.target)
        if radius is None:
            return ValuePrediction(case, value)
        return ValuePrediction(case, value, value - radius, value + radius)

    def measure(self, prediction: Prediction, truth: Case, plan: Plan, *, full: bool = True) -> Record:
        if not isinstance(prediction, ValuePrediction):
            raise DataError("regression measures numbers", subject=truth.name)
        return {
            "case": truth.name,
            "patient": truth.patient,
            "truth": _true_value(truth, plan),
            "predicted": prediction.predicted,
            "low": prediction.low,
            "high": prediction.high,
        }

    def summarise(self, records: Sequence[Record], plan: Plan) -> Summary:
        truth, predicted = _pairs(records)
        ends = [(record["low"], record["high"]) for record in records if record["low"] is not None]
        within = np.array([], dtype=bool)
        if records and len(ends) == len(records):
            low, high = np.array(ends).T
            within = (low <= truth) & (truth <= high)

        def statistic(rows: IntArray) -> dict[Key, float]:
            said, true = predicted[rows], truth[rows]
            numbers: dict[Key, float] = {
                ("mae", ""): agreement.mean_absolute_error(said, true),
                ("rmse", ""): agreement.root_mean_square_error(said, true),
                ("r2", ""): agreement.r_squared(said, true),
                ("pearson", ""): agreement.pearson(said, true),
                ("spearman", ""): agreement.spearman(said, true),
                ("bias", ""): agreement.limits_of_agreement(said, true)[0],
            }
            return numbers | ({("coverage", ""): float(within[rows].mean())} if within.size else {})

        return Summary(statistic)

    def tables(self, records: Sequence[Record], plan: Plan) -> JsonDict:
        truth, predicted = _pairs(records)
        bias, low, high = agreement.limits_of_agreement(predicted, truth)
        widths = [(record["high"] - record["low"]) / 2 for record in records if record["low"] is not None]
        return {
            "agreement": {
                "target": plan.target,
                "bias": bias,
                "low": low,
                "high": high,
                "interval_level": plan.interval_level,
                "half_width": widths[0] if widths else None,
            },
            "baselines": _always_the_mean(truth, plan),
        }

    def goodness(self, record: Record, plan: Plan) -> float:
        return -abs(float(record["predicted"]) - float(record["truth"]))


def _always_the_mean(truth: FloatArray, plan: Plan) -> list[JsonDict]:
    """What giving every case the mean of the training cases reaches: the scale of the errors."""
    said = np.full_like(truth, plan.target_mean)
    errors = {
        "mae": agreement.mean_absolute_error(said, truth),
        "rmse": agreement.root_mean_square_error(said, truth),
    }
    shared = {"group": "", "low": None, "high": None, "comparator": "training_mean", "n": len(truth)}
    return [{"name": name, "value": value, **shared} for name, value in errors.items()]


def _pairs(records: Sequence[Record]) -> tuple[FloatArray, FloatArray]:
    """True and predicted numbers."""
    pairs = np.array([(record["truth"], record["predicted"]) for record in records], dtype=np.float64)
    truth, predicted = pairs.reshape(-1, 2).T
    return truth, predicted


def _true_value(case: Case, plan: Plan) -> float:
    """The number of a case that the plan is about.

    Raises:
        DataError: it has none of that name.
    """
    if plan.target not in case.values:
        raise DataError(f"the case has no number named '{plan.target}'", subject=case.name)
    return float(case.values[plan.target])


def _value(outputs: FloatArray, plan: Plan) -> float:
    """In the units of the data."""
    return float(outputs.reshape(-1)[0]) * plan.target_deviation + plan.target_mean
