"""Probabilities of voxels: which are looked at, and how far they are from what comes true.

Most voxels of an image are surely nothing, and would make every model look well calibrated. So voxels are
drawn in the box around reference and prediction, grown by half on each side (after Mehrtash et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanwright.core.statistics import Key
from scanwright.data.plan import Plan
from scanwright.data.prediction import MaskPrediction
from scanwright.tasks.base import Record
from scanwright.tasks.probabilities import BEFORE, N_CHANCE
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray, JsonDict

VOXELS_EACH = 5000
"""Of a case, drawn at random: neighbours say the same, and a few numbers need no more."""
N_VOXEL_BINS = 10
LEAST_GROWN = 5


def draw_near(there: BoolArray, seed: int) -> IntArray:
    """Voxels (n, 3) drawn in the box around what is there, grown; in the whole image where nothing is.

    Args:
        there: (i, j, k), reference or prediction.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    columns = []
    for axis, n in enumerate(there.shape):
        held = np.flatnonzero(there.any(axis=tuple(other for other in range(3) if other != axis)))
        low, high = (int(held[0]), int(held[-1]) + 1) if held.size else (0, n)
        grown = max(LEAST_GROWN, (high - low) // 2)
        columns.append(rng.integers(max(0, low - grown), min(n, high + grown), VOXELS_EACH))
    return np.stack(columns, axis=1)


def record_voxels(prediction: MaskPrediction, reference: AnyArray, plan: Plan) -> Record:
    """What a record holds: of each class, by bins of probability, sums of what was said and of what is true,
    and of squared distances; also "_before", of the network's own. Nothing where there are no probabilities.

    Args:
        prediction: of the case.
        reference: values of the mask (i, j, k).
        plan: the decisions.
    """
    if prediction.probabilities_at is None:
        return {}
    there = (reference != plan.label_values[0]) | (prediction.mask.array[0] != plan.label_values[0])
    voxels = draw_near(there, plan.seed)
    true = reference[tuple(voxels.T)]
    asked = {"after": prediction.probabilities_at, "before": prediction.uncalibrated_at}
    return {
        "voxels": {
            end: {
                name: _binned(said[c], true == plan.label_values[c])
                for c, name in enumerate(plan.classes)
                if c
            }
            for end, said in ((end, at(voxels)) for end, at in asked.items() if at is not None)
        }
    }


def _binned(said: FloatArray, true: BoolArray) -> JsonDict:
    bins = np.clip((said * N_VOXEL_BINS).astype(np.int64), 0, N_VOXEL_BINS - 1)
    columns = {"n": None, "said": said, "true": true.astype(np.float64), "square": (said - true) ** 2}
    return {
        name: np.round(np.bincount(bins, weights, N_VOXEL_BINS), 4).tolist()
        for name, weights in columns.items()
    }


class VoxelJudge:
    """Brier score and calibration error of voxels, of each class and as means over the classes; nothing where
    a record has no voxels.

    Args:
        records: of cases.
        names: of the classes.
    """

    def __init__(self, records: Sequence[Record], names: Sequence[str]) -> None:
        self.names = names
        has = bool(records) and all("voxels" in record for record in records)
        ends = [end for end in ("after", "before") if has and end in records[0]["voxels"]]
        # (record, class, bin) of each sum.
        self.sums = {
            end: {
                sort: np.array(
                    [[r["voxels"][end][name][sort] for name in names] for r in records], dtype=float
                )
                for sort in ("n", "said", "true", "square")
            }
            for end in ends
        }

    def statistic(self, rows: IntArray) -> dict[Key, float]:
        """Numbers of some cases."""
        numbers: dict[Key, float] = {}
        for end, sums in self.sums.items():
            n = sums["n"][rows].sum(axis=(0, 2))
            gaps = np.abs((sums["said"] - sums["true"])[rows].sum(axis=0)).sum(axis=1)
            numbers |= self._named("voxel_brier", end, sums["square"][rows].sum(axis=(0, 2)) / n)
            numbers |= self._named("voxel_ece", end, gaps / n)
        return numbers

    def by_chance(self) -> dict[Key, FloatArray]:
        """The calibration errors that these cases would show if probabilities were right in the mean: what
        cases differ by among themselves, drawn again and again."""
        rng = np.random.default_rng(0)
        drawn: dict[Key, FloatArray] = {}
        for end, sums in self.sums.items():
            gaps = sums["said"] - sums["true"]
            n = sums["n"].sum(axis=(0, 2))
            times = rng.multinomial(len(gaps), np.full(len(gaps), 1 / len(gaps)), N_CHANCE)
            chance = np.abs(np.tensordot(times, gaps - gaps.mean(axis=0), 1)).sum(axis=2) / n
            each = {
                (f"voxel_ece{_end(end)}", name): own for name, own in zip(self.names, chance.T, strict=True)
            }
            drawn |= each | {(f"voxel_ece{_end(end)}", ""): chance.mean(axis=1)}
        return drawn

    def reliability(self) -> JsonDict | None:
        """As of whole images, of bins of equal width; intervals come from resampled cases."""
        rng = np.random.default_rng(0)
        tables = {}
        for end, sums in self.sums.items():
            n_cases = len(sums["n"])
            times = rng.multinomial(n_cases, np.full(n_cases, 1 / n_cases), N_CHANCE)
            n, said, true = (sums[sort] for sort in ("n", "said", "true"))
            drawn_n, drawn_true = (np.tensordot(times, own, 1) for own in (n, true))
            with np.errstate(invalid="ignore", divide="ignore"):
                shares = drawn_true / drawn_n
            tables[end] = {
                name: [
                    {
                        "probability": float(said[:, c, b].sum() / n[:, c, b].sum()),
                        "share": float(true[:, c, b].sum() / n[:, c, b].sum()),
                        "low": float(np.nanquantile(shares[:, c, b], 0.025)),
                        "high": float(np.nanquantile(shares[:, c, b], 0.975)),
                        "n": int(n[:, c, b].sum()),
                    }
                    for b in range(N_VOXEL_BINS)
                    if n[:, c, b].sum()
                ]
                for c, name in enumerate(self.names)
            }
        return tables or None

    def _named(self, name: str, end: str, each: FloatArray) -> dict[Key, float]:
        name = f"{name}{_end(end)}"
        return {(name, ""): float(each.mean())} | {
            (name, group): float(one) for group, one in zip(self.names, each, strict=True)
        }


def _end(end: str) -> str:
    return BEFORE if end == "before" else ""
