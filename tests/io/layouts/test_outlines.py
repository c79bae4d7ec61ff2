"""A manifest's masks may be SEG and RTSTRUCT files, or files of voxels for DICOM series."""

import json

import numpy as np
import pytest

from builders import ball_mask, dicom_series, noise, write_dicom, write_nifti, write_text
from dicom_objects import group, image, report, segmentation, square, structures
from scanwright.io import open_dataset
from scanwright.io.dataset import find_cases


def write(path, made):
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)


def rows(folder, *lines):
    write_text(folder / "manifest.csv", "case,image,mask", *lines)
    return folder


def seg(name="tumour", k=4):
    return segmentation([(1, k, np.ones((24, 16)))], {1: name})


def test_segmentations_and_structures_are_masks_of_their_rows(tmp_path):
    write_dicom(tmp_path / "a", image())
    write_dicom(tmp_path / "b", dicom_series(6, series="1.2.5"))
    write(tmp_path / "seg.dcm", seg("tumour"))
    write(tmp_path / "contours", structures({"Organ": [square(3, 5, 4, 1)]}, refers_to="1.2.5"))
    dataset = open_dataset(rows(tmp_path, "one,a,seg.dcm", "two,1.2.5,contours"))
    assert dataset.class_names == {"1": "Organ", "2": "tumour"}
    one, two = (case.mask.read().array[0] for case in dataset.cases)
    assert (one[..., 4] == 2).all()
    assert int((one != 0).sum()) == 16 * 24
    assert (two[3:7, 5:9, 1] == 1).all()
    assert int((two != 0).sum()) == 16
    assert not any("are not used" in note for note in dataset.notes)


def test_an_object_for_an_image_that_is_no_dicom_is_drawn_where_it_lies(tmp_path):
    write_dicom(tmp_path / "a", image())
    volume = open_dataset_image(tmp_path / "a")
    write_nifti(tmp_path / "a.nii.gz", volume.array[0], volume.affine_ras)
    write(tmp_path / "seg.dcm", seg())
    (case,) = open_dataset(rows(tmp_path, "one,a.nii.gz,seg.dcm")).cases
    mask = case.mask.read()
    assert mask.same_grid(case.image.read())
    np.testing.assert_array_equal(mask.array[0].any(axis=(0, 1)), [0, 0, 0, 0, 1, 0])


def open_dataset_image(folder):
    (case,) = find_cases(folder).cases
    return case.image.read()


def test_an_object_of_another_series_is_taken_as_the_manifest_says_with_a_note(tmp_path):
    write_dicom(tmp_path / "b", dicom_series(6, series="1.2.5"))
    write(tmp_path / "seg.dcm", seg())
    dataset = open_dataset(rows(tmp_path, "two,b,seg.dcm"))
    assert dataset.cases[0].mask.read().array.any()
    assert "masks that refer to another series than that of their row: seg.dcm" in dataset.notes


@pytest.mark.parametrize("named", [True, False])
def test_values_and_names_are_mixed_only_where_dataset_json_ties_them(tmp_path, named):
    write_dicom(tmp_path / "a", image())
    write(tmp_path / "seg.dcm", seg("Tumour"))
    write_nifti(tmp_path / "b.nii.gz", noise((12, 10, 8)))
    write_nifti(tmp_path / "b_mask.nii.gz", ball_mask(label=3))
    if named:
        write_text(tmp_path / "dataset.json", json.dumps({"labels": {"background": 0, "tumour": 3}}))
    dataset = open_dataset(rows(tmp_path, "one,a,seg.dcm", "two,b.nii.gz,b_mask.nii.gz"))
    if named:
        assert [set(np.unique(case.mask.read().array)) for case in dataset.cases] == [{0, 3}] * 2
        assert dataset.class_names == {"0": "background", "3": "tumour"}
    else:
        assert [case.name for case in dataset.cases] == ["two"]
        assert "Say in a dataset.json which value each name has" in dataset.set_aside[0].reason


def test_a_structure_that_dataset_json_does_not_name_sets_its_row_aside(tmp_path):
    write_dicom(tmp_path / "a", image())
    write(tmp_path / "seg.dcm", seg("Tumour"))
    write(tmp_path / "other.dcm", seg("Cyst", k=3))
    write_text(tmp_path / "dataset.json", json.dumps({"labels": {"background": 0, "tumour": 3}}))
    dataset = open_dataset(rows(tmp_path, "one,a,seg.dcm", "two,a,other.dcm"))
    assert [case.name for case in dataset.cases] == ["one"]
    assert "gives no value to some structures of the mask. Received 'Cyst'" in dataset.set_aside[0].reason


def test_a_damaged_object_sets_its_row_aside_and_no_other(tmp_path):
    write_dicom(tmp_path / "a", image())
    write(tmp_path / "seg.dcm", seg())
    (tmp_path / "bad.dcm").write_bytes((tmp_path / "seg.dcm").read_bytes()[:200])
    write(tmp_path / "sr.dcm", report(group()))
    lines = ("one,a,seg.dcm", "two,a,bad.dcm", "three,a,none.dcm", "four,a,sr.dcm")
    dataset = open_dataset(rows(tmp_path, *lines))
    assert [case.name for case in dataset.cases] == ["one"]
    assert dataset.cases[0].mask.read().array.any()
    reasons = {entry.case: entry.reason for entry in dataset.set_aside}
    assert "bad.dcm: the file is" in reasons["two"]
    assert "does not exist" in reasons["three"]
    assert "sr.dcm: the DICOM object outlines nothing" in reasons["four"]


def test_a_nifti_mask_with_turned_axes_fits_the_series_of_its_row(tmp_path):
    write_dicom(tmp_path / "a", image())
    volume = open_dataset_image(tmp_path / "a")
    mask = np.zeros(volume.shape, np.uint8)
    mask[2:5, 3:9, 1:4] = 1
    affine = volume.affine_ras @ np.diag([1.0, -1.0, 1.0, 1.0])
    affine[:3, 3] += volume.affine_ras[:3, 1] * (volume.shape[1] - 1)
    write_nifti(tmp_path / "mask.nii.gz", mask[:, ::-1], affine)
    (case,) = open_dataset(rows(tmp_path, "one,a,mask.nii.gz")).cases
    assert case.mask.read().same_grid(volume)
    np.testing.assert_array_equal(case.mask.read().array[0], mask)
