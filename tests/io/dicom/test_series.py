"""DICOM series come together by content alone, in the place that DICOM says."""

import pickle
import warnings

import nibabel as nib
import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import RTStructureSetStorage

from builders import dicom_series, dicom_slice, real_data, write_dicom, write_text
from scanwright.errors import DataError
from scanwright.io import open_inputs, read_image
from scanwright.io.dicom.header import quietly
from scanwright.io.dicom.scan import scan_tree


def reasons(dataset):
    return [f"{aside.case}: {aside.reason}" for aside in dataset.set_aside]


def test_the_example_of_the_contracts(tmp_path):
    """Column 10, row 20, slice 3: LPS (−150 + 7, −160 + 14, −500 + 15), hence RAS (143, 146, −485)."""
    volume = read_image(write_dicom(tmp_path, dicom_series()))
    assert volume.array.shape == (1, 16, 24, 6)
    assert volume.modality == "CT"
    assert volume.array[0, 10, 20, 3] == 300 + 2 * 20 + 10 - 1024
    np.testing.assert_allclose(volume.affine_ras @ (10, 20, 3, 1), (143, 146, -485, 1), atol=1e-9)
    assert volume.spacing_mm == pytest.approx((0.7, 0.7, 5.0))


def test_housfield_units_stay_whole(tmp_path):
    volume = read_image(write_dicom(tmp_path, dicom_series()))
    assert volume.array.dtype == np.int16
    assert volume.array.min() == -1024


def test_a_slope_per_slice_is_applied_to_its_slice(tmp_path):
    slices = dicom_series(3)
    for k, one in enumerate(slices):
        one.RescaleSlope, one.RescaleIntercept = 0.5 * (k + 1), 0
    volume = read_image(write_dicom(tmp_path, slices))
    assert volume.array.dtype == np.float32
    np.testing.assert_allclose(volume.array[0, 3, 4], [11 * 0.5, 111 * 1.0, 211 * 1.5])


def test_a_slope_of_zero_is_none_and_a_note_says_so(tmp_path):
    slices = dicom_series(4)
    for one in slices:
        one.RescaleSlope = 0
    folder = write_dicom(tmp_path, slices)
    np.testing.assert_array_equal(read_image(folder).array[0, 0, 0], np.arange(4) * 100 - 1024)
    (note,) = open_inputs(folder).notes
    assert "RescaleSlope is 0, and is taken for 1" in note


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("RescaleSlope", "nan"),
        ("RescaleSlope", "1e30"),
        ("RescaleSlope", "1e-30"),
        ("RescaleIntercept", "-1e20"),
        ("RescaleIntercept", "inf"),
        ("ImagePositionPatient", ["0", "0", "1e9"]),
    ],
)
def test_what_makes_no_sense_in_a_header_is_named_and_the_rest_goes_on(tmp_path, field, value):
    odd, *rest = dicom_series(5)
    with quietly():  # pydicom warns of what it writes, too
        setattr(odd, field, value)
        found = open_inputs(write_dicom(tmp_path, [odd, *rest]))
    (one,) = found.set_aside
    assert field in one.reason
    assert found.cases[0].image.read().shape == (16, 24, 4)


@given(seed=st.integers(0, 10**6))
def test_names_and_order_of_the_files_play_no_part(tmp_path_factory, seed):
    volume = read_image(write_dicom(tmp_path_factory.mktemp("dicom"), dicom_series(4), seed=seed))
    np.testing.assert_array_equal(volume.array[0, 0, 0], np.arange(4) * 100 - 1024)


@given(
    angles=st.tuples(*[st.floats(-3, 3)] * 3),
    origin=st.tuples(*[st.floats(-300, 300)] * 3),
    step=st.floats(0.5, 8),
)
def test_any_orientation_lands_where_dicom_says(tmp_path_factory, angles, origin, step):
    rotation = np.linalg.qr(np.array([[np.cos(a), np.sin(a), a / 3 + 0.1] for a in angles]) + np.eye(3))[0]
    columns, rows = rotation[:, 0], rotation[:, 1]
    normal = np.cross(columns, rows)
    slices = dicom_series(3)
    for k, one in enumerate(slices):
        position = np.asarray(origin) + k * step * normal
        one.ImageOrientationPatient = [f"{x:.12f}" for x in (*columns, *rows)]
        one.ImagePositionPatient = [f"{x:.10f}" for x in position]
    volume = read_image(write_dicom(tmp_path_factory.mktemp("dicom"), slices))
    expected_lps = np.asarray(origin) + 5 * 0.7 * columns + 7 * 0.7 * rows + 2 * step * normal
    np.testing.assert_allclose((volume.affine_ras @ (5, 7, 2, 1))[:3], expected_lps * (-1, -1, 1), atol=1e-5)
    assert volume.array[0, 5, 7, 2] == 200 + 2 * 7 + 5 - 1024


