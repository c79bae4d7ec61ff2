"""Margins of masks: how they are fitted on validation cases, applied to a new one, and judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scanwright.core.margins import Margins, control_risk, missed_below, volume_factor
from scanwright.core.statistics import Key, mean_defined
from scanwright.data.case import Lazy
from scanwright.data.plan import Plan
from scanwright.data.prediction import Amount, MaskPrediction
from scanwright.data.volume import Volume
from scanwright.tasks.base import Record
from scanwright.tasks.specks import drop_specks
from scanwright.transforms.steps import History, restore_chosen
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Amounts:
    """What margins need of a validation case, all but the background.

    Attributes:
        outlined, true: voxels, (class,).
        missed: share of the true voxels that each step of a threshold leaves out, (class, step).
    """

    outlined: IntArray
    true: IntArray
    missed: FloatArray


def count_amounts(
    outputs: FloatArray, target: AnyArray, plan: Plan, threshold: float | None = None
) -> Amounts:
    """Of the answer to a validation case.

    Args:
        outputs: of the network, (class, i, j, k).
        target: class indices (i, j, k).
        plan: says which pieces are left out of the outline.
        threshold: from which the second class is outlined; the most probable one without.
    """
    n_classes = len(outputs)
    called = outputs.argmax(axis=0) if threshold is None else outputs[1] >= threshold
    said = drop_specks(np.asarray(called, dtype=np.uint8), range(n_classes), plan, plan.spacing_mm)
    outlined, true = (np.bincount(np.asarray(own).ravel(), minlength=n_classes)[1:] for own in (said, target))
    missed = [missed_below(outputs[c][target == c]) for c in range(1, n_classes)]
    return Amounts(outlined, true, np.stack(missed))


def fit_margins(cases: Sequence[Amounts], plan: Plan) -> Margins:
    """From validation cases; a class with too few of them has none."""
    level, names = plan.interval_level, plan.classes[1:]
    if not cases:
        return Margins(level)
    outlined, true, missed = (
        np.stack([getattr(case, field) for case in cases]) for field in ("outlined", "true", "missed")
    )
    least, factors = dict[str, float](), dict[str, float]()
    for c, name in enumerate(names):
        step = control_risk(missed[true[:, c] > 0, c], level)
        some = outlined[:, c] > 0
        factor = volume_factor(outlined[some, c], true[some, c], level)
        least |= {} if step is None else {name: step}
        factors |= {} if factor is None else {name: factor}
    counts = (dict(zip(names, map(int, (own > 0).sum(axis=0)), strict=True)) for own in (true, outlined))
    return Margins(level, least, factors, *counts)


def volume_unit(grid: Volume) -> tuple[float, str]:
    """Volume of a voxel and its unit: ml, or pixels where the spacing is unknown."""
    return (1.0, "px") if grid.voxel_mm3 is None else (grid.voxel_mm3 / 1000.0, "ml")


def tell_volumes(mask: Volume, plan: Plan, margins: Margins) -> tuple[Amount, ...]:
    """How much of each class a mask outlines, and the interval that should hold the true volume."""
    voxel, unit = volume_unit(mask)
    told = []
    for value, name in zip(plan.label_values[1:], plan.classes[1:], strict=True):
        volume = voxel * int(np.count_nonzero(mask.array[0] == value))
        factor = margins.factors.get(name) if volume else None
        low, high = (volume / factor, volume * factor) if factor else (None, None)
        told.append(Amount(name, volume, low, high, unit))
    return tuple(told)


def cautious_masks(
    outputs: FloatArray, plan: Plan, history: History, image: Volume, margins: Margins
) -> dict[str, Lazy[Volume]]:
    """Of each class that has a threshold, the voxels that can't be excluded, on the grid of ``image``."""

    def mask_of(name: str) -> Volume:
        c, least = plan.classes.index(name), margins.least[name]
        chosen = restore_chosen(outputs[c : c + 1], history, lambda own: (own[0] >= least).astype(np.uint8))
        return Volume(chosen[None], image.affine_ras)

    return {name: Lazy(name, lambda name=name: mask_of(name)) for name in margins.least}  # type: ignore[misc]


def record_margins(prediction: MaskPrediction, name: str, reference: BoolArray) -> Record:
    """What a record holds of a class: ends of the volume's interval, and of the cautious mask what it misses
    and its voxels beside those outlined."""
    found: Record = {}
    for amount in prediction.volumes:
        if amount.name == name and amount.low is not None:
            found |= {"volume_low": amount.low, "volume_high": amount.high}
    if name in prediction.cautious:
        taken = prediction.cautious[name].read().array[0] > 0
        n_true = int(np.count_nonzero(reference))
        missed = int(np.count_nonzero(reference & ~taken))
        found["cautious_missed"] = missed / n_true if n_true else math.nan
        found["cautious_voxels"] = int(np.count_nonzero(taken))
    return found


class MarginJudge:
    """What margins gave; nothing where there are none.

    Args:
        records: of cases, each with "classes" as ``record_margins`` and the segmentation's own.
        names: of the classes.
    """

    def __init__(self, records: Sequence[Record], names: Sequence[str]) -> None:
        def column(field: str, name: str) -> FloatArray:
            return np.array([record["classes"][name].get(field, math.nan) for record in records], dtype=float)

        self.missed = {name: column("cautious_missed", name) for name in names}
        self.held, self.taken = dict[str, FloatArray](), dict[str, FloatArray]()
        for name in names:
            low, true, high = (column(one, name) for one in ("volume_low", "reference_volume", "volume_high"))
            held = (low <= true) & (true <= high)
            self.held[name] = np.where(np.isnan(low), np.nan, held)
            outlined = column("outlined_voxels", name)
            with np.errstate(divide="ignore", invalid="ignore"):
                self.taken[name] = np.where(outlined > 0, column("cautious_voxels", name) / outlined, np.nan)
        every = {"cautious_missed": self.missed, "cautious_volume": self.taken, "volume_coverage": self.held}
        self.columns: Mapping[Key, FloatArray] = {
            (number, name): values
            for number, own in every.items()
            for name, values in own.items()
            if not np.isnan(values).all()
        }

    @property
    def support(self) -> dict[Key, IntArray]:
        """Rows that count."""
        return {key: np.flatnonzero(~np.isnan(values)) for key, values in self.columns.items()}

    def statistic(self, rows: IntArray) -> dict[Key, float]:
        """Of each class: "cautious_missed", the share of it that the cautious mask leaves out, mean over the
        cases that have it; "cautious_volume", how many times as large as the outline it is, median over the
        cases; "volume_coverage", share of the intervals that hold the true volume."""
        return {
            key: float(np.nanmedian(values[rows]))
            if key[0] == "cautious_volume" and not np.isnan(values[rows]).all()
            else mean_defined(values[rows])
            for key, values in self.columns.items()
        }
