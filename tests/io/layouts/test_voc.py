"""Pascal VOC folders: images, XML files, lists of splits."""

import numpy as np
import pytest

from builders import TWO_CELLS, noise, real_data, voc_annotation, voc_folder, write_picture, write_text
from scanwright.errors import DataError
from scanwright.io import open_dataset, open_inputs


def names(dataset):
    return [case.name for case in dataset.cases]


def set_aside(dataset):
    return {aside.case: aside.reason for aside in dataset.set_aside}


def test_images_and_their_boxes(tmp_path):
    dataset = open_dataset(voc_folder(tmp_path))
    assert (dataset.layout, dataset.target, names(dataset)) == ("Pascal VOC", "boxes", ["a", "b", "c"])
    assert [len(case.boxes.read()) for case in dataset.cases] == [2, 2, 0]
    boxes = dataset.cases[0].boxes.read()
    np.testing.assert_array_equal(boxes.box_ijk[:, :, :2], [[c[1:3], c[3:5]] for c in TWO_CELLS])
    assert dataset.cases[0].image.read().shape == (8, 6, 1)
    assert (dataset.notes, dataset.set_aside) == ((), ())


@pytest.mark.parametrize("images", ["images", "JPEGImages"])
@pytest.mark.parametrize("marks", ["annotations", "Annotations"])
def test_folders_may_be_called_otherwise(tmp_path, images, marks):
    voc_folder(tmp_path)
    (tmp_path / "JPEGImages").rename(tmp_path / images)
    (tmp_path / "Annotations").rename(tmp_path / marks)
    assert len(open_dataset(tmp_path)) == 3


def test_annotations_may_lie_beside_their_images_also_in_splits(tmp_path):
    for split in ("train", "valid"):
        write_picture(tmp_path / split / "a.png", noise((6, 8)))
        voc_annotation(tmp_path / split / "a.xml")
    dataset = open_dataset(tmp_path)
    assert {case.name: case.split for case in dataset.cases} == {"train/a": "train", "valid/a": "val"}
    assert len(dataset.cases[1].boxes.read()) == 2
    assert names(open_dataset(tmp_path / "train")) == ["a"]


def test_lists_tell_the_splits_and_the_strictest_counts(tmp_path):
    voc_folder(tmp_path)
    write_text(tmp_path / "ImageSets" / "Main" / "train.txt", "a", "b  1", "")
    write_text(tmp_path / "ImageSets" / "Main" / "test.txt", "b")
    dataset = open_dataset(tmp_path)
    assert [case.split for case in dataset.cases] == ["train", "test", None]
    assert dataset.notes == ("1 images stand in two lists of ImageSets/Main",)


def test_what_has_no_partner_is_told(tmp_path):
    voc_folder(tmp_path, ("a", "b", "c", "d"))
    (tmp_path / "Annotations" / "a.xml").unlink()
    (tmp_path / "JPEGImages" / "b.png").unlink()
    write_picture(tmp_path / "JPEGImages" / "c.bmp", noise((6, 8)))
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["d"]
    assert dataset.notes == ("1 images have no annotation and are not used: a",)
    assert set_aside(dataset) == {
        "b": "the annotation has no image",
        "c": "several images have this name but for the suffix",
    }
    assert names(open_inputs(tmp_path)) == ["a", "d"]


def test_listing_opens_neither_images_nor_annotations(tmp_path):
    voc_folder(tmp_path)
    for path in (*(tmp_path / "JPEGImages").iterdir(), *(tmp_path / "Annotations").iterdir()):
        path.write_bytes(b"broken")
    case = open_dataset(tmp_path).cases[0]
    with pytest.raises(DataError, match=r"^JPEGImages/a\.png: the file is damaged"):
        case.boxes.read()
    write_picture(tmp_path / "JPEGImages" / "a.png", noise((6, 8)))
    with pytest.raises(DataError, match=r"^Annotations/a\.xml: the annotation is not XML"):
        case.boxes.read()


def test_an_image_that_was_resized_later_is_told_by_name(tmp_path):
    voc_folder(tmp_path)
    write_picture(tmp_path / "JPEGImages" / "a.png", noise((3, 4)))
    with pytest.raises(DataError, match=r"^Annotations/a\.xml: .*another size.*8 × 6 pixels.*Received 4 × 3"):
        open_dataset(tmp_path).cases[0].boxes.read()


def test_a_list_that_is_no_text_is_named(tmp_path):
    voc_folder(tmp_path)
    path = write_text(tmp_path / "ImageSets" / "Main" / "val.txt", "a")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"val\.txt: the list can't be read"):
        open_dataset(tmp_path)


def test_real_blood_cells():
    """364 pictures with the official lists; those of the test are not here."""
    dataset = open_dataset(real_data("bccd"))
    assert (dataset.layout, len(dataset)) == ("Pascal VOC", 292)
    assert sum(case.split == "train" for case in dataset.cases) == 205
    assert sum(case.split == "val" for case in dataset.cases) == 87
    counts = {}
    for case in dataset.cases:
        for name in case.boxes.read().classes:
            counts[name] = counts.get(name, 0) + 1
    assert counts == {"RBC": 3350, "WBC": 301, "Platelets": 292}
