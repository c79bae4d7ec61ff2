"""PET in SUV: by the formula of the standard, and only where the header tells enough."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from builders import dicom_series, write_dicom
from scanwright.io import open_inputs

DOSE_BQ, HALF_LIFE_S, WEIGHT_KG = 370e6, 6586.2, 70.0


def pet(**changes):
    """A PET series in Bq/ml, scanned an hour after the injection."""
    drug = Dataset()
    drug.RadionuclideTotalDose = changes.pop("dose", DOSE_BQ)
    drug.RadionuclideHalfLife = HALF_LIFE_S
    drug.RadiopharmaceuticalStartTime = changes.pop("injected", "090000.00")
    slices = dicom_series(3)
    for one in slices:
        one.Modality, one.Units, one.DecayCorrection = "PT", "BQML", "START"
        one.CorrectedImage = ["DECY", "ATTN", "SCAT"]
        one.PatientWeight = WEIGHT_KG
        one.SeriesDate = one.AcquisitionDate = "20200203"
        one.SeriesTime, one.AcquisitionTime = "100000", "100512.5"
        one.RescaleIntercept = 0
        one.RadiopharmaceuticalInformationSequence = Sequence([drug])
        for name, value in changes.items():
            setattr(one, name, value)
    return slices


def read(tmp_path, slices):
    (case,) = open_inputs(write_dicom(tmp_path, slices)).cases
    return case.image.read().array[0, 3, 4], case.facts.get("unit")


STORED = np.array([11.0, 111.0, 211.0])


def test_decay_to_the_start_of_the_scan_is_taken_from_the_dose(tmp_path):
    values, unit = read(tmp_path, pet())
    left = DOSE_BQ * 0.5 ** (3600 / HALF_LIFE_S)
    np.testing.assert_allclose(values, STORED * WEIGHT_KG * 1000 / left, rtol=1e-6)
    assert unit == "SUV"


def test_decay_corrected_to_the_injection_needs_no_time(tmp_path):
    values, _ = read(tmp_path, pet(DecayCorrection="ADMIN", SeriesTime=""))
    np.testing.assert_allclose(values, STORED * WEIGHT_KG * 1000 / DOSE_BQ, rtol=1e-6)


def test_an_injection_before_midnight_was_the_day_before(tmp_path):
    values, _ = read(tmp_path, pet(injected="233000", SeriesTime="003000", AcquisitionTime="003100"))
    left = DOSE_BQ * 0.5 ** (3600 / HALF_LIFE_S)
    np.testing.assert_allclose(values, STORED * WEIGHT_KG * 1000 / left, rtol=1e-6)


def test_what_is_suv_already_stays(tmp_path):
    values, unit = read(tmp_path, pet(Units="GML"))
    np.testing.assert_array_equal(values, STORED)
    assert unit == "SUV"


@pytest.mark.parametrize(
    "changes",
    [
        {"PatientWeight": ""},
        {"dose": 0},
        {"Units": "CNTS"},
        {"CorrectedImage": ["ATTN"]},
        {"DecayCorrection": "NONE"},
        {"SeriesTime": "120000"},
        {"SeriesTime": ""},
        {"injected": ""},
    ],
    ids=str,
)
def test_where_the_header_does_not_tell_enough_values_stay_and_have_no_unit(tmp_path, changes):
    values, unit = read(tmp_path, pet(**changes))
    np.testing.assert_array_equal(values, STORED)
    assert unit is None
