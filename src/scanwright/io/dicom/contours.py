"""RTSTRUCT: closed contours in patient space, one or several in a plane (PS3.3 C.8.8.6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from scanwright.errors import DataError
from scanwright.io.dicom.labels import Labels
from scanwright.io.dicom.painting import SAME_PLANE_MM, Grid, Sheet, in_plane, inside, unit
from scanwright.io.dicom.reference import Reference
from scanwright.io.dicom.whole import read_whole
from scanwright.types import BoolArray, FloatArray

_TAGS = [
    "SOPInstanceUID",
    "FrameOfReferenceUID",
    "StructureSetROISequence",
    "ReferencedFrameOfReferenceSequence",
]
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_FLAT_MM = 0.1
MOST_APART_MM = 10.0
"""Contours further apart than this are of separate things; nobody outlines one thing so sparsely."""


def read_structures(path: Path) -> Labels:
    """What an RTSTRUCT outlines, without its contours.

    Raises:
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    regions = dataset.get("StructureSetROISequence") or ()
    names = {int(one.ROINumber): str(one.get("ROIName") or "").strip() for one in regions}
    return Labels(
        path,
        str(dataset.get("SOPInstanceUID") or ""),
        {number: name or f"structure {number}" for number, name in names.items()},
        _reference(dataset),
        contour_sheets,
    )


def _reference(dataset: Dataset) -> Reference:
    frames = dataset.get("ReferencedFrameOfReferenceSequence") or ()
    series = [
        series
        for frame in frames
        for study in frame.get("RTReferencedStudySequence") or ()
        for series in study.get("RTReferencedSeriesSequence") or ()
    ]
    instances = {
        str(image.get("ReferencedSOPInstanceUID") or "")
        for one in series
        for image in one.get("ContourImageSequence") or ()
    }
    spaces = {str(one.get("FrameOfReferenceUID") or "") for one in frames} - {""}
    return Reference(
        tuple(str(one.SeriesInstanceUID) for one in series),
        frozenset(instances - {""}),
        str(dataset.get("FrameOfReferenceUID") or "") or (spaces.pop() if len(spaces) == 1 else ""),
    )


def contour_sheets(path: Path, grid: Grid) -> dict[int, list[Sheet]]:
    """The contours of each structure, by its number. Points and open lines outline nothing and are left out.

    Args:
        grid: contours that lie flat along its slices are taken to lie in them.

    Raises:
        DataError: a contour is not what it should be.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = read_whole(path)
    outlines: dict[int, list[FloatArray]] = {}
    for region in dataset.get("ROIContourSequence") or ():
        own = outlines[int(region.ReferencedROINumber)] = []
        for contour in region.get("ContourSequence") or ():
            if str(contour.get("ContourGeometricType") or "") not in _CLOSED:
                continue
            corners = np.asarray(contour.ContourData, dtype=np.float64)
            if corners.size < 9 or corners.size % 3 or not np.isfinite(corners).all():
                raise DataError("a contour does not hold three numbers for each of its corners")
            own.append(corners.reshape(-1, 3))
    return _sheets(outlines, grid)


def _sheets(outlines: dict[int, list[FloatArray]], grid: Grid) -> dict[int, list[Sheet]]:
    normals = [grid.normal_lps]
    drawn = [(number, corners) for number, own in outlines.items() for corners in own]
    # The largest first: they say best in which direction all of them were drawn.
    drawn.sort(key=lambda pair: -float(np.ptp(pair[1], axis=0).max()))
    of_direction: dict[int, list[tuple[int, Sheet]]] = defaultdict(list)
    for number, corners in drawn:
        # What is too small to have a direction is of the most usual one.
        usual = sorted(range(len(normals)), key=lambda index: -len(of_direction[index]))
        direction = _direction(corners, normals, usual)
        of_direction[direction].append((number, _sheet(corners, normals[direction])))
    sheets: dict[int, list[Sheet]] = {number: [] for number in outlines}
    for parallel in of_direction.values():
        step_mm = _step([sheet for _, sheet in parallel])
        for number, sheet in parallel:
            sheets[number].append(replace(sheet, thickness_mm=step_mm))
    return sheets


def _direction(corners: FloatArray, normals: list[FloatArray], order: Sequence[int]) -> int:
    """The first of some directions that is that of a contour's plane; a new one is appended."""
    moved = corners - corners.mean(axis=0)
    for index in order:
        if np.abs(moved @ normals[index]).max() <= _FLAT_MM:
            return index
    # The plane of a contour is the one that its corners are nearest to.
    normal = np.linalg.svd(moved, full_matrices=True)[2][2]
    if np.abs(moved @ normal).max() > _FLAT_MM:
        raise DataError("a contour does not lie in one plane")
    normals.append(normal)
    return len(normals) - 1


def _step(sheets: list[Sheet]) -> float | None:
    """The distance of the slices that contours were drawn on: the smallest between any two planes."""
    heights = np.sort([float(sheet.origin_lps @ sheet.normal_lps) for sheet in sheets])
    gaps = np.diff(heights)
    gaps = gaps[gaps > SAME_PLANE_MM]
    return float(gaps.min()) if len(gaps) and gaps.min() <= MOST_APART_MM else None


def _sheet(corners: FloatArray, normal: FloatArray) -> Sheet:
    centre = corners.mean(axis=0)
    along = unit(np.cross(normal, np.eye(3)[np.abs(normal).argmin()]))
    across = np.cross(normal, along)
    polygon = in_plane(corners, centre, along, across)
    return Sheet(centre, normal, None, partial(_covers, polygon, centre, along, across))


def _covers(
    polygon: FloatArray, centre: FloatArray, along: FloatArray, across: FloatArray, points: FloatArray
) -> BoolArray:
    return inside(polygon, in_plane(points, centre, along, across))
