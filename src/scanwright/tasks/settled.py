"""Settled: what is settled on validation cases once the weights are, and how a model answers by it.

Thresholds and calibration come from answers to cases that the weights were not fitted to. Probabilities of
whole images are calibrated before anything is decided; masks are decided on the network's own probabilities,
which a temperature would not rank otherwise, and only the probabilities that are asked for are calibrated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from scanwright.core.calibration import Calibration, fit_calibration
from scanwright.data.case import Lazy
from scanwright.data.plan import Plan
from scanwright.data.prediction import ClassPrediction, LabelsPrediction, MaskPrediction, Prediction
from scanwright.data.volume import Volume
from scanwright.tasks.base import Task, check_answer
from scanwright.transforms.steps import History
from scanwright.types import AnyArray, BoolArray, FloatArray

VOXELS_EACH = 5000
"""Of a case, drawn at random: neighbours say the same, and one number needs no more."""
FEWEST_OUTLINED = 10
"""Cases with masks, below which no temperature is fitted."""


@dataclass(frozen=True)
class Settled:
    """What a model decides by.

    Attributes:
        thresholds: see ``Task.choose_thresholds``; of whole images, on calibrated probabilities.
        calibration: of its probabilities.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    calibration: Calibration = field(default_factory=Calibration)


@dataclass(frozen=True, eq=False)
class Sample:
    """What is kept of the answer to a validation case: of the whole image, or of some of its voxels.

    Attributes:
        probabilities: (row, class), of the network.
        truth: (row, class), which classes are true.
    """

    probabilities: FloatArray
    truth: BoolArray


def has_probabilities(plan: Plan) -> bool:
    """Whether answers hold probabilities of classes that can be calibrated."""
    return plan.answer in ("class", "grade", "labels")


def is_exclusive(plan: Plan) -> bool:
    """Whether the classes exclude each other."""
    return plan.answer != "labels"


def is_asked(task: Task, plan: Plan) -> bool:
    """Whether anything is settled on answers to validation cases, so that these must be predicted."""
    return task.has_thresholds(plan) or (has_probabilities(plan) and plan.calibration != "none")


def draw_sample(outputs: FloatArray, target: AnyArray, plan: Plan) -> Sample | None:
    """What is kept of an answer; ``None`` where it holds no probabilities.

    Args:
        outputs: of the network, (class, i, j, k).
        target: as in Example.
        plan: the decisions.
    """
    if not has_probabilities(plan):
        return None
    n_classes = len(plan.classes)
    rows, true = outputs.reshape(n_classes, -1).T, np.asarray(target).reshape(-1)
    if plan.label_values:
        chosen = np.random.default_rng(plan.seed).integers(0, len(rows), VOXELS_EACH)
        rows, true = rows[chosen], true[chosen]
    held = true > 0.5 if plan.answer == "labels" else np.eye(n_classes, dtype=bool)[true.astype(np.int64)]
    return Sample(rows.astype(np.float64), held.reshape(-1, n_classes))


def settle(
    task: Task,
    plan: Plan,
    outputs: Sequence[FloatArray],
    targets: Sequence[AnyArray],
    samples: Iterable[Sample | None],
) -> Settled:
    """Everything that validation cases settle.

    Args:
        task: what is learnt.
        plan: the decisions.
        outputs: of the network, of each case; none where the task chooses no thresholds.
        targets: as in Example.
        samples: of each case.
    """
    calibration = _calibrate([sample for sample in samples if sample is not None], plan)
    if not task.tiled:
        outputs = [calibrate(output, calibration, plan) for output in outputs]
    return Settled(task.choose_thresholds(outputs, targets, plan), calibration)


def calibrate(outputs: FloatArray, calibration: Calibration, plan: Plan) -> FloatArray:
    """Calibrated probabilities (class, …) of those of the network."""
    if not calibration.is_fitted:
        return outputs
    return calibration.apply(outputs, plan.classes, exclusive=is_exclusive(plan)).astype(np.float32)


def answer_by(
    task: Task,
    case: str,
    outputs: FloatArray,
    plan: Plan,
    history: History,
    image: Volume,
    settled: Settled,
) -> Prediction:
    """``Task.decode`` with all that is settled; arguments as there.

    Raises:
        DataError: the answer holds what is no number.
    """
    check_answer(outputs, case)
    calibration = settled.calibration
    fitted = outputs if task.tiled else calibrate(outputs, calibration, plan)
    prediction = task.decode(case, fitted, plan, history, image, settled.thresholds)
    if not calibration.is_fitted:
        return prediction
    if isinstance(prediction, MaskPrediction) and prediction.probabilities is not None:
        own = prediction.probabilities
        return replace(
            prediction, probabilities=Lazy(own.source, lambda: _calibrated(own, calibration, plan))
        )
    if isinstance(prediction, (ClassPrediction, LabelsPrediction)):
        raw = (float(p) for p in outputs.reshape(-1))
        return replace(prediction, uncalibrated=dict(zip(plan.classes, raw, strict=True)))
    return prediction


def _calibrate(samples: Sequence[Sample], plan: Plan) -> Calibration:
    if not samples or (plan.label_values and len(samples) < FEWEST_OUTLINED):
        return Calibration(n=len(samples))
    probabilities, truth = (
        np.concatenate([getattr(sample, name) for sample in samples]) for name in ("probabilities", "truth")
    )
    fitted = fit_calibration(
        plan.calibration, probabilities, truth, plan.classes, exclusive=is_exclusive(plan)
    )
    return replace(fitted, n=len(samples))


def _calibrated(probabilities: Lazy[Volume], calibration: Calibration, plan: Plan) -> Volume:
    raw = probabilities.read()
    return replace(raw, array=calibrate(raw.array, calibration, plan))
