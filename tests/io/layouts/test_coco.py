"""COCO folders: one file tells of many images, which lie anywhere below."""

import json

import numpy as np
import pytest

from builders import TWO_CELLS, class_folders, coco_content, coco_folder, noise, write_picture, write_text
from scanwright.errors import DataError
from scanwright.io import open_dataset, open_inputs


def set_aside(dataset):
    return {aside.case: aside.reason for aside in dataset.set_aside}


def splits_of(dataset):
    return {case.name: case.split for case in dataset.cases}


def write_coco(path, names=("a", "b", "c"), **changed):
    return write_text(path, json.dumps(coco_content(names) | changed))


def test_images_and_their_boxes(tmp_path):
    dataset = open_dataset(coco_folder(tmp_path))
    assert (dataset.layout, dataset.target) == ("COCO", "boxes")
    assert [case.name for case in dataset.cases] == ["pictures/a", "pictures/b", "pictures/c"]
    assert dataset.class_names == {"red": "red", "white": "white"}
    boxes = dataset.cases[0].boxes.read()
    np.testing.assert_array_equal(boxes.box_ijk[:, :, :2], [[c[1:3], c[3:5]] for c in TWO_CELLS])
    assert len(dataset.cases[2].boxes.read()) == 0
    assert (dataset.notes, dataset.set_aside) == ((), ())
    assert len(open_inputs(tmp_path)) == 3


def test_files_of_splits_find_the_images_of_theirs(tmp_path):
    for split in ("train2017", "val2017"):
        for name in ("a", "b", "c"):
            write_picture(tmp_path / split / f"{name}.png", noise((6, 8)))
        for kind in ("instances", "captions"):
            write_coco(tmp_path / "annotations" / f"{kind}_{split}.json")
    dataset = open_dataset(tmp_path)
    assert splits_of(dataset) == {
        f"{split}2017/{name}": split for split in ("train", "val") for name in ("a", "b", "c")
    }
    assert dataset.cases[0].boxes.source == "annotations/instances_train2017.json"
    assert dataset.notes == (
        "not used beside annotations/instances_train2017.json: annotations/captions_train2017.json, "
        "annotations/captions_val2017.json",
    )


def test_files_beside_the_images_of_a_split(tmp_path):
    """As Roboflow exports them."""
    for split in ("train", "valid"):
        for name in ("a", "b"):
            write_picture(tmp_path / split / f"{name}.png", noise((6, 8)))
        write_coco(tmp_path / split / "_annotations.coco.json", ("a", "b"))
    dataset = open_dataset(tmp_path)
    assert splits_of(dataset) == {"train/a": "train", "train/b": "train", "valid/a": "val", "valid/b": "val"}


def test_images_outside_of_the_folder_are_never_read(tmp_path):
    coco_folder(tmp_path / "data")
    write_picture(tmp_path / "secret.png", noise((6, 8)))
    images = [
        {"id": n, "file_name": name} for n, name in enumerate(("../secret.png", "/etc/passwd", "a.png"))
    ]
    write_coco(tmp_path / "data" / "annotations" / "instances.json", images=images)
    dataset = open_dataset(tmp_path / "data")
    assert [case.name for case in dataset.cases] == ["pictures/a"]
    assert set(set_aside(dataset)) == {"../secret.png", "/etc/passwd"}
    assert "no images of this name" in set_aside(dataset)["../secret.png"]
    assert dataset.notes == ("2 images are in no annotation file and are not used",)


def test_paths_of_another_machine_are_found_by_their_end(tmp_path):
    coco_folder(tmp_path)
    write_picture(tmp_path / "more" / "a.png", noise((6, 8)))
    images = [{"id": 0, "file_name": r"C:\data\more\a.png"}, {"id": 1, "file_name": "a.png"}]
    write_coco(tmp_path / "annotations" / "instances.json", images=images)
    dataset = open_dataset(tmp_path)
    assert [case.name for case in dataset.cases] == ["more/a"]
    assert "2 images of this name" in set_aside(dataset)["a.png"]


def test_an_image_that_two_files_tell_of_is_set_aside(tmp_path):
    coco_folder(tmp_path)
    write_coco(tmp_path / "annotations" / "instances_2.json", ("a", "x"))
    dataset = open_dataset(tmp_path)
    assert [case.name for case in dataset.cases] == ["pictures/b", "pictures/c"]
    assert "whose boxes count?" in set_aside(dataset)["pictures/a"]
    assert "no images of this name" in set_aside(dataset)["x.png"]


def test_a_bad_box_is_an_error_of_its_image_alone(tmp_path):
    coco_folder(tmp_path)
    content = coco_content()
    content["annotations"][0]["bbox"] = [0, 0, -5, 5]
    write_text(tmp_path / "annotations" / "instances.json", json.dumps(content))
    dataset = open_dataset(tmp_path)
    with pytest.raises(DataError, match=r"^annotations/instances\.json: box 1 of 2 ends before it begins"):
        dataset.cases[0].boxes.read()
    assert len(dataset.cases[1].boxes.read()) == 2


def test_a_broken_file_is_named(tmp_path):
    coco_folder(tmp_path)
    write_text(tmp_path / "annotations" / "instances.json", '{"images": [], "annotations": [')
    with pytest.raises(DataError, match=r"annotations/instances\.json: the file is not JSON"):
        open_dataset(tmp_path)


def test_other_json_files_are_no_annotations(tmp_path):
    class_folders(tmp_path)
    write_text(tmp_path / "about.json", '{"images": 3, "licence": "free"}')
    assert open_dataset(tmp_path).layout == "folder per class"


def test_a_file_for_each_image_is_another_format(tmp_path):
    """As labelme writes them: they are not even searched."""
    for number in range(60):
        write_coco(tmp_path / "train" / f"{number}.json")
        write_picture(tmp_path / "train" / f"{number}.png", noise((6, 8)))
    with pytest.raises(DataError, match="no known layout"):
        open_dataset(tmp_path)


def test_two_kinds_of_boxes_in_one_folder_are_not_guessed_between(tmp_path):
    coco_folder(tmp_path)
    (tmp_path / "pictures").rename(tmp_path / "images")
    write_text(tmp_path / "labels" / "a.txt", "0 .5 .5 .1 .1")
    with pytest.raises(DataError, match=r"two complete layouts.*YOLO \(images, labels.*COCO"):
        open_dataset(tmp_path)
