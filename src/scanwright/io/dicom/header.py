"""The few header fields by which a DICOM file finds its place in a series; pixels stay on the disk."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.uid import MediaStorageDirectoryStorage

from scanwright.errors import DataError
from scanwright.types import FloatArray

SUFFIXES = (".dcm", ".dicom", ".ima")
_DERIVED = ("SEG", "RTDOSE")  # they have pixels, but are results, not images
_PREAMBLE_BYTES = 132
_TAGS = [
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "PatientID",
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
]


@dataclass(frozen=True, eq=False)
class Header:
    """Where one image lies, in DICOM's patient axes (LPS+, mm).

    Attributes:
        path: the file.
        position_lps: centre of the first pixel; ``None`` for projections (radiographs, ultrasound).
        orientation_lps: (2, 3), the directions in which the column and the row index grow.
        spacing_mm: between columns, between rows.
        thickness_mm: between slices as the header says, used where there is one slice only.
    """

    path: Path
    series_uid: str
    instance_uid: str
    modality: str
    patient: str | None
    scanner: str
    rows: int
    columns: int
    n_frames: int
    position_lps: FloatArray | None
    orientation_lps: FloatArray | None
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None


def is_dicom(path: Path) -> bool:
    """True for a file with DICOM's preamble, or one whose suffix says so.

    Raises:
        OSError: the file cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(_PREAMBLE_BYTES)
    return head[128:] == b"DICM" or (path.suffix.lower() in SUFFIXES and len(head) > 0)


@contextmanager
def quietly() -> Iterator[None]:
    """Without pydicom's warnings on odd values: they quote the values, and those may be a patient's."""
    log = logging.getLogger("pydicom")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)


def read_header(path: Path) -> Header | None:
    """Read one header.

    Returns:
        ``None`` for objects that are no images (RTSTRUCT, SR, SEG, DICOMDIR).

    Raises:
        DataError: a field is not what it should be.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    # Files from before DICOM's preamble are read too, hence force; the fields below then tell.
    dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    if "Rows" not in dataset or "Columns" not in dataset:
        index = dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage
        if "SOPInstanceUID" not in dataset and "Modality" not in dataset and not index:
            raise DataError("the file is not DICOM, or damaged")
        return None
    if str(dataset.get("Modality") or "") in _DERIVED:
        return None
    uid = str(dataset.get("SeriesInstanceUID") or "")
    if not uid:
        raise DataError("the image has no SeriesInstanceUID")
    position = _numbers(dataset, "ImagePositionPatient", 3)
    orientation = _numbers(dataset, "ImageOrientationPatient", 6)
    spacing = _numbers(dataset, "PixelSpacing", 2)
    if spacing is not None and not (spacing > 0).all():
        raise DataError("PixelSpacing is not positive")
    thickness = _numbers(dataset, "SpacingBetweenSlices", 1)
    if thickness is None or thickness[0] <= 0:
        thickness = _numbers(dataset, "SliceThickness", 1)
    scanner = " ".join(
        str(dataset.get(tag) or "").strip() for tag in ("Manufacturer", "ManufacturerModelName")
    )
    return Header(
        path=path,
        series_uid=uid,
        instance_uid=str(dataset.get("SOPInstanceUID") or ""),
        modality=str(dataset.get("Modality") or ""),
        patient=str(dataset.get("PatientID") or "").strip() or None,
        scanner=scanner.strip(),
        rows=int(dataset.Rows),
        columns=int(dataset.Columns),
        n_frames=int(dataset.get("NumberOfFrames") or 1),
        position_lps=position,
        orientation_lps=None if orientation is None else orientation.reshape(2, 3),
        spacing_mm=None if spacing is None else (float(spacing[1]), float(spacing[0])),
        thickness_mm=float(thickness[0]) if thickness is not None and thickness[0] > 0 else None,
    )


def _numbers(dataset: Any, name: str, count: int) -> FloatArray | None:
    value = dataset.get(name)
    if value is None or value == "":
        return None
    numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if numbers.size == 0:
        return None
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise DataError(f"{name} does not hold {count} numbers")
    return numbers
