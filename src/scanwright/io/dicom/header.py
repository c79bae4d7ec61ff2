"""The few header fields by which a DICOM file finds its place in a series; pixels stay on the disk."""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID, MediaStorageDirectoryStorage, ParametricMapStorage

from scanwright import extras
from scanwright.errors import DataError
from scanwright.io.dicom.fields import number_of, numbers_of, text_of, value_of
from scanwright.io.dicom.raw import TAGS, RawPixels, find_raw
from scanwright.io.dicom.skimming import skim, skimmed_tags
from scanwright.io.failures import READING_FAILURES
from scanwright.types import FloatArray

SUFFIXES = (".dcm", ".dicom", ".ima")
_DERIVED = ("SEG", "RTDOSE")  # they have pixels, but are results, not images
_MAPS = str(ParametricMapStorage)  # so are these, under the modality of their images
_PREAMBLE_BYTES = 132
_SMALLEST_SLOPE, _LARGEST_VALUE = 1e-12, 1e12
_FURTHEST_MM = 1e5  # no room is a hundred metres wide
MOST_FRAMES = 100_000
# What tells images at one place apart, the most telling first: as single images say it, and as frames do.
_MARKS: tuple[tuple[str, str], ...] = (
    ("EchoTime", "EffectiveEchoTime"),
    ("TemporalPositionIdentifier", "TemporalPositionIndex"),
    ("DiffusionBValue", "DiffusionBValue"),
    ("DiffusionGradientOrientation", "DiffusionGradientOrientation"),
    ("InversionTime", "InversionTimes"),
    ("TriggerTime", "NominalCardiacTriggerDelayTime"),
    ("ImageType", "FrameType"),
    ("AcquisitionNumber", "FrameAcquisitionNumber"),
    ("ConvolutionKernel", "ConvolutionKernel"),
)
# Fields that name a person, or nearly; a pseudonymised export leaves them empty or says so.
_IDENTIFIERS = (
    "PatientName",
    "PatientBirthDate",
    "OtherPatientIDs",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "PatientMotherBirthName",
    "AccessionNumber",
)
_TAGS = [
    *_IDENTIFIERS,
    "PatientIdentityRemoved",
    "BurnedInAnnotation",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesDescription",
    "FrameOfReferenceUID",
    "Modality",
    "BodyPartExamined",
    "ViewPosition",
    "PatientID",
    "PatientSex",
    "PatientAge",
    "Manufacturer",
    "ManufacturerModelName",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "RescaleSlope",
    "RescaleIntercept",
    *(single for single, _ in _MARKS),
    *TAGS,
]
_NOTHING = Dataset()
_A_YEAR = {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}
MOST_YEARS = 90
_SKIMMED = skimmed_tags(_TAGS)


@dataclass(frozen=True, eq=False)
class Plane:
    """One image plane, a file or a frame of one, and where it lies in DICOM's patient axes (LPS+, mm).

    Attributes:
        path: the file.
        frame: which of its frames, from 0.
        n_frames: of the file.
        frame_uid: the frame of reference; images of one lie in one space.
        body_part, view: BodyPartExamined and ViewPosition, "" when unknown.
        patient: PatientID, ``None`` when it is empty.
        sex, age: PatientSex, and PatientAge in years; those above 89 are 90, as they would tell who it is.
        position_lps: centre of the first pixel; ``None`` for projections (radiographs, ultrasound).
        orientation_lps: (2, 3), the directions in which the column and the row index grow.
        spacing_mm: between columns, between rows.
        thickness_mm: between slices as the header says, used where there is one slice only.
        identified: whether the header holds what names a person, and does not say that it was replaced.
        burned_in: whether the header says that the picture itself shows such things.
        slope, intercept: from stored to measured values; a slope of 0 stands for none, see ``measured``.
        raw: where its pixels lie, if they are plain ones.
        marks: what may tell it from another plane at its place: the name of a field → its value.
    """

    path: Path
    frame: int
    n_frames: int
    sop_class: str
    study_uid: str
    series_uid: str
    frame_uid: str
    instance_uid: str
    description: str
    modality: str
    body_part: str
    view: str
    patient: str | None
    sex: str
    age: str
    scanner: str
    rows: int
    columns: int
    position_lps: FloatArray | None
    orientation_lps: FloatArray | None
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None
    identified: bool
    burned_in: bool
    slope: float
    intercept: float
    raw: RawPixels | None
    marks: Mapping[str, str]


