"""Steps that change the histogram: like that of a reference, or more even."""

from __future__ import annotations

import math

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from scanwright.core.intensity import replace_non_finite
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.base import Outcome
from scanwright.transforms.enhancement.intensities import LUMINANCE
from scanwright.transforms.enhancement.planes import from_itk, is_colour, to_itk, with_array
from scanwright.types import AnyArray, FloatArray

LEVELS, POINTS = 1024, 100
"""Of matching: bins of the histograms, and quantiles that are made to agree."""
TILES = 8
"""Of equalisation: parts along each axis."""
SMALLEST_TILE = 16
"""Voxels along the side of a tile: in fewer a histogram is chance."""
BINS = 256
AT_ONCE = 2**20
"""Voxels whose places are held in memory together."""


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
    return Outcome(with_array(image, array), {"levels": LEVELS, "points": POINTS}, "reference")


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
    channels = [_equalised(channel.astype(np.float32), clip) for channel in image.array]
    return Outcome(with_array(image, np.stack(channels)))


def _equalised(channel: FloatArray, clip: float) -> FloatArray:
    """(i, j, k) float32 → the same shape and range."""
    low, high = float(channel.min()), float(channel.max())
    if low == high:
        return channel
    places = (channel - low) * ((BINS - 1) / (high - low))
    n_tiles = [min(TILES, max(1, n // SMALLEST_TILE)) for n in channel.shape]
    tables = np.empty((*n_tiles, BINS), dtype=np.float32)
    for index in np.ndindex(*n_tiles):
        tile = tuple(
            slice(math.floor(t * n / m), math.floor((t + 1) * n / m))
            for t, n, m in zip(index, channel.shape, n_tiles, strict=True)
        )
        tables[index] = _table(places[tile], clip)
    # A place among the centres of the tiles, and among the bins: one linear interpolation does both.
    centres = [
        (np.arange(n, dtype=np.float32) + 0.5) * (m / n) - 0.5
        for n, m in zip(channel.shape, n_tiles, strict=True)
    ]
    result = np.empty_like(channel)
    per_plane = max(1, channel.shape[1] * channel.shape[2])
    for start in range(0, channel.shape[0], max(1, AT_ONCE // per_plane)):
        part = slice(start, start + max(1, AT_ONCE // per_plane))
        grid = np.meshgrid(centres[0][part], centres[1], centres[2], indexing="ij")
        ndimage.map_coordinates(tables, [*grid, places[part]], result[part], order=1, mode="nearest")
    return low + (high - low) * result


def _table(places: FloatArray, clip: float) -> FloatArray:
    """Bin → its place in the evened histogram, 0 … 1: the cumulative counts up to the bin's middle."""
    counts = np.bincount(np.rint(places).astype(np.int64).ravel(), minlength=BINS).astype(np.float64)
    limit = clip * counts.sum() / BINS
    spare = np.clip(counts - limit, 0, None).sum()
    counts = np.minimum(counts, limit) + spare / BINS
    steps = np.cumsum(counts) - counts / 2
    return np.asarray(steps / counts.sum(), dtype=np.float32)
