"""Exports with labels: which series are taken, and masks that only their names tie to a series."""

import json

import nibabel as nib
import numpy as np
import pytest

from builders import dicom_series, write_dicom, write_nifti, write_picture, write_text
from dicom_objects import FRAME_UID, VOLUME, group, number, report, segmentation, square, structures
from scanwright.errors import DataError, SettingsError
from scanwright.io import open_dataset, open_inputs
from scanwright.io.dataset import find_cases
from scanwright.planning.facts import check_pair

SHAPE = (16, 24, 6)


def series(uid, *, study="", modality="CT", n=6):
    made = dicom_series(n, series=uid)
    for one in made:
        one.Modality, one.StudyInstanceUID = modality, study
    return made


def affine_of(folder):
    return find_cases(folder).cases[0].image.read().affine_ras


def lesion():
    mask = np.zeros(SHAPE, np.uint8)
    mask[3:7, 5:9, 1:3] = 1
    return mask


def export_with_mask(root, name, affine=None):
    """One series and a NIfTI mask of it."""
    write_dicom(root, series("1.2.3"))
    write_nifti(root / name, lesion(), affine_of(root) if affine is None else affine)
    return root


# --- which series


def test_of_a_study_the_labelled_series_is_taken_and_the_others_are_noted(tmp_path):
    objects = [
        *series("1.2.3", study="1.5"),
        *series("1.2.4", study="1.5", modality="PT"),
        *series("1.2.5", study="1.6"),
        structures({"a": [square(2, 2, 3, 1)]}),
    ]
    dataset = open_dataset(write_dicom(tmp_path, objects))
    assert [case.name for case in dataset.cases] == ["1.2.3"]
    assert "not used, as other series of their study have labels: 1.2.4" in dataset.notes
    assert [(entry.case, entry.reason) for entry in dataset.set_aside] == [
        ("1.2.5", "no SEG or RTSTRUCT outlines anything in it")
    ]


def test_a_series_that_was_asked_for_is_taken_from_each_study(tmp_path):
    objects = [
        *series("1.2.3", study="1.5"),
        *series("1.2.4", study="1.5", modality="PT"),
        structures({"a": [square(2, 2, 3, 1)]}),
        structures({"a": [square(2, 2, 4, 2)]}, refers_to="1.2.4"),
    ]
    folder = write_dicom(tmp_path, objects)
    assert {case.name for case in open_dataset(folder).cases} == {"1.2.3", "1.2.4"}
    (case,) = open_dataset(folder, series="^pt ").cases
    assert case.name == "1.2.4"
    assert int(case.mask.read().array.sum()) == 16


def test_the_contours_of_a_ct_are_not_those_of_the_pet_in_its_space(tmp_path):
    """Both lie in one frame of reference, as a hybrid scanner makes them; the CT was not asked for."""
    ct, pet = series("1.2.3", study="1.5"), series("1.2.4", study="1.5", modality="PT")
    for one in (*ct, *pet):
        one.FrameOfReferenceUID = FRAME_UID
    made = [structures({"a": [square(2, 2, 3, 1)]}), report(group(number(VOLUME, 1, "ml"), series="1.2.3"))]
    (case,) = find_cases(write_dicom(tmp_path, [*ct, *pet, *made]), series="^PT").cases
    assert case.targets == {}
    assert "value:Volume ml" not in case.facts


def test_asking_for_a_series_that_is_not_there_says_what_is(tmp_path):
    folder = write_dicom(tmp_path, [*series("1.2.3"), structures({"a": [square(2, 2, 3, 1)]})])
    with pytest.raises(DataError, match=r"no DICOM series.*'MR'.*Received 1 CT"):
        open_dataset(folder, series="MR")
    with pytest.raises(SettingsError, match="no regular expression"):
        open_dataset(folder, series="(")


def test_series_are_chosen_in_exports_only(tmp_path):
    write_picture(tmp_path / "a.png", np.zeros((4, 4), np.uint8))
    write_text(tmp_path / "manifest.csv", "case,image,label", "a,a.png,x")
    for path in (tmp_path, tmp_path / "manifest.csv"):
        with pytest.raises(SettingsError, match="series are chosen in a DICOM export, and this is none"):
            open_dataset(path, series="CT")


# --- masks by name


@pytest.mark.parametrize("name", ["1.2.3.nii.gz", "masks/1.2.3_seg.nii", "P7 1.2.3 lesion.nii.gz"])
def test_a_mask_is_known_by_the_uid_in_its_name_with_a_warning(tmp_path, name):
    (case,) = (dataset := open_dataset(export_with_mask(tmp_path, name))).cases
    np.testing.assert_array_equal(case.mask.read().array[0], lesion())
    assert f"warning: masks are matched by file name alone; check {name} to 1.2.3" in dataset.notes


@pytest.mark.parametrize(
    "name", ["P7/CT.nii.gz", "P7_CT_mask.nii.gz", "masks/CT.nii.gz", "P7/CT/CT-label.nii"]
)
def test_a_mask_is_known_by_the_folder_of_its_series(tmp_path, name):
    for n, slice_ in enumerate(series("1.2.3")):
        (tmp_path / "P7" / "CT").mkdir(parents=True, exist_ok=True)
        slice_.save_as(tmp_path / "P7" / "CT" / str(n), enforce_file_format=True)
    write_nifti(tmp_path / name, lesion(), affine_of(tmp_path))
    dataset = open_dataset(tmp_path)
    assert [case.name for case in dataset.cases] == ["P7/CT"]
    np.testing.assert_array_equal(dataset.cases[0].mask.read().array[0], lesion())
    assert any("file name alone" in note for note in dataset.notes)


