"""Metrics: how far a prediction is from the truth. Pure functions over arrays.

Named policies for what is empty (``empty_policy``):
- both masks empty: the overlap is undefined, nan ("nan", left out of means), or 1 ("one");
- one of them empty: Dice, IoU and surface Dice are 0; HD95 is nan, because no distance exists. Whoever
  summarises HD95 must say how many cases it is missing in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cc3d
import edt
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
        return _empty_value(empty_policy)
    return 2 * common / (in_prediction + in_reference)


def iou(prediction: AnyArray, reference: AnyArray, *, empty_policy: EmptyPolicy = "nan") -> float:
    """Common voxels over the voxels of either (Jaccard 1912). Arguments and errors as for ``dice``."""
    common, in_prediction, in_reference = _counts(prediction, reference)
    if in_prediction + in_reference == 0:
        return _empty_value(empty_policy)
    return common / (in_prediction + in_reference - common)


def volume_ml(mask: AnyArray, spacing_mm: Sequence[float]) -> float:
    """Volume of a 3-D mask in millilitres: voxels times the voxel's volume."""
    return float(np.count_nonzero(mask)) * math.prod(spacing_mm) / 1000.0


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """Distances between two surfaces, in mm (pixels where the spacing is unknown).

    Attributes:
        from_prediction: for each border voxel of the prediction, to the nearest border voxel of the
            reference; empty when either mask is.
        from_reference: the other way round.
        n_prediction, n_reference: border voxels of each, also when the other mask is empty.
    """

    from_prediction: FloatArray
    from_reference: FloatArray
    n_prediction: int
    n_reference: int

    def dice(self, tolerance_mm: float, *, empty_policy: EmptyPolicy = "nan") -> float:
        """The part of both surfaces that lies within ``tolerance_mm`` of the other; see ``surface_dice``."""
        total = self.n_prediction + self.n_reference
        if total == 0:
            return _empty_value(empty_policy)
        # Distances come as float32: 0.7 mm must count as within 0.7 mm.
        reach = tolerance_mm + 1e-5 * max(1.0, tolerance_mm)
        near = np.count_nonzero(self.from_prediction <= reach) + np.count_nonzero(
            self.from_reference <= reach
        )
        return float(near / total)

    def hausdorff(self, percentile: float = 95.0) -> float:
        """The larger of the two directed percentiles; nan when either mask is empty."""
        if self.n_prediction == 0 or self.n_reference == 0:
            return math.nan
        return float(
            max(
                np.percentile(self.from_prediction, percentile),
                np.percentile(self.from_reference, percentile),
            )
        )

    def mean(self) -> float:
        """Average symmetric surface distance: the mean over both borders; nan when either mask is empty."""
        if self.n_prediction == 0 or self.n_reference == 0:
            return math.nan
        total = self.from_prediction.sum(dtype=np.float64) + self.from_reference.sum(dtype=np.float64)
        return float(total / (self.n_prediction + self.n_reference))


def surface_distances(
    prediction: AnyArray, reference: AnyArray, spacing_mm: Sequence[float] | None
) -> SurfaceDistances:
    """Distances between the borders of two masks.

    A border voxel is a voxel of the mask that shares a face with one outside it; the outside of the
    picture is outside the mask. Along an axis of length 1 (photographs, single slices) there are no faces.
    Distances are between voxel centres.

    Args:
        prediction, reference: boolean, 1 to 3 axes longer than one voxel.
        spacing_mm: distance between voxel centres along each axis; ``None`` measures in pixels.

    Raises:
        DataError: shapes differ, or the spacing does not fit the axes.
    """
    a, b = check_masks(prediction, reference)
    spacing = _checked_spacing(spacing_mm, a.ndim)
    long_axes = tuple(axis for axis in range(a.ndim) if a.shape[axis] > 1) or (0,)
    short_axes = tuple(axis for axis in range(a.ndim) if axis not in long_axes)
    a, b = np.squeeze(a, short_axes), np.squeeze(b, short_axes)
    spacing = tuple(spacing[axis] for axis in long_axes)
    box = box_of_either(a, b)
    none = np.empty(0, dtype=np.float32)
    if box is None:
        return SurfaceDistances(none, none, 0, 0)
    border_a, border_b = _border(a[box]), _border(b[box])
    n_a, n_b = int(np.count_nonzero(border_a)), int(np.count_nonzero(border_b))
    if n_a == 0 or n_b == 0:
        return SurfaceDistances(none, none, n_a, n_b)
    return SurfaceDistances(
        _distance_to(border_b, spacing)[border_a], _distance_to(border_a, spacing)[border_b], n_a, n_b
    )


