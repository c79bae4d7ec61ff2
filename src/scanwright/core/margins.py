"""Margins of masks: what of a class may be missed, and how far its volume may be off, with a promise.

What is promised, and for whom. Of new patients who have the class, the voxels from a threshold on leave out
a share of it that is ``1 - level`` or less *in the mean over the patients* (conformal risk control,
Angelopoulos et al. 2022). Of new patients in whom the class is outlined, the interval holds the true volume
in a share of ``level`` or more (split conformal, Vovk et al. 2005). Both are on average over the draws of
validation patients, for new patients of the same source with one image each; for another hospital nothing is
promised.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scanwright.core.conformal import fewest_cases, reached_by
from scanwright.errors import ModelError
from scanwright.types import AnyArray, FloatArray, JsonDict

STEPS: FloatArray = np.linspace(0.0, 1.0, 1001)[1:]
"""Thresholds that may be chosen. Below the first nearly every voxel of an image would be taken."""


@dataclass(frozen=True)
class Margins:
    """How far masks may be off; plain data.

    Attributes:
        level: 1 less the share that may be missed, and the share of the intervals that hold the true volume.
        least: class → probability of the network from which a voxel can't be excluded; without those that
            have too few cases, or of which no threshold misses so little.
        factors: class → the true volume lies between volume / factor and volume · factor; without those that
            have too few cases, or too many in whom nothing is there.
        n: class → cases that have it, behind ``least``.
        n_outlined: class → cases in which it was outlined, behind ``factors``.
    """

    level: float = 0.9
    least: Mapping[str, float] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    n: Mapping[str, int] = field(default_factory=dict)
    n_outlined: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_needed(self) -> int:
        """Cases of a class that the level takes."""
        return fewest_cases(self.level)

    def to_json(self) -> JsonDict:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], source: str) -> Margins:
        """The inverse of :meth:`to_json`.

        Raises:
            ModelError: it makes no sense.
        """
        try:
            least, factors = (
                {str(k): float(v) for k, v in plain[name].items()} for name in ("least", "factors")
            )
            n, outlined = ({str(k): int(v) for k, v in plain[name].items()} for name in ("n", "n_outlined"))
            made = cls(float(plain["level"]), least, factors, n, outlined)
            fits = 0 < made.level < 1 and all(0 <= p <= 1 for p in least.values())
            fits &= all(math.isfinite(factor) and factor >= 1 for factor in factors.values())
        except (KeyError, TypeError, ValueError, AttributeError):
            fits = False
        if not fits:
            raise ModelError("the margins of the model make no sense", subject=source)
        return made


def missed_below(probabilities: AnyArray) -> FloatArray:
    """Share of the voxels (n,) that each of ``STEPS`` would leave out, growing; nan without voxels."""
    if not len(probabilities):
        return np.full(len(STEPS), np.nan)
    edges = np.concatenate([[0.0], STEPS])
    counts = np.histogram(np.clip(probabilities, 0.0, 1.0), edges)[0]
    counts[-1] -= int(np.count_nonzero(probabilities >= 1.0))  # a voxel of probability 1 is never left out
    return np.asarray(counts.cumsum() / len(probabilities))


def control_risk(missed: FloatArray, level: float) -> float | None:
    """The largest of ``STEPS`` at which a new case misses ``1 - level`` or less in the mean: the mean over
    the cases counts one more, of which all is missed. ``None`` where even the least step misses more, as it
    always does with fewer than ``fewest_cases``.

    Args:
        missed: (case, step), see :func:`missed_below`.
        level: see Margins.
    """
    risk = (missed.sum(axis=0) + 1) / (len(missed) + 1)
    kept = np.flatnonzero(risk <= 1 - level + 1e-12)
    return float(STEPS[kept[-1]]) if kept.size else None


def volume_factor(outlined: ArrayLike, true: ArrayLike, level: float) -> float | None:
    """By what factor true volumes may be off what was outlined, up or down; ``None`` where no factor holds so
    many, or the cases are too few.

    Args:
        outlined: volumes above 0, of each case.
        true: in the same unit; 0 where nothing is there.
        level: see Margins.
    """
    said, there = np.asarray(outlined, dtype=np.float64), np.asarray(true, dtype=np.float64)
    if said.size < fewest_cases(level):
        return None
    with np.errstate(divide="ignore"):
        off = np.abs(np.log(there / said))
    factor = math.exp(-reached_by(-off, level))
    return factor if math.isfinite(factor) else None
