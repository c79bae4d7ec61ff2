"""Metrics: how far a prediction is from the truth. Pure functions over arrays.

Named policies for what is empty (``empty_policy``):
- both masks empty: the overlap is undefined, nan ("nan", left out of means), or 1 ("one");
- one of them empty: Dice and IoU are 0, and so is surface Dice (``core.surfaces``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from scanwright.core.statistics import mean_defined
from scanwright.errors import DataError
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

EmptyPolicy: TypeAlias = Literal["nan", "one"]


def dice(prediction: AnyArray, reference: AnyArray, *, empty_policy: EmptyPolicy = "nan") -> float:
    """Twice the common voxels over the voxels of both (Dice 1945).

    Args:
        prediction, reference: boolean, any shape, the same for both.
        empty_policy: what it is when both are empty, see the module.

    Raises:
        DataError: the shapes differ.
    """
    common, in_prediction, in_reference = _counts(prediction, reference)
    if in_prediction + in_reference == 0:
        return empty_value(empty_policy)
    return 2 * common / (in_prediction + in_reference)


def iou(prediction: AnyArray, reference: AnyArray, *, empty_policy: EmptyPolicy = "nan") -> float:
    """Common voxels over the voxels of either (Jaccard 1912). Arguments and errors as for ``dice``."""
    common, in_prediction, in_reference = _counts(prediction, reference)
    if in_prediction + in_reference == 0:
        return empty_value(empty_policy)
    return common / (in_prediction + in_reference - common)


def volume_ml(mask: AnyArray, spacing_mm: Sequence[float]) -> float:
    """Volume of a 3-D mask in millilitres: voxels times the voxel's volume."""
    return float(np.count_nonzero(mask)) * math.prod(spacing_mm) / 1000.0


def confusion_matrix(truth_idx: ArrayLike, predicted_idx: ArrayLike, n_classes: int) -> IntArray:
    """Counts, (true class, predicted class).

    Raises:
        DataError: lengths differ, or an index lies outside 0 … n_classes − 1.
    """
    truth, predicted = np.asarray(truth_idx).astype(np.int64), np.asarray(predicted_idx).astype(np.int64)
    if truth.shape != predicted.shape:
        raise DataError(
            "truth and prediction do not pair up", received=f"shapes {truth.shape} and {predicted.shape}"
        )
    for name, values in (("truth", truth), ("prediction", predicted)):
        if values.size and (values.min() < 0 or values.max() >= n_classes):
            raise DataError(
                f"a class index of the {name} does not exist",
                expected=f"0 … {n_classes - 1}",
                received=f"{values.min()} … {values.max()}",
            )
    counts = np.bincount(truth.ravel() * n_classes + predicted.ravel(), minlength=n_classes * n_classes)
    return counts.reshape(n_classes, n_classes)


def accuracy(confusion: IntArray) -> float:
    """Part of the cases on the diagonal; nan without cases."""
    total = int(confusion.sum())
    return float(np.trace(confusion) / total) if total else math.nan


def recall(confusion: IntArray) -> FloatArray:
    """Per class: found of those that are there (sensitivity); nan for a class that no case has."""
    return _ratio(np.diag(confusion), confusion.sum(axis=1))


def precision(confusion: IntArray) -> FloatArray:
    """Per class: right of those said; 0 for a class there but never said, nan for one neither."""
    said = confusion.sum(axis=0)
    there = confusion.sum(axis=1)
    return np.where((said == 0) & (there > 0), 0.0, _ratio(np.diag(confusion), said))


