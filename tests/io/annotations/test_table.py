"""Boxes in tables: in voxels, in mm, as balls; and what is written is read again."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TILTED_AFFINE, coco_content, write_text
from scanwright.core.boxes import enclosing_mm
from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.table import read_boxes, write_boxes
from strategies import affines, boxes

VOLUME = Volume(np.zeros((1, 12, 10, 8), np.uint8), TILTED_AFFINE)
PICTURE = Volume(np.zeros((1, 8, 6, 1), np.uint8))


def read(path, grid=VOLUME, case="a", image="images/a.png"):
    return read_boxes(path, grid, case=case, image=image)


def table(tmp_path, *lines):
    return write_text(tmp_path / "boxes.csv", *lines)


@given(st.data())
def test_what_is_written_is_read_again_to_a_billionth_of_a_voxel(tmp_path_factory, data):
    place = tmp_path_factory.mktemp("written") / "boxes.csv"
    written = {}
    for name in ("a", "b, c", "ä|"):
        own = data.draw(boxes())
        n = len(own)
        scores = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
        flags = tuple(
            data.draw(st.lists(st.sampled_from(["", "difficult", "crowd"]), min_size=n, max_size=n))
        )
        affine = data.draw(st.none() | affines())
        written[name] = (Boxes(own, tuple(f"class {k % 2}" for k in range(n)), scores, flags), affine)
    write_boxes(place, written)
    for name, (before, affine) in written.items():
        after = read(place, Volume(np.zeros((1, 4, 4, 4)), affine), case=name)
        np.testing.assert_allclose(after.box_ijk, before.box_ijk, rtol=0, atol=1e-9)
        assert (after.classes, after.flags) == (before.classes, before.flags)
        if len(before):
            np.testing.assert_array_equal(after.scores, before.scores)


def test_whole_pixels_are_written_as_such_whatever_their_shares_of_the_image_were(tmp_path):
    share = np.array([[(0.1 + 0.2) * 10, 0.55 * 100, 0], [45.99999999999999, 56.25, 1]])
    write_boxes(tmp_path / "boxes.csv", {"a": (Boxes(share[None], ("cell",)), None)})
    with (tmp_path / "boxes.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert [row[name] for name in ("i_lo", "j_lo", "i_hi", "j_hi")] == ["3", "55", "46", "56.25"]


def test_both_twins_are_written_where_the_affine_is_known(tmp_path):
    """As detections.csv: case, class, score, box in voxels and mm, and an id."""
    own = Boxes(np.array([[[1.0, 2, 3], [4, 5, 6.5]]]), ("lesion",), np.array([0.5]))
    write_boxes(
        tmp_path / "detections.csv", {"a": (own, TILTED_AFFINE), "b": (Boxes(np.empty((0, 2, 3)), ()), None)}
    )
    with (tmp_path / "detections.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert list(row)[:5] == ["id", "case", "class", "score", "i_lo"]
    assert (row["id"], row["case"], row["class"], row["i_lo"], row["k_hi"]) == (
        "1",
        "a",
        "lesion",
        "1",
        "6.5",
    )
    mm = [float(row[f"{axis}_{end}_mm"]) for end in ("lo", "hi") for axis in "xyz"]
    np.testing.assert_allclose(mm, enclosing_mm(own.box_ijk, TILTED_AFFINE).ravel(), atol=1e-4)
    assert len(read(tmp_path / "detections.csv", case="b")) == 0


def test_mm_alone_are_enough(tmp_path):
    lines = ["x_lo_mm,y_lo_mm,z_lo_mm,x_hi_mm,y_hi_mm,z_hi_mm", "8,-29.65,6.25,10.4,-28.25,11.25"]
    found = read(table(tmp_path, *lines))
    # x = 12 − 0.8 j, y = −30 + 0.7 i, z = 5 + 2.5 k, and a voxel reaches half of its size to all sides.
    np.testing.assert_allclose(found.box_ijk, [[[1, 2.5, 1], [3, 5.5, 3]]], atol=1e-9)
    assert found.classes == ("object",)


@pytest.mark.parametrize(
    "lines",
    [
        ("i,j,k,diameter_mm", "5,4,3,7"),
        ("x_mm,y_mm,z_mm,diameter_mm", "8.8,-26.5,12.5,7"),
        ("seriesuid,coordX,coordY,coordZ,diameter_mm", "a,-8.8,26.5,12.5,7"),  # LPS, as LUNA16 has it
    ],
)
def test_a_ball_has_the_box_around_it(tmp_path, lines):
    (box,) = read(table(tmp_path, *lines)).box_ijk
    np.testing.assert_allclose(box.mean(axis=0), (5.5, 4.5, 3.5))
    np.testing.assert_allclose(box[1] - box[0], (10, 8.75, 2.8))


def test_pictures_need_no_third_axis(tmp_path):
    path = table(tmp_path, "class;i_lo;j_lo;i_hi;j_hi", "red;1;2;5;6")
    np.testing.assert_array_equal(read(path, PICTURE).box_ijk, [[[1, 2, 0], [5, 6, 1]]])
    with pytest.raises(DataError, match="no k_lo and k_hi"):
        read(path)


def test_points_with_a_diameter_in_voxels_have_squares_on_pictures_and_cubes_in_volumes(tmp_path):
    path = table(tmp_path, "class,i,j,diameter_voxels", "red,5,4,3")
    np.testing.assert_array_equal(read(path, PICTURE).box_ijk, [[[4, 3, 0], [7, 6, 1]]])
    with pytest.raises(DataError, match="a point in a volume has no k"):
        read(path)
    path = table(tmp_path, "i,j,k,diameter_voxels", "5,4,3,4")
    np.testing.assert_array_equal(read(path).box_ijk, [[[3.5, 2.5, 1.5], [7.5, 6.5, 5.5]]])


def test_a_table_of_several_cases_gives_each_its_own(tmp_path):
    path = table(
        tmp_path, "case,class,i_lo,j_lo,i_hi,j_hi", "a,red,1,2,5,6", "b,white,0,0,1,1", "a,red,0,0,2,2"
    )
    assert [read(path, PICTURE, case=case).classes for case in "abc"] == [("red", "red"), ("white",), ()]


def test_a_table_that_changes_is_read_anew(tmp_path):
    assert len(read(table(tmp_path, "i_lo,j_lo,i_hi,j_hi", "1,2,5,6"), PICTURE)) == 1
    assert len(read(table(tmp_path, "i_lo,j_lo,i_hi,j_hi", "1,2,5,6", "1,2,5,60"), PICTURE)) == 2


def test_a_table_of_points_may_be_empty(tmp_path):
    assert len(read(table(tmp_path, "case,i,j,diameter_voxels"), PICTURE)) == 0


def test_json_has_the_same_names(tmp_path):
    entries = [{"class": "red", "i": 5, "j": 4, "k": 3, "diameter_mm": 7, "score": 0.5, "flag": "difficult"}]
    found = read(write_text(tmp_path / "a.json", json.dumps(entries)))
    assert (found.classes, found.flags, found.scores.tolist()) == (("red",), ("difficult",), [0.5])
    assert len(read(write_text(tmp_path / "none.json", "[]"))) == 0


def test_detections_in_coco_are_labels_too(tmp_path):
    """As detections.json: images, categories, annotations with id, image_id, category_id, bbox, score."""
    content = coco_content()
    for mark in content["annotations"]:
        mark["score"] = 0.5
    path = write_text(tmp_path / "detections.json", json.dumps(content))
    assert read(path, PICTURE).classes == ("red", "white")
    assert len(read(path, PICTURE, case="c", image="x/c.png")) == 0
    assert len(read(path, PICTURE, case="a", image="1.2.840")) == 2  # by the name of the case
    with pytest.raises(DataError, match=r"not tell clearly of this image.*Received 0"):
        read(path, PICTURE, case="z", image="z.png")
    content["images"][1]["file_name"] = "other/a.png"
    path = write_text(tmp_path / "detections.json", json.dumps(content))
    with pytest.raises(DataError, match="Received 2"):
        read(path, PICTURE)
    assert len(read(path, PICTURE, image="other/a.png")) == 2


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["case,class", "a,x"], "does not tell where its box is"),
        (["case,class"], "no column that tells a place"),
        (["i,j,k", "1,2,3"], "no diameter_mm"),
        (["i,j,k,diameter_mm", "1,2,3,"], "no diameter_mm"),
        (["i,j,k,diameter_mm", "1,2,3,-1"], "negative"),
        (["i,j,k,diameter_voxels", "1,2,3,-1"], "negative"),
        (["i,j,k,diameter_voxels", "1,2,3,"], "no diameter_mm"),
        (["i,j,k,diameter_mm", "1,2,3,nan"], "diameter_mm is not a number"),
        (["i_lo,j_lo,k_lo,i_hi,j_hi,k_hi", "0,0,0,1,1,x"], "k_hi is not a number.*'x'"),
        (["i_lo,j_lo,k_lo,i_hi,j_hi,k_hi", "0,0,0,1,1,1e999"], "k_hi is not a number"),
        (["i_lo,j_lo,k_lo,i_hi,j_hi,k_hi", "0,0,0,1,1,-1"], "ends before it begins"),
        (["x_lo_mm,y_lo_mm,z_lo_mm,x_hi_mm,y_hi_mm,z_hi_mm", "0,0,0,1,-1,1"], "in mm ends before it begins"),
        (["i_lo,j_lo,k_lo,i_hi,j_hi,k_hi,flag", "0,0,0,1,1,1,odd"], "flag"),
        (["i_lo,j_lo", "0,0,0"], "3 cells"),
    ],
)
def test_rows_that_are_no_boxes_are_refused_with_the_reason(tmp_path, lines, problem):
    with pytest.raises(DataError, match=problem):
        read(table(tmp_path, *lines))


def test_mm_on_a_picture_mean_nothing(tmp_path):
    for lines in (["i,j,k,diameter_mm", "1,2,3,4"], ["x_mm,y_mm,z_mm,diameter_mm", "1,2,3,4"]):
        with pytest.raises(DataError, match="nobody knows the spacing"):
            read(table(tmp_path, *lines), PICTURE)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"),
        ('"a"', "holds no boxes"),
        ("[1]", "holds no boxes"),
        ('[{"i": [1], "j": 1, "k": 1, "diameter_mm": 1}]', "i is not a number"),
    ],
)
def test_json_that_is_none_is_refused(tmp_path, text, problem):
    with pytest.raises(DataError, match=problem):
        read(write_text(tmp_path / "a.json", text))
