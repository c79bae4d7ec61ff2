"""Boxes that no image can have are no boxes."""

import numpy as np
import pytest

from scanwright.data.boxes import MOST_BOXES, Boxes
from scanwright.data.prediction import BoxPrediction
from scanwright.errors import DataError

BOX = [[0.0, 0, 0], [2, 3, 1]]


def test_no_box_is_an_answer_too():
    none = Boxes(np.empty((0, 2, 3)), ())
    assert len(none) == 0
    assert none.box_ijk.shape == (0, 2, 3)
    assert none.ignored.shape == (0,)
    assert len(Boxes(np.array([]), ())) == 0


def test_boxes_keep_what_is_told_of_them():
    boxes = Boxes(np.array([BOX, BOX]), ("a", "b"), np.array([0.5, 1]), ("", "crowd"))
    assert boxes.box_ijk.dtype == np.float64
    assert boxes.ignored.tolist() == [False, True]
    assert Boxes(np.array([BOX]), ("a",)).flags == ("",)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"box_ijk": [BOX], "classes": ()}, r"with a class for each.*\(1, 2, 3\) and 0 classes"),
        ({"box_ijk": [BOX[0]], "classes": ("a",)}, r"boxes are \(n, 2, 3\)"),
        (
            {"box_ijk": [BOX, [[0, 0, 0], [np.nan, 1, 1]]], "classes": ("a", "a")},
            "box 2 of 2 holds what is no",
        ),
        ({"box_ijk": [[[0, 0, 0], [np.inf, 1, 1]]], "classes": ("a",)}, "box 1 of 1 holds what is no place"),
        ({"box_ijk": [[[-1e9, 0, 0], [1, 1, 1]]], "classes": ("a",)}, "box 1 of 1 holds what is no place"),
        ({"box_ijk": [[[2, 0, 0], [1, 1, 1]]], "classes": ("a",)}, "box 1 of 1 ends before it begins"),
        ({"box_ijk": [BOX], "classes": ("",)}, "no class"),
        ({"box_ijk": [BOX], "classes": ("x" * 201,)}, "implausibly long name"),
        ({"box_ijk": [BOX], "classes": ("a",), "scores": [np.nan]}, "scores are one number"),
        ({"box_ijk": [BOX], "classes": ("a",), "scores": [0.5, 0.5]}, "one number for each box.*2 for 1"),
        (
            {"box_ijk": [BOX], "classes": ("a",), "flags": ("odd",)},
            "flag that is not known.*difficult or crowd",
        ),
        ({"box_ijk": [BOX], "classes": ("a",), "flags": ("", "")}, "flag"),
        ({"box_ijk": [BOX] * (MOST_BOXES + 1), "classes": ("a",) * (MOST_BOXES + 1)}, "implausibly many"),
    ],
)
def test_what_is_no_box_is_refused(told, problem):
    with pytest.raises(DataError, match=problem):
        Boxes(**{**told, "box_ijk": np.array(told["box_ijk"])})


def test_some_boxes_keep_their_order_scores_and_flags():
    boxes = Boxes(
        np.arange(18.0).reshape(3, 2, 3), ("a", "b", "c"), np.array([0.9, 0.5, 0.1]), ("", "crowd", "")
    )
    some = boxes.subset(np.array([False, True, True]))
    assert (some.classes, some.flags, some.scores.tolist()) == (("b", "c"), ("crowd", ""), [0.5, 0.1])
    assert len(boxes.subset(np.zeros(3, bool))) == 0


def test_what_counts_as_found_is_decided_by_the_threshold_of_its_class():
    boxes = Boxes(np.arange(18.0).reshape(3, 2, 3), ("a", "b", "c"), np.array([0.9, 0.5, 0.4]))
    assert BoxPrediction("case", boxes, {"a": 0.95, "c": 0.4}).found.classes == ("b", "c")
