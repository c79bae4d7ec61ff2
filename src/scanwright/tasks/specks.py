"""Specks: pieces of a mask that are smaller than any that was learnt from are left out (decision note 60)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanwright.core.boxes import drop_small_pieces
from scanwright.data.plan import Plan
from scanwright.types import IntArray


def drop_specks(
    mask: IntArray, values: Sequence[int], plan: Plan, spacing_mm: Sequence[float] | None
) -> IntArray:
    """A mask without the pieces that the plan finds too small.

    It stays as it is where it can't be told how large they are: without spacing where the plan means mm³,
    with spacing where it means voxels, and of a stack of planes that the network saw one by one.

    Args:
        mask: (i, j, k).
        values: that stand for the plan's classes in it.
        plan: the decisions.
        spacing_mm: of the mask.
    """
    known = spacing_mm is not None
    if not any(plan.least_pieces) or known != (plan.spacing_mm is not None):
        return mask
    if plan.dims == 2 and mask.shape[2] > 1:
        return mask
    # A little more than a voxel holds, for what rounding did to the sizes.
    voxel = 1.001 * (1.0 if spacing_mm is None else float(np.prod(spacing_mm[: plan.dims])))
    sizes = zip(values, plan.least_pieces, strict=True)
    return drop_small_pieces(mask, {value: size / voxel for value, size in sizes if size})
