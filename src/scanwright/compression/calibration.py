"""Calibration images: what the network sees of some training cases, by which 8-bit steps are chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanwright.core.geometry import centre_pad
from scanwright.core.tiling import tiles
from scanwright.data.plan import Plan
from scanwright.tasks.base import Example
from scanwright.types import FloatArray

MOST_VOXELS = 1 << 26
"""Of all patches together: more take long and tell no more."""
MOST, FEWEST = 200, 24
"""Patches."""


def draw_patches(examples: Sequence[Example], plan: Plan, seed: int) -> list[FloatArray]:
    """Patches (channel, i, j, k) of the plan's size, as prediction cuts them; each case gives about as many.

    Args:
        examples: of training cases.
        plan: of the model.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    size = len(plan.channels) * int(np.prod(plan.patch_voxels))
    wanted = int(np.clip(MOST_VOXELS // size, FEWEST, MOST))
    order = rng.permutation(len(examples))
    patches: list[FloatArray] = []
    of_each = -(-wanted // len(examples))
    for index in order[:wanted]:
        image = np.asarray(examples[index].image)
        if not plan.is_tiled:
            patches.append(np.ascontiguousarray(image, dtype=np.float32))
            continue
        margins = centre_pad(image.shape[1:], plan.patch_voxels)
        padded = np.pad(image, ((0, 0), *margins), mode="edge")
        places = tiles(padded.shape[1:], plan.patch_voxels, plan.overlap)
        for n in rng.permutation(len(places))[:of_each]:
            patches.append(np.ascontiguousarray(padded[(slice(None), *places[n])], dtype=np.float32))
    return patches[:wanted]
