"""Settled: what is settled on validation cases once the weights are, and how a model answers by it.

Thresholds and calibration come from answers to cases that the weights were not fitted to. One class of
several and masks are decided on the network's own probabilities: training has weighed the classes as the
decision is to weigh them, and calibration undoes that, so that probabilities say how often they come true
(decision note 44); of two classes a threshold makes up for what training left askew (note 61). Grades and
labels are decided on calibrated probabilities: the median needs classes as frequent as they are, and of
labels thresholds are chosen on the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from scanwright.core.calibration import Calibration, fit_calibration
from scanwright.core.conformal import Conformal, fit_conformal
from scanwright.core.margins import Margins
from scanwright.data.case import Lazy
from scanwright.data.plan import Plan
from scanwright.data.prediction import HALF, ClassPrediction, LabelsPrediction, MaskPrediction, Prediction
from scanwright.data.volume import Volume
from scanwright.tasks.base import Example, Task, check_answer
from scanwright.tasks.margins import Amounts, cautious_masks, count_amounts, fit_margins, tell_volumes
from scanwright.tasks.referral import refer
from scanwright.tasks.voxels import draw_near
from scanwright.transforms.steps import History, read_at, restore_at
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

FEWEST_OUTLINED = 10
"""Cases with masks, below which no temperature is fitted."""


@dataclass(frozen=True)
class Settled:
    """What a model decides by.

    Attributes:
        thresholds: see ``Task.choose_thresholds``; of labels, on calibrated probabilities.
        calibration: of its probabilities.
        conformal: which answers about whole images it can't exclude, by the network's own probabilities.
        margins: what masks may miss, and how far volumes may be off, by the same.
    """

    thresholds: Mapping[str, float] = field(default_factory=dict)
    calibration: Calibration = field(default_factory=Calibration)
    conformal: Conformal = field(default_factory=Conformal)
    margins: Margins = field(default_factory=Margins)


@dataclass(frozen=True, eq=False)
class Sample:
    """What is kept of the answer to a validation case: of the whole image, or of some of its voxels.

    Attributes:
        probabilities: (row, class), of the network.
        truth: (row, class), which classes are true.
        amounts: of a mask, what margins need.
    """

    probabilities: FloatArray
    truth: BoolArray
    amounts: Amounts | None = None


def has_probabilities(plan: Plan) -> bool:
    """Whether answers hold probabilities of classes that can be calibrated."""
    return plan.answer in ("class", "grade", "labels")


def has_sets(plan: Plan) -> bool:
    """Whether answers come with a set of possible ones."""
    return has_probabilities(plan) and not plan.label_values


def has_margins(plan: Plan) -> bool:
    """Whether answers are masks, whose volumes may be off."""
    return bool(plan.label_values)


def decides_on_calibrated(plan: Plan) -> bool:
    """Whether answers are decided on calibrated probabilities, and not on the network's own."""
    return plan.answer in ("grade", "labels")


def is_exclusive(plan: Plan) -> bool:
    """Whether the classes exclude each other."""
    return plan.answer != "labels"


def is_asked(task: Task, plan: Plan) -> bool:
    """Whether anything is settled on answers to validation cases, so that these must be predicted."""
    calibrated = has_probabilities(plan) and plan.calibration != "none"
    return task.has_thresholds(plan) or calibrated or has_sets(plan) or has_margins(plan)


def draw_sample(outputs: FloatArray, example: Example, plan: Plan) -> Sample | None:
    """What is kept of an answer; ``None`` where it holds no probabilities.

    Args:
        outputs: of the network, (class, i, j, k).
        example: what was answered to.
        plan: the decisions.
    """
    if not has_probabilities(plan):
        return None
    n_classes, target = len(plan.classes), example.target
    if plan.label_values:
        rows, true = _draw_voxels(outputs, example, plan)
    else:
        rows, true = outputs.reshape(n_classes, -1).T, np.asarray(target).reshape(-1)
    held = true > 0.5 if plan.answer == "labels" else np.eye(n_classes, dtype=bool)[true.astype(np.int64)]
    amounts = count_amounts(outputs, target, plan) if plan.label_values else None
    return Sample(rows.astype(np.float64), held.reshape(-1, n_classes), amounts)


