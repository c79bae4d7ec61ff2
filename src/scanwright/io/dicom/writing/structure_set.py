"""RTSTRUCT: closed contours in patient space, those with holes as keyholes (PS3.3 A.19, C.8.8.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage

from scanwright.errors import DataError
from scanwright.extras import Later
from scanwright.io.dicom.writing.result import (
    NOT_FOR_DIAGNOSIS,
    Algorithm,
    Structure,
    equipment,
    item,
    new_object,
    short,
)
from scanwright.io.dicom.writing.source import NO_PLACE, Source
from scanwright.types import AnyArray, BoolArray, FloatArray

FEATURE = "Writing contours"
ndimage = Later("scipy.ndimage", feature=FEATURE)
spatial = Later("scipy.spatial.distance", feature=FEATURE)
measure = Later("skimage.measure", feature=FEATURE)
SERIES_NUMBER = 9002
# Where the series of an image stands: in a study, which this retired class names (PS3.3 C.8.8.5).
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
_SHORT_LABEL = 16
_MOST_PAIRS = 2000


def structure_set(
    source: Source, mask: AnyArray, structures: Sequence[Structure], algorithm: Algorithm
) -> Dataset:
    """A structure set of the source's images.

    Args:
        source: the images.
        mask: (column, row, slice), the number of a structure, or 0.
        structures: all that may be outlined; those that are not have no contours.
        algorithm: what outlined them.

    Raises:
        DataError: the images say no place in the patient, or the mask lies on another grid.
        MissingExtraError: highdicom is not installed.
    """
    if source.positions_lps is None:
        raise DataError(NO_PLACE)
    frames = source.frames(mask)
    made = new_object(
        source,
        RTStructureSetStorage,
        "RTSTRUCT",
        equipment(algorithm, SERIES_NUMBER, "Structures"),
    )
    now, first = datetime.now(), source.first
    made.StructureSetLabel = "AUTOMATIC"[:_SHORT_LABEL]
    made.StructureSetDescription = NOT_FOR_DIAGNOSIS
    made.StructureSetDate, made.StructureSetTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
    made.ApprovalStatus = "UNAPPROVED"
    made.OperatorsName = ""
    made.FrameOfReferenceUID = first.FrameOfReferenceUID
    made.PositionReferenceIndicator = first.get("PositionReferenceIndicator", "")
    made.ReferencedFrameOfReferenceSequence = [_referenced(source)]
    made.StructureSetROISequence = [
        item(
            ROINumber=one.number,
            ReferencedFrameOfReferenceUID=first.FrameOfReferenceUID,
            ROIName=short(one.name),
            ROIGenerationAlgorithm="AUTOMATIC",
            ROIGenerationDescription=short(f"{algorithm.name} {algorithm.version}"),
        )
        for one in structures
    ]
    made.ROIContourSequence = [_drawn(source, frames == one.number, one) for one in structures]
    made.RTROIObservationsSequence = [
        item(
            ObservationNumber=one.number,
            ReferencedROINumber=one.number,
            RTROIInterpretedType="",
            ROIInterpreter="",
        )
        for one in structures
    ]
    return made


def _referenced(source: Source) -> Dataset:
    first = source.first
    series = item(
        SeriesInstanceUID=first.SeriesInstanceUID,
        ContourImageSequence=[_image(source, index) for index in range(len(source.images))],
    )
    study = item(
        ReferencedSOPClassUID=_STUDY_CLASS,
        ReferencedSOPInstanceUID=first.StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    return item(FrameOfReferenceUID=first.FrameOfReferenceUID, RTReferencedStudySequence=[study])


def _image(source: Source, index: int) -> Dataset:
    number, frame = source.images[index]
    header = source.headers[number]
    told = item(ReferencedSOPClassUID=header.SOPClassUID, ReferencedSOPInstanceUID=header.SOPInstanceUID)
    if frame is not None:
        told.ReferencedFrameNumber = frame
    return told


def _drawn(source: Source, frames: BoolArray, one: Structure) -> Dataset:
    """The contours of one structure; none where it is nowhere."""
    region = item(ReferencedROINumber=one.number, ROIDisplayColor=list(one.colour_rgb))
    contours = []
    for index in np.flatnonzero(frames.any(axis=(1, 2))):
        for corners in outlines(frames[index]):
            points = source.points_lps(corners[:, ::-1], int(index))
            contour = item(
                ContourGeometricType="CLOSED_PLANAR",
                NumberOfContourPoints=len(points),
                ContourData=[f"{x:.4f}" for x in points.ravel()],
            )
            if not source.straightened:  # else no image lies where the contour does
                contour.ContourImageSequence = [_image(source, int(index))]
            contours.append(contour)
    if contours:
        region.ContourSequence = contours
    return region


def outlines(drawn: BoolArray) -> Iterator[FloatArray]:
    """The outline of each piece of a slice, half-way between voxels inside and outside.

    A hole is joined to the outline around it by a channel of no width, as the standard has it (PS3.3
    C.8.8.6.3): programs that fill contours one by one, and those that take a contour within another for a
    hole, see the same.

    Args:
        drawn: (row, column); pixels that share a corner only are two pieces.

    Yields:
        (n, 2) corners as row and column, not closed.
    """
    pieces, n_pieces = ndimage.label(drawn)
    for number, box in enumerate(ndimage.find_objects(pieces, n_pieces), start=1):
        piece = np.pad(pieces[box] == number, 1)
        curves = measure.find_contours(piece.astype(float), 0.5, fully_connected="low")
        closed = [_corners(curve[:-1]) for curve in curves]
        outer, *holes = sorted(closed, key=lambda corners: -float(np.prod(np.ptp(corners, axis=0))))
        for hole in holes:
            outer = _joined(outer, hole)
        yield outer + np.array([part.start - 1 for part in box])


def _corners(curve: FloatArray) -> FloatArray:
    """Without the points on a straight line between their neighbours."""
    before, after = curve - np.roll(curve, 1, axis=0), np.roll(curve, -1, axis=0) - curve
    turns = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    kept: FloatArray = curve[turns != 0]
    return kept


def _joined(outer: FloatArray, hole: FloatArray) -> FloatArray:
    """One outline of two, by a channel between near corners that runs through no pixel's centre: rounding
    would decide whether such a pixel is inside."""
    apart = spatial.cdist(outer, hole)
    for pair in np.argsort(apart, axis=None, kind="stable")[:_MOST_PAIRS]:
        i, j = (int(index) for index in np.unravel_index(pair, apart.shape))
        if not _meets_centre(outer[i], hole[j]):
            break
    return np.concatenate([outer[: i + 1], hole[j:], hole[: j + 1], outer[i:]])


def _meets_centre(one: FloatArray, other: FloatArray) -> bool:
    """Whether the line between two places half-way between pixels meets the centre of one."""
    start, way = np.rint(2 * one).astype(int), np.rint(2 * (other - one)).astype(int)
    n = int(np.gcd(*way))
    places = start + np.arange(n + 1)[:, None] * (way // max(n, 1))
    return bool((places % 2 == 0).all(axis=1).any())
