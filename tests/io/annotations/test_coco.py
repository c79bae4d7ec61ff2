"""COCO: one file tells of many images; what belongs to none, or is none, is told."""

import json

import numpy as np
import pytest

from builders import TWO_CELLS, coco_content, write_text
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.coco import MOST_BYTES, boxes_of, from_json, looks_like_coco, read_coco

GRID = Volume(np.zeros((3, 8, 6, 1), np.uint8))


def marked(**changed):
    """A file of one image with one annotation."""
    mark = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]} | changed
    return {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{key: value for key, value in mark.items() if value is not None}],
        "categories": [{"id": 1, "name": "red"}],
    }


def test_corner_and_size_become_two_corners():
    told = from_json(coco_content())
    assert told.classes == ("red", "white")
    assert [entry.file_name for entry in told.images] == ["a.png", "b.png", "c.png"]
    boxes = boxes_of(told.images[0], GRID)
    np.testing.assert_array_equal(boxes.box_ijk[:, :, :2], [[c[1:3], c[3:5]] for c in TWO_CELLS])
    assert boxes.classes == ("red", "white")
    assert boxes.scores is None


def test_an_image_without_annotation_has_no_object():
    assert len(boxes_of(from_json(coco_content()).images[-1], GRID)) == 0


def test_a_crowd_is_kept_as_such_and_scores_are_kept():
    boxes = boxes_of(from_json(marked(iscrowd=1, score=0.25)).images[0], GRID)
    assert (boxes.flags, boxes.scores.tolist()) == (("crowd",), [0.25])


def test_what_is_not_used_is_told():
    content = marked(segmentation=[[0, 0, 1, 1, 1, 0]])
    content["annotations"].append({"image_id": 7, "category_id": 1, "bbox": [0, 0, 1, 1]})
    assert from_json(content).notes == (
        "1 annotations belong to no image",
        "1 outlines (segmentation) are not used, their boxes are",
    )


def test_a_heading_of_categories_is_no_class_and_a_class_without_a_box_is_one():
    content = marked() | {
        "categories": [
            {"id": 0, "name": "cells", "supercategory": "none"},
            {"id": 1, "name": "red", "supercategory": "cells"},
            {"id": 2, "name": "white", "supercategory": "cells"},
        ]
    }
    assert from_json(content).classes == ("red", "white")


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"bbox": [1, 2, 3]}, r"not \[x, y, width, height\]"),
        ({"bbox": None}, "not .x, y"),
        ({"bbox": ["1", 2, 3, 4]}, "not .x, y"),
        ({"bbox": [True, 2, 3, 4]}, "not .x, y"),
        ({"bbox": [1e999, 2, 3, 4]}, "not .x, y"),
        ({"bbox": [10**400, 2, 3, 4]}, "not .x, y"),
        ({"bbox": [1, 2, -3, 4]}, "ends before it begins"),
        ({"bbox": [1, 2, 1e9, 4]}, "no place in an image"),
        ({"category_id": 9}, "category that is not listed.*9"),
        ({"category_id": [1]}, "category that is not listed"),
    ],
)
def test_a_box_that_is_none_is_an_error_of_its_image_alone(changed, problem):
    (entry,) = from_json(marked(**changed)).images
    with pytest.raises(DataError, match=problem):
        boxes_of(entry, GRID)


def test_images_of_another_size_or_with_one_id_are_errors_of_theirs():
    content = marked()
    content["images"][0] |= {"width": 6, "height": 8}
    with pytest.raises(DataError, match="turned"):
        boxes_of(from_json(content).images[0], GRID)
    content["images"].append({"id": 1, "file_name": "b.png"})
    with pytest.raises(DataError, match="two images have the id 1"):
        boxes_of(from_json(content).images[0], GRID)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"images": NaN}', "not JSON.*NaN"),
        ("\ud800", "not JSON"),
        ("[]", "no such list: images"),
        ('{"images": [], "annotations": {}, "categories": []}', "no such list: annotations"),
        ('{"images": [1], "annotations": [], "categories": []}', "no such list: images"),
        ('{"images": [{"id": 1}], "annotations": [], "categories": []}', "no id or no file_name"),
        ('{"images": [{"id": {}, "file_name": "a"}], "annotations": [], "categories": []}', "no id"),
        ('{"images": [], "annotations": [], "categories": [{"id": 1}]}', "category has no id or no name"),
        (
            '{"images": [], "annotations": [], "categories":'
            ' [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}',
            "one id",
        ),
    ],
)
def test_files_that_are_none_are_refused_with_the_reason(tmp_path, text, problem):
    (tmp_path / "a.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match=problem):
        read_coco(tmp_path / "a.json")


def test_a_huge_file_is_not_read(tmp_path):
    with (tmp_path / "a.json").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(DataError, match="implausibly large"):
        read_coco(tmp_path / "a.json")


def test_signs_are_found_wherever_they_stand(tmp_path):
    content = coco_content()
    assert looks_like_coco(write_text(tmp_path / "a.json", json.dumps(content)))
    late = {"info": "x" * ((1 << 20) - 15), **content}
    assert looks_like_coco(write_text(tmp_path / "late.json", json.dumps(late)))
    assert not looks_like_coco(write_text(tmp_path / "dataset.json", '{"labels": {}, "images": 3}'))
