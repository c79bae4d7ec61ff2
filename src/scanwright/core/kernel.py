"""Small fast models: what each case would be called by one that learnt from others."""

from __future__ import annotations

import numpy as np
from scipy import linalg, ndimage

from scanwright.types import FloatArray, IntArray

N_ORIENTATIONS = 8


def oriented_gradients(
    plane: FloatArray, n_cells: int = 7, sigmas: tuple[float, ...] = (1.4, 3.0)
) -> FloatArray:
    """How steep a plane is, by direction, in each of ``n_cells`` × ``n_cells`` parts, at some smoothness.

    Histograms of oriented gradients (Dalal and Triggs, CVPR 2005), square root taken, of length 1.

    Args:
        plane: (i, j), both multiples of ``n_cells``.
        n_cells: parts along each axis.
        sigmas: smoothing in pixels.
    """
    i, j = (n // n_cells for n in plane.shape)
    found = []
    for sigma in sigmas:
        along_i, along_j = (ndimage.gaussian_filter(plane, sigma, order=order) for order in ((1, 0), (0, 1)))
        steep = np.hypot(along_i, along_j)
        # A direction between two bins counts for both, in proportion; opposite directions are one.
        at = (np.arctan2(along_j, along_i) % np.pi) / np.pi * N_ORIENTATIONS
        for orientation in range(N_ORIENTATIONS):
            near = np.maximum(
                0, 1 - np.abs((at - orientation + N_ORIENTATIONS / 2) % N_ORIENTATIONS - N_ORIENTATIONS / 2)
            )
            found.append((steep * near).reshape(n_cells, i, n_cells, j).mean(axis=(1, 3)).ravel())
    roots = np.sqrt(np.concatenate(found))
    return np.asarray(roots / max(float(np.linalg.norm(roots)), 1e-9), dtype=np.float32)


def leave_one_out(features: FloatArray, targets: FloatArray, ridge: float = 1.0) -> FloatArray:
    """What kernel ridge regression says of each case when it has learnt from all the others.

    Gaussian kernel as wide as the median distance. Each answer is that of a model refitted without the case,
    in closed form (Allen's PRESS).

    Args:
        features: (case, feature).
        targets: (case, value).
        ridge: of the regression.

    Returns:
        (case, value).
    """
    squares = (features**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None] - 2 * features @ features.T, 0)
    kernel = np.exp(-distances / max(float(np.median(distances)), 1e-12))
    inverse = linalg.inv(kernel + ridge * np.eye(len(features), dtype=kernel.dtype), overwrite_a=True)
    return np.asarray(targets - (inverse @ targets) / np.diag(inverse)[:, None])


def leave_one_out_sides(features: FloatArray, mirrored: FloatArray, ridge: float = 1.0) -> FloatArray:
    """Which way round each case is, as all the others tell: near 1 as most are, near −1 mirrored, near 0
    where nothing tells the sides.

    Kernel ridge regression as in :func:`leave_one_out`, on what differs between a case and its mirror image,
    with a kernel that changes its sign when a case is mirrored. So a case's mirror image is left out with it.

    Args:
        features: (case, feature).
        mirrored: the same of the mirrored cases.
        ridge: of the regression.

    Returns:
        (case,).
    """
    odd = (features - mirrored) / 2
    squares = (odd**2).sum(axis=1)
    sums, products = squares[:, None] + squares[None], 2 * odd @ odd.T
    same, opposite = np.maximum(sums - products, 0), np.maximum(sums + products, 0)
    width = max(float(np.median(np.concatenate([same, opposite]))), 1e-12)
    kernel = np.exp(-same / width) - np.exp(-opposite / width)
    inverse = linalg.inv(kernel + ridge * np.eye(len(odd), dtype=kernel.dtype), overwrite_a=True)
    return np.asarray(1 - inverse.sum(axis=1) / np.diag(inverse))


def nearest_elsewhere(features: FloatArray, folds: IntArray) -> IntArray:
    """Of each case, the most alike one of another fold.

    Args:
        features: (case, feature).
        folds: (draw, case), each with two folds or more.

    Returns:
        (draw, case) numbers of cases.
    """
    squares = (features**2).sum(axis=1)
    distances = squares[:, None] + squares[None] - 2 * features @ features.T
    nearest = [
        np.where(own[:, None] == own[None], np.inf, distances).argmin(axis=1) for own in np.asarray(folds)
    ]
    return np.stack(nearest)
