"""Between our arrays and SimpleITK's images, and which channels belong together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import SimpleITK as sitk  # noqa: N813

from scanwright.data.volume import Volume
from scanwright.transforms.enhancement.base import COLOURS
from scanwright.types import AnyArray, FloatArray


def steps_of(image: Volume) -> tuple[float, float, float]:
    """Distance between voxels along i, j, k: mm, and pixels where the spacing is unknown."""
    return image.spacing_mm or (1.0, 1.0, 1.0)


def is_colour(image: Volume) -> bool:
    """True for a photograph of three channels."""
    return image.affine_ras is None and image.n_channels == COLOURS


def channel_groups(image: Volume) -> list[slice]:
    """Channels that share their numbers: those of a colour picture, else each by itself."""
    if is_colour(image):
        return [slice(0, COLOURS)]
    return [slice(channel, channel + 1) for channel in range(image.n_channels)]


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


def each_channel(image: Volume, work: Callable[[FloatArray], AnyArray]) -> Volume:
    """The image with ``work`` done on every channel, (i, j, k) in float32 → the same shape."""
    array = np.stack([work(channel.astype(np.float32)) for channel in image.array])
    return with_array(image, array)


def with_array(image: Volume, array: AnyArray) -> Volume:
    """The same place and modality with other values."""
    return Volume(array, affine_ras=image.affine_ras, modality=image.modality)
