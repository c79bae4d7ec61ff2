"""SEG and RTSTRUCT become masks on the grid of their image, and find it by what they refer to."""

import shutil

import nibabel as nib
import numpy as np
import pytest

from builders import class_folders, dicom_series, real_data, write_dicom
from dicom_objects import IMAGE_UID, image, segmentation, square, structures
from scanwright.io import open_dataset, open_inputs, read_mask
from scanwright.io.dataset import find_cases
from scanwright.io.dicom.painting import inside


def mask_of(tmp_path, objects):
    (case,) = open_dataset(write_dicom(tmp_path, objects)).cases
    mask = case.mask.read()
    assert mask.same_grid(case.image.read())
    return mask.array[0]


def box(*ranges, value=1, shape=(16, 24, 6)):
    wanted = np.zeros(shape, int)
    wanted[tuple(slice(*one) for one in ranges)] = value
    return wanted


def test_contours_cover_the_voxels_within_them(tmp_path):
    contours = {"lesion": [square(3, 5, 4, k) for k in (1, 2)]}
    np.testing.assert_array_equal(
        mask_of(tmp_path, [*image(), structures(contours)]), box((3, 7), (5, 9), (1, 3))
    )


def test_a_contour_within_another_is_a_hole_and_one_beside_it_is_not(tmp_path):
    contours = {"ring": [square(2, 2, 8, 1), square(4, 4, 2, 1), square(12, 12, 2, 1)]}
    wanted = box((2, 10), (2, 10), (1, 2)) - box((4, 6), (4, 6), (1, 2)) + box((12, 14), (12, 14), (1, 2))
    np.testing.assert_array_equal(mask_of(tmp_path, [*image(), structures(contours)]), wanted)


def test_contours_of_thicker_slices_fill_the_thin_ones_between(tmp_path):
    """Drawn every 5 mm, on slices of 1 mm: each slice takes the nearest contour, and no two of them."""
    contours = {"lesion": [square(3, 5, 4, k) for k in (1, 2)]}
    thin = dicom_series(30, series=IMAGE_UID, step_mm=1.0)
    found = mask_of(tmp_path, [*thin, structures(contours)])
    np.testing.assert_array_equal(np.flatnonzero(found.any(axis=(0, 1))), np.arange(3, 13))
    assert (found.sum(axis=(0, 1))[3:13] == 16).all()


def test_the_smaller_of_two_structures_stays_visible_and_names_are_sorted(tmp_path):
    contours = {"organ": [square(2, 2, 9, 1)], "Lesion": [square(4, 4, 2, 1)]}
    dataset = open_dataset(write_dicom(tmp_path, [*image(), structures(contours)]))
    assert dataset.class_names == {"1": "Lesion", "2": "organ"}
    wanted = box((2, 11), (2, 11), (1, 2), value=2)
    wanted[4:6, 4:6, 1] = 1
    np.testing.assert_array_equal(dataset.cases[0].mask.read().array[0], wanted)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_segments_lie_where_their_frames_say(tmp_path, kind):
    pixels = np.zeros((6, 5), np.uint8)
    pixels[1:4, 2:4] = {"BINARY": 1, "FRACTIONAL": 120, "LABELMAP": 2}[kind]
    if kind == "FRACTIONAL":
        pixels[0, 0] = 80  # less than half sure
    frames = [(2, k, pixels) for k in (4, 1)]  # a crop of the image, frames in any order
    names = {1: "other", 2: "lesion"}
    objects = [*image(), segmentation(frames, names, kind=kind, start=(3, 10))]
    np.testing.assert_array_equal(
        mask_of(tmp_path, objects), box((5, 7), (11, 14), (4, 5)) + box((5, 7), (11, 14), (1, 2))
    )


def test_two_objects_on_one_image_are_painted_together(tmp_path):
    objects = [
        *image(),
        structures({"a": [square(2, 2, 3, 1)]}),
        segmentation([(1, 3, np.ones((24, 16)))], {1: "b"}),
    ]
    wanted = box((2, 5), (2, 5), (1, 2)) + box((0, 16), (0, 24), (3, 4), value=2)
    np.testing.assert_array_equal(mask_of(tmp_path, objects), wanted)


def test_two_readers_of_one_structure_are_not_mixed(tmp_path):
    objects = [
        *image(),
        structures({"GTV": [square(2, 2, 3, 1)]}),
        segmentation([(1, 3, np.ones((24, 16)))], {1: "gtv"}),
    ]
    dataset = find_cases(write_dicom(tmp_path, objects))
    assert not dataset.cases
    assert "two objects outline a structure of one name" in dataset.set_aside[0].reason


