"""Diameters: the longest in a plane, the longest across it, and the longest and shortest in space.

The outline of a mask runs half-way between the voxels inside and those outside, so that a row of n voxels is
n steps long, and a digitised disc neither gains nor loses on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
from scipy.optimize import minimize
from scipy.spatial import ConvexHull
from scipy.spatial.distance import cdist
from skimage.measure import find_contours

from scanwright.types import BoolArray, FloatArray

_ROWS = 512  # hull points whose distances to all others are held at once
_STARTS = 8


@dataclass(frozen=True, eq=False)
class Diameters:
    """The longest diameter of a lesion over its slices, and the longest one at right angles to it there.

    Attributes:
        index: which slice, along the last axis.
        long_ends, short_ends: (2, 2) end points in voxels; a whole number is the centre of a voxel.
        long, short: their lengths in the unit of the spacing.
    """

    index: int
    long_ends: FloatArray
    short_ends: FloatArray
    long: float
    short: float


def diameters(mask: BoolArray, spacing: Sequence[float]) -> Diameters:
    """RECIST's longest diameter and its longest perpendicular, as RANO multiplies them.

    Each connected piece of a slice (8 neighbours) is measured by itself: nobody measures across a gap. Exact:
    the ends of the longest diameter are corners of the convex hull; the perpendicular is the longest line at
    right angles to it, from the outermost edge of the piece on one side to that on the other.

    Args:
        mask: (i, j, slice), not empty.
        spacing: along i, j (a third is not used).
    """
    steps = np.asarray(spacing[:2], dtype=np.float64)
    best: tuple[float, int, FloatArray, list[FloatArray]] | None = None
    for index in np.flatnonzero(mask.any(axis=(0, 1))).tolist():
        for outlines in _pieces(mask[:, :, index]):
            ends = _farthest(np.concatenate(outlines), steps)
            length = float(np.linalg.norm((ends[1] - ends[0]) * steps))
            # The first of equals: another slice must be longer by more than rounding.
            if best is None or length > best[0] + 1e-9:
                best = length, index, ends, outlines
    if best is None:
        raise ValueError("an empty mask has no diameter")
    length, index, ends, outlines = best
    across = _longest_across(ends, outlines, steps)
    return Diameters(index, ends, across, length, float(np.linalg.norm((across[1] - across[0]) * steps)))


def longest_in_space(points_mm: FloatArray) -> tuple[float, FloatArray]:
    """The largest distance between any two points (the maximum 3-D Feret diameter), and its (2, 3) ends.

    Args:
        points_mm: (n, 3), not all in one plane.
    """
    corners = points_mm[ConvexHull(points_mm).vertices]
    ends = _farthest_of(corners)
    return float(np.linalg.norm(ends[1] - ends[0])), ends


def shortest_in_space(points_mm: FloatArray) -> float:
    """The least distance of two parallel planes with all points between (the minimum 3-D Feret diameter).

    The best directions among the normals of the convex hull's faces and the principal axes, made better by a
    search around each: a polyhedron's width lies on a face or between two edges.
    """
    hull = ConvexHull(points_mm)
    corners = points_mm[hull.vertices] - points_mm.mean(axis=0)
    normals = np.unique(np.round(hull.equations[:, :3], 9), axis=0)
    normals = np.concatenate([normals, np.linalg.svd(corners, full_matrices=False)[2]])
    widths = np.concatenate(
        [_widths(corners, part) for part in np.array_split(normals, len(normals) // _ROWS + 1)]
    )
    starts = normals[np.argsort(widths, kind="stable")[:_STARTS]]
    return min(float(widths.min()), *(_narrowed(corners, start) for start in starts))


def _widths(corners: FloatArray, directions: FloatArray) -> FloatArray:
    along = corners @ directions.T
    return np.asarray(along.max(axis=0) - along.min(axis=0))


def _narrowed(corners: FloatArray, start: FloatArray) -> float:
    """The width near a direction, by a search over both angles."""
    aside = np.linalg.svd(start[None])[2][1:]

    def width(turn: FloatArray) -> float:
        direction = start + turn @ aside
        return float(_widths(corners, (direction / np.linalg.norm(direction))[None])[0])

    simplex = np.array([[0.0, 0.0], [0.15, 0.0], [0.0, 0.15]])
    options = {"initial_simplex": simplex, "xatol": 1e-5, "fatol": 1e-6, "maxiter": 150}
    return float(minimize(width, np.zeros(2), method="Nelder-Mead", options=options).fun)


def _pieces(plane: BoolArray) -> list[list[FloatArray]]:
    """The closed outlines (n, 2) of each connected piece, in voxels; those of holes are left out."""
    # Of bytes: of truth values in a plane, cc3d joins voxels that nothing connects.
    bytes_of = np.ascontiguousarray(plane, dtype=np.uint8)
    numbers, count = cc3d.connected_components(bytes_of, connectivity=8, return_N=True)
    boxes = cc3d.statistics(numbers, no_slice_conversion=True)["bounding_boxes"] if count else []
    found = []
    for number in range(1, count + 1):
        lo_i, hi_i, lo_j, hi_j = (int(end) for end in boxes[number][:4])
        part = np.pad(numbers[lo_i : hi_i + 1, lo_j : hi_j + 1] == number, 1).astype(np.float64)
        outlines = find_contours(part, 0.5, fully_connected="high")
        found.append([outline + np.array([lo_i - 1, lo_j - 1]) for outline in outlines])
    return found


def _farthest(outline: FloatArray, steps: FloatArray) -> FloatArray:
    """(2, 2) the two points of an outline that are farthest apart."""
    points = np.unique(outline, axis=0)
    corners = points[ConvexHull(points * steps).vertices]
    return _farthest_of(corners * steps) / steps


def _farthest_of(corners: FloatArray) -> FloatArray:
    """The (2, axes) farthest of a few points; the first pair in their order where several are."""
    corners = corners[np.lexsort(corners.T[::-1])]
    best, ends = -1.0, corners[[0, 0]]
    for start in range(0, len(corners), _ROWS):
        apart = cdist(corners[start : start + _ROWS], corners)
        row, column = np.unravel_index(int(apart.argmax()), apart.shape)
        if apart[row, column] > best + 1e-9:
            best, ends = float(apart[row, column]), corners[[start + int(row), int(column)]]
    return ends


def _longest_across(ends: FloatArray, outlines: Sequence[FloatArray], steps: FloatArray) -> FloatArray:
    """(2, 2) ends of the longest line at right angles to the one between ``ends``, from edge to edge.

    Between two corners of the outline the distance of its outermost edges is convex, so that the longest line
    passes through a corner.
    """
    start, stop = ends * steps
    along = (stop - start) / np.linalg.norm(stop - start)
    aside = np.array([-along[1], along[0]])
    turned = [(outline * steps @ along, outline * steps @ aside) for outline in outlines]
    places = np.unique(np.concatenate([t for t, _ in turned]))
    low, high = np.full(len(places), np.inf), np.full(len(places), -np.inf)
    for t, u in turned:
        order = np.searchsorted(places, t)
        np.minimum.at(low, order, u)
        np.maximum.at(high, order, u)
        for n in np.flatnonzero(np.abs(np.diff(order)) > 1).tolist():
            first, last = (n, n + 1) if t[n] < t[n + 1] else (n + 1, n)
            between = slice(order[first], order[last] + 1)
            crossed = np.interp(places[between], t[[first, last]], u[[first, last]])
            low[between] = np.minimum(low[between], crossed)
            high[between] = np.maximum(high[between], crossed)
    widest = int(np.argmax(high - low))
    found = [places[widest] * along + end * aside for end in (low[widest], high[widest])]
    return np.asarray(np.stack(found) / steps)
