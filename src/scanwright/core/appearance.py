"""What kind of picture an image is, in few numbers, and which of many is unlike all others."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import fft, ndimage

from scanwright.core.geometry import resample
from scanwright.types import FloatArray

SHAPE = {2: (64, 64, 1), 3: (24, 24, 24)}
SIGMAS = {2: (1, 2, 4, 8), 3: (1, 2, 4)}
N_WAVES = {2: 5, 3: 3}
# By how much two pictures of one kind may well differ: greys and waves in parts of the range, the rest as
# logarithms.
GREY, BAND, DIRECTION, WAVE = 0.05, 0.15, 0.1, 0.05
KEPT = 0.75
N_CONCENTRATIONS = 10
NEIGHBOURS = 0.15
"""Share of all that is taken for neighbours: as many may come from elsewhere, and still stand apart."""
LEAST_SPREAD = 0.5
"""In the units of the numbers: where all are nearly the same, small differences are none."""


def describe_appearance(image: FloatArray) -> FloatArray:
    """Greys, coarseness, direction of the texture and layout of an image, whatever its scale of intensities.

    Args:
        image: (i, j, k), one plane or more.

    Returns:
        Five percentiles; the logarithms of the deviation in each band of coarseness, and of how steep the
        finer bands are along the first axis over the others; the longest cosine waves. All in units of what
        two pictures of one kind may well differ by.
    """
    n_axes = 3 if image.shape[2] > 1 else 2
    small = np.squeeze(resample(image[None], SHAPE[n_axes])[0])
    low, high = np.percentile(small, (2, 98))
    small = np.clip((small - low) / max(float(high - low), 1e-9), 0, 1)
    smooth = [small, *(ndimage.gaussian_filter(small, sigma, mode="nearest") for sigma in SIGMAS[n_axes])]
    bands = [finer - coarser for finer, coarser in pairwise(smooth)]
    steep = np.array(
        [[np.sqrt((np.diff(band, axis=axis) ** 2).mean()) for axis in range(n_axes)] for band in bands[:3]]
    )
    logs = np.log(steep + 1e-3)
    waves = fft.dctn(small, norm="ortho") / np.sqrt(small.size)
    return np.concatenate(
        [
            np.percentile(small, (10, 30, 50, 70, 90)) / GREY,
            np.log([band.std() + 1e-3 for band in bands]) / BAND,
            (logs[:, :1] - logs[:, 1:]).ravel() / DIRECTION,
            waves[(slice(N_WAVES[n_axes]),) * n_axes].ravel() / WAVE,
        ]
    ).astype(np.float32)


def remoteness(appearances: FloatArray) -> FloatArray:
    """How far each lies from the others: 0 like the median, 1 like the furthest fifth, more further out.

    Distance to the nearest neighbours (Ramaswamy et al., SIGMOD 2000), after the directions in which the
    others vary were made equal. Their covariance is that of the three quarters that lie closest together
    (Rousseeuw and Van Driessen, Technometrics 1999), so that strangers do not hide themselves.

    Args:
        appearances: (n, number) from :func:`describe_appearance`.
    """
    centred = appearances.astype(np.float64) - np.median(appearances, axis=0)
    squares = (centred**2).sum(axis=1)
    even = centred
    for _ in range(N_CONCENTRATIONS):
        core = centred[np.argsort(squares)[: max(2, int(KEPT * len(centred)))]]
        # What two pictures of one kind may differ by is added, so that no direction counts for too much.
        covariance = np.cov(core.T) + np.eye(core.shape[1])
        even = np.linalg.solve(np.linalg.cholesky(covariance), (centred - core.mean(axis=0)).T).T
        squares = (even**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * even @ even.T, 0))
    far = np.sort(apart, axis=1)[:, max(1, int(NEIGHBOURS * len(apart)))]
    usual, further = np.percentile(far, (50, 80))
    return np.asarray((far - usual) / max(float(further - usual), LEAST_SPREAD))
