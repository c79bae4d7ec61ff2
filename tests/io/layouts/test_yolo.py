"""YOLO folders: images, labels, names of classes; splits above or below."""

import numpy as np
import pytest

from builders import TWO_CELLS, noise, real_data, write_picture, write_text, yolo_folder, yolo_lines
from scanwright.errors import DataError
from scanwright.io import open_dataset, open_inputs


def names(dataset):
    return [case.name for case in dataset.cases]


def test_images_and_their_boxes(tmp_path):
    dataset = open_dataset(yolo_folder(tmp_path))
    assert (dataset.layout, dataset.target, names(dataset)) == ("YOLO", "boxes", ["a", "b", "c"])
    assert dataset.class_names == {"red": "red", "white": "white"}
    boxes = dataset.cases[0].boxes.read()
    np.testing.assert_allclose(boxes.box_ijk[:, :, :2], [[c[1:3], c[3:5]] for c in TWO_CELLS])
    assert boxes.classes == ("red", "white")
    assert len(dataset.cases[2].boxes.read()) == 0
    assert (dataset.notes, dataset.set_aside) == ((), ())


@pytest.mark.parametrize("order", ["{kind}/{split}", "{split}/{kind}"])
def test_splits_may_lie_above_or_below(tmp_path, order):
    for split in ("train", "valid"):
        write_picture(tmp_path / order.format(kind="images", split=split) / "a.png", noise((6, 8)))
        write_text(tmp_path / order.format(kind="labels", split=split) / "a.txt", *yolo_lines())
    write_text(tmp_path / "data.yaml", "names: {0: red, 1: white}")
    dataset = open_dataset(tmp_path)
    assert {case.name: case.split for case in dataset.cases} == {"train/a": "train", "valid/a": "val"}
    assert [len(case.boxes.read()) for case in dataset.cases] == [2, 2]
    assert dataset.notes == ()


def test_an_image_without_label_file_has_no_object_where_others_have_one(tmp_path):
    yolo_folder(tmp_path)
    (tmp_path / "labels" / "a.txt").unlink()
    for name in ("x", "y"):
        write_picture(tmp_path / "images" / "test" / f"{name}.png", noise((6, 8)))
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["a", "b", "c"]
    assert len(dataset.cases[0].boxes.read()) == 0
    assert dataset.notes == (
        "1 images have no label file, so no object: a",
        "2 images in folders without label files are not used",
    )
    inputs = open_inputs(tmp_path)
    assert {case.name: set(case.targets) for case in inputs.cases if "/" in case.name} == {
        "test/x": set(),
        "test/y": set(),
    }


def test_names_may_stand_in_classes_txt_or_nowhere(tmp_path):
    yolo_folder(tmp_path)
    (tmp_path / "data.yaml").unlink()
    dataset = open_dataset(tmp_path)
    assert dataset.cases[0].boxes.read().classes == ("0", "1")
    assert "called by their numbers" in dataset.notes[0]
    write_text(tmp_path / "labels" / "classes.txt", "red", "white")
    assert open_dataset(tmp_path).cases[0].boxes.read().classes == ("red", "white")
    write_text(tmp_path / "classes.txt", "same", "same")
    with pytest.raises(DataError, match=r"classes\.txt: two classes have one name"):
        open_dataset(tmp_path)
    write_text(tmp_path / "data.yaml", "names: [")
    with pytest.raises(DataError, match=r"data\.yaml: the file is not YAML"):
        open_dataset(tmp_path)


def test_what_has_no_partner_is_set_aside(tmp_path):
    yolo_folder(tmp_path)
    (tmp_path / "images" / "a.png").unlink()
    write_picture(tmp_path / "images" / "b.jpg", noise((6, 8)))
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["c"]
    assert {aside.case: aside.reason for aside in dataset.set_aside} == {
        "a": "the label file has no image",
        "b": "several images have this name but for the suffix",
    }


def test_texts_that_are_no_labels_make_no_dataset(tmp_path):
    write_picture(tmp_path / "images" / "a.png", noise((6, 8)))
    write_text(tmp_path / "labels" / "a.txt", "No acute finding.")
    with pytest.raises(DataError, match=r"no known layout.*labels/ with text files"):
        open_dataset(tmp_path)


def test_a_bad_file_is_an_error_of_its_case(tmp_path):
    yolo_folder(tmp_path)
    write_text(tmp_path / "labels" / "b.txt", "0 .5 .5 nan .1")
    dataset = open_dataset(tmp_path)
    assert len(dataset.cases[0].boxes.read()) == 2
    with pytest.raises(DataError, match=r"^labels/b\.txt: a box is not told in shares"):
        dataset.cases[1].boxes.read()


def test_patients_are_found_in_names(tmp_path):
    dataset = open_dataset(yolo_folder(tmp_path, tuple(f"p{n}_{k}" for n in range(3) for k in range(2))))
    assert [case.patient for case in dataset.cases] == ["p0", "p0", "p1", "p1", "p2", "p2"]


def test_real_slices_of_brains():
    dataset = open_dataset(real_data("brain-tumor-detection-yolo"), patient_pattern=r"^train/(\d{5})_")
    assert (dataset.layout, len(dataset), dataset.class_names) == ("YOLO", 893, {})
    assert "15 images have no label file" in dataset.notes[1]
    counts = {}
    for case in dataset.cases:
        for name in case.boxes.read().classes:
            counts[name] = counts.get(name, 0) + 1
    assert counts == {"1": 488, "0": 437}
    assert dataset.cases[0].patient == "00054"
