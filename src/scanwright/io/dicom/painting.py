"""Planes of labels, wherever they lie, onto the grid of an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scanwright.core.geometry import RAS_LPS
from scanwright.errors import DataError
from scanwright.types import AnyArray, BoolArray, FloatArray

SAME_PLANE_MM = 0.05
"""What lies closer together than this lies in one plane: places are written with few digits."""
_PARALLEL = 1e-3  # of the cosine; 3 degrees


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxels of an image: shape (i, j, k) and where they lie."""

    shape: tuple[int, int, int]
    affine_ras: FloatArray

    @property
    def affine_lps(self) -> FloatArray:
        """From (i, j, k, 1) to DICOM's patient axes, mm."""
        turned: FloatArray = RAS_LPS @ self.affine_ras
        return turned

    @property
    def normal_lps(self) -> FloatArray:
        """The direction in which slices follow each other, of length 1."""
        return unit(np.cross(self.affine_ras[:3, 0], self.affine_ras[:3, 1]) * (-1.0, -1.0, 1.0))


@dataclass(frozen=True, eq=False)
class Sheet:
    """What a structure covers in one plane.

    Attributes:
        origin_lps: a point of the plane.
        normal_lps: its direction, of length 1.
        thickness_mm: of the slab that the plane stands for; ``None`` for a slice of the image.
        covers: points in LPS+ (n, 3) near the plane → which of them are covered.
    """

    origin_lps: FloatArray
    normal_lps: FloatArray
    thickness_mm: float | None
    covers: Callable[[FloatArray], BoolArray]


def paint(sheets: Sequence[Sheet], grid: Grid) -> BoolArray:
    """The voxels that the sheets of one structure cover, however sheets and slices lie to each other.

    Each voxel takes the sheets of the plane that its centre is nearest to, if it lies in the slab that they
    stand for. One slice of the image is looked at at a time.

    Raises:
        DataError: the sheets are not parallel to each other.
    """
    covered = np.zeros(grid.shape, dtype=bool)
    if not sheets:
        return covered
    normal = sheets[0].normal_lps
    if any(abs(sheet.normal_lps @ normal) < 1 - _PARALLEL for sheet in sheets):
        raise DataError(
            "it outlines one structure in planes of several directions",
            do="Export it in planes of one direction.",
        )
    known = [sheet.thickness_mm for sheet in sheets if sheet.thickness_mm is not None]
    slack = min([SAME_PLANE_MM, *(thickness / 4 for thickness in known)])
    levels, members = _levels(sheets, normal, slack)
    reach = _reach(known, normal, grid) + slack / 5
    # Of two levels at one distance the lower, for all voxels of a slice, though heights are rounded.
    between = (levels[:-1] + levels[1:]) / 2 + slack / 5
    affine = grid.affine_lps
    columns, rows = np.meshgrid(*map(np.arange, grid.shape[:2]), indexing="ij")
    plane = columns[..., None] * affine[:3, 0] + rows[..., None] * affine[:3, 1] + affine[:3, 3]
    corners = plane[:: max(1, grid.shape[0] - 1), :: max(1, grid.shape[1] - 1)] @ normal
    for k in range(grid.shape[2]):
        rise = float(k * affine[:3, 2] @ normal)
        if levels[0] > corners.max() + rise + reach or levels[-1] < corners.min() + rise - reach:
            continue
        points = (plane + k * affine[:3, 2]).reshape(-1, 3)
        heights = points @ normal
        nearest = np.searchsorted(between, heights)
        near = np.flatnonzero(np.abs(levels[nearest] - heights) <= reach)
        if not len(near):
            continue
        # Voxels of one level together, so that a slice across hundreds of levels is sorted once.
        near = near[np.argsort(nearest[near], kind="stable")]
        found, starts = np.unique(nearest[near], return_index=True)
        flat = np.zeros(len(points), dtype=bool)
        for level, voxels in zip(found, np.split(near, starts[1:]), strict=True):
            for sheet in members[level]:
                # A contour within another one cuts a hole.
                flat[voxels] ^= sheet.covers(points[voxels])
        covered[..., k] = flat.reshape(grid.shape[:2])
    return covered


def _levels(
    sheets: Sequence[Sheet], normal: FloatArray, slack: float
) -> tuple[FloatArray, list[list[Sheet]]]:
    """Heights of the planes along their normal, from low to high, and the sheets of each."""
    heights = np.array([float(sheet.origin_lps @ normal) for sheet in sheets])
    order = np.argsort(heights, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(heights[order]) > slack) + 1)
    return (
        np.array([heights[group].mean() for group in groups]),
        [[sheets[index] for index in group] for group in groups],
    )


def _reach(known_mm: Sequence[float], normal: FloatArray, grid: Grid) -> float:
    """How far from its plane a sheet counts: half of its slab; where that is unknown, or the image's slices
    lie like the sheets, not less than half a voxel of the image, mm."""
    voxel_mm = float(np.abs(normal @ grid.affine_lps[:3, :3]).sum())
    if known_mm and abs(normal @ grid.normal_lps) < 1 - _PARALLEL:
        voxel_mm = 0.0
    return max(*known_mm, voxel_mm, 0.0) / 2


def unit(vector: FloatArray) -> FloatArray:
    """The same direction with length 1."""
    made: FloatArray = vector / np.linalg.norm(vector)
    return made


def inside(polygon: FloatArray, points: FloatArray) -> BoolArray:
    """Which points lie inside a closed polygon, by the even-odd rule.

    Args:
        polygon: corners (n, 2).
        points: (i, j, 2) of a regular grid, or any others.
    """
    x, y = points[..., 0], points[..., 1]
    within = np.zeros(points.shape[:-1], dtype=bool)
    box = (
        (x >= polygon[:, 0].min())
        & (x <= polygon[:, 0].max())
        & (y >= polygon[:, 1].min())
        & (y <= polygon[:, 1].max())
    )
    px, py = x[box], y[box]
    odd = np.zeros(px.shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (py >= min(y0, y1)) & (py < max(y0, y1))
        odd ^= crosses & (px < x0 + (py - y0) * (x1 - x0) / (y1 - y0))
    within[box] = odd
    return within


def in_plane(points: FloatArray, origin: FloatArray, along: AnyArray, across: AnyArray) -> FloatArray:
    """Points (…, 3) as coordinates (…, 2) along two directions of length 1 from an origin, mm."""
    moved = points - origin
    return np.stack([moved @ along, moved @ across], axis=-1)