def test_two_series_in_one_heap_become_two_cases(tmp_path):
    write_dicom(tmp_path, dicom_series(4, series="1.2.3") + dicom_series(5, series="1.2.4"))
    write_text(tmp_path / "README.txt", "an export")
    (tmp_path / "noise").write_bytes(b"no DICOM at all")
    dataset = open_inputs(tmp_path)
    assert {case.name: case.image.read().shape[2] for case in dataset.cases} == {"1.2.3": 4, "1.2.4": 5}
    assert [case.patient for case in dataset.cases] == ["P-7", "P-7"]
    assert dataset.patients == "PatientID in the DICOM header"
    assert dataset.cases[0].facts == {"modality": "CT", "scanner": "Maker", "identity": "in the header"}
    assert dataset.set_aside == ()


@pytest.mark.parametrize(
    ("written", "years"),
    [("063Y", "63"), ("018M", "1.5"), ("007D", "0.0192"), ("097Y", "90"), ("", None), ("63", None)],
)
def test_sex_and_age_in_years_are_facts(tmp_path, written, years):
    slices = dicom_series(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an age that is none is also told by pydicom
        for one in slices:
            one.PatientSex, one.PatientAge = "F", written
        facts = open_inputs(write_dicom(tmp_path, slices)).cases[0].facts
    assert (facts["sex"], facts.get("age")) == ("F", years)


def test_a_series_with_a_folder_of_its_own_is_named_by_it(tmp_path):
    for folder, series in (("a/ct", "1.2.3"), ("b", "1.2.4")):
        for index, one in enumerate(dicom_series(3, series=series)):
            path = tmp_path / folder / f"{index}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            one.save_as(path, enforce_file_format=True)
    assert sorted(case.name for case in open_inputs(tmp_path).cases) == ["a/ct", "b"]
    assert [case.name for case in open_inputs(tmp_path / "b").cases] == ["b"]


def test_the_same_instance_twice_counts_once(tmp_path):
    write_dicom(tmp_path / "once", dicom_series(4))
    write_dicom(tmp_path / "again", dicom_series(4), seed=5)
    assert read_image(tmp_path).shape[2] == 4


def test_headers_are_enough_to_list(tmp_path):
    slices = dicom_series(3)
    for one in slices:
        one.PixelData = one.PixelData[:100]
    write_dicom(tmp_path, slices)
    case = open_inputs(tmp_path).cases[0]
    with pytest.raises(DataError, match=r"^\d\d/[0-9A-F]{8}: the file is damaged"):
        case.image.read()


def change_nothing_but(field, value):
    def change(slices):
        setattr(slices[1], field, value)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda slices: slices.pop(2), "slices are missing"),
        (change_nothing_but("ImagePositionPatient", [-150, -160, -500]), "several images lie at one place"),
        (change_nothing_but("ImagePositionPatient", [-150, -160, -493.9]), "unevenly spaced"),
        (change_nothing_but("ImageOrientationPatient", [1, 0, 0, 0, 0, 1]), "different directions"),
        (change_nothing_but("PixelSpacing", [0.5, 0.5]), "differ in PixelSpacing"),
        (change_nothing_but("NumberOfFrames", 8), "several images lie at one place"),
        (change_nothing_but("ImagePositionPatient", [-140, -160, -495]), "shifted sideways"),
        (change_nothing_but("Rows", 12), "differ in size"),
        (change_nothing_but("PatientID", "P-8"), "several patients"),
        (change_nothing_but("ImagePositionPatient", None), "no place in the patient"),
    ],
)
def test_what_is_no_volume_is_set_aside_with_the_reason(tmp_path, change, reason):
    slices = dicom_series(6)
    change(slices)
    write_dicom(tmp_path, slices)
    write_dicom(tmp_path, dicom_series(3, series="1.9"), seed=3)
    dataset = open_inputs(tmp_path)
    assert [case.name for case in dataset.cases] == ["1.9"]
    assert [aside.case for aside in dataset.set_aside] == ["1.2.3"]
    assert reason in dataset.set_aside[0].reason


def test_a_single_slice_takes_its_thickness_from_the_header(tmp_path):
    volume = read_image(write_dicom(tmp_path, dicom_series(1)))
    assert volume.spacing_mm == pytest.approx((0.7, 0.7, 5.0))
    thin = dicom_series(1)[0]
    del thin.SliceThickness
    (tmp_path / "one").mkdir()
    assert read_image(write_dicom(tmp_path / "one", [thin])).affine_ras is None