def _draw_voxels(outputs: FloatArray, example: Example, plan: Plan) -> tuple[FloatArray, AnyArray]:
    """Probabilities (n, class) and class indices (n,) of voxels around reference and prediction.

    Near the reference they are those of the image as it came, where answers are given and judged: brought to
    the network's grid, masks lose their fine edges, and a network that is right looks too sure. Elsewhere
    all is background on any grid.
    """
    voxels = draw_near((example.target > 0) | (outputs[0] < HALF), plan.seed)
    if example.near is None:
        return outputs[:, *voxels.T].T, np.asarray(example.target)[tuple(voxels.T)]
    places, true = example.near[:, :3], example.near[:, 3].astype(np.int64)
    around = ((voxels >= places.min(axis=0)) & (voxels <= places.max(axis=0))).all(axis=1)
    far, n = voxels[~around], int(around.sum())
    rows = np.concatenate([read_at(outputs, places[:n]), outputs[:, *far.T]], axis=1).T
    return rows, np.append(true[:n], np.zeros(len(far), dtype=np.int64))


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
    known = [sample for sample in samples if sample is not None]
    drawn = _joined(known)
    calibration = _calibrate(drawn, plan, len(targets))
    if decides_on_calibrated(plan):
        outputs = [calibrate(output, calibration, plan) for output in outputs]
    thresholds = task.choose_thresholds(outputs, targets, plan)
    amounts = [sample.amounts for sample in known if sample.amounts is not None]
    if thresholds and amounts:
        (chosen,) = thresholds.values()
        amounts = [count_amounts(*pair, plan, chosen) for pair in zip(outputs, targets, strict=True)]
    margins = fit_margins(amounts, plan) if amounts else Margins(plan.interval_level)
    return Settled(thresholds, calibration, _conform(drawn, plan), margins)


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
    fitted = outputs if plan.is_tiled else calibrate(outputs, calibration, plan)
    prediction = task.decode(case, fitted, plan, history, image, settled.thresholds)
    if isinstance(prediction, (ClassPrediction, LabelsPrediction)):
        if isinstance(prediction, ClassPrediction) and not decides_on_calibrated(plan):
            called = _call(outputs.reshape(-1), plan, settled.thresholds)
            prediction = replace(prediction, decided=called)
        raw = dict(zip(plan.classes, map(float, outputs.reshape(-1)), strict=True))
        referral = refer(prediction, raw, settled.conformal)
        return replace(prediction, referral=referral, uncalibrated=raw if calibration.is_fitted else None)
    if isinstance(prediction, MaskPrediction):
        return _answer_mask(prediction, outputs, plan, history, image, settled)
    return prediction


def _call(probabilities: FloatArray, plan: Plan, thresholds: Mapping[str, float]) -> str:
    """The class that is called, by the network's own probabilities (class,)."""
    least = thresholds.get(plan.classes[1]) if len(plan.classes) == 2 else None
    return plan.classes[int(probabilities.argmax() if least is None else probabilities[1] >= least)]


def _answer_mask(
    prediction: MaskPrediction,
    outputs: FloatArray,
    plan: Plan,
    history: History,
    image: Volume,
    settled: Settled,
) -> MaskPrediction:
    """The mask with its volumes, what can't be excluded, and calibrated probabilities."""
    i, j, k = image.array.shape[1:]

    def own_at(voxels: IntArray) -> FloatArray:
        return restore_at(outputs, history, voxels, (i, j, k))

    prediction = replace(
        prediction,
        volumes=tell_volumes(prediction.mask, plan, settled.margins),
        cautious=cautious_masks(outputs, plan, history, image, settled.margins),
        probabilities_at=own_at,
    )
    calibration, own = settled.calibration, prediction.probabilities
    if not calibration.is_fitted or own is None:
        return prediction
    return replace(
        prediction,
        probabilities=Lazy(own.source, lambda: _calibrated(own, calibration, plan)),
        probabilities_at=lambda voxels: calibrate(own_at(voxels), calibration, plan),
        uncalibrated_at=own_at,
    )


def _joined(samples: Sequence[Sample]) -> Sample | None:
    if not samples:
        return None
    probabilities = np.concatenate([sample.probabilities for sample in samples])
    return Sample(probabilities, np.concatenate([sample.truth for sample in samples]))


def _calibrate(drawn: Sample | None, plan: Plan, n_cases: int) -> Calibration:
    if drawn is None or (plan.label_values and n_cases < FEWEST_OUTLINED):
        return Calibration(n=n_cases)
    fitted = fit_calibration(
        plan.calibration, drawn.probabilities, drawn.truth, plan.classes, exclusive=is_exclusive(plan)
    )
    return replace(fitted, n=n_cases)


def _conform(drawn: Sample | None, plan: Plan) -> Conformal:
    if drawn is None or not has_sets(plan):
        return Conformal(plan.interval_level)
    return fit_conformal(
        drawn.probabilities, drawn.truth, plan.classes, plan.interval_level, exclusive=is_exclusive(plan)
    )


def _calibrated(probabilities: Lazy[Volume], calibration: Calibration, plan: Plan) -> Volume:
    raw = probabilities.read()
    return replace(raw, array=calibrate(raw.array, calibration, plan))
