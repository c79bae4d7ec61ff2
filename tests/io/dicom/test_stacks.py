"""What one series holds is told apart: echoes, phases, directions, and slices that stand there twice."""

import numpy as np
import pytest
from pydicom.uid import generate_uid

from builders import dicom_series, dicom_slice, write_dicom
from scanwright.errors import DataError, SettingsError
from scanwright.io import open_inputs, read_image


def marked(field, values, n_slices=5):
    """A series that holds a volume for each value of a field, brighter from value to value."""
    slices = []
    for number, value in enumerate(values):
        for one in dicom_series(n_slices):
            setattr(one, field, value)
            one.RescaleIntercept = 1000 * number
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            slices.append(one)
    return slices


@pytest.mark.parametrize(
    ("field", "values", "names"),
    [
        ("EchoTime", (4.6, 12.2), ("EchoTime-4.6", "EchoTime-12.2")),
        ("TriggerTime", (1.0, 2.0, 10.0), ("TriggerTime-1.0", "TriggerTime-2.0", "TriggerTime-10.0")),
        ("DiffusionBValue", (0.0, 1000.0), ("DiffusionBValue-0.0", "DiffusionBValue-1000.0")),
        ("AcquisitionNumber", (1, 2), ("AcquisitionNumber-1", "AcquisitionNumber-2")),
    ],
)  # fmt: skip
def test_volumes_at_one_place_are_told_apart_by_their_marks(tmp_path, field, values, names):
    dataset = open_inputs(write_dicom(tmp_path, marked(field, values)))
    assert [case.name for case in dataset.cases] == [f"1.2.3_{name}" for name in names]
    for number, case in enumerate(dataset.cases):
        volume = case.image.read()
        np.testing.assert_array_equal(volume.array[0, 0, 0], np.arange(5) * 100 + 1000 * number)