def test_a_radiograph_has_no_affine_and_more_is_brighter(tmp_path):
    one = dicom_slice(np.full((6, 8), 1000), position=(0, 0, 0))
    del one.ImagePositionPatient, one.ImageOrientationPatient, one.RescaleSlope, one.RescaleIntercept
    one.Modality, one.PhotometricInterpretation, one.BitsStored, one.HighBit = "DX", "MONOCHROME1", 12, 11
    one.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    volume = read_image(tmp_path / "x.dcm")
    assert volume.affine_ras is None
    assert volume.modality == "DX"
    assert (volume.array == 4095 - 1000).all()
    assert open_inputs(tmp_path / "x.dcm").cases[0].name == "x"


def test_objects_without_images_and_damaged_files_are_told_apart(tmp_path):
    write_dicom(tmp_path, dicom_series(3))
    structures = dicom_slice(np.zeros((2, 2)), position=(0, 0, 0), series="1.5")
    del structures.Rows, structures.Columns, structures.PixelData
    structures.Modality = "RTSTRUCT"
    structures.SOPClassUID = structures.file_meta.MediaStorageSOPClassUID = RTStructureSetStorage
    structures.save_as(tmp_path / "RS.dcm", enforce_file_format=True)
    whole = next(
        path for path in sorted(tmp_path.rglob("*")) if path.is_file() and not path.suffix
    ).read_bytes()
    (tmp_path / "cut").write_bytes(whole[:140])
    write_text(tmp_path / "fake.dcm", "no DICOM")
    dataset = open_inputs(tmp_path)
    assert len(dataset) == 1
    assert any("1 DICOM objects that are no images" in note for note in dataset.notes)
    assert "fake.dcm" in [aside.case for aside in dataset.set_aside]


def no_size(slice_):
    del slice_.Rows


def no_class(slice_):
    no_size(slice_)
    del slice_.SOPClassUID, slice_.file_meta.MediaStorageSOPClassUID


def odd_class(slice_):
    no_size(slice_)
    slice_.SOPClassUID = slice_.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.999"


def class_in_one_place(slice_):
    no_size(slice_)
    slice_.SOPClassUID = RTStructureSetStorage


@pytest.mark.parametrize("damage", [no_size, no_class, odd_class, class_in_one_place])
def test_images_that_lost_their_size_are_damaged_and_no_objects_of_another_kind(tmp_path, damage):
    slices = dicom_series(4)
    write_dicom(tmp_path / "whole", slices[:3])
    damage(slices[3])
    slices[3].preamble = bytes(128)
    slices[3].save_as(tmp_path / "x")
    dataset = open_inputs(tmp_path)
    assert [entry.case for entry in dataset.set_aside] == ["x"]
    assert "damaged" in dataset.set_aside[0].reason
    assert not any("no images" in note for note in dataset.notes)


def test_messages_never_hold_what_stands_in_patient_fields(tmp_path):
    slices = dicom_series(6)
    slices[2].PixelSpacing = [-1, -1]
    slices[3].PatientID = "P-8"
    slices[4].PixelData = b""
    write_dicom(tmp_path, slices)
    text = " ".join(reasons(open_inputs(tmp_path)))
    assert text
    for secret in ("P-7", "P-8", "Secret", "Name"):
        assert secret not in text


def test_a_folder_of_several_series_is_no_single_image(tmp_path):
    write_dicom(tmp_path, dicom_series(2, series="1.2.3") + dicom_series(2, series="1.2.4"))
    with pytest.raises(DataError, match=r"does not hold one DICOM series.*2 series"):
        read_image(tmp_path)


def test_a_case_of_a_series_can_travel_to_another_process(tmp_path):
    case = open_inputs(write_dicom(tmp_path, dicom_series(3))).cases[0]
    copy = pickle.loads(pickle.dumps(case))  # noqa: S301 (made one line above)
    np.testing.assert_array_equal(copy.image.read().array, case.image.read().array)


def assert_same_in_patient(volume, reference):
    """Same voxels at the same places, whatever the order of the axes in the file."""
    ours = nib.as_closest_canonical(nib.Nifti1Image(volume.array[0].astype(np.float64), volume.affine_ras))
    theirs = nib.as_closest_canonical(reference)
    np.testing.assert_allclose(ours.affine, theirs.affine, atol=1e-4)
    np.testing.assert_allclose(ours.get_fdata(), theirs.get_fdata(), atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "anatomical/001",
        "anatomical/001_implicit",
        "hitachi/anatomical/001",
        "hitachi/anatomical/001_implicit",
        "siemens_multiframe/anatomical/001",
        "hyperfine/anatomical/001",
    ],
)
def test_vendors_series_become_the_nifti_that_they_must(name):
    folder = real_data("dicom2nifti-vendors")
    assert_same_in_patient(read_image(folder / name), nib.load(folder / f"{name}_ground_truth.nii.gz"))


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
def test_ibsi_series_equal_their_nifti(modality):
    folder = real_data("ibsi-sts-dicom")
    reference = nib.load(folder / "nifti_reference" / "nifti" / "STS_025" / f"{modality}_image.nii.gz")
    assert_same_in_patient(read_image(folder / "STS_025" / modality / "image"), reference)