def f1(confusion: IntArray) -> FloatArray:
    """Per class: harmonic mean of precision and recall; nan for a class neither there nor said."""
    return _ratio(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def macro(per_class: ArrayLike) -> float:
    """Mean over the classes for which the number is defined."""
    return mean_defined(per_class)


def balanced_accuracy(confusion: IntArray) -> float:
    """Mean recall over the classes that are there."""
    return macro(recall(confusion))


def expected_cost(confusion: IntArray, costs: ArrayLike, *, balanced: bool = False) -> float:
    """Mean cost of the answers, over that of the best answer that is the same for every case.

    Normalised expected cost (Ferrer 2022; Metrics Reloaded, Maier-Hein et al. 2024): 0 is perfect where right
    answers cost nothing, 1 is no better than looking at no case. nan where a class is missing that counts, or
    the same answer for all costs nothing.

    Args:
        confusion: counts, (true class, answer).
        costs: the same axes, 0 or more.
        balanced: classes count as if they were equally frequent, and not as they are. With costs of 1 for
            every error, balanced cost is (1 - balanced accuracy) · n / (n - 1) for n classes.
    """
    counts, cost = np.asarray(confusion, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    of_class = counts.sum(axis=1)
    if not of_class.sum() or (balanced and not of_class.all()):
        return math.nan
    shares = np.full(len(counts), 1 / len(counts)) if balanced else of_class / of_class.sum()
    rates = counts / np.maximum(of_class, 1)[:, None]
    blind = float((shares @ cost).min())
    return float(shares @ (rates * cost).sum(axis=1)) / blind if blind > 0 else math.nan


def quadratic_kappa(confusion: IntArray) -> float:
    """Agreement beyond chance of classes in order, where errors weigh by the square of their distance.

    Cohen's weighted kappa (1968): 1 is perfect, 0 is chance. nan when truth and prediction are all one class.
    """
    counts = np.asarray(confusion, dtype=np.float64)
    squares = np.square(_distances(confusion))
    by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / max(counts.sum(), 1)
    expected = float((squares * by_chance).sum())
    return 1 - float((squares * counts).sum()) / expected if expected > 0 else math.nan


def mean_class_distance(confusion: IntArray) -> float:
    """How many classes, of classes in order, a prediction is off in the mean; nan without cases."""
    total = int(confusion.sum())
    return float((_distances(confusion) * confusion).sum() / total) if total else math.nan


def within_one(confusion: IntArray) -> float:
    """Part of the cases that are at most one class off, of classes in order; nan without cases."""
    total = int(confusion.sum())
    return float(confusion[_distances(confusion) <= 1].sum() / total) if total else math.nan


def _distances(confusion: IntArray) -> IntArray:
    places = np.arange(len(confusion))
    return np.asarray(np.abs(places[:, None] - places))


def auroc(scores: ArrayLike, positives: ArrayLike) -> float:
    """Area under the ROC curve: how often a positive scores above a negative, ties counting half.

    From ranks (Mann–Whitney; Hanley and McNeil 1982).

    Args:
        scores: (case,), higher = more likely positive.
        positives: (case,), boolean.

    Returns:
        0 … 1; nan when there are no positives or no negatives.

    Raises:
        DataError: lengths differ or a score is nan.
    """
    score, positive = _checked_scores(scores, positives)
    n_positive = int(positive.sum())
    n_negative = positive.size - n_positive
    if n_positive == 0 or n_negative == 0:
        return math.nan
    _, tie_group, sizes = np.unique(score, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(sizes)
    mean_rank = last_rank - (sizes - 1) / 2
    rank_sum = float(mean_rank[tie_group][positive].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def roc_curve(scores: ArrayLike, positives: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """False-positive rate, true-positive rate and threshold, from "nothing is positive" on.

    One point for each distinct score, after the point (0, 0) at threshold +inf. Rates are nan when the
    class that they divide by is missing. Arguments and errors as for ``auroc``.
    """
    true_positives, false_positives, thresholds = _counts_by_threshold(scores, positives)
    true_positives, false_positives = (np.concatenate([[0], n]) for n in (true_positives, false_positives))
    return (
        _ratio(false_positives, np.full_like(false_positives, false_positives[-1])),
        _ratio(true_positives, np.full_like(true_positives, true_positives[-1])),
        np.concatenate([[np.inf], thresholds]),
    )


def precision_recall_curve(
    scores: ArrayLike, positives: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Recall, precision and threshold, from the highest score down; one point for each distinct score.

    Recall is nan without positives. Arguments and errors as for ``auroc``.
    """
    true_positives, false_positives, thresholds = _counts_by_threshold(scores, positives)
    n_positive = np.full_like(true_positives, true_positives[-1] if true_positives.size else 0)
    return (
        _ratio(true_positives, n_positive),
        _ratio(true_positives, true_positives + false_positives),
        thresholds,
    )


def average_precision(scores: ArrayLike, positives: ArrayLike) -> float:
    """Precision averaged over recall, without interpolation: Σ (Rₙ − Rₙ₋₁) Pₙ.

    nan without positives. Arguments and errors as for ``auroc``.
    """
    recalls, precisions, _ = precision_recall_curve(scores, positives)
    if not recalls.size or np.isnan(recalls[-1]):
        return math.nan
    return float(np.sum(np.diff(recalls, prepend=0.0) * precisions))


def net_benefit(scores: ArrayLike, positives: ArrayLike, thresholds: ArrayLike) -> FloatArray:
    """What acting on probabilities gains, (threshold,), in true positives a case (Vickers and Elkin 2006).

    Who acts from a probability of t on holds one missed case to be as bad as (1 − t) / t false alarms; a
    false alarm is taken off at that rate. Acting on nobody gains 0; nan without cases.

    Args:
        scores: (case,), probabilities.
        positives: (case,), boolean.
        thresholds: (threshold,), each between 0 and 1 exclusive.

    Raises:
        DataError: lengths differ or a score is nan.
    """
    score, positive = _checked_scores(scores, positives)
    threshold = np.asarray(thresholds, dtype=np.float64)
    if not score.size:
        return np.full(threshold.shape, math.nan)
    acted = score[:, None] >= threshold
    right, wrong = (acted & positive[:, None]).mean(axis=0), (acted & ~positive[:, None]).mean(axis=0)
    return np.asarray(right - wrong * threshold / (1 - threshold))


def empty_value(policy: EmptyPolicy) -> float:
    """Of an overlap of nothing with nothing."""
    return 1.0 if policy == "one" else math.nan


def check_masks(prediction: AnyArray, reference: AnyArray) -> tuple[BoolArray, BoolArray]:
    """Both as boolean arrays.

    Raises:
        DataError: the shapes differ.
    """
    a, b = np.asarray(prediction), np.asarray(reference)
    if a.shape != b.shape:
        raise DataError(
            "prediction and reference are not on one grid",
            expected="the same shape for both",
            received=f"prediction {a.shape}, reference {b.shape}",
        )
    return a.astype(bool, copy=False), b.astype(bool, copy=False)


def _counts(prediction: AnyArray, reference: AnyArray) -> tuple[int, int, int]:
    a, b = check_masks(prediction, reference)
    return int(np.count_nonzero(a & b)), int(np.count_nonzero(a)), int(np.count_nonzero(b))


def _ratio(numerator: AnyArray, denominator: AnyArray) -> FloatArray:
    """Element by element; nan where the denominator is 0."""
    out = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=out, where=np.asarray(denominator) > 0)
    return out


def _checked_scores(scores: ArrayLike, positives: ArrayLike) -> tuple[FloatArray, BoolArray]:
    score = np.asarray(scores, dtype=np.float64).ravel()
    positive = np.asarray(positives).ravel().astype(bool)
    if score.size != positive.size:
        raise DataError(
            "scores and truth do not pair up", received=f"{score.size} scores, {positive.size} truths"
        )
    if np.isnan(score).any():
        raise DataError(
            "a score is not a number",
            expected="a score for each case",
            received=f"{int(np.isnan(score).sum())} nan",
        )
    return score, positive


def _counts_by_threshold(scores: ArrayLike, positives: ArrayLike) -> tuple[IntArray, IntArray, FloatArray]:
    """True and false positives when everything from each distinct score up is called positive."""
    score, positive = _checked_scores(scores, positives)
    if not score.size:
        return np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.asarray([np.inf])
    order = np.argsort(-score, kind="stable")
    score, positive = score[order], positive[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(score)), score.size - 1)
    true_positives = np.cumsum(positive)[last_of_tie]
    return true_positives, last_of_tie + 1 - true_positives, score[last_of_tie]
