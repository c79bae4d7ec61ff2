"""Numbers of reports become facts of the image that they were measured in."""

import csv

import numpy as np
import pytest
from pydicom.uid import generate_uid

import scanwright as sw
from builders import dicom_series, write_dicom
from dicom_objects import (
    DIAMETER,
    IMAGE_UID,
    VOLUME,
    group,
    image,
    number,
    report,
    segmentation,
    square,
    structures,
)
from scanwright.errors import DataError
from scanwright.io import open_dataset, open_inputs
from scanwright.io.dataset import find_cases


def numbers_of(case):
    return case.targets.get("values", {})


def values_of(tmp_path, *objects):
    dataset = find_cases(write_dicom(tmp_path, [*image(), *objects]))
    (case,) = dataset.cases
    return numbers_of(case)


def volume_of(value, **where):
    return group(number(VOLUME, value, "mm3"), **where)


def test_a_number_is_named_with_its_unit(tmp_path):
    made = report(group(number(VOLUME, 2500, "mm3"), series=IMAGE_UID, finding="Nodule", site="Lung"))
    (case,) = find_cases(write_dicom(tmp_path, [*image(), made])).cases
    assert case.values == {"Volume ml": 2.5}
    assert (case.facts["finding"], case.facts["finding site"]) == ("Nodule", "Lung")


def test_things_in_one_image_are_told_apart_by_what_does_so_in_all(tmp_path):
    groups = [
        volume_of(value, series=IMAGE_UID, finding="Nodule", site="Lung", tracking=tracking)
        for value, tracking in ((1000, "one"), (2000, "two"))
    ]
    assert values_of(tmp_path / "a", report(*groups)) == {
        "Volume ml (one)": 1,
        "Volume ml (two)": 2,
    }
    organs = [
        volume_of(1000 * n, series=IMAGE_UID, site=site) for n, site in enumerate(("Liver", "Spleen"), 1)
    ]
    assert values_of(tmp_path / "b", report(*organs)) == {
        "Volume ml (Liver)": 1,
        "Volume ml (Spleen)": 2,
    }


def test_what_stands_twice_counts_once_and_what_contradicts_itself_does_not(tmp_path):
    twice = group(number(VOLUME, 70361.9, "mm3"), number(VOLUME, 70.3619, "cm3"), series=IMAGE_UID)
    assert values_of(tmp_path / "a", report(twice)) == {"Volume ml": 70.3619}
    two = group(
        number(DIAMETER, 5, "mm"), number(DIAMETER, 6, "mm"), number(VOLUME, 1, "ml"), series=IMAGE_UID
    )
    dataset = find_cases(write_dicom(tmp_path / "b", [*image(), report(two)]))
    assert numbers_of(dataset.cases[0]) == {"Volume ml": 1}
    assert any("1 numbers stand twice" in note for note in dataset.notes)


def test_one_word_in_two_spellings_is_one_column(tmp_path):
    groups = [
        group(number(("1", "99T", name), 3, "mm"), series=IMAGE_UID) for name in ("Long Axis", "Long axis")
    ]
    assert values_of(tmp_path, report(*groups)) == {"Long Axis mm": 3}


def test_a_group_finds_its_image_by_single_slices_even_without_evidence(tmp_path):
    slices = image()
    made = report(volume_of(1000, images=[slices[2].SOPInstanceUID]))
    dataset = find_cases(write_dicom(tmp_path, [*slices, *dicom_series(6, series="1.2.4"), made]))
    assert {case.name: bool(numbers_of(case)) for case in dataset.cases} == {IMAGE_UID: True, "1.2.4": False}


def test_a_group_finds_the_image_of_its_segmentation(tmp_path):
    seg = segmentation([(1, 2, np.ones((24, 16)))], {1: "lesion"})
    made = report(volume_of(1000, segment=(seg.SOPInstanceUID, 1)))
    other = dicom_series(6, series="1.2.4")
    dataset = open_dataset(write_dicom(tmp_path, [*image(), *other, seg, made]))
    assert [numbers_of(case) for case in dataset.cases] == [{"Volume ml": 1}]


def test_a_group_that_says_nothing_is_of_the_only_image_that_its_report_rests_on(tmp_path):
    slices = image()
    made = report(volume_of(1000), evidence={IMAGE_UID: [one.SOPInstanceUID for one in slices]})
    assert values_of(tmp_path, *dicom_series(0), made) == {"Volume ml": 1}


def test_of_two_images_that_fit_neither_is_taken(tmp_path):
    twin = image()
    for one in twin:
        one.SeriesInstanceUID = "1.2.4"
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made = report(volume_of(1000, frame_uid="1.2.77"))
    dataset = find_cases(write_dicom(tmp_path, [*image(), *twin, made]))
    assert not any(numbers_of(case) for case in dataset.cases)
    assert any("not there, or not clear" in note for note in dataset.notes)


def test_images_to_predict_on_know_their_numbers_too(tmp_path):
    (case,) = open_inputs(write_dicom(tmp_path, [*image(), report(volume_of(1000, series=IMAGE_UID))])).cases
    assert numbers_of(case) == {"Volume ml": 1}


def test_numbers_can_be_learnt_from_where_there_are_patients_enough(tmp_path):
    folder = write_dicom(tmp_path, [*image(), report(volume_of(1000, series=IMAGE_UID))])
    assert numbers_of(open_dataset(folder).cases[0]) == {"Volume ml": 1}
    with pytest.raises(DataError, match="too few patients"):
        sw.plan(folder)


def test_a_conversion_keeps_them_as_columns_of_values(tmp_path):
    objects = [
        *image(),
        structures({"lesion": [square(3, 5, 4, 1)]}),
        report(volume_of(2500, series=IMAGE_UID)),
    ]
    sw.convert(write_dicom(tmp_path / "in", objects), tmp_path / "out", to="manifest")
    with (tmp_path / "out" / "manifest.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["value:Volume ml"] == "2.5"
    sw.open(tmp_path / "out")
