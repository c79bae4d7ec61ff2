"""Steps that change the histogram: like that of a reference, or more even."""

from __future__ import annotations

from functools import partial

import numpy as np
import SimpleITK as sitk  # noqa: N813
from skimage import exposure

from scanwright.core.intensity import replace_non_finite
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.base import Outcome
from scanwright.transforms.enhancement.channels import each_channel, is_colour, with_array
from scanwright.transforms.enhancement.intensities import LUMINANCE
from scanwright.transforms.enhancement.itk import from_itk, to_itk
from scanwright.types import AnyArray, FloatArray

LEVELS, POINTS = 1024, 100
"""Of matching: bins of the histograms, and quantiles that are made to agree."""
TILES = 8
"""Of equalisation: parts along each axis."""
SMALLEST_TILE = 16
"""Voxels along the side of a tile: in fewer a histogram is chance."""
BINS = 256


def match(image: Volume, *, reference: Volume) -> Outcome:
    """Quantiles become those of a reference, channel by channel (histogram matching, all voxels).

    Raises:
        DataError: the reference has neither one channel nor as many as the image.
    """
    if reference.n_channels not in (1, image.n_channels):
        raise DataError(
            "the reference of match has another number of channels",
            expected=f"{image.n_channels}" if image.n_channels == 1 else f"1 or {image.n_channels}",
            received=str(reference.n_channels),
        )
    wanted, _ = replace_non_finite(reference.array)
    array = np.stack(
        [
            _matched(channel.astype(np.float32), wanted[n % reference.n_channels])
            for n, channel in enumerate(image.array)
        ]
    )
    return Outcome(with_array(image, array), {"levels": LEVELS, "points": POINTS})


def _matched(channel: FloatArray, reference: AnyArray) -> AnyArray:
    if channel.min() == channel.max():
        return np.full_like(channel, np.median(reference))
    # Only values count: both lie in one line, so that the axes of the reference may be other ones.
    lines = [
        to_itk(values.astype(np.float32).reshape(-1, 1, 1), (1.0, 1.0, 1.0))
        for values in (channel, reference)
    ]
    return from_itk(sitk.HistogramMatching(*lines, LEVELS, POINTS, False), channel.shape)


def clahe(image: Volume, *, clip: float) -> Outcome:
    """Contrast limited adaptive histogram equalisation (Zuiderveld 1994), within the image's own range.

    Each of 8 tiles along each axis (fewer in small images) has its own histogram of 256 bins, cut at ``clip``
    times the mean count; a voxel's value comes from those of the tiles around it, by distance. A colour
    picture is changed in its luminance, and keeps its colour differences.
    """
    if is_colour(image):
        array = image.array.astype(np.float32)
        light = np.tensordot(np.asarray(LUMINANCE, dtype=np.float32), array, axes=1)
        moved = array + (_equalised(light, clip) - light)
        return Outcome(with_array(image, np.clip(moved, array.min(), array.max())))
    return Outcome(each_channel(image, partial(_equalised, clip=clip)))


def _equalised(channel: FloatArray, clip: float) -> FloatArray:
    """(i, j, k) float32 → the same shape and range."""
    low, high = channel.min(), channel.max()
    if low == high:
        return channel
    unit = ((channel - low) / (high - low)).squeeze()
    if unit.ndim == 3 and unit.shape[-1] in (3, 4):
        unit = unit[np.newaxis]  # or scikit-image would take the slices for colours
    tiles = [n // min(TILES, max(1, n // SMALLEST_TILE)) for n in unit.shape]
    even = exposure.equalize_adapthist(unit, tiles, clip_limit=clip / BINS, nbins=BINS)
    return np.asarray(low + (high - low) * even.reshape(channel.shape))
