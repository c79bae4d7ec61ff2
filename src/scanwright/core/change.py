"""Change: whether a lesion is truly larger or smaller, given how well its size is known.

The error of one measurement is that of its outline: within slices a reader's or a model's edge is a part of
a pixel off, all around; and where the lesion begins and ends is known to a part of a slice. For a ball of
diameter D whose edge is e off in the slice and z off at the ends, the volume is 4 e / D + 2 z / D off.
Registration does not enter: each date is measured on its own grid. All functions are pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import ndtr, ndtri

EDGE_PER_PIXEL = 0.35
"""Standard deviation of where the edge is drawn, in pixels of the slice."""
EDGE_PER_SLICE = 0.25
"""Of where a lesion begins and ends, in slice spacings."""
LARGEST_ERROR = 1.0
"""Of log volume: what is smaller than a voxel is known to a factor of about three."""


def ball_diameter_mm(volume_ml: float) -> float:
    """Diameter of the ball of a volume."""
    return float((6000 * volume_ml / math.pi) ** (1 / 3))


def log_volume_sd(volume_ml: float, pixel_mm: float, slice_mm: float) -> float:
    """Standard deviation of one measured log volume; for small ones that is the relative error.

    Args:
        volume_ml: as measured.
        pixel_mm: step within slices.
        slice_mm: from slice to slice.
    """
    diameter = ball_diameter_mm(volume_ml)
    if diameter == 0:
        return LARGEST_ERROR
    error = math.hypot(4 * EDGE_PER_PIXEL * pixel_mm, 2 * EDGE_PER_SLICE * slice_mm)
    return min(LARGEST_ERROR, error / diameter)


def diameter_sd_mm(pixel_mm: float) -> float:
    """Standard deviation of a diameter measured in a slice: an edge that is off is so at both ends."""
    return 2 * EDGE_PER_PIXEL * pixel_mm


def probability_grew(
    earlier: float,
    later: float,
    sds: Sequence[float],
    *,
    by: float = 0.0,
    prior: tuple[float, float] | None = None,
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
    return float(ndtr((mean - by) / math.sqrt(variance)))


def least_real_change(sds: Sequence[float], level: float = 0.95) -> float:
    """Change of log volume that measurement alone stays below, in ``level`` of lesions that do not change."""
    return float(ndtri((1 + level) / 2) * math.hypot(*sds))