def is_dicom(path: Path) -> bool:
    """True for a file with DICOM's preamble, or one whose suffix says so; never for a pipe or a device.

    Raises:
        OSError: the file cannot be opened.
        DataError: its suffix says so, and it is empty.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return False  # to open a pipe may wait for ever
    with path.open("rb") as file:
        head = file.read(_PREAMBLE_BYTES)
    if not head and path.suffix.lower() in SUFFIXES:
        raise DataError("the file is empty (zero bytes)")
    return head[128:] == b"DICM" or (path.suffix.lower() in SUFFIXES and len(head) > 0)


def quietly() -> AbstractContextManager[None]:
    """Without pydicom's warnings on odd values: they quote the values, and those may be a patient's."""
    return extras.quietly("pydicom", logging.CRITICAL)


def read_planes(path: Path) -> tuple[Plane, ...]:
    """Read the header of one file, without its pixels.

    Returns:
        A plane for each frame; none for objects that are no images (RTSTRUCT, SR, SEG, DICOMDIR).

    Raises:
        DataError: a field is not what it should be.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    # Files from before DICOM's preamble are read too, hence force; the fields below then tell.
    with path.open("rb") as file:
        dataset = skim(file, _SKIMMED)
        if dataset is None:
            file.seek(0)
            dataset = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=_TAGS, force=True)
        return _planes(path, dataset, file)


def _planes(path: Path, dataset: Dataset, file: BinaryIO) -> tuple[Plane, ...]:
    if "Rows" not in dataset or "Columns" not in dataset:
        index = dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage
        is_cut = "SOPInstanceUID" not in dataset and "Modality" not in dataset
        if (is_cut and not index) or not _is_of_another_kind(dataset):
            raise DataError("the file is not DICOM, or damaged: no size of an image is found in it")
        return ()
    if text_of(dataset, "Modality") in _DERIVED or text_of(dataset, "SOPClassUID") == _MAPS:
        return ()
    if not text_of(dataset, "SeriesInstanceUID"):
        raise DataError("the image has no SeriesInstanceUID")
    n_frames = int(value_of(dataset, "NumberOfFrames") or 1)
    if not 1 <= n_frames <= MOST_FRAMES:
        raise DataError("NumberOfFrames makes no sense", received=f"{n_frames}")
    by_frame, raw = FrameGroups(dataset), find_raw(file, dataset, n_frames)
    return tuple(_plane(path, dataset, by_frame, frame, n_frames, raw) for frame in range(n_frames))


def _is_of_another_kind(dataset: Dataset) -> bool:
    """Whether all that a file says of its class is of a known one whose objects are no images."""
    told = [text_of(dataset, "SOPClassUID"), text_of(dataset.file_meta, "MediaStorageSOPClassUID")]
    kinds = [UID(text) for text in told if text]
    return bool(kinds) and all(
        kind.is_valid and (kind.is_private or kind.name != kind) and "Image Storage" not in kind.name
        for kind in kinds
    )


def _plane(
    path: Path, dataset: Dataset, by_frame: FrameGroups, frame: int, n_frames: int, raw: RawPixels | None
) -> Plane:
    place = read_geometry(dataset, by_frame, frame)
    slope, intercept = _rescaling(dataset, by_frame, frame)
    return Plane(
        path=path,
        frame=frame,
        n_frames=n_frames,
        sop_class=text_of(dataset, "SOPClassUID"),
        study_uid=text_of(dataset, "StudyInstanceUID"),
        series_uid=text_of(dataset, "SeriesInstanceUID"),
        frame_uid=text_of(dataset, "FrameOfReferenceUID"),
        instance_uid=text_of(dataset, "SOPInstanceUID"),
        description=text_of(dataset, "SeriesDescription"),
        modality=text_of(dataset, "Modality"),
        body_part=text_of(dataset, "BodyPartExamined"),
        view=text_of(dataset, "ViewPosition"),
        patient=text_of(dataset, "PatientID") or None,
        sex=text_of(dataset, "PatientSex"),
        age=_in_years(text_of(dataset, "PatientAge")),
        scanner=f"{text_of(dataset, 'Manufacturer')} {text_of(dataset, 'ManufacturerModelName')}".strip(),
        rows=int(value_of(dataset, "Rows")),
        columns=int(value_of(dataset, "Columns")),
        position_lps=place.position_lps,
        orientation_lps=place.orientation_lps,
        spacing_mm=place.spacing_mm,
        thickness_mm=place.thickness_mm,
        identified=_is_identified(dataset),
        burned_in=text_of(dataset, "BurnedInAnnotation") == "YES",
        slope=slope,
        intercept=intercept,
        raw=raw,
        marks=by_frame.marks(frame) if by_frame.exist else _marks(dataset, (one for one, _ in _MARKS)),
    )


def _in_years(age: str) -> str:
    """ "063Y" as "63", "018M" as "1.5"; "" for what is no age (PS3.5, value representation AS)."""
    told = re.fullmatch(r"(\d{3})([DWMY])", age)
    if told is None:
        return ""
    years = int(told[1]) / _A_YEAR[told[2]]
    return f"{min(years, MOST_YEARS):.3g}"


