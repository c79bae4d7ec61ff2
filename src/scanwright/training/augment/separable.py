"""Separable maps: a matrix for each axis does blurs, coarser grids and smooth random fields alike.

One dense product an axis is several times faster on processors than the convolutions and interpolations that
it replaces, needs no case for borders, and runs on any device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from scanwright.core.interpolation import interpolation_matrix
from scanwright.types import FloatArray


def apply_along(images: torch.Tensor, matrices: torch.Tensor, axis: int) -> torch.Tensor:
    """Multiply one axis of (batch, …) by a matrix (n_out, n_in), or by one of each image (batch, …)."""
    if matrices.ndim == 2:
        matrices = matrices.expand(len(images), *matrices.shape)
    before, after = images.shape[1:axis], images.shape[axis + 1 :]
    n_out = matrices.shape[1]
    if not after:
        rows = images.reshape(len(images), -1, images.shape[axis])
        return (rows @ matrices.transpose(1, 2)).reshape(len(images), *before, n_out)
    stacked = images.reshape(len(images), math.prod(before), images.shape[axis], math.prod(after))
    return (matrices[:, None] @ stacked).reshape(len(images), *before, n_out, *after)


def blur_matrices(n: int, sigmas: FloatArray) -> torch.Tensor:
    """(len(sigmas), n, n): Gaussians of so many voxels, cut at 2.5 sigma; the border is continued."""
    reach = math.ceil(2.5 * float(sigmas.max()))
    steps = np.arange(-reach, reach + 1)
    own = np.ceil(2.5 * sigmas)[:, None]
    kernels = np.exp(-0.5 * (steps / np.maximum(sigmas, 1e-6)[:, None]) ** 2) * (np.abs(steps) <= own)
    kernels /= kernels.sum(axis=1, keepdims=True)
    continued = np.pad(np.eye(n), ((reach, reach), (0, 0)), mode="edge")
    shifted = np.stack([continued[start : start + n] for start in range(2 * reach + 1)])
    return torch.from_numpy(np.tensordot(kernels, shifted, axes=1).astype(np.float32))


def coarsening_matrices(n: int, factors: FloatArray) -> torch.Tensor:
    """(len(factors), n, n): down to a grid so many times coarser, and back."""
    coarse = [max(1, round(n / factor)) for factor in factors]
    matrices = [interpolation_matrix(m, n) @ interpolation_matrix(n, m).toarray() for m in coarse]
    return torch.from_numpy(np.stack(matrices))


def spline_matrix(n: int, n_intervals: int) -> torch.Tensor:
    """(n, n_intervals + 3): from control points to the voxels of an axis, by uniform cubic B-splines.

    The voxels cover the intervals exactly; control point c stands at the end of interval c − 1. Values stay
    within those of the control points, and a straight line of control points gives a straight line
    (de Boor, A Practical Guide to Splines, chapter IX).
    """
    place = (np.arange(n) + 0.5) / n * n_intervals
    first = np.floor(place).astype(int)
    u = place - first
    weights = np.stack([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3]) / 6
    matrix = np.zeros((n, n_intervals + 3), dtype=np.float32)
    for nth, weight in enumerate(weights):
        matrix[np.arange(n), first + nth] = weight
    return torch.from_numpy(matrix)


def smooth_field(
    controls: FloatArray, shape: Sequence[int], device: torch.device | None = None
) -> torch.Tensor:
    """Random or other control points (batch, …, channel) as a smooth field (batch, *shape, channel)."""
    field = torch.from_numpy(controls.astype(np.float32)).to(device)
    # The first axis last: its product is the largest, and one with the longest rows.
    for axis in reversed(range(len(shape))):
        matrix = spline_matrix(shape[axis], controls.shape[1 + axis] - 3)
        field = apply_along(field, matrix.to(field.device), 1 + axis)
    return field
