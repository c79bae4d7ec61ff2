"""Facts of a study: what the model answers is said with the rules by which it is decided."""

import pytest

from scanwright.report.study_facts import output
from scanwright.report.texts import Words


def said(task="segmentation", lang="en", thresholds=None, **plan):
    fields = [{"field": name, "value": value} for name, value in plan.items()]
    names = ["lesion"] if task == "segmentation" else ["no", "yes"]
    evaluation = {"task": task, "classes": names, "plan": fields, "thresholds": thresholds or {}}
    return output(evaluation, Words(lang))


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"dims": 3, "spacing_mm": [1, 1, 2]}, "lesion 2.5 mm³"),
        ({"dims": 2, "spacing_mm": [1, 1, 1]}, "lesion 2.5 mm²"),
        ({"dims": 3, "spacing_mm": None}, "lesion 2.5 voxels"),
        ({"dims": 2, "spacing_mm": None}, "lesion 2.5 pixels"),
    ],
)
def test_how_small_pieces_are_left_out_is_said_in_its_unit(plan, told):
    assert told in said(least_pieces=[0.0, 2.5], **plan)
    assert "left out" not in said(least_pieces=[], **plan)


def test_it_is_said_in_chinese():
    assert "lesion 2.5 像素" in said(lang="zh", least_pieces=[0.0, 2.5], dims=2, spacing_mm=None)


def test_the_threshold_of_two_classes_is_said():
    assert "yes 0.31" in said("classification", thresholds={"yes": 0.3141})
    assert "hreshold" not in said("classification")
