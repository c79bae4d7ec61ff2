"""Between our arrays and SimpleITK's images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk  # noqa: N813

from scanwright.types import AnyArray


def filtered_axes(shape: Sequence[int]) -> list[int]:
    """The axes that filters see: those of more than one voxel, and at least two."""
    long = [axis for axis in range(3) if shape[axis] > 1]
    flat = [axis for axis in range(3) if shape[axis] == 1]
    return sorted([*long, *flat[: max(0, 2 - len(long))]])


def to_itk(array: AnyArray, steps: tuple[float, float, float]) -> sitk.Image:
    """(i, j, k) as an image of SimpleITK of the filtered axes, the first axis first."""
    kept = filtered_axes(array.shape)
    flat = array.reshape([array.shape[axis] for axis in kept])
    image = sitk.GetImageFromArray(np.ascontiguousarray(flat.T))
    image.SetSpacing([steps[axis] for axis in kept])
    return image


def from_itk(image: sitk.Image, shape: tuple[int, ...]) -> AnyArray:
    """The inverse of :func:`to_itk`, (i, j, k)."""
    array: AnyArray = sitk.GetArrayFromImage(image).T.reshape(shape)
    return array
