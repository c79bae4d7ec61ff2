"""RTSTRUCT: closed contours in patient space, one or several in a plane (PS3.3 C.8.8.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pydicom

from scanwright.errors import DataError
from scanwright.io.dicom.painting import Sheet, in_plane, inside
from scanwright.types import BoolArray, FloatArray

_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_FLAT_MM = 0.1
_SAME_PLANE_MM = 0.01
MOST_APART_MM = 10.0
"""Contours further apart than this are of separate things; nobody outlines one thing so sparsely."""


def contour_planes(path: Path) -> dict[int, list[Sheet]]:
    """The contours of each structure, by its number. Points and open lines outline nothing and are left out.

    Raises:
        DataError: a contour is not what it should be.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, force=True)
    planes: dict[int, list[Sheet]] = {}
    for region in dataset.get("ROIContourSequence") or ():
        sheets = []
        for contour in region.get("ContourSequence") or ():
            if str(contour.get("ContourGeometricType") or "") not in _CLOSED:
                continue
            corners = np.asarray(contour.ContourData, dtype=np.float64)
            if corners.size < 9 or corners.size % 3 or not np.isfinite(corners).all():
                raise DataError("a contour does not hold three numbers for each of its corners")
            sheets.append(_sheet(corners.reshape(-1, 3)))
        planes[int(region.ReferencedROINumber)] = sheets
    step_mm = _step([sheet for sheets in planes.values() for sheet in sheets])
    return {
        number: [replace(sheet, thickness_mm=step_mm) for sheet in sheets]
        for number, sheets in planes.items()
    }


def _step(sheets: Sequence[Sheet]) -> float | None:
    """The distance of the slices that contours were drawn on: the smallest between any two planes."""
    if not sheets:
        return None
    heights = np.sort([float(sheet.origin_lps @ sheets[0].normal_lps) for sheet in sheets])
    gaps = np.diff(heights)
    gaps = gaps[gaps > _SAME_PLANE_MM]
    return float(gaps.min()) if len(gaps) and gaps.min() <= MOST_APART_MM else None


def _sheet(corners: FloatArray) -> Sheet:
    centre = corners.mean(axis=0)
    # The plane of a contour is the one that its corners are nearest to.
    along, across, normal = np.linalg.svd(corners - centre, full_matrices=True)[2]
    if np.abs((corners - centre) @ normal).max() > _FLAT_MM:
        raise DataError("a contour does not lie in one plane")
    polygon = in_plane(corners, centre, along, across)
    return Sheet(centre, normal, None, partial(_covers, polygon, centre, along, across))


def _covers(
    polygon: FloatArray, centre: FloatArray, along: FloatArray, across: FloatArray, points: FloatArray
) -> BoolArray:
    return inside(polygon, in_plane(points, centre, along, across))
