"""SEG: frames of labels, each with its place (PS3.3 C.8.20). Binary, fractional and label-map ones."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pydicom

from scanwright.errors import DataError
from scanwright.io.dicom.header import FrameGroups, read_geometry
from scanwright.io.dicom.painting import Sheet, in_plane
from scanwright.io.dicom.pixels import decoded
from scanwright.types import AnyArray, BoolArray, FloatArray


def segment_planes(path: Path) -> dict[int, list[Sheet]]:
    """The frames of each segment, by its number.

    Raises:
        DataError: frames without a place, as of a microscope's tiles.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, force=True)
    kind = str(dataset.get("SegmentationType") or "BINARY")
    half = 0.5 * float(dataset.get("MaximumFractionalValue") or 1)
    groups = FrameGroups(dataset)
    planes: dict[int, list[Sheet]] = {}
    for frame, pixels in enumerate(decoded(dataset)):
        if kind == "LABELMAP":
            parts = {int(number): pixels == number for number in np.unique(pixels) if number}
        else:
            own = groups.find(frame, "SegmentIdentificationSequence")
            covered = pixels >= half if kind == "FRACTIONAL" else pixels > 0
            parts = {int(own.ReferencedSegmentNumber): covered}
        place = read_geometry(dataset, groups, frame)
        if place.position_lps is None or place.orientation_lps is None or place.spacing_mm is None:
            raise DataError("its frames have no place in the patient")
        normal = np.cross(*place.orientation_lps)
        for number, part in parts.items():
            covers = partial(
                _covers, part.T, place.position_lps, place.orientation_lps, np.array(place.spacing_mm)
            )
            planes.setdefault(number, []).append(
                Sheet(place.position_lps, normal / np.linalg.norm(normal), place.thickness_mm, covers)
            )
    return planes


def _covers(
    covered: AnyArray, origin: FloatArray, directions: FloatArray, spacing_mm: FloatArray, points: FloatArray
) -> BoolArray:
    """The nearest pixel of (column, row)."""
    index = np.rint(in_plane(points, origin, *directions) / spacing_mm).astype(int)
    valid = ((index >= 0) & (index < covered.shape)).all(axis=-1)
    found = np.zeros(points.shape[:-1], dtype=bool)
    found[valid] = covered[tuple(index[valid].T)]
    return found
