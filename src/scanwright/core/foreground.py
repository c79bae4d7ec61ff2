"""What of an image is body and what is background."""

from __future__ import annotations

import cc3d
import numpy as np
import SimpleITK as sitk  # noqa: N813

from scanwright.types import AnyArray, BoolArray

BRIGHT = 99.5
"""Percentile at which values are cut first: a few bright voxels would take the threshold with them."""
SPECK = 0.01
"""Part of the largest piece below which a piece is no body."""


def foreground(channel: AnyArray) -> BoolArray:
    """(i, j, k) voxels brighter than Otsu's threshold; none where there is one single value."""
    values = np.minimum(channel.astype(np.float32), np.percentile(channel, BRIGHT))
    if values.min() == values.max():
        return np.zeros(channel.shape, dtype=bool)
    bright = sitk.OtsuThreshold(sitk.GetImageFromArray(values), 0, 1)
    return np.asarray(sitk.GetArrayFromImage(bright) > 0)


def body(array: AnyArray) -> BoolArray:
    """(i, j, k) foreground of any channel of (channel, i, j, k), without specks."""
    found = np.zeros(array.shape[1:], dtype=bool)
    for channel in array:
        found |= foreground(channel)
    pieces = cc3d.connected_components(np.ascontiguousarray(found), connectivity=26)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= max(1, SPECK * sizes.max()))[pieces] & found)
