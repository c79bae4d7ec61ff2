"""Source: the DICOM images that results are of, and what results take over from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from scanwright.core.geometry import RAS_LPS
from scanwright.data.case import Case
from scanwright.errors import DataError
from scanwright.io.dicom.header import is_dicom, quietly
from scanwright.io.dicom.placement import place, straightened_grid
from scanwright.io.dicom.scan import one_series
from scanwright.io.dicom.series import Series, series_of_file
from scanwright.io.failures import reading
from scanwright.types import AnyArray, FloatArray

_UTF8 = "ISO_IR 192"
# Of type 2 in all objects: they stand there, and may be empty (PS3.3 C.7.1.1, C.7.2.1).
_MAY_BE_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime"),
    *("ReferringPhysicianName", "StudyID", "AccessionNumber"),
)
_SEXES = ("M", "F", "O")
_SHORT, _LONGEST_SHORT = ("StudyID", "AccessionNumber"), 16
"""Texts of the kind SH, and how long the standard lets them be (PS3.5, 6.2)."""
NO_PLACE = "its images say no place in the patient, or name no frame of reference"


@dataclass(frozen=True, eq=False)
class Source:
    """The images that results are of.

    Attributes:
        headers: of its files, without pixels, in the order of the slices; all text in UTF-8, and with every
            field that results must have, even if empty.
        images: of each slice the number of its header, and of its frame from 1 on; ``None`` of files with
            one image.
        shape: (column, row, slice) of the grid that results lie on.
        positions_lps: (slice, 3), centres of the first pixels of that grid in mm; ``None`` for projections
            and where no frame of reference is named.
        orientation_lps: (2, 3), directions in which columns and rows grow.
        spacing_mm: between columns, rows, slices.
        thickness_mm: of a slice.
        straightened: whether the gantry was tilted, so that the grid is not that of the images.
    """

    headers: tuple[Dataset, ...]
    images: tuple[tuple[int, int | None], ...]
    shape: tuple[int, int, int]
    positions_lps: FloatArray | None
    orientation_lps: FloatArray | None
    spacing_mm: tuple[float, float, float] | None
    thickness_mm: float | None
    straightened: bool = False

    @cached_property
    def first(self) -> Dataset:
        """The header that patient, study and frame of reference are taken from."""
        return self.headers[0]

    def frames(self, array: AnyArray) -> AnyArray:
        """(column, row, slice) of a result as DICOM has it: (slice, row, column).

        Raises:
            DataError: it does not lie on the grid of the images.
        """
        if array.shape != self.shape:
            raise DataError(
                "the result does not lie on the grid of its DICOM images",
                expected=f"shape {self.shape}",
                received=f"shape {array.shape}",
            )
        return np.ascontiguousarray(array.T)

    def points_lps(self, columns_rows: FloatArray, index: int) -> FloatArray:
        """(n, 3) patient mm of (column, row) in a slice.

        Raises:
            DataError: the images say no place.
        """
        if self.positions_lps is None or self.orientation_lps is None or self.spacing_mm is None:
            raise DataError("the images say no place in the patient")
        steps = self.orientation_lps * np.array(self.spacing_mm[:2])[:, None]
        points: FloatArray = self.positions_lps[index] + columns_rows @ steps
        return points


def find_source(case: Case, root: Path) -> Source | None:
    """The DICOM images of a case; ``None`` where it does not come from DICOM.

    Args:
        case: whose image is read from a series or a file.
        root: what the source of its image is relative to.

    Raises:
        DataError: a header can't be read, or names no study.
    """
    series = case.image.origin
    with reading(case.name, quote=False), quietly():
        if not isinstance(series, Series):
            path = root / case.image.source
            if path.is_dir():
                series = one_series(path, case.name)
            elif path.is_file() and is_dicom(path):
                series = series_of_file(path, path.parent, case.name)
            else:
                return None
        return _source(series)


def _source(series: Series) -> Source:
    (series,) = series.volumes()
    placement = place(series.planes)
    planes = placement.planes
    paths = list(dict.fromkeys(plane.path for plane in planes))
    headers = tuple(_header(path) for path in paths)
    images = tuple(
        (paths.index(plane.path), plane.frame + 1 if plane.n_frames > 1 else None) for plane in planes
    )
    first = planes[0]
    shape = (first.columns, first.rows, len(planes))
    affine_ras, orientation, spacing = placement.affine_ras, first.orientation_lps, first.spacing_mm
    if affine_ras is None or orientation is None or spacing is None or not first.frame_uid:
        return Source(headers, images, shape, None, None, None, None)
    straightened = any(placement.shift)
    positions = np.array([plane.position_lps for plane in planes])
    if straightened:
        shape, affine_ras = straightened_grid(shape, placement)
        affine_lps = RAS_LPS @ affine_ras
        positions = affine_lps[:3, 3] + np.arange(shape[2])[:, None] * affine_lps[:3, 2]
    step = float(np.linalg.norm(affine_ras[:3, 2]))
    thickness = float(headers[0].get("SliceThickness") or first.thickness_mm or step)
    return Source(headers, images, shape, positions, orientation, (*spacing, step), thickness, straightened)


def _header(path: Path) -> Dataset:
    header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    if not header.get("StudyInstanceUID"):
        raise DataError("the DICOM images name no study that results could belong to")
    header.decode()
    header.SpecificCharacterSet = _UTF8
    for name in _MAY_BE_EMPTY:
        if name not in header:
            setattr(header, name, "")
    for name in _SHORT:  # cut, they would be those of another study
        if len(str(header[name].value or "")) > _LONGEST_SHORT:
            setattr(header, name, "")
    if header.PatientSex not in _SEXES:
        header.PatientSex = ""
    return header
