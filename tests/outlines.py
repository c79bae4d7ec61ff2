"""Builders of what outlines structures in DICOM: SEG and RTSTRUCT, and a series that they refer to."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import SegmentationStorage

from builders import dicom_series, dicom_slice

IMAGE_UID, FRAME_UID = "1.2.3", "1.2.77"


def item(**fields):
    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def image(n_slices=6, **fields):
    slices = dicom_series(n_slices, series=IMAGE_UID)
    for one in slices:
        one.FrameOfReferenceUID = FRAME_UID
        for name, value in fields.items():
            setattr(one, name, value)
    return slices


def square(column, row, side, k, step_mm=5.0):
    """A contour around the voxels (column … column + side − 1), halfway to the next ones, of slice k."""
    low, high = -0.5, side - 0.5
    corners = [(low, low), (high, low), (high, high), (low, high)]
    return [
        x for i, j in corners for x in (-150 + 0.7 * (column + i), -160 + 0.7 * (row + j), -500 + step_mm * k)
    ]


def structures(contours, *, refers_to=IMAGE_UID, frame_uid=FRAME_UID):
    """An RTSTRUCT of name → list of contours."""
    made = dicom_slice(np.zeros((2, 2)), position=(0, 0, 0), series="1.2.9")
    for field in ("Rows", "Columns", "PixelData", "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(made, field)
    made.Modality = "RTSTRUCT"
    names = list(contours)
    made.StructureSetROISequence = Sequence(
        [item(ROINumber=n, ROIName=name) for n, name in enumerate(names, start=1)]
    )
    made.ROIContourSequence = Sequence(
        [
            item(
                ReferencedROINumber=n,
                ContourSequence=Sequence(
                    [
                        item(ContourGeometricType="CLOSED_PLANAR", ContourData=[f"{x:.4f}" for x in points])
                        for points in contours[name]
                    ]
                ),
            )
            for n, name in enumerate(names, start=1)
        ]
    )
    series = [item(SeriesInstanceUID=refers_to)] if refers_to else []
    study = item(RTReferencedSeriesSequence=Sequence(series))
    made.ReferencedFrameOfReferenceSequence = Sequence(
        [item(FrameOfReferenceUID=frame_uid, RTReferencedStudySequence=Sequence([study]))]
    )
    return made


def segmentation(frames, names, *, kind="BINARY", refers_to=IMAGE_UID, start=(0, 0), thickness_mm=5.0):
    """A SEG of (segment, k, pixels (row, column)); ``start``: the column and row of its first pixel."""
    rows, columns = frames[0][2].shape
    made = dicom_slice(np.zeros((rows, columns)), position=(0, 0, 0), series="1.2.8")
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = SegmentationStorage
    for field in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        delattr(made, field)
    made.Modality, made.SegmentationType, made.FrameOfReferenceUID = "SEG", kind, FRAME_UID
    made.NumberOfFrames = len(frames)
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.MaximumFractionalValue = 7, 200
    made.PixelData = np.stack([pixels for *_, pixels in frames]).astype(np.uint8).tobytes()
    made.SegmentSequence = Sequence([item(SegmentNumber=n, SegmentLabel=name) for n, name in names.items()])
    made.SharedFunctionalGroupsSequence = Sequence(
        [
            item(
                PlaneOrientationSequence=Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
                PixelMeasuresSequence=Sequence([item(PixelSpacing=[0.7, 0.7], SliceThickness=thickness_mm)]),
            )
        ]
    )
    x, y = -150 + 0.7 * start[0], -160 + 0.7 * start[1]
    made.PerFrameFunctionalGroupsSequence = Sequence(
        [
            item(
                PlanePositionSequence=Sequence([item(ImagePositionPatient=[x, y, -500 + 5 * k])]),
                SegmentIdentificationSequence=Sequence([item(ReferencedSegmentNumber=segment)]),
            )
            for segment, k, _ in frames
        ]
    )
    if refers_to:
        made.ReferencedSeriesSequence = Sequence([item(SeriesInstanceUID=refers_to)])
    return made