def test_a_zoo_of_odd_files_gives_cases_or_reasons_and_no_traceback():
    dataset = open_inputs(real_data("dicom-conformance"))
    assert dataset.set_aside
    problems = []
    for case in dataset.cases:
        try:
            case.image.read()
        except DataError as error:
            problems.append(error)
    assert all(problem.subject for problem in problems)
    assert len(dataset) - len(problems) > 30
    assert len(scan_tree(real_data("dicom-conformance")).series) > 40


def test_files_from_before_the_preamble_are_read(tmp_path):
    for index, one in enumerate(dicom_series(3)):
        del one.file_meta
        one.save_as(
            tmp_path / f"{index}.dcm", implicit_vr=True, little_endian=True, enforce_file_format=False
        )
    assert read_image(tmp_path).shape == (16, 24, 3)


def test_large_values_and_odd_intercepts_keep_their_numbers(tmp_path):
    slices = dicom_series(2)
    for one in slices:
        one.RescaleIntercept = 100000
    assert read_image(write_dicom(tmp_path / "a", slices)).array.dtype == np.int32
    for one in slices:
        one.RescaleIntercept = 0.5
    volume = read_image(write_dicom(tmp_path / "b", slices))
    assert volume.array.dtype == np.float32
    assert volume.array[0, 0, 0, 1] == 100.5


def test_a_header_that_names_the_patient_is_known_to_and_nothing_of_it_is_kept(tmp_path):
    slices = dicom_series(3)
    for one in slices:
        one.PatientName, one.BurnedInAnnotation = "", "NO"
    assert set(open_inputs(write_dicom(tmp_path / "a", slices)).cases[0].facts) == {"modality", "scanner"}
    for one in slices:
        one.PatientName, one.BurnedInAnnotation = "Secret^Name", "YES"
    case = open_inputs(write_dicom(tmp_path / "b", slices)).cases[0]
    assert case.facts["identity"] == "in the header"
    assert case.facts["burned_in"] == "yes"
    assert b"Secret" not in pickle.dumps(case)
    for one in slices:
        one.PatientIdentityRemoved = "YES"
    assert "identity" not in open_inputs(write_dicom(tmp_path / "c", slices)).cases[0].facts


@pytest.mark.parametrize("name", ["CT1_JPLL", "CT1_J2KR", "CT1_JLSL", "CT1_RLE"])
def test_lossless_encodings_agree_to_the_last_bit(name):
    folder = real_data("dicom-wg04")
    image, encoding = name.split("_")
    found = read_image(folder / encoding / name).array
    np.testing.assert_array_equal(found, read_image(folder / "J2KR" / f"{image}_J2KR").array)


def test_a_lossless_jpeg_of_another_size_than_its_header_never_reaches_the_decoder(tmp_path):
    """GDCM would end the program."""
    one = pydicom.dcmread(real_data("dicom-wg04") / "JPLL" / "CT1_JPLL")
    data = bytearray(one.PixelData)
    at = data.index(b"\xff\xc3")
    data[at + 5 : at + 7] = (17).to_bytes(2, "big")
    one.PixelData = bytes(data)
    one.save_as(tmp_path / "x.dcm")
    with pytest.raises(DataError, match="JPEG in the file is damaged, or not of the size"):
        read_image(tmp_path / "x.dcm")


def test_an_encoding_that_nothing_decodes_is_named():
    with pytest.raises(DataError, match=r"no decoder .* Received JPEG Extended .*, 12 bits"):
        read_image(real_data("dicom-wg04") / "JPLY" / "MR1_JPLY")


def test_a_missing_spacing_is_called_that(tmp_path):
    slices = dicom_series(4)
    for one in slices:
        del one.PixelSpacing
    dataset = open_inputs(write_dicom(tmp_path, slices))
    assert dataset.set_aside[0].reason.startswith("the images say no PixelSpacing")


def test_an_empty_dicom_file_is_named(tmp_path):
    write_dicom(tmp_path, dicom_series(4))
    (tmp_path / "lost.dcm").touch()
    assert ("lost.dcm", "the file is empty (zero bytes)") in [
        (one.case, one.reason) for one in open_inputs(tmp_path).set_aside
    ]
