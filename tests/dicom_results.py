"""A study that objects are written of, and what was written read again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

import dicom_objects
from builders import write_dicom
from scanwright.data.case import Case
from scanwright.io.dataset import open_inputs
from scanwright.io.dicom.labels import Labels, lazy_labels
from scanwright.io.dicom.series import Series, read_grid
from scanwright.io.dicom.writing.result import Algorithm, Structure, write_object
from scanwright.io.dicom.writing.source import Source, find_source

ALGORITHM = Algorithm("scanwright segmentation", "0.1.0, model 0123456789ab", "0.1.0", "0123456789abcdef")
STRUCTURES = (
    Structure(1, "liver", (230, 159, 0), {"volume_ml": 0.294, "long_mm": 7.0, "short_mm": 4.2}),
    Structure(2, "left kidney tumour", (0, 114, 178), {"volume_ml": 0.0098}),
)


@dataclass(frozen=True)
class Written:
    """A case from DICOM, its source, and a way to write objects and read them again."""

    folder: Path
    case: Case
    source: Source

    @property
    def mask(self) -> np.ndarray:
        """(column, row, slice) with two structures: one over several slices with a hole, one of one slice."""
        mask = np.zeros(self.source.shape, np.uint8)
        mask[3:9, 5:15, 1:4] = 1
        mask[5:7, 8:11, 1:4] = 0
        mask[11:13, 3:5, 4] = 2
        return mask

    def save(self, made: Dataset, name: str = "made") -> Path:
        return write_object(self.folder / f"{name}.dcm", made)

    def painted(self, labels: Labels) -> np.ndarray:
        """What an object outlines, on the grid of the images, by the numbers of its structures."""
        series = self.case.image.origin
        assert isinstance(series, Series)
        values = {name.casefold(): number for number, name in labels.names.items()}
        return lazy_labels(lambda: read_grid(series), self.folder, [labels], values).read().array[0]


def study_of(folder: Path, slices: Sequence[Dataset]) -> Written:
    """A case of these slices, unsorted, under random names."""
    write_dicom(folder / "images", list(slices))
    (case,) = open_inputs(folder / "images").cases
    source = find_source(case, folder / "images")
    assert source is not None
    return Written(folder, case, source)


def slices_of(n: int = 6, **fields: object) -> list[Dataset]:
    """Slices with what every archive knows of a study."""
    known = {"StudyInstanceUID": "1.2.55", "StudyDate": "20260102", "StudyTime": "101112", "StudyID": "S1"}
    return dicom_objects.image(n, **{**known, "PatientBirthDate": "", "PatientSex": "F", **fields})
