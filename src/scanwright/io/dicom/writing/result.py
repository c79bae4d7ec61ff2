"""What all objects have in common: structures, who made them, which study they belong to."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, generate_uid

from scanwright import extras
from scanwright.errors import DataError
from scanwright.extras import require
from scanwright.io.dicom.header import quietly
from scanwright.io.dicom.writing.source import Source
from scanwright.io.failures import READING_FAILURES
from scanwright.io.files import write_whole

MANUFACTURER = "scanwright"
NOT_FOR_DIAGNOSIS = "Research use only, not for diagnosis"
_LONGEST = 64
"""Letters of a DICOM text of the kind LO (PS3.5, 6.2)."""


@dataclass(frozen=True)
class Algorithm:
    """What made the results.

    Attributes:
        name: such as "scanwright segmentation".
        version: of the program, and of the model.
        software: version of the program alone.
        model: a hash over the model.
    """

    name: str
    version: str
    software: str
    model: str


@dataclass(frozen=True)
class Structure:
    """One thing that is outlined.

    Attributes:
        number: its value in the mask that is written, from 1 on without gaps.
        name: as the user has it.
        colour_rgb: for display, 0 to 255.
        measured: "volume_ml", "long_mm", "short_mm": whichever are known.
        tracking_id, tracking_uid: by which it is known again at other dates; "" where there are none.
    """

    number: int
    name: str
    colour_rgb: tuple[int, int, int]
    measured: Mapping[str, float] = field(default_factory=dict)
    tracking_id: str = ""
    tracking_uid: str = ""


def item(**fields: Any) -> Dataset:
    """An item of a sequence."""
    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def highdicom() -> ModuleType:
    """The library that writes most objects.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("highdicom", extra="dicom", feature="Writing DICOM objects")


def new_uid() -> UID:
    """A UID of its own for a new object (PS3.5, B.2: from a random UUID)."""
    return generate_uid(prefix=None)


def short(text: str) -> str:
    """A text of the kind LO: no backslash, at most 64 letters."""
    return text.replace("\\", "/").strip()[:_LONGEST]


def equipment(algorithm: Algorithm, series_number: int, description: str) -> dict[str, Any]:
    """The arguments that all classes of highdicom share: a new series with one object, and who made it."""
    return {
        "series_instance_uid": new_uid(),
        "series_number": series_number,
        "sop_instance_uid": new_uid(),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": short(algorithm.name),
        "software_versions": short(algorithm.software),
        "device_serial_number": algorithm.model[:16],
        "series_description": short(f"{description} ({NOT_FOR_DIAGNOSIS.lower()})"),
    }


def new_object(source: Source, sop_class: UID, modality: str, made: Mapping[str, Any]) -> Dataset:
    """An object of a class that highdicom has no constructor for, with the patient and study of the source.

    Args:
        source: of the results.
        sop_class: of the object.
        modality: of the object.
        made: see ``equipment``.
    """
    first = source.first
    started: Dataset = highdicom().SOPClass(
        study_instance_uid=first.StudyInstanceUID,
        sop_class_uid=sop_class,
        modality=modality,
        patient_id=first.PatientID,
        patient_name=first.PatientName,
        patient_birth_date=first.PatientBirthDate,
        patient_sex=first.PatientSex,
        accession_number=first.AccessionNumber,
        study_id=first.StudyID,
        study_date=first.StudyDate,
        study_time=first.StudyTime,
        referring_physician_name=first.ReferringPhysicianName,
        specific_character_set=first.SpecificCharacterSet,
        **made,
    )
    started.copy_patient_and_study_information(first)
    return started


@contextmanager
def making() -> Iterator[None]:
    """Making an object; what a library says of odd headers may quote them, and so is not repeated.

    Raises:
        DataError: the library refused.
    """
    try:
        with quietly(), extras.quietly("highdicom", logging.CRITICAL):
            yield
    except READING_FAILURES as error:
        raise DataError(f"the headers of its images do not allow one ({type(error).__name__})") from error


def algorithm_identification(algorithm: Algorithm) -> Any:
    """The sequence that names what made the results; of the family "Artificial Intelligence" (CID 7162)."""
    return highdicom().AlgorithmIdentificationSequence(
        name=short(algorithm.name),
        family=codes.cid7162.ArtificialIntelligence,
        version=short(algorithm.version),
        source=MANUFACTURER,
    )


def write_object(path: Path, made: Dataset) -> Path:
    """Write an object, whole or not at all.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    write_whole(path, lambda part: made.save_as(part, enforce_file_format=True))
    return path