def test_labels_find_their_image_by_reference_and_else_by_its_space(tmp_path):
    other = dicom_series(4, series="1.2.4")
    contours = structures({"a": [square(2, 2, 3, 1)]})
    dataset = open_dataset(write_dicom(tmp_path / "named", [*image(), *other, contours]))
    assert [case.name for case in dataset.cases] == [IMAGE_UID]
    assert [(one.case, one.reason) for one in dataset.set_aside] == [
        ("1.2.4", "no SEG or RTSTRUCT outlines anything in it")
    ]
    contours = structures({"a": [square(2, 2, 3, 1)]}, refers_to="1.2.99")
    dataset = open_dataset(write_dicom(tmp_path / "space", [*image(), *other, contours]))
    assert [case.name for case in dataset.cases] == [IMAGE_UID]
    assert any("the only one in its space" in note for note in dataset.notes)
    twin = image()
    for one in twin:
        one.SeriesInstanceUID = "1.2.5"
    dataset = find_cases(write_dicom(tmp_path / "unclear", [*image(), *twin, contours]))
    assert not dataset.cases
    assert any("it may outline any of 2 volumes" in one.reason for one in dataset.set_aside)


def test_to_predict_on_such_an_export_its_labels_are_not_needed(tmp_path):
    folder = write_dicom(tmp_path, [*image(), *dicom_series(4, series="1.2.4"), structures({"a": []})])
    assert sorted(case.name for case in open_inputs(folder).cases) == ["1.2.3", "1.2.4"]


def test_the_even_odd_rule_is_that_of_matplotlib():
    from matplotlib.path import Path

    rng = np.random.default_rng(0)
    for _ in range(20):
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) * rng.uniform(2, 9, (9, 1)) + 10
        points = np.stack(np.meshgrid(np.arange(20) + 0.13, np.arange(20) + 0.17, indexing="ij"), axis=-1)
        wanted = Path(corners).contains_points(points.reshape(-1, 2)).reshape(20, 20)
        np.testing.assert_array_equal(inside(corners, points), wanted)


def assert_same_in_patient(mask, reference):
    ours, theirs = (
        nib.as_closest_canonical(nib.Nifti1Image(array.astype(np.uint8), affine))
        for array, affine in ((mask.array[0], mask.affine_ras), reference)
    )
    np.testing.assert_allclose(ours.affine, theirs.affine, atol=1e-3)
    np.testing.assert_array_equal(ours.get_fdata(), theirs.get_fdata())


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
def test_ibsi_contours_are_the_masks_that_others_made_of_them(modality):
    folder = real_data("ibsi-sts-dicom")
    (case,) = open_dataset(folder / "STS_025" / modality).cases
    reference = nib.load(folder / "nifti_reference" / "nifti" / "STS_025" / f"{modality}_mask.nii.gz")
    assert_same_in_patient(case.mask.read(), (np.asarray(reference.dataobj), reference.affine))


@pytest.mark.parametrize("name", ["23x38x3", "24x38x3"])
def test_dcmqi_segments_are_the_nrrd_that_they_were_made_of(tmp_path, name):
    folder = real_data("dicom-conformance") / "dcmqi" / "data" / "segmentations" / name
    for part in ("image", "seg"):
        shutil.copytree(folder / part, tmp_path / part)
    (case,) = open_dataset(tmp_path).cases
    reference = read_mask(folder / "nrrd" / "label.nrrd")
    assert_same_in_patient(case.mask.read(), (reference.array[0], reference.affine_ras))


def test_who_asks_for_a_series_gets_no_other_though_labels_are_there(tmp_path):
    pet = dicom_series(4, series="1.2.4")
    for one in pet:
        one.Modality = "PT"
    folder = write_dicom(tmp_path, [*image(), *pet, structures({"a": [square(2, 2, 3, 1)]})])
    assert [case.name for case in find_cases(folder).cases] == [IMAGE_UID]
    assert [case.name for case in find_cases(folder, series="^PT").cases] == ["1.2.4"]


def test_labels_of_the_series_that_was_asked_for_are_kept(tmp_path):
    folder = write_dicom(
        tmp_path, [*image(), *dicom_series(4, series="1.2.4"), structures({"a": [square(2, 2, 3, 1)]})]
    )
    dataset = find_cases(folder, series=r"1\.2\.3$")
    assert [("mask" in case.targets) for case in dataset.cases] == [True]
    assert not dataset.set_aside


def test_previews_beside_an_export_are_no_classes(tmp_path):
    folder = write_dicom(tmp_path, [*image(), structures({"a": [square(2, 2, 3, 1)]})])
    class_folders(folder)
    assert [case.name for case in open_dataset(folder).cases] == [IMAGE_UID]


def test_two_things_far_apart_stay_two_single_slices(tmp_path):
    """Nothing lies between two small lesions of one name, however far apart they were drawn."""
    contours = {"lesion": [square(3, 5, 4, 0), square(3, 5, 4, 5)]}
    found = mask_of(tmp_path, [*image(), structures(contours)])
    np.testing.assert_array_equal(found.sum(axis=(0, 1)), [16, 0, 0, 0, 0, 16])
    beside = contours | {"organ": [square(1, 1, 3, k) for k in range(6)]}
    found = mask_of(tmp_path / "b", [*image(), structures(beside)])
    np.testing.assert_array_equal((found == 1).sum(axis=(0, 1)), [16, 0, 0, 0, 0, 16])
