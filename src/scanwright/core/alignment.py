"""Alignment: pairs of small pictures laid on one another by a shift and a stretch along each axis.

That is what cropping and resizing do. Everything is done for many pairs at once; pictures are (n, i, j, k),
a plane has one k, and moves are (n, axis, 2): shift and stretch where a picture reaches from -1 to 1.
"""

from __future__ import annotations

import math

import numpy as np

from scanwright.types import AnyArray, BoolArray, FloatArray

MOST_MOVED = 0.25
ROUNDING = 1e-3
ROWS_A_PRODUCT = 8


def lay(a: FloatArray, b: FloatArray, moves: FloatArray, steps: int) -> FloatArray:
    """The moves that lay each ``b`` on its ``a``, starting from those given.

    Least squares on the gradient (Lucas and Kanade, IJCAI 1981), taken once, of the picture that stays (Baker
    and Matthews, IJCV 2004).

    Args:
        a, b: (n, i, j, k), of one contrast.
        moves: (n, axis, 2).
        steps: how often they are improved.
    """
    if not steps:
        return moves
    dims = moves.shape[1]
    slopes = []
    for axis in range(1, dims + 1):
        slope = np.gradient(a, axis=axis) * (a.shape[axis] / 2)
        slopes += [slope, slope * _spread(_centres(a.shape[axis])[None], axis)]
    jacobian = np.stack(slopes, axis=1).reshape(len(a), 2 * dims, -1)
    for _ in range(steps):
        inside, moved = overlap(a.shape, moves), move(b, moves)
        gain = np.sqrt(_energy(a * inside) / np.maximum(_energy(moved), 1e-9))
        left = ((a - gain * moved) * inside).reshape(len(a), -1, 1)
        seen = jacobian * np.broadcast_to(inside, a.shape).reshape(len(a), 1, -1)
        normal = seen @ seen.transpose(0, 2, 1)
        # A picture without structure along an axis is not moved along it.
        damping = 1e-3 * np.trace(normal, axis1=1, axis2=2)[:, None, None] / (2 * dims) + 1e-6
        step = np.linalg.solve(normal + damping * np.eye(2 * dims, dtype=np.float32), seen @ left)
        moves = np.clip(moves + step.reshape(moves.shape), -MOST_MOVED, MOST_MOVED)
    return moves


def move(b: FloatArray, moves: FloatArray) -> FloatArray:
    """Pictures shifted and stretched, linearly interpolated; 0 outside."""
    matrices = []
    for axis in range(moves.shape[1]):
        side = b.shape[axis + 1]
        away = _partners(side, moves[:, axis])[:, :, None] - np.arange(side, dtype=np.float32)
        matrices.append(np.maximum(0, 1 - np.abs(away)))
    return along_axes(b, *matrices)


def overlap(shape: tuple[int, ...], moves: FloatArray) -> BoolArray:
    """Whether a voxel's partner lies in the other picture, in a shape that broadcasts to (n, i, j, k)."""
    inside = np.ones((len(moves), 1, 1, 1), bool)
    for axis in range(moves.shape[1]):
        at = _partners(shape[axis + 1], moves[:, axis])
        within = (at >= -ROUNDING) & (at <= shape[axis + 1] - 1 + ROUNDING)
        inside = inside & _spread(within, axis + 1)
    return inside


def correlate(a: FloatArray, b: FloatArray, inside: BoolArray) -> FloatArray:
    """(n,) correlation of the pictures where they overlap."""
    axes = (1, 2, 3)
    n = np.maximum(np.broadcast_to(inside, a.shape).sum(axis=axes, keepdims=True), 1)
    a, b = ((one - (one * inside).sum(axis=axes, keepdims=True) / n) * inside for one in (a, b))
    lengths = np.sqrt(_energy(a) * _energy(b))
    return np.asarray((a * b).sum(axis=axes) / np.maximum(lengths, 1e-9).ravel())


def along_axes(stack: FloatArray, *matrices: FloatArray) -> FloatArray:
    """A matrix applied along each axis that is longer than 1.

    Args:
        stack: (n, i, j, k), sides multiples of 8.
        matrices: (out, in), or (n, out, in) for one of each picture; one for all axes, or one for each.
    """
    axes = [axis for axis in (1, 2, 3) if stack.shape[axis] > 1]
    for axis, matrix in zip(axes, matrices * len(axes) if len(matrices) == 1 else matrices, strict=True):
        shape = list(stack.shape)
        after = math.prod(shape[axis + 1 :])
        # Products this small are made by one thread: to wake the others for each takes longer than to do it.
        if after == 1:
            rows = stack.reshape(len(stack), -1, ROWS_A_PRODUCT, shape[axis])
            stack = rows @ np.expand_dims(matrix.swapaxes(-1, -2), -3)
        else:
            rows = matrix.reshape(*matrix.shape[:-2], 1, -1, ROWS_A_PRODUCT, matrix.shape[-1])
            stack = rows @ stack.reshape(len(stack), -1, 1, shape[axis], after)
        shape[axis] = matrix.shape[-2]
        stack = stack.reshape(shape)
    return stack


def _centres(side: int) -> FloatArray:
    """Where the voxels lie in a picture that reaches from -1 to 1."""
    return (np.arange(side, dtype=np.float32) + np.float32(0.5)) / side * 2 - 1


def _partners(side: int, moves: FloatArray) -> FloatArray:
    """(n, side) where along an axis each voxel's partner lies, in voxels, after moves (n, 2)."""
    return np.asarray(((1 + moves[:, 1:]) * _centres(side) + moves[:, :1] + 1) / 2 * side - 0.5)


def _spread(values: AnyArray, axis: int) -> AnyArray:
    """(n, side) as (n, 1, side, 1), the side along an axis."""
    return np.expand_dims(values, [other for other in (1, 2, 3) if other != axis])


def _energy(stack: FloatArray) -> FloatArray:
    return np.asarray((stack**2).sum(axis=(1, 2, 3), keepdims=True))
