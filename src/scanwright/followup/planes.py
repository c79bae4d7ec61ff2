"""Planes: which slices of a volume show what lies on what."""

from __future__ import annotations

import numpy as np

from scanwright.core.foreground import body
from scanwright.data.volume import Volume
from scanwright.registration.grid import affine_of
from scanwright.report.slices import NEAR_ISOTROPIC
from scanwright.types import FloatArray


def cut_planes(volume: Volume) -> list[Volume]:
    """Single slices through the middle of the body: three, or where voxels are far from cubes the one across
    the widest spacing."""
    affine_ras = affine_of(volume)
    steps = np.linalg.norm(affine_ras[:3, :3], axis=0)
    cubes = steps.max() <= NEAR_ISOTROPIC * steps.min()
    axes = (2, 1, 0) if cubes else (int(np.argmax(steps)),)
    found = np.argwhere(body(volume.array[:1]))
    middle = found.mean(axis=0) if len(found) else (np.array(volume.shape) - 1) / 2
    return [_plane(volume, affine_ras, axis, round(float(middle[axis]))) for axis in axes]


def _plane(volume: Volume, affine_ras: FloatArray, axis: int, index: int) -> Volume:
    first = np.zeros(4)
    first[axis], first[3] = index, 1.0
    placed = affine_ras.copy()
    placed[:, 3] = affine_ras @ first
    part = volume.array[:1].take([index], axis=1 + axis)
    return Volume(part, affine_ras=placed, modality=volume.modality)