def names_person(path: Path) -> bool:
    """Whether the header of any DICOM file holds what names a person, and does not say that it was replaced;
    of a DICOMDIR, one of its records. False where it can't be read.
    """
    tags = [*_IDENTIFIERS, "PatientIdentityRemoved", "DirectoryRecordSequence"]
    try:
        with quietly():
            dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=tags, force=True)
            records = value_of(dataset, "DirectoryRecordSequence") or ()
            return any(_is_identified(one) for one in (dataset, *records))
    except READING_FAILURES:
        return False


def _is_identified(dataset: Dataset) -> bool:
    removed = text_of(dataset, "PatientIdentityRemoved") == "YES"
    return not removed and any(text_of(dataset, name) for name in _IDENTIFIERS)


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where a plane lies; see :class:`Plane`."""

    position_lps: FloatArray | None
    orientation_lps: FloatArray | None
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None


def read_geometry(dataset: Dataset, by_frame: FrameGroups, frame: int) -> Geometry:
    """Where a frame lies, as the file says of its frames, or of itself.

    Raises:
        DataError: a field is not what it should be.
    """

    def numbers(name: str, count: int, group: str) -> FloatArray | None:
        return numbers_of(by_frame.find(frame, group) if by_frame.exist else dataset, name, count)

    orientation = numbers("ImageOrientationPatient", 6, "PlaneOrientationSequence")
    spacing = numbers("PixelSpacing", 2, "PixelMeasuresSequence")
    if spacing is not None and not (spacing > 0).all():
        raise DataError("PixelSpacing is not positive")
    thickness = numbers("SpacingBetweenSlices", 1, "PixelMeasuresSequence")
    if thickness is None or thickness[0] <= 0:
        thickness = numbers("SliceThickness", 1, "PixelMeasuresSequence")
    position = numbers("ImagePositionPatient", 3, "PlanePositionSequence")
    if position is not None and np.abs(position).max() > _FURTHEST_MM:
        raise DataError(
            "ImagePositionPatient makes no sense", received=f"a place {np.abs(position).max():.3g} mm away"
        )
    return Geometry(
        position,
        None if orientation is None else orientation.reshape(2, 3),
        None if spacing is None else (float(spacing[1]), float(spacing[0])),
        float(thickness[0]) if thickness is not None and thickness[0] > 0 else None,
    )


def _rescaling(dataset: Dataset, by_frame: FrameGroups, frame: int) -> tuple[float, float]:
    """Slope and intercept of a frame; 1 and 0 for colours, and where a table maps the values."""
    is_colour = text_of(dataset, "SamplesPerPixel") not in ("", "1")
    is_palette = text_of(dataset, "PhotometricInterpretation") == "PALETTE COLOR"
    if is_colour or is_palette or value_of(dataset, "ModalityLUTSequence"):
        return 1.0, 0.0
    own = by_frame.find(frame, "PixelValueTransformationSequence")
    source = own if "RescaleSlope" in own else dataset
    slope, intercept = number_of(source, "RescaleSlope", 1.0), number_of(source, "RescaleIntercept", 0.0)
    largest, smallest = max(abs(slope), abs(intercept)), abs(slope) or 1.0
    if largest > _LARGEST_VALUE or smallest < _SMALLEST_SLOPE:
        raise DataError(
            "RescaleSlope or RescaleIntercept makes no sense", received=f"{slope:.3g} and {intercept:.3g}"
        )
    return slope, intercept


class FrameGroups:
    """What an enhanced image says of its frames: of all of them at once, or of each (PS3.3 C.7.6.16)."""

    def __init__(self, dataset: Dataset) -> None:
        shared = value_of(dataset, "SharedFunctionalGroupsSequence")
        self._shared: Dataset = shared[0] if shared else _NOTHING
        self._each: Sequence[Dataset] = value_of(dataset, "PerFrameFunctionalGroupsSequence") or ()
        self.exist = bool(shared or self._each)

    def find(self, frame: int, group: str) -> Dataset:
        """The first item of a group, of the frame or of all frames; empty where there is none."""
        own = self._each[frame] if frame < len(self._each) else _NOTHING
        items = value_of(own, group) or value_of(self._shared, group)
        return items[0] if items else _NOTHING

    def marks(self, frame: int) -> dict[str, str]:
        """What may tell a frame from another at its place; in whichever group a field stands."""
        own = self._each[frame] if frame < len(self._each) else _NOTHING
        items = [element.value[0] for element in own if element.VR == "SQ" and element.value]
        found: dict[str, str] = {}
        for item in items:
            found |= _marks(item, (field for _, field in _MARKS))
        return {field: found[field] for _, field in _MARKS if field in found}


def _marks(dataset: Dataset, fields: Iterable[str]) -> dict[str, str]:
    return {field: text for field in fields if (text := text_of(dataset, field))}
