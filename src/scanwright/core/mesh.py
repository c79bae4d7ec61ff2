"""The surface of a mask: half-way between the voxels inside and those outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from skimage.measure import marching_cubes

from scanwright.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Mesh:
    """A closed surface.

    Attributes:
        vertices_mm: (n, 3) along the voxel axes, in the unit of the spacing; voxel 0 is at 0.
        faces: (m, 3) numbers of vertices.
    """

    vertices_mm: FloatArray
    faces: IntArray

    @property
    def volume(self) -> float:
        """What it encloses: the sum of the tetrahedra over the origin."""
        a, b, c = (self.vertices_mm[self.faces[:, n]] for n in range(3))
        return float(abs(np.einsum("ij,ij->i", a, np.cross(b, c)).sum()) / 6)

    @property
    def area(self) -> float:
        """Of its triangles."""
        a, b, c = (self.vertices_mm[self.faces[:, n]] for n in range(3))
        return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def mesh_of(mask: BoolArray, spacing_mm: Sequence[float]) -> Mesh:
    """The surface of a mask by marching cubes at 0.5 (IBSI 2.1); what the grid cuts off is closed there.

    Args:
        mask: (i, j, k), not empty.
        spacing_mm: between voxel centres; a single voxel becomes an octahedron.
    """
    vertices, faces, _, _ = marching_cubes(np.pad(mask, 1).astype(np.uint8), 0.5)
    return Mesh((vertices.astype(np.float64) - 1) * np.asarray(spacing_mm, dtype=np.float64), faces)
