"""Steps that map intensities by a line: they can be undone, but for what is cut off."""

from __future__ import annotations

import numpy as np

from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.base import COLOURS, Outcome
from scanwright.transforms.enhancement.channels import channel_groups, with_array
from scanwright.types import FloatArray

LUMINANCE = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601)."""


def grey(image: Volume) -> Outcome:
    """Colour to luminance; what is grey stays as it is.

    Raises:
        DataError: neither one channel nor three.
    """
    if image.n_channels == 1:
        return Outcome(image, {"was_grey": True})
    if image.n_channels != COLOURS:
        raise DataError(
            "grey takes colours", expected="3 channels, or 1", received=f"{image.n_channels} channels"
        )
    light = np.tensordot(np.asarray(LUMINANCE, dtype=np.float32), image.array.astype(np.float32), axes=1)
    return Outcome(with_array(image, light[np.newaxis]), {"was_grey": False, "weights": list(LUMINANCE)})


def zscore(image: Volume) -> Outcome:
    """Less the mean, divided by the standard deviation of all voxels (1 where they are all the same)."""
    array = image.array.astype(np.float32)
    realised: dict[str, list[float]] = {"mean": [], "deviation": []}
    for group in channel_groups(image):
        mean = float(array[group].mean(dtype=np.float64))
        deviation = float(array[group].std(dtype=np.float64)) or 1.0
        array[group] = (array[group] - mean) / deviation
        realised["mean"].append(mean)
        realised["deviation"].append(deviation)
    return Outcome(with_array(image, array), realised)


def percentile(image: Volume, *, low: float, high: float) -> Outcome:
    """Cut at two percentiles, then 0 … 1."""
    array = image.array.astype(np.float32)
    realised: dict[str, list[float]] = {"low": [], "high": []}
    for group in channel_groups(image):
        ends = [float(end) for end in np.percentile(array[group], [low, high])]
        array[group] = _to_unit(array[group], ends[0], ends[1])
        realised["low"].append(ends[0])
        realised["high"].append(ends[1])
    return Outcome(with_array(image, array), realised)


def window(image: Volume, *, centre: float, width: float) -> Outcome:
    """Cut at half the width on both sides of the centre, then 0 … 1."""
    low, high = centre - width / 2, centre + width / 2
    array = _to_unit(image.array.astype(np.float32), low, high)
    return Outcome(with_array(image, array), {"low": low, "high": high})


def _to_unit(array: FloatArray, low: float, high: float) -> FloatArray:
    """Below ``low`` 0, above ``high`` 1; all 0 where the two are one."""
    width = np.float32(high - low if high > low else 1.0)
    return np.asarray(np.clip((array - np.float32(low)) / width, 0, 1))
