"""Cases and datasets say what they hold."""

import numpy as np
import pytest

from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy
from scanwright.data.dataset import Dataset
from scanwright.data.prediction import ClassPrediction
from scanwright.data.volume import Volume
from scanwright.errors import DataError

PICTURE = Lazy("a.png", lambda: Volume(np.zeros((1, 2, 2, 1))))


def test_a_case_gives_its_image_mask_and_label():
    case = Case("a", {"image": PICTURE}, {"mask": PICTURE, "label": "benign"})
    assert case.image is PICTURE
    assert case.mask is PICTURE
    assert case.label == "benign"


def test_a_case_gives_its_boxes_labels_and_values():
    boxes = Lazy("a.xml", lambda: Boxes(np.empty((0, 2, 3)), ()))
    case = Case("a", {"image": PICTURE}, {"boxes": boxes, "labels": (), "values": {"age": 61.0}})
    assert case.boxes is boxes
    assert case.labels == ()
    assert case.values == {"age": 61.0}


@pytest.mark.parametrize("part", ["image", "mask", "label", "labels", "boxes", "values"])
def test_what_a_case_lacks_is_named_with_the_case(part):
    with pytest.raises(DataError, match=f"case 7: the case has no {part}"):
        getattr(Case("case 7", {}), part)


def test_a_dataset_counts_its_cases_and_knows_the_usual_target():
    cases = (
        Case("a", {}, {"mask": PICTURE}),
        Case("b", {}, {"mask": PICTURE}),
        Case("c", {}, {"label": "x"}),
    )
    dataset = Dataset(cases, "layout", "somewhere")
    assert len(dataset) == 3
    assert dataset.target == "mask"
    assert Dataset((), "layout", "somewhere").target == ""


def test_two_cases_of_one_name_are_an_error_that_names_it():
    with pytest.raises(DataError, match=r"folder: two cases have one name.*Received twin"):
        Dataset((Case("twin", {}), Case("twin", {}), Case("other", {})), "layout", "folder")


def test_the_most_probable_class_is_predicted():
    assert ClassPrediction("a", {"benign": 0.2, "malignant": 0.7, "normal": 0.1}).predicted == "malignant"
