"""Pascal VOC counts pixels from 1; what else XML can do is refused."""

import numpy as np
import pytest

from builders import voc_annotation, write_text
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.voc import MOST_BYTES, read_voc

GRID = Volume(np.zeros((3, 8, 6, 1), np.uint8))
BOX = "<bndbox><xmin>{}</xmin><ymin>1</ymin><xmax>{}</xmax><ymax>6</ymax></bndbox>"


def told(tmp_path, *objects, size=""):
    return write_text(tmp_path / "a.xml", "<annotation>", size, *objects, "</annotation>")


def thing(first, last, more=""):
    return f"<object><name>red</name>{more}{BOX.format(first, last)}</object>"


def test_the_first_pixel_is_1_and_the_last_belongs_to_the_box(tmp_path):
    """The whole of a picture of 8 by 6 pixels is 1, 1, 8, 6."""
    boxes = read_voc(told(tmp_path, thing(1, 8)), GRID)
    np.testing.assert_array_equal(boxes.box_ijk, [[[0, 0, 0], [8, 6, 1]]])
    assert boxes.classes == ("red",)


def test_what_was_written_is_read(tmp_path):
    boxes = read_voc(voc_annotation(tmp_path / "a.xml"), GRID)
    np.testing.assert_array_equal(boxes.box_ijk[:, :, :2], [[[1, 2], [5, 6]], [[3, 0], [8, 4]]])
    assert boxes.classes == ("red", "white")


def test_a_first_pixel_of_0_is_taken_for_1_and_one_below_stays_outside(tmp_path):
    boxes = read_voc(told(tmp_path, thing(0, 4), thing(-3, 4), thing("1.5", "4.5")), GRID)
    assert boxes.box_ijk[:, 0, 0].tolist() == [0, -3, 0.5]
    assert boxes.box_ijk[:, 1, 0].tolist() == [4, 4, 4.5]


def test_difficult_objects_are_kept_as_such(tmp_path):
    boxes = read_voc(told(tmp_path, thing(1, 2, "<difficult>1</difficult>"), thing(1, 2)), GRID)
    assert boxes.flags == ("difficult", "")


def test_an_annotation_without_objects_is_an_image_without_any(tmp_path):
    assert len(read_voc(told(tmp_path), GRID)) == 0


def test_boxes_of_parts_are_not_those_of_the_object(tmp_path):
    """A person's head stands inside of the person."""
    part = f"<part><name>head</name>{BOX.format(1, 2)}</part>"
    boxes = read_voc(told(tmp_path, f"<object><name>person</name>{part}{BOX.format(3, 8)}</object>"), GRID)
    assert boxes.box_ijk[:, 0, 0].tolist() == [2]


BOMB = '<!DOCTYPE a [<!ENTITY b "ha">' + "".join(f'<!ENTITY b{n} "{"&b;" * 9}">' for n in range(9)) + "]>"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not XML"),
        ("<annotation>", "not XML"),
        ("no xml", "not XML"),
        (f"{BOMB}<annotation>&b;</annotation>", "document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>', "document type"),
        ("<annotation>&outside;</annotation>", "not XML"),
        ("<a>" * 40 + "</a>" * 40, "implausibly deep"),
        ("<html/>", "no annotation of Pascal VOC.*html"),
        ("<annotation><object><name>a</name></object></annotation>", "has no box"),
        (f"<annotation><object>{BOX.format(1, 2)}</object></annotation>", "no class"),
        (f"<annotation>{thing('', 2)}</annotation>", "lacks one of xmin"),
        (f"<annotation>{thing('x', 2)}</annotation>", "xmin is not a number"),
        (f"<annotation>{thing('nan', 2)}</annotation>", "no place in an image"),
        (f"<annotation>{thing(5, 2)}</annotation>", "ends before it begins"),
        (f"<annotation>{thing(1, '1e300')}</annotation>", "no place in an image"),
        ("<annotation><size><width>7</width></size></annotation>", "another size"),
        ("<annotation><size><width>wide</width></size></annotation>", "width is not a number"),
    ],
)
def test_hostile_annotations_are_refused_with_the_reason(tmp_path, text, problem):
    with pytest.raises(DataError, match=problem):
        read_voc(write_text(tmp_path / "a.xml", text), GRID)


def test_a_huge_annotation_is_not_read(tmp_path):
    with (tmp_path / "a.xml").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(DataError, match="implausibly large"):
        read_voc(tmp_path / "a.xml", GRID)
