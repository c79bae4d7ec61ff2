"""What kind of picture an image is, in few numbers, and which of many is unlike all others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

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
LAYOUT_RIDGE = 0.2
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
    smooth = [small, *(_along_all(small, [_blur(n, sigma) for n in small.shape]) for sigma in SIGMAS[n_axes])]
    bands = [finer - coarser for finer, coarser in pairwise(smooth)]
    steep = np.array(
        [[np.sqrt((np.diff(band, axis=axis) ** 2).mean()) for axis in range(n_axes)] for band in bands[:3]]
    )
    logs = np.log(steep + 1e-3)
    waves = _along_all(small, [_cosines(n, N_WAVES[n_axes]) for n in small.shape]) / np.sqrt(small.size)
    return np.concatenate(
        [
            np.percentile(small, (10, 30, 50, 70, 90)) / GREY,
            np.log([band.std() + 1e-3 for band in bands]) / BAND,
            (logs[:, :1] - logs[:, 1:]).ravel() / DIRECTION,
            waves.ravel() / WAVE,
        ]
    ).astype(np.float32)


def _along_all(image: FloatArray, matrices: Sequence[FloatArray]) -> FloatArray:
    """A matrix applied along each axis."""
    for axis, matrix in enumerate(matrices):
        image = np.moveaxis(np.tensordot(matrix, image, axes=(1, axis)), 0, axis)
    return image


@lru_cache(maxsize=16)
def _blur(n: int, sigma: int) -> FloatArray:
    """(n, n) Gaussian, cut at four deviations; the border is continued."""
    reach = 4 * sigma
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    continued = np.pad(np.eye(n), ((reach, reach), (0, 0)), mode="edge")
    shifted = np.stack([continued[start : start + n] for start in range(len(kernel))])
    return np.asarray(np.tensordot(kernel / kernel.sum(), shifted, axes=1), dtype=np.float32)


@lru_cache(maxsize=4)
def _cosines(n: int, n_waves: int) -> FloatArray:
    """(n_waves, n) the longest waves of the orthonormal cosine transform (DCT-II)."""
    waves = np.cos(np.pi / n * np.arange(n_waves)[:, None] * (np.arange(n) + 0.5))
    waves[0] /= np.sqrt(2)
    return np.asarray(waves * np.sqrt(2 / n), dtype=np.float32)


def remoteness(appearances: FloatArray) -> FloatArray:
    """How far each lies from the others: 0 like the median, 1 like the furthest fifth, more further out.

    Distance to the nearest neighbours (Ramaswamy et al., SIGMOD 2000), after the directions in which the
    others vary were made equal.

    Args:
        appearances: (n, number) from :func:`describe_appearance`.
    """
    # What two pictures of one kind may differ by is added, so that no direction counts for too much.
    even = _made_even(appearances, 1.0)
    squares = (even**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2 * even @ even.T, 0))
    return _over_the_usual(np.sort(apart, axis=1)[:, max(1, int(NEIGHBOURS * len(apart)))])


def layout_remoteness(layouts: FloatArray) -> FloatArray:
    """The same of what lies where, which is alike in pictures of one kind of anatomy: distance from the
    middle of all, in the directions in which they vary.

    Args:
        layouts: (n, number), each of length 1.
    """
    floor = LAYOUT_RIDGE * float(layouts.var(axis=0).mean())
    return _over_the_usual(np.sqrt((_made_even(layouts, max(floor, 1e-9)) ** 2).sum(axis=1)))


def _made_even(rows: FloatArray, floor: float) -> FloatArray:
    """Rows with the directions in which they vary made equal, the middle at 0.

    Their covariance is that of the three quarters that lie closest together (Rousseeuw and Van Driessen,
    Technometrics 1999), so that strangers do not hide themselves.
    """
    centred = rows.astype(np.float64) - np.median(rows, axis=0)
    even = centred
    for _ in range(N_CONCENTRATIONS):
        core = centred[np.argsort((even**2).sum(axis=1))[: max(2, int(KEPT * len(centred)))]]
        covariance = np.cov(core.T) + floor * np.eye(core.shape[1])
        even = np.linalg.solve(np.linalg.cholesky(covariance), (centred - core.mean(axis=0)).T).T
    return even


def _over_the_usual(far: FloatArray) -> FloatArray:
    usual, further = np.percentile(far, (50, 80))
    return np.asarray((far - usual) / max(float(further - usual), LEAST_SPREAD))
