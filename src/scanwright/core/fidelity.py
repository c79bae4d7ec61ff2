"""Fidelity: how close an image is to a reference of the same scene. Pure functions over arrays.

Named policies: equal images have an infinite PSNR; what has no value (a reference of one single value, an
image smaller than the window) is nan.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from scanwright.errors import DataError
from scanwright.types import AnyArray, FloatArray

WINDOW = 11
SIGMA = 1.5
K1, K2 = 0.01, 0.03


def data_range(reference: AnyArray) -> float:
    """The range that PSNR and SSIM refer to: 255 for bytes, else highest less lowest value."""
    if reference.dtype == np.uint8:
        return 255.0
    return float(reference.max()) - float(reference.min()) if reference.size else 0.0


def psnr(image: AnyArray, reference: AnyArray, span: float) -> float:
    """Peak signal-to-noise ratio in dB: 20 log10 of ``span`` over the root mean square difference.

    Args:
        image, reference: any shape, the same for both.
        span: the range of possible values, see :func:`data_range`.

    Returns:
        dB; infinite for equal images, nan where ``span`` is not above 0.

    Raises:
        DataError: the shapes differ.
    """
    _check_shapes(image, reference)
    if not span > 0 or not image.size:
        return math.nan
    difference = np.asarray(image, dtype=np.float64) - np.asarray(reference, dtype=np.float64)
    error = float(np.mean(difference**2))
    return math.inf if error == 0 else 10 * math.log10(span**2 / error)


def ssim(image: AnyArray, reference: AnyArray, span: float) -> float:
    """Mean structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004), 1 for equal images.

    The paper's Gaussian window of 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, only where it lies wholly inside.
    It spans every axis of at least 11 voxels (a volume has a cubic one); over shorter axes, and over the
    channels, the mean is taken.

    Args:
        image, reference: (channel, i, j, k), the same shape.
        span: the range of possible values, see :func:`data_range`.

    Returns:
        −1 … 1; nan where ``span`` is not above 0, or fewer than two axes are long enough.

    Raises:
        DataError: the shapes differ.
    """
    _check_shapes(image, reference)
    axes = [axis for axis in range(1, image.ndim) if image.shape[axis] >= WINDOW]
    if not span > 0 or len(axes) < 2:
        return math.nan
    c1, c2 = (K1 * span) ** 2, (K2 * span) ** 2
    means = []
    for x, y in zip(image.astype(np.float64), reference.astype(np.float64), strict=True):
        mean_x, mean_y = _windowed(x, axes), _windowed(y, axes)
        var_x = _windowed(x * x, axes) - mean_x**2
        var_y = _windowed(y * y, axes) - mean_y**2
        covariance = _windowed(x * y, axes) - mean_x * mean_y
        luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        structure = (2 * covariance + c2) / (var_x + var_y + c2)
        means.append(float(np.mean(luminance * structure)))
    return float(np.mean(means))


def _windowed(array: FloatArray, axes: list[int]) -> FloatArray:
    """(i, j, k) weighted means under the window, where it lies inside; ``axes`` count the channel."""
    half = WINDOW // 2
    weights = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * SIGMA**2))
    weights /= weights.sum()
    for axis in axes:
        array = ndimage.correlate1d(array, weights, axis=axis - 1)
        inside = [slice(None)] * array.ndim
        inside[axis - 1] = slice(half, array.shape[axis - 1] - half)
        array = array[tuple(inside)]
    return array


def _check_shapes(image: AnyArray, reference: AnyArray) -> None:
    if image.shape != reference.shape:
        raise DataError(
            "image and reference have different shapes",
            expected=str(reference.shape),
            received=str(image.shape),
        )
