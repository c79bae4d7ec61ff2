"""PET: from Bq/ml to the standardised uptake value by body weight.

After the vendor-neutral procedure of the Quantitative Imaging Biomarkers Alliance (QIBA, FDG-PET/CT profile,
appendix G), for scans whose decay was corrected to the start of the scan or to the injection.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

_TAGS = [
    "Units",
    "DecayCorrection",
    "CorrectedImage",
    "PatientWeight",
    "SeriesDate",
    "SeriesTime",
    "AcquisitionDate",
    "AcquisitionTime",
    "RadiopharmaceuticalInformationSequence",
]
_LONGEST_WAIT_S = 24 * 3600.0


def uptake_factor(path: Path) -> float | None:
    """What the measured values of a PET series are multiplied by to become SUV (g/ml), from one of its files.

    Returns:
        1 where they are SUV by body weight already; ``None`` where the header does not tell enough.
    """
    dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    units = str(dataset.get("Units") or "")
    if units == "GML":
        return 1.0
    corrected = dataset.get("CorrectedImage") or ()
    if units != "BQML" or "DECY" not in corrected or "ATTN" not in corrected:
        return None
    drugs: Sequence[Dataset] = dataset.get("RadiopharmaceuticalInformationSequence") or []
    if len(drugs) != 1:
        return None
    weight_kg = float(dataset.get("PatientWeight") or 0)
    dose_bq = float(drugs[0].get("RadionuclideTotalDose") or 0)
    half_life_s = float(drugs[0].get("RadionuclideHalfLife") or 0)
    if min(weight_kg, dose_bq, half_life_s) <= 0:
        return None
    how = str(dataset.get("DecayCorrection") or "")
    waited_s = 0.0 if how == "ADMIN" else _waited_s(dataset, drugs[0]) if how == "START" else None
    if waited_s is None:
        return None
    left_bq: float = dose_bq * 2.0 ** (-waited_s / half_life_s)
    return weight_kg * 1000.0 / left_bq


def _waited_s(dataset: Dataset, drug: Dataset) -> float | None:
    """Seconds from the injection to the start of the scan; ``None`` where that makes no sense.

    A series that was made later than its images, as after post-processing, does not tell when the scan began:
    the values stay as they are.
    """
    start = _moment(dataset.get("SeriesDate"), dataset.get("SeriesTime"))
    image = _moment(dataset.get("AcquisitionDate"), dataset.get("AcquisitionTime"))
    if start is None or (image is not None and start > image):
        return None
    injected = _moment(drug.get("RadiopharmaceuticalStartDateTime"), None)
    if injected is None:
        injected = _moment(dataset.get("SeriesDate"), drug.get("RadiopharmaceuticalStartTime"))
        if injected is not None and injected > start:
            injected -= dt.timedelta(days=1)  # injected before midnight
    if injected is None:
        return None
    waited_s = (start - injected).total_seconds()
    return waited_s if 0 <= waited_s <= _LONGEST_WAIT_S else None


def _moment(date: object, time: object) -> dt.datetime | None:
    """A date and a time, or both in one; offsets from UTC are left out, as both ends have the same."""
    day, clock = str(date or ""), str(time or "")
    text = day[:14] if time is None else day + clock
    whole = text.partition(".")[0].partition("+")[0].partition("-")[0].ljust(14, "0")
    if not whole[:8].isdecimal() or (time is not None and not clock):
        return None
    try:
        return dt.datetime.strptime(whole[:14], "%Y%m%d%H%M%S")
    except ValueError:
        return None