def surface_dice(
    prediction: AnyArray,
    reference: AnyArray,
    spacing_mm: Sequence[float] | None,
    tolerance_mm: float,
    *,
    empty_policy: EmptyPolicy = "nan",
) -> float:
    """Border voxels within ``tolerance_mm`` of the other border, over all border voxels.

    The normalised surface Dice of Nikolov et al. 2021 (J Med Internet Res 23:e26151), with border voxels
    in place of surface elements, each counted as one. Borders as in ``surface_distances``.

    Raises:
        DataError: as ``surface_distances``.
    """
    return surface_distances(prediction, reference, spacing_mm).dice(tolerance_mm, empty_policy=empty_policy)


def hausdorff_95(prediction: AnyArray, reference: AnyArray, spacing_mm: Sequence[float] | None) -> float:
    """95th percentile Hausdorff distance: the larger of the two directed 95th percentiles, in mm.

    Metrics Reloaded (Maier-Hein et al. 2024, Nat Methods 21:195), with border voxels. nan when either is
    empty.

    Raises:
        DataError: as ``surface_distances``.
    """
    return surface_distances(prediction, reference, spacing_mm).hausdorff(95.0)


TUBE = 20.0
"""How many times its largest inscribed ball the largest piece of a mask holds, from which on it is a tube:
a liver holds about 4, a hippocampus 6, the vessels of a retina several hundred."""


def is_tubular(mask: AnyArray, spacing_mm: Sequence[float] | None) -> bool:
    """Whether the largest piece of a mask is long and thin, or branches, as vessels do.

    Args:
        mask: boolean, 2 or 3 axes longer than one voxel.
        spacing_mm: see ``surface_distances``.

    Raises:
        DataError: the spacing does not fit the axes.
    """
    spacing = _checked_spacing(spacing_mm, np.ndim(mask))
    box = box_of_either(np.asarray(mask, dtype=bool), np.asarray(mask, dtype=bool))
    if box is None:
        return False
    inside = np.asarray(mask, dtype=bool)[box]
    long_axes = [axis for axis in range(inside.ndim) if np.shape(mask)[axis] > 1]
    spacing = tuple(spacing[axis] for axis in long_axes)
    inside = inside.reshape([inside.shape[axis] for axis in long_axes])
    if inside.ndim < 2:
        return False
    piece = np.asarray(cc3d.largest_k(inside.astype(np.uint8), k=1)) > 0
    radius = float(edt.edt(piece, anisotropy=spacing, black_border=True).max())
    ball = math.pi * radius**2 if piece.ndim == 2 else 4 / 3 * math.pi * radius**3
    return float(np.count_nonzero(piece)) * math.prod(spacing) >= TUBE * ball


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


def _empty_value(policy: EmptyPolicy) -> float:
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


def _checked_spacing(spacing_mm: Sequence[float] | None, n_axes: int) -> tuple[float, ...]:
    if spacing_mm is None:
        return (1.0,) * n_axes
    spacing = tuple(float(step) for step in spacing_mm)
    if len(spacing) != n_axes or not all(math.isfinite(step) and step > 0 for step in spacing):
        raise DataError(
            "the spacing does not fit the mask",
            expected=f"{n_axes} lengths above 0",
            received=f"spacing={spacing}",
        )
    return spacing


def box_of_either(a: BoolArray, b: BoolArray) -> tuple[slice, ...] | None:
    """The smallest box around both masks; ``None`` when both are empty."""
    either = a | b
    box = []
    for axis in range(either.ndim):
        others = tuple(other for other in range(either.ndim) if other != axis)
        taken = np.flatnonzero(either.any(axis=others))
        if not taken.size:
            return None
        box.append(slice(int(taken[0]), int(taken[-1]) + 1))
    return tuple(box)


def _border(mask: BoolArray) -> BoolArray:
    """Voxels of the mask with a face neighbour outside it. What lies beyond the array is outside."""
    padded = np.pad(mask, 1)
    inside = mask.copy()
    core = (slice(1, -1),) * mask.ndim
    for axis in range(mask.ndim):
        for shifted in (slice(0, -2), slice(2, None)):
            inside &= padded[(*core[:axis], shifted, *core[axis + 1 :])]
    return mask & ~inside


def _distance_to(border: BoolArray, spacing: tuple[float, ...]) -> FloatArray:
    """Distance of every voxel to the nearest voxel of ``border``."""
    away = np.ascontiguousarray(~border)
    distances: FloatArray = edt.edt(
        away, anisotropy=spacing if away.ndim > 1 else spacing[0], black_border=False
    )
    return distances


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
