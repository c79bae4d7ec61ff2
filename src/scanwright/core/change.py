"""Change: whether a lesion is truly larger or smaller, given how well its size is known.

The error of one measurement is that of its outline: a reader's or a model's edge is a part of a voxel off, all
around. For a ball of diameter D, an edge that is e off makes a volume that is 6 e / D off (relative).
Registration does not enter: each date is measured on its own grid. All functions are pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.stats import norm

EDGE_PER_PIXEL = 0.4
"""Standard deviation of where the edge is drawn, in pixels of the slice."""
EDGE_PER_SLICE = 0.15
"""And in slice spacings: only the ends of a lesion are blurred by thick slices."""
LARGEST_ERROR = 1.0
"""Of log volume: what is smaller than a voxel is known to a factor of about three."""


def ball_diameter_mm(volume_ml: float) -> float:
    """Diameter of the ball of a volume."""
    return float((6000 * volume_ml / math.pi) ** (1 / 3))


def edge_sd_mm(pixel_mm: float, slice_mm: float) -> float:
    """Standard deviation of the place of a lesion's edge, in mm.

    Args:
        pixel_mm: step within slices.
        slice_mm: from slice to slice.
    """
    return math.hypot(EDGE_PER_PIXEL * pixel_mm, EDGE_PER_SLICE * slice_mm)


def log_volume_sd(volume_ml: float, pixel_mm: float, slice_mm: float) -> float:
    """Standard deviation of one measured log volume; for small ones that is the relative error."""
    diameter = ball_diameter_mm(volume_ml)
    if diameter == 0:
        return LARGEST_ERROR
    return min(LARGEST_ERROR, 6 * edge_sd_mm(pixel_mm, slice_mm) / diameter)


def diameter_sd_mm(pixel_mm: float, slice_mm: float) -> float:
    """Standard deviation of a measured diameter: both its ends are edges."""
    return math.sqrt(2) * edge_sd_mm(pixel_mm, slice_mm)


def probability_grew(
    earlier: float, later: float, sds: Sequence[float], *, by: float = 0.0, prior: tuple[float, float] | None = None
) -> float:
    """Probability that the true log volume rose by more than ``by``.

    Args:
        earlier, later: measured log volumes.
        sds: standard deviations of both.
        by: 0 for any growth, log(1.2³) for that of progression.
        prior: mean and standard deviation of the true change before it was measured; without one, every
            change is as likely as any other.
    """
    variance = sds[0] ** 2 + sds[1] ** 2
    mean = later - earlier
    if prior is not None and variance > 0:
        weight = prior[1] ** 2 / (prior[1] ** 2 + variance)
        mean, variance = prior[0] + weight * (mean - prior[0]), weight * variance
    if variance <= 0:
        return float(mean > by)
    return float(norm.cdf((mean - by) / math.sqrt(variance)))


def least_real_change(sds: Sequence[float], level: float = 0.95) -> float:
    """Change of log volume that measurement alone stays below, in ``level`` of lesions that do not change."""
    return float(norm.ppf((1 + level) / 2) * math.hypot(*sds))
