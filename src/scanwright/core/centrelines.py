"""Centre lines of tubes. Apart from the other metrics, which do without scikit-image."""

from __future__ import annotations

import math

import cc3d
import numpy as np
from skimage.morphology import skeletonize

from scanwright.core.metrics import check_masks
from scanwright.core.surfaces import box_of_either
from scanwright.types import AnyArray, BoolArray


def cl_dice(prediction: AnyArray, reference: AnyArray) -> float:
    """Overlap of centre lines: the harmonic mean of the parts of each skeleton that lie in the other mask.

    Shit et al., CVPR 2021; skeletons by scikit-image. For tubes, where a thin branch that is missed weighs as
    much as a thick one. nan without reference, 0 without prediction.

    Args:
        prediction, reference: boolean, up to 3 axes longer than one voxel, the same shape.

    Raises:
        DataError: the shapes differ.
    """
    a, b = check_masks(prediction, reference)
    box = box_of_either(a, b)
    if box is None or not b.any():
        return math.nan
    short_axes = tuple(axis for axis in range(a.ndim) if a.shape[axis] == 1)
    a, b = (np.squeeze(mask[box], short_axes) for mask in (a, b))
    line_a, line_b = _centre_line(a), _centre_line(b)
    if not line_a.any():
        return 0.0
    right, found = float(np.mean(b[line_a])), float(np.mean(a[line_b]))
    return 2 * right * found / (right + found) if right + found else 0.0


def _centre_line(mask: BoolArray) -> BoolArray:
    """The skeleton; thinning (Lee et al. 1994) loses some even and regular pieces: they stay."""
    if mask.ndim < 2:
        return mask
    line = skeletonize(np.pad(mask, 1))[(slice(1, -1),) * mask.ndim] > 0
    pieces = cc3d.connected_components(mask.astype(np.uint8))
    lost = np.setdiff1d(np.unique(pieces), np.append(np.unique(pieces[line]), 0))
    return np.asarray(line | np.isin(pieces, lost))