def test_images_of_two_kinds_in_one_series_are_two_volumes(tmp_path):
    slices = marked("ImageType", (["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]))
    assert len(open_inputs(write_dicom(tmp_path, slices))) == 2


def test_two_directions_with_enough_slices_are_two_volumes_and_with_few_a_localizer(tmp_path):
    def both(n):
        sideways = dicom_series(n)
        for k, one in enumerate(sideways):
            one.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
            one.ImagePositionPatient = [-150 + 3 * k, -160, 0]
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        return dicom_series(n) + sideways

    dataset = open_inputs(write_dicom(tmp_path / "many", both(5)))
    assert sorted(case.name for case in dataset.cases) == ["1.2.3_direction-1", "1.2.3_direction-2"]
    dataset = open_inputs(write_dicom(tmp_path / "few", both(3)))
    assert not dataset.cases
    assert "different directions (a localizer?)" in dataset.set_aside[0].reason


def test_a_slice_that_stands_there_twice_counts_once_and_is_told(tmp_path):
    slices = dicom_series(5)
    again = dicom_series(5)[2]
    again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = open_inputs(write_dicom(tmp_path, [*slices, again]))
    assert dataset.cases[0].image.read().shape[2] == 5
    assert any("slices that stand there twice and count once: 1" in note for note in dataset.notes)


def test_two_different_slices_at_one_place_are_no_volume(tmp_path):
    slices = dicom_series(5)
    other = dicom_slice(np.ones((24, 16)), position=(-150, -160, -490))
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = open_inputs(write_dicom(tmp_path, [*slices, other]))
    assert "several images lie at one place" in dataset.set_aside[0].reason


def test_a_folder_of_several_volumes_is_no_single_image(tmp_path):
    folder = write_dicom(tmp_path, marked("EchoTime", (4.6, 12.2)))
    with pytest.raises(DataError, match=r"several volumes.*EchoTime 4.6, EchoTime 12.2"):
        read_image(folder)


def test_localizers_screenshots_and_stray_slices_are_set_aside_beside_a_volume(tmp_path):
    def study(slices, **fields):
        for one in slices:
            one.StudyInstanceUID = "1.9"
            for field, value in fields.items():
                setattr(one, field, value)
        return slices

    shot = study(dicom_series(1, series="1.2.6"), SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    for one in shot:
        del one.ImagePositionPatient
    slices = [
        *study(dicom_series(6, series="1.2.3")),
        *study(dicom_series(3, series="1.2.4"), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
        *study(dicom_series(1, series="1.2.5")),
        *shot,
    ]
    dataset = open_inputs(write_dicom(tmp_path, slices))
    assert [case.name for case in dataset.cases] == ["1.2.3"]
    reasons = {aside.case: aside.reason for aside in dataset.set_aside}
    assert reasons["1.2.4"] == "a localizer (scout)"
    assert "a single slice" in reasons["1.2.5"]
    assert "secondary capture" in reasons["1.2.6"]


def test_a_single_slice_of_its_own_study_is_a_case(tmp_path):
    slices = [*dicom_series(6, series="1.2.3"), *dicom_series(1, series="1.2.5")]
    for one in slices:
        one.StudyInstanceUID = one.SeriesInstanceUID
    assert len(open_inputs(write_dicom(tmp_path, slices))) == 2


def test_a_pattern_chooses_among_the_series_of_an_export(tmp_path):
    slices = []
    for uid, modality, text in (
        ("1.2.3", "CT", "Abdomen thin"),
        ("1.2.4", "CT", "Abdomen 5 mm"),
        ("1.2.5", "PT", "WB"),
    ):
        for one in dicom_series(4, series=uid):
            one.Modality, one.SeriesDescription = modality, text
            slices.append(one)
    write_dicom(tmp_path, slices)

    def chosen(pattern):
        return sorted(case.name for case in open_inputs(tmp_path, series=pattern).cases)

    assert chosen("^pt") == ["1.2.5"]
    assert chosen("THIN") == ["1.2.3"]
    assert chosen(r"1\.2\.4$") == ["1.2.4"]
    assert chosen("^CT") == ["1.2.3", "1.2.4"]
    aside = open_inputs(tmp_path, series="^CT").set_aside
    assert not aside
    assert any(
        "1 volumes are not of the series" in note for note in open_inputs(tmp_path, series="^CT").notes
    )
    with pytest.raises(DataError, match=r"'spine' is found. Received \d [CP]T, \d [CP]T"):
        open_inputs(tmp_path, series="spine")
    with pytest.raises(SettingsError, match="no regular expression"):
        open_inputs(tmp_path, series="(")


def named_study(slices, uid, **fields):
    for one in slices:
        one.StudyInstanceUID = uid
        for field, value in fields.items():
            setattr(one, field, value)
    return slices


def test_a_photograph_beside_a_volume_is_no_screenshot(tmp_path):
    """1.2.840.10008.5.1.4.1.1.77… begins like the class of screenshots."""
    photograph = named_study(
        dicom_series(1, series="1.2.6"), "1.9", SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.5.1"
    )
    for one in photograph:
        del one.ImagePositionPatient
        one.Modality = "OP"
    dataset = open_inputs(write_dicom(tmp_path, [*named_study(dicom_series(6), "1.9"), *photograph]))
    assert sorted(case.name for case in dataset.cases) == ["1.2.3", "1.2.6"]


def test_a_single_slice_is_kept_where_its_study_has_only_a_localizer_or_no_name(tmp_path):
    localizer = named_study(
        dicom_series(3, series="1.2.4"), "1.9", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    slices = [*localizer, *named_study(dicom_series(1, series="1.2.5"), "1.9")]
    dataset = open_inputs(write_dicom(tmp_path / "a", slices))
    assert [one.reason for one in dataset.set_aside] == ["a localizer (scout)"]
    assert len(dataset) == 1
    nameless = [*dicom_series(6), *dicom_series(1, series="1.2.5")]
    assert len(open_inputs(write_dicom(tmp_path / "b", nameless))) == 2