def test_a_uid_that_only_begins_a_longer_one_is_not_meant(tmp_path):
    export_with_mask(tmp_path, "1.2.34.nii.gz")
    with pytest.raises(DataError, match="no known layout"):
        open_dataset(tmp_path)


def test_a_name_that_fits_two_series_is_no_choice(tmp_path):
    for patient in ("P7", "P8"):
        for n, slice_ in enumerate(series(f"1.2.{patient[1]}")):
            (tmp_path / patient / "CT").mkdir(parents=True, exist_ok=True)
            slice_.save_as(tmp_path / patient / "CT" / str(n), enforce_file_format=True)
    affine = affine_of(tmp_path)
    write_nifti(tmp_path / "masks" / "CT.nii.gz", lesion(), affine)
    write_nifti(tmp_path / "masks" / "P8_CT.nii.gz", lesion(), affine)
    dataset = open_dataset(tmp_path)
    assert [case.name for case in dataset.cases] == ["P8/CT"]
    assert {entry.case: entry.reason for entry in dataset.set_aside} == {
        "masks/CT.nii.gz": "by its name it may be the mask of any of 2 volumes",
        "P7/CT": "no mask file is named after it",
    }


def test_two_masks_of_one_series_are_no_choice(tmp_path):
    export_with_mask(tmp_path, "1.2.3.nii.gz")
    write_nifti(tmp_path / "1.2.3_seg.nii.gz", lesion(), affine_of(tmp_path))
    dataset = find_cases(tmp_path)
    assert [(entry.case, entry.reason) for entry in dataset.set_aside] == [
        ("1.2.3", "2 mask files are named after it")
    ]


def test_masks_by_name_take_the_names_of_their_values_from_dataset_json(tmp_path):
    export_with_mask(tmp_path, "1.2.3.nii.gz")
    write_text(tmp_path / "dataset.json", json.dumps({"labels": {"background": 0, "tumour": 1}}))
    assert open_dataset(tmp_path).class_names == {"0": "background", "1": "tumour"}


def test_objects_that_refer_to_their_image_go_before_names(tmp_path):
    export_with_mask(tmp_path, "1.2.3.nii.gz")
    write_dicom(tmp_path / "objects", [segmentation([(1, 4, np.ones((24, 16)))], {1: "organ"})])
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == {"1": "organ"}
    assert int(dataset.cases[0].mask.read().array.sum()) == 16 * 24
    assert "not used, as SEG or RTSTRUCT are there: 1.2.3.nii.gz" in dataset.notes


def test_to_predict_a_mask_is_no_image(tmp_path):
    dataset = open_inputs(export_with_mask(tmp_path, "1.2.3.nii.gz"))
    assert [case.name for case in dataset.cases] == ["1.2.3"]
    assert "taken for masks of series, by their names: 1.2.3.nii.gz" in dataset.notes


def test_class_folders_of_converted_series_stay_classes(tmp_path):
    write_dicom(tmp_path / "originals", series("1.2.3"))
    for name in ("benign", "malignant"):
        for uid in ("1.2.3", "1.2.4", "1.2.5"):
            write_nifti(tmp_path / name / f"{uid}.nii.gz", lesion(), np.eye(4))
    dataset = open_dataset(tmp_path)
    assert dataset.layout == "folder per class"
    assert dataset.target == "label"


# --- axes


def converted(array, affine, turned):
    """As a program that turns DICOM into NIfTI may write it: axes swapped and turned around."""
    made = nib.Nifti1Image(array, affine)
    orientation = nib.orientations.axcodes2ornt(tuple(turned))
    change = nib.orientations.ornt_transform(nib.io_orientation(affine), orientation)
    made = made.as_reoriented(change)
    return np.asarray(made.dataobj), made.affine


@pytest.mark.parametrize("turned", ["RAS", "LAS", "LPI", "SRA", "PSR"])
def test_a_mask_with_turned_axes_comes_back_to_the_grid_of_its_series(tmp_path, turned):
    write_dicom(tmp_path, series("1.2.3"))
    array, affine = converted(lesion(), affine_of(tmp_path), turned)
    write_nifti(tmp_path / "1.2.3.nii.gz", array, affine)
    (case,) = open_dataset(tmp_path).cases
    mask = case.mask.read()
    check_pair(case.image.read(), mask, case.name)
    np.testing.assert_array_equal(mask.array[0], lesion())


@pytest.mark.parametrize(("axis", "change"), [(2, 1.1), (3, 1.02)])
def test_a_mask_on_another_grid_is_an_error(tmp_path, axis, change):
    """Slices a tenth thicker; or begun elsewhere."""
    write_dicom(tmp_path, series("1.2.3"))
    affine = affine_of(tmp_path)
    affine[:3, axis] *= change
    write_nifti(tmp_path / "1.2.3.nii.gz", lesion(), affine)
    (case,) = open_dataset(tmp_path).cases
    with pytest.raises(DataError, match="the mask lies elsewhere"):
        check_pair(case.image.read(), case.mask.read(), case.name)
