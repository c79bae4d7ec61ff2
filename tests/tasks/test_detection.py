"""Objects: what is learnt from boxes, and what becomes of findings."""

from dataclasses import replace

import numpy as np
import pytest

from builders import cohort, memory_case, noise
from scanwright.data.boxes import Boxes
from scanwright.data.prediction import BoxPrediction
from scanwright.data.settings import Settings
from scanwright.errors import DataError
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.tasks.detection import MOST_FINDINGS, Detection, suppress_rows

TASK = Detection()
BOX = ((4.0, 5.0, 0.0), (20.0, 17.0, 1.0))


def pictures(boxes=lambda n: Boxes(np.array([BOX]), ("cell",)), n=8):
    return [
        memory_case(f"c{k}", noise((1, 64, 48, 1), seed=k), boxes=boxes(k), affine=None) for k in range(n)
    ]


def plan_of(cases):
    return TASK.plan(take_fingerprint(cohort(cases), target="boxes"), Settings(minutes=5))


def test_boxes_of_other_classes_and_beside_the_image_are_no_targets():
    cases = pictures()
    plan = plan_of(cases)
    boxes = Boxes(
        np.array([BOX, BOX, ((60.0, 40, 0), (80, 60, 1)), ((70.0, 5, 0), (80, 8, 1))]),
        ("cell", "unheard of", "cell", "cell"),
        flags=("", "", "difficult", ""),
    )
    target = TASK.encode(memory_case("x", noise((1, 64, 48, 1)), boxes=boxes, affine=None), plan).target
    scale = TASK.encode(cases[0], plan).image.shape[1] / 64
    np.testing.assert_allclose(target[0, 2:], np.ravel(BOX) * np.array([scale, scale, 1] * 2), rtol=1e-5)
    assert target[:, :2].tolist() == [[0, 0], [0, 1]]
    assert target[1, 5] == pytest.approx(64 * scale)


def test_data_whose_objects_do_not_count_are_refused():
    cases = pictures(lambda n: Boxes(np.array([BOX]), ("cell",), flags=("difficult",)))
    with pytest.raises(DataError, match="no case that trains holds an object"):
        plan_of(cases)


def test_cases_without_an_object_count():
    cases = pictures(lambda n: Boxes(np.array([BOX] * (n % 2)), ("cell",) * (n % 2)))
    plan = plan_of(cases)
    assert TASK.encode(cases[0], plan).target.shape == (0, 8)


def rows(*found):
    return np.array([(index, score, x, 0, 0, x + 10, 10, 1) for index, score, x in found], dtype=np.float32)


def test_of_several_boxes_around_one_object_the_surest_is_kept_each_class_by_itself():
    plan = plan_of(pictures())
    found = rows((0, 0.6, 1), (0, 0.9, 0), (1, 0.5, 0), (0, 0.7, 30))
    assert suppress_rows(found, plan)[:, 1].round(2).tolist() == [0.9, 0.7, 0.5]


def test_soft_suppression_keeps_all_and_trusts_some_less():
    plan = plan_of(pictures()).overrule({"boxes.suppression": "soft"})
    kept = suppress_rows(rows((0, 0.6, 1), (0, 0.9, 0), (0, 0.7, 30)), plan)
    assert kept[:2, 1] == pytest.approx([0.9, 0.7])
    assert 0 < kept[2, 1] < 0.6


def test_weighted_suppression_makes_one_of_all():
    plan = plan_of(pictures()).overrule({"boxes.suppression": "weighted"})
    (kept,) = suppress_rows(rows((0, 0.5, 1), (0, 0.5, 0)), plan)
    assert kept[2] == pytest.approx(0.5)


def test_no_more_is_kept_than_anyone_looks_at():
    plan = plan_of(pictures())
    many = rows(*((0, 0.1, 20 * n) for n in range(MOST_FINDINGS + 50)))
    assert len(suppress_rows(many, plan)) == MOST_FINDINGS


def test_findings_end_where_the_image_does_and_none_lies_beside_it():
    cases = pictures()
    plan = replace(plan_of(cases), longest_side=None)
    outputs = rows((0, 0.9, -5), (0, 0.8, 60), (0, 0.7, 100))
    prediction = TASK.decode("c0", outputs, plan, (), cases[0].image.read(), {"cell": 0.85})
    assert isinstance(prediction, BoxPrediction)
    assert prediction.boxes.box_ijk[:, :, 0].tolist() == [[0, 5], [60, 64]]
    assert prediction.decided.tolist() == [True, False]


def test_a_threshold_is_chosen_for_the_operating_point():
    cases = pictures()
    plan = plan_of(cases).overrule({"boxes.operating_point": "sensitivity", "boxes.operating_value": "0.5"})
    targets = [TASK.encode(case, plan).target for case in cases]
    outputs = [
        np.column_stack([t[:, 0], np.full(len(t), 0.1 * (n + 1)), t[:, 2:]]) for n, t in enumerate(targets)
    ]
    assert 0.4 < TASK.choose_thresholds(outputs, targets, plan)["cell"] <= 0.5
