"""Builders of DICOM objects that label images: SEG, RTSTRUCT and measurement reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import Comprehensive3DSRStorage, RTStructureSetStorage, SegmentationStorage, generate_uid

from builders import dicom_series, dicom_slice

IMAGE_UID, FRAME_UID = "1.2.3", "1.2.77"


def item(**fields: Any) -> Dataset:
    """A dataset of these fields."""
    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def image(n_slices: int = 6, **fields: Any) -> list[Dataset]:
    """The slices of a series that objects refer to."""
    slices = dicom_series(n_slices, series=IMAGE_UID)
    for one in slices:
        one.FrameOfReferenceUID = FRAME_UID
        for name, value in fields.items():
            setattr(one, name, value)
    return slices


def square(column: int, row: int, side: int, k: int, step_mm: float = 5.0) -> list[float]:
    """A contour around the voxels (column … column + side − 1), halfway to the next ones, of slice k."""
    low, high = -0.5, side - 0.5
    corners = [(low, low), (high, low), (high, high), (low, high)]
    return [
        x for i, j in corners for x in (-150 + 0.7 * (column + i), -160 + 0.7 * (row + j), -500 + step_mm * k)
    ]


def _object(modality: str, sop_class: str, series: str, told: object) -> Dataset:
    """What all objects have; told: what makes this one an instance of its own."""
    made = dicom_slice(np.zeros((2, 2)), position=(0, 0, 0), series=series)
    for field in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        delattr(made, field)
    made.Modality = modality
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = sop_class
    made.SOPInstanceUID = generate_uid(entropy_srcs=[modality, repr(told)])
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def _without_pixels(made: Dataset) -> Dataset:
    for field in ("Rows", "Columns", "PixelData"):
        delattr(made, field)
    return made


def structures(
    contours: Mapping[str, Sequence[Sequence[float]]],
    *,
    refers_to: str = IMAGE_UID,
    frame_uid: str = FRAME_UID,
) -> Dataset:
    """An RTSTRUCT of name → list of contours."""
    made = _without_pixels(_object("RTSTRUCT", RTStructureSetStorage, "1.2.9", (contours, refers_to)))
    made.StructureSetROISequence = Items(
        [item(ROINumber=n, ROIName=name) for n, name in enumerate(contours, start=1)]
    )
    made.ROIContourSequence = Items(
        [
            item(
                ReferencedROINumber=n,
                ContourSequence=Items(
                    [
                        item(ContourGeometricType="CLOSED_PLANAR", ContourData=[f"{x:.4f}" for x in points])
                        for points in own
                    ]
                ),
            )
            for n, own in enumerate(contours.values(), start=1)
        ]
    )
    series = [item(SeriesInstanceUID=refers_to)] if refers_to else []
    study = item(RTReferencedSeriesSequence=Items(series))
    made.ReferencedFrameOfReferenceSequence = Items(
        [item(FrameOfReferenceUID=frame_uid, RTReferencedStudySequence=Items([study]))]
    )
    return made


def segmentation(
    frames: Sequence[tuple[int, int, np.ndarray]],
    names: Mapping[int, str],
    *,
    kind: str = "BINARY",
    refers_to: str = IMAGE_UID,
    start: tuple[int, int] = (0, 0),
    thickness_mm: float = 5.0,
) -> Dataset:
    """A SEG of (segment, k, pixels (row, column)); ``start``: the column and row of its first pixel."""
    affine_lps = np.diag([0.7, 0.7, thickness_mm, 1.0])
    affine_lps[:3, 3] = (-150 + 0.7 * start[0], -160 + 0.7 * start[1], -500)
    placed = [(segment, np.array([0, 0, 5 * k / thickness_mm]), pixels) for segment, k, pixels in frames]
    return _segmentation(placed, names, affine_lps, kind, refers_to)


def volume_segmentation(mask: np.ndarray, affine_lps: np.ndarray, name: str = "lesion") -> Dataset:
    """A SEG of one segment on any grid: (i, j, k), and from (i, j, k, 1) to DICOM's axes. Without the frames
    that show nothing, as most programs write it."""
    frames = [(1, np.array([0, 0, k]), mask[..., k].T) for k in range(mask.shape[2]) if mask[..., k].any()]
    return _segmentation(frames, {1: name}, affine_lps, "BINARY", IMAGE_UID)


def _segmentation(
    frames: Sequence[tuple[int, np.ndarray, np.ndarray]],
    names: Mapping[int, str],
    affine_lps: np.ndarray,
    kind: str,
    refers_to: str,
) -> Dataset:
    pixels = np.stack([one for *_, one in frames]).astype(np.uint8)
    made = _object("SEG", SegmentationStorage, "1.2.8", (pixels.tobytes(), affine_lps.tobytes(), names, kind))
    made.SegmentationType, made.FrameOfReferenceUID = kind, FRAME_UID
    made.NumberOfFrames, made.Rows, made.Columns = pixels.shape
    made.BitsAllocated = made.BitsStored = 1 if kind == "BINARY" else 8
    made.HighBit, made.MaximumFractionalValue = made.BitsStored - 1, 200
    packed = np.packbits(pixels.ravel(), bitorder="little") if kind == "BINARY" else pixels
    made.PixelData = packed.tobytes() + b"\0" * (packed.size % 2)
    made.SegmentSequence = Items([item(SegmentNumber=n, SegmentLabel=name) for n, name in names.items()])
    directions = affine_lps[:3, :3] / np.linalg.norm(affine_lps[:3, :3], axis=0)
    column, row, step = (float(size) for size in np.linalg.norm(affine_lps[:3, :3], axis=0))
    made.SharedFunctionalGroupsSequence = Items(
        [
            item(
                PlaneOrientationSequence=Items(
                    [item(ImageOrientationPatient=[f"{x:.10f}" for x in directions[:, :2].T.ravel()])]
                ),
                PixelMeasuresSequence=Items([item(PixelSpacing=[row, column], SliceThickness=step)]),
            )
        ]
    )
    places = [affine_lps[:3, :3] @ index + affine_lps[:3, 3] for _, index, _ in frames]
    made.PerFrameFunctionalGroupsSequence = Items(
        [
            item(
                PlanePositionSequence=Items([item(ImagePositionPatient=[f"{x:.6f}" for x in place])]),
                SegmentIdentificationSequence=Items([item(ReferencedSegmentNumber=segment)]),
            )
            for (segment, *_), place in zip(frames, places, strict=True)
        ]
    )
    if refers_to:
        made.ReferencedSeriesSequence = Items([item(SeriesInstanceUID=refers_to)])
    return made


def code(value: str, scheme: str, meaning: str) -> Items:
    """A sequence of one code."""
    return Items([item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)])


VOLUME = ("118565006", "SCT", "Volume")
DIAMETER = ("81827009", "SCT", "Diameter")


def number(concept: tuple[str, str, str], value: float | None, unit: str, derivation: str = "") -> Dataset:
    """A NUM item; ``None`` has no value."""
    made = content("NUM", concept)
    if value is not None:
        units = code(unit, "UCUM", unit)
        made.MeasuredValueSequence = Items(
            [item(NumericValue=f"{value:.8g}", MeasurementUnitsCodeSequence=units)]
        )
    else:
        made.MeasuredValueSequence = Items([])
    if derivation:
        how = content(
            "CODE", ("121401", "DCM", "Derivation"), ConceptCodeSequence=code("0", "99T", derivation)
        )
        made.ContentSequence = Items([how])
    return made


def content(kind: str, concept: tuple[str, str, str], *below: Dataset, **fields: Any) -> Dataset:
    """A content item and those below it."""
    made = item(RelationshipType="CONTAINS", ValueType=kind, ConceptNameCodeSequence=code(*concept), **fields)
    if below:
        made.ContentSequence = Items(list(below))
    return made


def group(
    *numbers: Dataset,
    tracking: str = "",
    finding: str = "",
    site: str = "",
    series: str = "",
    images: Sequence[str] = (),
    segment: tuple[str, int] | None = None,
    frame_uid: str = "",
) -> Dataset:
    """A measurement group: its numbers, what it is of, and what it refers to."""
    below = []
    if tracking:
        below.append(content("TEXT", ("112039", "DCM", "Tracking Identifier"), TextValue=tracking))
        below.append(
            content("UIDREF", ("112040", "DCM", "Tracking Unique Identifier"), UID=f"1.9.{len(tracking)}")
        )
    for concept, word in ((("121071", "DCM", "Finding"), finding), (("G-C0E3", "SRT", "Finding Site"), site)):
        below += [content("CODE", concept, ConceptCodeSequence=code(word, "99T", word))] if word else []
    if segment:
        refers = item(ReferencedSOPInstanceUID=segment[0], ReferencedSegmentNumber=segment[1])
        below.append(
            content("IMAGE", ("121191", "DCM", "Referenced Segment"), ReferencedSOPSequence=Items([refers]))
        )
    if series:
        below.append(content("UIDREF", ("121232", "DCM", "Source series for segmentation"), UID=series))
    for uid in images:
        refers = Items([item(ReferencedSOPInstanceUID=uid)])
        source = content("IMAGE", ("111040", "DCM", "Original Source"), ReferencedSOPSequence=refers)
        shape = {"GraphicType": "POINT", "GraphicData": [1.0, 2.0]}
        below.append(content("SCOORD", ("111030", "DCM", "Image Region"), source, **shape))
    if frame_uid:
        shape = {"GraphicType": "POINT", "GraphicData": [1.0, 2.0, 3.0]}
        shape["ReferencedFrameOfReferenceUID"] = frame_uid
        below.append(content("SCOORD3D", ("111030", "DCM", "Image Region"), **shape))
    return content("CONTAINER", ("125007", "DCM", "Measurement Group"), *below, *numbers)


def report(
    *groups: Dataset,
    evidence: Mapping[str, Sequence[str]] | None = None,
    title: tuple[str, str, str] = ("126000", "DCM", "Imaging Measurement Report"),
) -> Dataset:
    """A Comprehensive 3D SR; ``evidence``: SeriesInstanceUID → SOPInstanceUIDs that it rests on."""
    made = _without_pixels(_object("SR", Comprehensive3DSRStorage, "1.2.7", (groups, evidence)))
    made.ValueType, made.ConceptNameCodeSequence = "CONTAINER", code(*title)
    measured = content("CONTAINER", ("126010", "DCM", "Imaging Measurements"), *groups)
    made.ContentSequence = Items([measured])
    if evidence:
        series = [
            item(
                SeriesInstanceUID=uid,
                ReferencedSOPSequence=Items([item(ReferencedSOPInstanceUID=one) for one in images]),
            )
            for uid, images in evidence.items()
        ]
        study = item(ReferencedSeriesSequence=Items(series))
        made.CurrentRequestedProcedureEvidenceSequence = Items([study])
    return made


def enhanced(
    n_frames: int = 5, echoes: Sequence[float | None] = (None,), *, order: Sequence[int] | None = None
) -> Dataset:
    """The series of the contracts as one file; frames in any order, with a slope and an intercept each."""
    rows, columns = np.mgrid[:24, :16]
    frames = [(k, echo) for echo in echoes for k in range(n_frames)]
    frames = [frames[index] for index in order or range(len(frames))]
    whole = dicom_slice(2 * rows + columns, position=(0, 0, 0))
    del whole.ImagePositionPatient, whole.ImageOrientationPatient, whole.PixelSpacing
    del whole.RescaleSlope, whole.RescaleIntercept, whole.SliceThickness
    whole.NumberOfFrames = len(frames)
    whole.PixelData = np.stack([100 * k + 2 * rows + columns for k, _ in frames]).astype("<u2").tobytes()
    whole.SharedFunctionalGroupsSequence = Items(
        [
            item(
                PlaneOrientationSequence=Items([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]),
                PixelMeasuresSequence=Items([item(PixelSpacing=[0.7, 0.7], SliceThickness=5)]),
            )
        ]
    )
    per_frame = []
    for k, echo in frames:
        groups = item(
            PlanePositionSequence=Items([item(ImagePositionPatient=[-150, -160, -500 + 5 * k])]),
            PixelValueTransformationSequence=Items([item(RescaleSlope=k + 1, RescaleIntercept=-1024)]),
        )
        if echo is not None:
            groups.MREchoSequence = Items([item(EffectiveEchoTime=echo)])
        per_frame.append(groups)
    whole.PerFrameFunctionalGroupsSequence = Items(per_frame)
    return whole
