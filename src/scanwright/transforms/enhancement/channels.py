"""How steps go over an image: which channels belong together, plane by plane, and along which axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

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


def slice_axis(shape: Sequence[int], steps: Sequence[float]) -> int:
    """The axis across the slices: of a single voxel, else of the widest spacing; the last of equals."""
    return max(range(3), key=lambda axis: (shape[axis] == 1, steps[axis], axis))


def plane_by_plane(array: AnyArray, axis: int, work: Callable[[AnyArray], AnyArray]) -> AnyArray:
    """``work`` done on every plane across an axis; a plane keeps the axis, one voxel long."""
    parts = [work(part) for part in np.split(array, array.shape[axis], axis)]
    return np.concatenate(parts, axis)


def each_channel(image: Volume, work: Callable[[FloatArray], AnyArray]) -> Volume:
    """The image with ``work`` done on every channel, (i, j, k) in float32 → the same shape."""
    array = np.stack([work(channel.astype(np.float32)) for channel in image.array])
    return with_array(image, array)


def with_array(image: Volume, array: AnyArray) -> Volume:
    """The same place and modality with other values."""
    return Volume(array, affine_ras=image.affine_ras, modality=image.modality)
