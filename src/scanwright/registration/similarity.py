"""Similarity: how much the values of one image tell of those of another."""

from __future__ import annotations

import numpy as np

from scanwright.core.geometry import move_points
from scanwright.registration.grid import Scan
from scanwright.types import FloatArray, IntArray

BINS = 32


def mutual_information(a: FloatArray, b: FloatArray, bins: int = BINS) -> float:
    """Mutual information of paired values in nats (Maes et al., IEEE TMI 1997); 0 where one is constant."""
    if len(a) == 0:
        return 0.0
    joint = np.bincount(_binned(a, bins) * bins + _binned(b, bins), minlength=bins * bins)
    p = joint.reshape(bins, bins) / joint.sum()
    expected = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    seen = p > 0
    return float((p[seen] * np.log(p[seen] / expected[seen])).sum())


def _binned(values: FloatArray, bins: int) -> IntArray:
    low, high = values.min(), values.max()
    if high <= low:
        return np.zeros(len(values), dtype=np.int64)
    return np.asarray(np.minimum((values - low) * (bins / (high - low)), bins - 1), dtype=np.int64)


def similarity(
    values: FloatArray, places_ras_mm: FloatArray, moving: Scan, fixed_to_moving: FloatArray
) -> float:
    """Mutual information where both images are, times the part of the places where that is so.

    Without the second factor a corner that happens to look alike would win.

    Args:
        values: (n,) of the fixed image.
        places_ras_mm: (n, 3) of these values.
        fixed_to_moving: (4, 4).
    """
    other, within = moving.sample(move_points(fixed_to_moving, places_ras_mm))
    return mutual_information(values[within], other[within]) * float(within.mean())
