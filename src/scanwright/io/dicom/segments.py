"""SEG: frames of labels, each with its place (PS3.3 A.51, C.8.20). Binary, fractional and label-map ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from scanwright.errors import DataError
from scanwright.io.dicom.header import FrameGroups, read_geometry
from scanwright.io.dicom.labels import Labels
from scanwright.io.dicom.painting import Grid, Sheet, in_plane, unit
from scanwright.io.dicom.pixels import decoded
from scanwright.io.dicom.reference import Reference
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

_TAGS = [
    "SOPInstanceUID",
    "FrameOfReferenceUID",
    "ReferencedSeriesSequence",
    "SegmentationType",
    "SegmentsOverlap",
    "SegmentSequence",
    "SharedFunctionalGroupsSequence",
]


def read_segments(path: Path) -> Labels:
    """What a SEG outlines, without its pixels.

    Raises:
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    kind = str(dataset.get("SegmentationType") or "BINARY")
    segments = dataset.get("SegmentSequence") or ()
    names = {int(one.SegmentNumber): str(one.get("SegmentLabel") or "").strip() for one in segments}
    names.pop(0, None)  # a label map counts its background as a segment
    says = str(dataset.get("SegmentsOverlap") or "UNDEFINED")
    may = len(names) > 1 and kind != "LABELMAP"
    return Labels(
        path,
        str(dataset.get("SOPInstanceUID") or ""),
        {number: name or f"structure {number}" for number, name in names.items()},
        _reference(dataset),
        segment_sheets,
        fractional=kind == "FRACTIONAL",
        overlap={"YES": "yes", "NO": ""}.get(says, "perhaps") if may else "",
        drawn_on=read_geometry(dataset, FrameGroups(dataset), 0),
    )


def _reference(dataset: Dataset) -> Reference:
    series = dataset.get("ReferencedSeriesSequence") or ()
    instances = {
        str(image.get("ReferencedSOPInstanceUID") or "")
        for one in series
        for image in one.get("ReferencedInstanceSequence") or ()
    }
    return Reference(
        tuple(str(one.SeriesInstanceUID) for one in series),
        frozenset(instances - {""}),
        str(dataset.get("FrameOfReferenceUID") or ""),
    )


def segment_sheets(path: Path, grid: Grid) -> dict[int, list[Sheet]]:
    """The frames of each segment, by its number; the same on any grid.

    Raises:
        DataError: frames without a place, as of a microscope's tiles.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, force=True)
    half = 0.5 * float(dataset.get("MaximumFractionalValue") or 1)
    groups = FrameGroups(dataset)
    sheets: dict[int, list[Sheet]] = {}
    for frame, pixels in enumerate(_frames(dataset)):
        place = read_geometry(dataset, groups, frame)
        if place.position_lps is None or place.orientation_lps is None or place.spacing_mm is None:
            raise DataError("its frames have no place in the patient")
        normal = np.cross(*place.orientation_lps)
        if not np.isclose(np.linalg.norm(normal), 1.0, atol=1e-2):
            raise DataError("ImageOrientationPatient does not hold two directions at a right angle")
        for number, part in _parts(pixels, dataset, groups, frame, half).items():
            covers = partial(
                _covers,
                *_cropped(part.T),
                place.position_lps,
                place.orientation_lps,
                np.array(place.spacing_mm),
            )
            sheets.setdefault(number, []).append(
                Sheet(place.position_lps, unit(normal), place.thickness_mm, covers)
            )
    return sheets


def _frames(dataset: Dataset) -> Iterator[AnyArray]:
    """(row, column) of each frame; single bits are unpacked one frame after the other, as a hundred organs in
    one file would fill the memory."""
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    encoding = dataset.file_meta.TransferSyntaxUID
    if dataset.get("BitsAllocated") != 1 or encoding.is_encapsulated or not encoding.is_little_endian:
        yield from decoded(dataset)
        return
    packed, n_pixels = np.frombuffer(dataset.PixelData, np.uint8), rows * columns
    n_frames = int(dataset.get("NumberOfFrames") or 1)
    if n_frames * n_pixels > 8 * packed.size:
        raise DataError("the file is cut short", do="Copy or export it again.")
    for first in range(0, n_frames * n_pixels, n_pixels):
        # Frames follow each other bit by bit, and do not begin at bytes (PS3.5, 8.1.1).
        held = packed[first // 8 : (first + n_pixels + 7) // 8]
        bits = np.unpackbits(held, bitorder="little")[first % 8 : first % 8 + n_pixels]
        yield bits.reshape(rows, columns)


def _parts(
    pixels: AnyArray, dataset: Dataset, groups: FrameGroups, frame: int, half: float
) -> Mapping[int, BoolArray]:
    """What a frame (row, column) shows of each segment."""
    kind = str(dataset.get("SegmentationType") or "BINARY")
    if kind == "LABELMAP":
        nothing = {0, int(dataset.get("PixelPaddingValue") or 0)}
        return {int(number): pixels == number for number in np.unique(pixels) if int(number) not in nothing}
    own = groups.find(frame, "SegmentIdentificationSequence")
    return {int(own.ReferencedSegmentNumber): pixels >= half if kind == "FRACTIONAL" else pixels > 0}


def _cropped(covered: BoolArray) -> tuple[BoolArray, IntArray]:
    """The box of what is covered, and its first column and row."""
    columns, rows = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    if not len(columns):
        return covered[:0, :0].copy(), np.zeros(2, dtype=int)
    box = covered[columns[0] : columns[-1] + 1, rows[0] : rows[-1] + 1]
    return box.copy(), np.array([columns[0], rows[0]])


def _covers(
    covered: BoolArray,
    first: IntArray,
    origin: FloatArray,
    directions: FloatArray,
    spacing_mm: FloatArray,
    points: FloatArray,
) -> BoolArray:
    """The nearest pixel of (column, row)."""
    index = np.rint(in_plane(points, origin, *directions) / spacing_mm).astype(int) - first
    valid = ((index >= 0) & (index < covered.shape)).all(axis=-1)
    found = np.zeros(points.shape[:-1], dtype=bool)
    found[valid] = covered[tuple(index[valid].T)]
    return found
