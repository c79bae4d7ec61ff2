"""Planes of labels, wherever they lie, onto the grid of an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scanwright.errors import DataError
from scanwright.types import AnyArray, BoolArray, FloatArray

_PARALLEL = 1e-2  # of the cosine's distance from 1, 8 degrees
_SLACK_MM = 0.01


@dataclass(frozen=True, eq=False)
class Grid:
    """Voxels of an image: shape (i, j, k) and where they lie."""

    shape: tuple[int, int, int]
    affine_ras: FloatArray

    @property
    def affine_lps(self) -> FloatArray:
        """From (i, j, k, 1) to DICOM's patient axes, mm."""
        turned: FloatArray = np.diag([-1.0, -1.0, 1.0, 1.0]) @ self.affine_ras
        return turned


@dataclass(frozen=True, eq=False)
class Sheet:
    """What a structure covers in one plane.

    Attributes:
        origin_lps: a point of the plane.
        normal_lps: its direction, of length 1.
        thickness_mm: of the slab that the plane stands for; ``None`` for a slice of the image.
        covers: points in LPS+ (n, m, 3) near the plane → which of them are covered.
    """

    origin_lps: FloatArray
    normal_lps: FloatArray
    thickness_mm: float | None
    covers: Callable[[FloatArray], BoolArray]


def paint(sheets: Sequence[Sheet], grid: Grid) -> BoolArray:
    """The voxels that the sheets of one structure cover.

    Each slice of the image takes the sheets of the nearest plane, if it lies in the slab that they stand for.

    Raises:
        DataError: the sheets are not parallel to the image's slices.
    """
    covered = np.zeros(grid.shape, dtype=bool)
    if not sheets:
        return covered
    affine = grid.affine_lps
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    normal /= np.linalg.norm(normal)
    if any(abs(sheet.normal_lps @ normal) < 1 - _PARALLEL for sheet in sheets):
        raise DataError(
            "it outlines structures in planes that are not those of the image",
            do="Export it on the image's own slices.",
        )
    heights = np.array([sheet.origin_lps @ normal for sheet in sheets])
    known = [sheet.thickness_mm for sheet in sheets if sheet.thickness_mm is not None]
    # Half the slab that a sheet stands for, and not less than half a slice of the image.
    reach = max(*known, abs(float(affine[:3, 2] @ normal)), 0.0) / 2
    columns, rows = np.meshgrid(*map(np.arange, grid.shape[:2]), indexing="ij")
    plane = columns[..., None] * affine[:3, 0] + rows[..., None] * affine[:3, 1] + affine[:3, 3]
    for k in range(grid.shape[2]):
        height = float((affine[:3, 3] + k * affine[:3, 2]) @ normal)
        far = np.abs(heights - height)
        if far.min() > reach + _SLACK_MM:
            continue
        points = plane + k * affine[:3, 2]
        nearest = heights[int(far.argmin())]
        for sheet, at in zip(sheets, heights, strict=True):
            if abs(at - nearest) <= _SLACK_MM:
                # A contour within another one cuts a hole.
                covered[..., k] ^= sheet.covers(points)
    return covered


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
