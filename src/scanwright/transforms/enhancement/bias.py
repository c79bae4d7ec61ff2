"""Slow changes of brightness across an image, as coils of an MR scanner make them."""

from __future__ import annotations

import math

import numpy as np
import SimpleITK as sitk  # noqa: N813

from scanwright.core.foreground import foreground
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.base import Outcome
from scanwright.transforms.enhancement.channels import steps_of, with_array
from scanwright.transforms.enhancement.itk import filtered_axes, from_itk, to_itk
from scanwright.types import AnyArray, FloatArray

LONGEST = 64
"""Voxels along the longest axis on which the field is found: it is smooth, and fewer are faster."""
SHORTEST = 4
"""Voxels along an axis that splines need."""
ITERATIONS = (50, 50, 50, 50)


def n4(image: Volume) -> Outcome:
    """Divide by the bias field (N4, Tustison and others 2010), each channel by its own.

    Raises:
        DataError: negative values; too few voxels; nothing but background.
    """
    if image.array.min() < 0:
        raise DataError(
            "n4 takes values from 0 up, as MR images and pictures have",
            received=f"a lowest value of {image.array.min():g}",
            do="Put n4 before steps such as zscore; it is not for CT.",
        )
    if sum(n >= SHORTEST for n in image.shape) < 2 or any(1 < n < SHORTEST for n in image.shape):
        raise DataError(f"n4 needs {SHORTEST} voxels along each axis", received=f"shape {image.shape}")
    factors = [max(1, math.ceil(n / LONGEST)) for n in image.shape]
    factors = [min(factor, max(1, n // SHORTEST)) for factor, n in zip(factors, image.shape, strict=True)]
    fields = [_field(channel.astype(np.float32), steps_of(image), factors) for channel in image.array]
    corrected = np.stack([channel / field for channel, field in zip(image.array, fields, strict=True)])
    spread = [[float(field.min()), float(field.max())] for field in fields]
    return Outcome(
        with_array(image, corrected.astype(np.float32)), {"shrink_factor": factors, "field": spread}
    )


def _field(channel: FloatArray, steps: tuple[float, float, float], factors: list[int]) -> AnyArray:
    mask = foreground(channel) & (channel > 0)
    small = mask[tuple(slice(factor // 2, None, factor) for factor in factors)]
    if np.count_nonzero(small) < SHORTEST**2:
        raise DataError("n4 finds nothing brighter than the background")
    full = to_itk(channel, steps)
    kept = [factors[axis] for axis in filtered_axes(channel.shape)]
    shrunken = sitk.Shrink(full, kept)
    shrunken_mask = sitk.Shrink(to_itk(mask.astype(np.uint8), steps), kept)
    finder = sitk.N4BiasFieldCorrectionImageFilter()
    finder.SetMaximumNumberOfIterations(ITERATIONS)
    try:
        finder.Execute(shrunken, shrunken_mask)
        log_field = from_itk(finder.GetLogBiasFieldAsImage(full), channel.shape)
    except RuntimeError:  # ITK's own words tell a user nothing
        raise DataError("n4 finds no bias field in this image", do="Leave n4 out for it.") from None
    # N4 finds the field but for a factor: with this one the body keeps its mean brightness.
    return np.asarray(np.exp(log_field - log_field[mask].mean(dtype=np.float64)), dtype=np.float32)
