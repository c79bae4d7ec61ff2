"""Boxes of a picture belong to a picture of the size that is told."""

import pickle

import numpy as np
import pytest

from builders import noise, write_nifti, write_picture
from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.annotations.picture import Drawn, check_size, lazy_boxes, nothing, on_picture

GRID = Volume(np.zeros((1, 8, 6, 1), np.uint8))


def none_at_all(path, grid):
    """A reader of annotations."""
    check_size(grid, 8, 6)
    if path.read_text() == "broken":
        raise ValueError("what a library may raise")
    return Boxes(np.empty((0, 2, 3)), ())


def test_columns_run_along_i_and_rows_along_j():
    boxes = on_picture([Drawn("a", 1, 2, 5, 6, "difficult", 0.5), Drawn("b", 0, 0, 1, 1)])
    np.testing.assert_array_equal(boxes.box_ijk[0], [[1, 2, 0], [5, 6, 1]])
    assert (boxes.classes, boxes.flags) == (("a", "b"), ("difficult", ""))
    assert boxes.scores is None  # as not each box has one


@pytest.mark.parametrize("told", [(8, 6), (None, None), (8, None), (0, 0)])
def test_a_size_that_fits_or_is_not_told_is_fine(told):
    check_size(GRID, *told)


def test_another_size_is_an_error_that_may_know_why():
    with pytest.raises(DataError, match=r"another size.*Expected 8 × 5 pixels.*Received 8 × 6"):
        check_size(GRID, 8, 5)
    with pytest.raises(DataError, match="turned after it was annotated"):
        check_size(GRID, 6, 8)
    with pytest.raises(DataError, match="drawn on a volume"):
        check_size(Volume(np.zeros((1, 8, 6, 2))), 8, 6)


def test_boxes_are_read_when_asked_for_and_trouble_names_the_file(tmp_path):
    write_picture(tmp_path / "a.png", noise((6, 8)))
    (tmp_path / "a.txt").write_text("fine")
    lazy = lazy_boxes(tmp_path, "a.txt", "a.png", none_at_all)
    assert len(pickle.loads(pickle.dumps(lazy)).read()) == 0  # noqa: S301 (made in this line)
    (tmp_path / "a.txt").write_text("broken")
    with pytest.raises(DataError, match=r"^a\.txt: the file is damaged"):
        lazy.read()
    (tmp_path / "a.txt").unlink()
    with pytest.raises(DataError, match=r"^a\.txt: the file does not exist"):
        lazy.read()
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"^a\.png: the file is damaged"):
        lazy.read()


def test_an_image_that_holds_nothing_says_so():
    assert len(nothing("a.png").read()) == 0


def test_boxes_of_a_volume_are_not_those_of_a_picture(tmp_path):
    write_nifti(tmp_path / "a.nii.gz", noise((8, 6, 3)))
    (tmp_path / "a.txt").write_text("fine")
    with pytest.raises(DataError, match=r"a\.txt: boxes of pictures are drawn on a volume"):
        lazy_boxes(tmp_path, "a.txt", "a.nii.gz", none_at_all).read()
