"""YOLO tells shares of the image; lines that are none are named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TWO_CELLS, write_text, yolo_lines
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.yolo import MOST_BYTES, _drawn, looks_like_yolo, read_names, read_yolo

GRID = Volume(np.zeros((3, 8, 6, 1), np.uint8))


def read(tmp_path, *lines, names=()):
    return read_yolo(write_text(tmp_path / "a.txt", *lines), GRID, names=names)


def test_shares_become_pixels(tmp_path):
    boxes = read(tmp_path, *yolo_lines(), names=("red", "white"))
    np.testing.assert_allclose(boxes.box_ijk[:, :, :2], [[c[1:3], c[3:5]] for c in TWO_CELLS])
    assert boxes.classes == ("red", "white")


@given(st.tuples(*[st.floats(0, 1)] * 4))
def test_the_middle_and_the_size_of_a_box_are_those_that_stand_there(shares):
    x, y, width, height = shares
    drawn = _drawn(f"0 {x!r} {y!r} {width!r} {height!r}", GRID, ())
    np.testing.assert_allclose([drawn.x0 + drawn.x1, drawn.y0 + drawn.y1], [16 * x, 12 * y], atol=1e-9)
    np.testing.assert_allclose([drawn.x1 - drawn.x0, drawn.y1 - drawn.y0], [8 * width, 6 * height], atol=1e-9)


def test_an_empty_file_says_that_there_is_no_object(tmp_path):
    assert len(read(tmp_path, "")) == 0


def test_without_names_classes_are_called_by_their_number(tmp_path):
    assert read(tmp_path, "12 .5 .5 .1 .1", "3.0 .5 .5 .1 .1").classes == ("12", "3")


def test_a_sixth_number_is_a_score(tmp_path):
    assert read(tmp_path, "0 .5 .5 .1 .1 .75").scores.tolist() == [0.75]


def test_an_outline_counts_by_the_box_around_it(tmp_path):
    boxes = read(tmp_path, "0 .25 .5 .5 .0 .75 .5")
    np.testing.assert_allclose(boxes.box_ijk, [[[2, 0, 0], [6, 3, 1]]])


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0 .5 .5 .1", "not a class and a box"),
        ("0 .5 .5 .1 .1 .1 .1 .1", "not a class and a box"),
        ("0", "not a class and a box"),
        ("red .5 .5 .1 .1", "does not hold numbers"),
        ("-1 .5 .5 .1 .1", "not a whole number"),
        ("nan .5 .5 .1 .1", "not a whole number"),
        ("0.5 .5 .5 .1 .1", "not a whole number"),
        ("0 nan .5 .1 .1", "shares of the image"),
        ("0 320 240 50 50", "shares of the image"),
        ("0 .5 .5 -.1 .1", "ends before it begins"),
        ("2 .5 .5 .1 .1", r"class without a name.*0 … 1"),
        ("1e300 .5 .5 .1 .1", "class without a name"),
    ],
)
def test_lines_that_are_none_are_refused_with_the_reason(tmp_path, line, problem):
    with pytest.raises(DataError, match=problem):
        read(tmp_path, line, names=("red", "white"))


def test_files_that_are_no_text_or_huge_are_refused(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="no text"):
        read_yolo(tmp_path / "a.txt", GRID)
    with (tmp_path / "a.txt").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    with pytest.raises(DataError, match="implausibly large"):
        read_yolo(tmp_path / "a.txt", GRID)
    assert not looks_like_yolo(tmp_path / "a.txt")


def test_a_report_does_not_look_like_labels(tmp_path):
    assert looks_like_yolo(write_text(tmp_path / "a.txt", *yolo_lines()))
    assert looks_like_yolo(write_text(tmp_path / "a.txt", ""))
    assert not looks_like_yolo(write_text(tmp_path / "a.txt", "No acute finding."))
    assert not looks_like_yolo(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["names: [red, white]"], ("red", "white")),
        (["train: x", "names:", "  1: white", "  0: red"], ("red", "white")),
        (["names:", "- no", "- 1.5", "- 'a: b'"], ("no", "1.5", "a: b")),  # YAML has its own idea of "no"
        (["nc: 2"], ()),
        ([""], ()),
        (["- a", "- b"], ()),
    ],
)
def test_names_of_classes_are_those_that_stand_there(tmp_path, lines, names):
    assert read_names(write_text(tmp_path / "data.yaml", *lines)) == names


def test_names_in_a_text_file_stand_in_lines(tmp_path):
    assert read_names(write_text(tmp_path / "classes.txt", "red", "", " white ")) == ("red", "white")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("names: [", "not YAML"),
        ("names: [a, [b]]", "names of the classes are not"),
        ("names: {0: a, 2: b}", "names of the classes are not"),
        ("names: red", "names of the classes are not"),
        ("names: ['']", "names of the classes are not"),
        ("x: &x [1]\nnames: *y", "not YAML"),
        ("[" * 5000, "not YAML"),
        ("#" * (300 << 10), "implausibly large"),
    ],
)
def test_hostile_names_are_refused(tmp_path, text, problem):
    with pytest.raises(DataError, match=problem):
        read_names(write_text(tmp_path / "data.yaml", text))


def test_yaml_that_would_run_code_or_grow_without_end_is_only_looked_at(tmp_path):
    bomb = ["a: &a [1, 2]"] + [
        f"{b}: &{b} [*{a}, *{a}, *{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    code = "run: !!python/object/apply:os.system ['touch sprung']"
    merged = ["<<: &m {x: 1}", "y: {<<: [*m, *m]}"]
    assert read_names(write_text(tmp_path / "data.yaml", *bomb, code, *merged, "names: [red]")) == ("red",)
