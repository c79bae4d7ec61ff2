"""Steps that change the grid; the affine follows, so that everything stays where it is in the patient."""

from __future__ import annotations

import math

import numpy as np

from scanwright.core.foreground import body
from scanwright.core.geometry import resample, resampled_shape
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.base import Outcome
from scanwright.transforms.enhancement.channels import steps_of
from scanwright.types import FloatArray

MOST_VOXELS = 2**30
MARGIN = 5.0
"""Around the body where none is given, in mm."""


def spacing(image: Volume, *, i: float, j: float, k: float) -> Outcome:
    """Another distance between voxels, over the same extent (linear, averaging where it gets coarser).

    Axes of one voxel stay. The number of voxels is whole, so that the distance becomes the nearest one.

    Raises:
        DataError: the result would not fit into memory.
    """
    old, shape = steps_of(image), image.shape
    wanted = [new if n > 1 else step for new, n, step in zip((i, j, k), shape, old, strict=True)]
    target = resampled_shape(shape, old, wanted)
    if math.prod(target) * image.n_channels > MOST_VOXELS:
        raise DataError(
            "the image would become too large",
            expected=f"at most {MOST_VOXELS} voxels",
            received=f"spacing {i:g}:{j:g}:{k:g}, which makes {' × '.join(map(str, target))} voxels",
            do="Choose a coarser spacing.",
        )
    scale = [n / m for n, m in zip(shape, target, strict=True)]
    affine = None
    if image.affine_ras is not None:
        # The outer edges stay: the first voxel's centre moves by half the difference of the voxels.
        affine = image.affine_ras @ _placed(scale, [(s - 1) / 2 for s in scale])
    result = Volume(resample(image.array, target), affine_ras=affine, modality=image.modality)
    return Outcome(
        result,
        {
            "shape_before": list(shape),
            "shape": list(target),
            "spacing": [step * s for step, s in zip(old, scale, strict=True)],
            "affine_before": None if image.affine_ras is None else image.affine_ras.tolist(),
        },
    )


def crop(image: Volume, *, margin: float = MARGIN) -> Outcome:
    """The box around the body, with a margin.

    Raises:
        DataError: the image is one single value.
    """
    inside = body(image.array)
    if not inside.any():
        raise DataError("crop finds nothing brighter than the background")
    box = []
    for axis, (n, step) in enumerate(zip(image.shape, steps_of(image), strict=True)):
        there = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
        more = math.ceil(margin / step - 1e-6)
        box.append([max(0, int(there[0]) - more), min(n, int(there[-1]) + 1 + more)])
    affine = None
    if image.affine_ras is not None:
        affine = image.affine_ras @ _placed([1, 1, 1], [low for low, _ in box])
    array = np.ascontiguousarray(image.array[(slice(None), *(slice(low, high) for low, high in box))])
    return Outcome(
        Volume(array, affine_ras=affine, modality=image.modality),
        {
            "box_ijk": box,
            "shape_before": list(image.shape),
            "affine_before": None if image.affine_ras is None else image.affine_ras.tolist(),
        },
    )


def _placed(scale: list[float] | list[int], shift: list[float] | list[int]) -> FloatArray:
    """From new voxels to old ones: old = scale · new + shift."""
    change = np.diag([*scale, 1.0])
    change[:3, 3] = shift
    return change
