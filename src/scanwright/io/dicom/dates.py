"""Dates of DICOM studies. They are no facts of a case, so that manifests of an export do not bear them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pydicom

from scanwright.errors import DataError
from scanwright.io.dicom.fields import text_of
from scanwright.io.dicom.header import is_dicom, quietly
from scanwright.io.failures import READING_FAILURES

_DATES = ("AcquisitionDate", "SeriesDate", "StudyDate")
MOST_FILES = 200_000


def find_dates(folder: Path) -> dict[str, str]:
    """Code of a study, as in the facts of its cases → the day of the first image, YYYYMMDD.

    Args:
        folder: looked through with all folders below it; what can't be read is passed over, and so are
            studies without a date.
    """
    dates: dict[str, str] = {}
    n_files = 0
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            n_files += 1
            if n_files > MOST_FILES:
                return dates
            found = _date_of(Path(place) / name)
            if found is not None:
                uid, day = found
                code = hashlib.sha256(uid.encode()).hexdigest()[:12]
                dates[code] = min(day, dates.get(code, day))
    return dates


def _date_of(path: Path) -> tuple[str, str] | None:
    try:
        if not is_dicom(path):
            return None
        with quietly():
            header = pydicom.dcmread(
                path, stop_before_pixels=True, specific_tags=["StudyInstanceUID", *_DATES], force=True
            )
            uid = text_of(header, "StudyInstanceUID")
            days = [text_of(header, name) for name in _DATES]
    except (*READING_FAILURES, DataError):
        return None
    told = [day for day in days if day]
    return (uid, told[-1]) if uid and told else None
