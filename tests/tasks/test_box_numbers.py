"""Numbers of boxes: as pycocotools counts them; FROC, thresholds and counts as one counts by hand."""

import contextlib
import dataclasses
import io
import json
import math
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from builders import detection_plan
from scanwright.core.statistics import patient_bootstrap
from scanwright.data.box_plan import BoxPlan
from scanwright.data.boxes import Boxes
from scanwright.data.prediction import BoxPrediction
from scanwright.tasks.box_numbers import (
    MOST_FOUND,
    box_goodness,
    box_tables,
    choose_box_thresholds,
    closeness,
    measure_boxes,
    summarise_boxes,
    tell_findings,
)

CLASSES = ("red", "white")
NONE = Boxes(np.empty((0, 2, 3)), (), np.empty(0))


def plan(dims=2, **boxes):
    return detection_plan(dims, boxes=BoxPlan(**boxes))


def flat(*corners, classes=None, scores=None, flags=()):
    """Boxes of a picture from (x0, y0, x1, y1)."""
    box = [[(x0, y0, 0), (x1, y1, 1)] for x0, y0, x1, y1 in corners]
    names = classes or ("red",) * len(corners)
    known = None if scores is None else np.array(scores, dtype=float)
    return Boxes(np.array(box, dtype=float).reshape(-1, 2, 3), tuple(names), known, flags)


def measure(found, true, made, thresholds=None, case="c", affine=None):
    prediction = BoxPrediction(case, found, thresholds or {})
    return measure_boxes(prediction, true, case, made, affine)


def numbers_of(records, made):
    return dict(summarise_boxes(records, made).statistic(np.arange(len(records))))


def scene(seed, n=5, *, crowds=True, tied=True):
    """Pictures of two classes: objects of all sizes, some crowds, findings near them and far, tied scores."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        n_true = int(rng.integers(0, 8)) * int(rng.random() < 0.8)
        corner = rng.integers(0, 200, (n_true, 2)).astype(float)
        side = rng.choice([8, 20, 32, 50, 96, 130], (n_true, 1)) + rng.integers(0, 3, (n_true, 2))
        objects = np.concatenate([corner, corner + side], axis=1)
        names = rng.choice(CLASSES, n_true)
        flags = np.where(rng.random(n_true) < 0.15 * crowds, "crowd", "")
        picked = rng.integers(0, n_true, 2 * n_true) if n_true else np.empty(0, int)
        near = objects[picked] + rng.integers(-4, 5, (len(picked), 4))
        far = rng.integers(0, 200, (int(rng.integers(0, 4)), 2)).astype(float)
        found = np.concatenate([near, np.concatenate([far, far + rng.choice([10, 40, 100])], axis=1)])
        said = np.concatenate([names[picked], rng.choice(CLASSES, len(far))])
        scores = rng.random(len(found))
        scores = scores.round(1) if tied else scores
        made.append(
            (
                flat(*found, classes=said.tolist(), scores=scores),
                flat(*objects, classes=names.tolist(), flags=tuple(flags.tolist())),
            )
        )
    return made


def by_coco(made):
    """(IoU, class, size) average precisions by pycocotools; nan where a class has no object."""

    def told(boxes, image):
        for box, name in zip(boxes.box_ijk, boxes.classes, strict=True):
            (x, y, _), (right, low, _) = box.tolist()
            sides = {"bbox": [x, y, right - x, low - y], "area": (right - x) * (low - y)}
            yield {"image_id": image, "category_id": CLASSES.index(name)} | sides

    truth, found = [], []
    for image, (own, true) in enumerate(made):
        for one, flag in zip(told(true, image), true.flags, strict=True):
            truth.append(one | {"id": len(truth) + 1, "iscrowd": int(flag == "crowd")})
        found += [one | {"score": s} for one, s in zip(told(own, image), own.scores.tolist(), strict=True)]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": n} for n in range(len(made))],
            "annotations": truth,
            "categories": [{"id": n} for n in range(len(CLASSES))],
        }
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(found) if found else COCO(), "bbox")
        if not found:
            judge.cocoDt.dataset = {"annotations": [], "images": [], "categories": []}
            judge.cocoDt.createIndex()
        judge.params.maxDets = [MOST_FOUND]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][..., 0].mean(axis=1)  # (IoU, class, size: all, small, medium, large)
    return np.where(precision < 0, np.nan, precision)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_average_precisions_are_those_of_pycocotools(seed):
    made = scene(seed)
    theirs = by_coco(made)
    own = plan()
    ours = numbers_of([measure(f, t, own, case=f"c{n}") for n, (f, t) in enumerate(made)], own)
    for c, name in enumerate(CLASSES):
        assert ours["map50", name] == pytest.approx(theirs[0, c, 0], abs=1e-9, nan_ok=True)
        assert ours["map", name] == pytest.approx(theirs[:, c, 0].mean(), abs=1e-9, nan_ok=True)
        for s, size in enumerate(("small", "medium", "large"), start=1):
            value = ours.get((f"map50_{size}", name), math.nan)
            assert value == pytest.approx(theirs[0, c, s], abs=1e-9, nan_ok=True)
    defined = theirs[0, :, 0][~np.isnan(theirs[0, :, 0])]
    if len(defined):
        assert ours["map50", ""] == pytest.approx(defined.mean(), abs=1e-9)


def test_hundreds_of_objects_in_one_image_all_count():
    corners = [(20 * x, 20 * y, 20 * x + 10, 20 * y + 10) for x in range(25) for y in range(20)]
    found = flat(*corners, scores=np.linspace(0.6, 0.9, 500))
    numbers = numbers_of([measure(found, flat(*corners), plan())], plan())
    assert numbers["map", "red"] == 1
    assert numbers["sensitivity", "red"] == 1
    assert math.isnan(numbers["map", "white"])


def test_an_empty_image_counts_as_a_case_and_what_is_found_in_it_is_a_false_alarm():
    full = measure(flat((0, 0, 9, 9), scores=[0.7]), flat((0, 0, 9, 9)), plan(), case="a")
    empty = measure(flat((0, 0, 9, 9), (30, 0, 40, 9), scores=[0.9, 0.8]), NONE, plan(), case="b")
    quiet = measure(NONE, NONE, plan(), case="c")
    numbers = numbers_of([full, empty, quiet, quiet], plan())
    assert numbers["false_alarms_per_case", ""] == pytest.approx(2 / 4)
    assert numbers["precision", "red"] == pytest.approx(1 / 3)
    assert numbers["count_error", "red"] == pytest.approx(2 / 4)
    assert numbers["sensitivity_at_0.25", "red"] == 0
    assert numbers["sensitivity_at_0.5", "red"] == 1


def test_difficult_and_crowded_objects_are_neither_found_nor_missed():
    true = flat((0, 0, 10, 10), (50, 0, 60, 10), (0, 50, 40, 90), flags=("", "difficult", "crowd"))
    found = flat((0, 0, 10, 10), (50, 0, 60, 10), (5, 55, 15, 65), (20, 60, 30, 70), scores=[0.9] * 4)
    own = measure(found, true, plan())["classes"]["red"]
    assert (own["true"], own["found"], own["hits"]) == (1, 1, 1)
    assert numbers_of([measure(found, true, plan())], plan())["map", "red"] == 1


def test_only_findings_at_or_above_the_threshold_of_their_class_are_counted():
    found = flat((0, 0, 9, 9), (30, 0, 39, 9), classes=("red", "white"), scores=[0.4, 0.4])
    record = measure(found, flat((0, 0, 9, 9)), plan(), {"red": 0.4, "white": 0.41})
    assert (record["classes"]["red"]["hits"], record["classes"]["white"]["found"]) == (1, 0)


def test_by_centres_a_hit_is_nearer_than_half_the_mean_side_in_mm_and_a_second_one_is_no_false_alarm():
    made = plan(dims=3, hit="centre")
    affine = np.diag([0.5, 0.5, 2.0, 1.0])
    true = Boxes([[(0, 0, 0), (20, 20, 5)]], ("red",))  # 10 mm along each axis
    inside, beside, again = [(9, 0, 0), (29, 20, 5)], [(11, 0, 0), (31, 20, 5)], [(0, 0, 2), (20, 20, 7)]
    found = Boxes([inside, beside, again], ("red",) * 3, np.array([0.9, 0.8, 0.7]))
    close, least = closeness(found.box_ijk, true.box_ijk, made, affine)
    assert (close[:, 0] >= least).tolist() == [True, False, True]
    record = measure(found, true, made, affine=affine)
    assert (record["classes"]["red"]["found"], record["classes"]["red"]["hits"]) == (2, 1)
    by_overlap = measure(found, true, plan(dims=3, hit_least=0.3), affine=affine)
    assert by_overlap["classes"]["red"]["found"] == 3


def test_an_oblique_grid_measures_centres_as_a_straight_one_does():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([0.7, 0.7, 3.0])
    rng = np.random.default_rng(1)
    lo = rng.uniform(0, 30, (5, 3))
    boxes = np.stack([lo, lo + rng.uniform(2, 9, (5, 3))], axis=1)
    made = plan(dims=3, hit="centre")
    straight = closeness(boxes, boxes, made, np.diag([0.7, 0.7, 3.0, 1]))[0]
    np.testing.assert_allclose(closeness(boxes, boxes, made, affine)[0], straight, atol=1e-9)


def test_in_volumes_sizes_are_mean_sides_in_mm_and_every_false_alarm_counts_against_each():
    made = plan(dims=3)
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    small, large = [(0, 0, 0), (5, 5, 2.5)], [(20, 20, 20), (32, 32, 26)]
    true = Boxes([small, large], ("red",) * 2)
    found = Boxes([large, [(50, 50, 9), (55, 55, 12)]], ("red",) * 2, np.array([0.9, 0.8]))
    numbers = numbers_of([measure(found, true, made, affine=affine)], made)
    assert (numbers["sensitivity_small", "red"], numbers["sensitivity_large", "red"]) == (0, 1)
    assert (numbers["sensitivity_at_1_small", "red"], numbers["sensitivity_at_1_large", "red"]) == (0, 1)
    assert ("sensitivity_medium", "red") not in numbers


def test_a_perfect_prediction_is_best_and_nothing_found_is_worst():
    true = flat((0, 0, 10, 10), (40, 40, 90, 90), classes=CLASSES)
    perfect = measure(dataclasses.replace(true, scores=np.ones(2)), true, plan())
    numbers = numbers_of([perfect], plan())
    for name in ("map50", "map", "cpm", "sensitivity", "precision", "f1"):
        assert numbers[name, ""] == 1
    assert numbers["false_alarms_per_case", ""] == numbers["count_error", ""] == 0
    nothing = measure(NONE, true, plan())
    assert numbers_of([nothing], plan())["map50", ""] == 0
    assert box_goodness(perfect, plan()) == 1 > box_goodness(nothing, plan()) == 0
    assert box_goodness(measure(NONE, NONE, plan()), plan()) == 1


def test_without_records_nothing_is_defined_and_nothing_breaks():
    assert math.isnan(numbers_of([], plan())["map50", ""])
    assert box_tables([], plan())["curves"] == {"pr": {}, "froc": {}}


def test_records_and_tables_are_plain_and_compact():
    found, true = scene(3)[0]
    record = measure(found, true, plan())
    assert json.loads(json.dumps(record)) == record
    assert json.loads(json.dumps(box_tables([record], plan())))
    assert len(json.dumps(record)) < 200 + 60 * (len(found) + 10)


@given(st.integers(0, 10**6), st.integers(2, 4))
@settings(max_examples=20, deadline=None)
def test_drawn_cases_count_as_often_as_they_are_drawn(seed, times):
    made = plan()
    records = [measure(f, t, made, case=f"c{n}") for n, (f, t) in enumerate(scene(seed, tied=False))]
    statistic = summarise_boxes(records, made).statistic
    rows = np.random.default_rng(seed).integers(0, len(records), len(records))
    drawn, copied = statistic(rows), numbers_of([records[n] for n in np.sort(rows)], made)
    for key in drawn:
        assert drawn[key] == pytest.approx(copied.get(key, math.nan), nan_ok=True)
        assert drawn[key] == pytest.approx(statistic(np.repeat(rows, times))[key], nan_ok=True)


def test_a_thousand_resamples_of_a_large_cohort_take_seconds():
    made = plan()
    records = [measure(f, t, made, case=f"c{n}") for n, (f, t) in enumerate(scene(1, n=120, crowds=False))]
    began = time.perf_counter()
    numbers = patient_bootstrap(summarise_boxes(records, made).statistic, [r["case"] for r in records])
    assert time.perf_counter() - began < 60
    assert numbers["map50", ""].low < numbers["map50", ""].value < numbers["map50", ""].high


def pairs(*cases):
    """Of each case (score, whether it hits), with one object for each hit and one more."""
    made = []
    for case in cases:
        hits = [n for n, (_, right) in enumerate(case) if right]
        places = [(30 * n, 0, 30 * n + 10, 10) for n in range(len(case))]
        true = [places[n] for n in hits] + [(0, 500, 10, 510)]
        made.append((flat(*places, scores=[score for score, _ in case]), flat(*true)))
    return made


FOUND = [(0.9, True), (0.8, False), (0.7, True), (0.6, True), (0.4, False), (0.3, False)]


@pytest.mark.parametrize(
    ("point", "value", "threshold"),
    [
        ("f1", 0.0, 0.5),
        ("sensitivity", 0.25, 0.85),
        ("sensitivity", 0.5, 0.65),
        ("sensitivity", 0.99, 0.5),  # out of reach: as many as can be found
        ("false_alarms", 0.0, 0.85),
        ("false_alarms", 1.0, 0.5),
        ("false_alarms", 8.0, 0.5),  # more findings would only be false
    ],
)
def test_the_threshold_serves_the_operating_point(point, value, threshold):
    made = plan(operating_point=point, operating_value=value)
    assert choose_box_thresholds(pairs(FOUND), made) == {"red": pytest.approx(threshold)}


def test_where_any_finding_would_be_one_false_alarm_too_many_none_counts():
    made = plan(operating_point="false_alarms", operating_value=0.0)
    threshold = choose_box_thresholds(pairs([(1.0, False), (0.5, True)]), made)["red"]
    assert 1.0 < threshold < 1.001


def test_findings_of_one_score_count_together_or_not_at_all():
    made = plan(operating_point="false_alarms", operating_value=0.5)
    tied = pairs([(0.9, True), (0.5, True), (0.5, False)])
    assert choose_box_thresholds(tied, made)["red"] == pytest.approx(0.7)


def test_no_threshold_is_chosen_where_there_is_nothing_to_choose_by():
    assert choose_box_thresholds([], plan()) == {}
    assert choose_box_thresholds([(flat((0, 0, 5, 5), scores=[0.5]), NONE)], plan()) == {}
    assert choose_box_thresholds([(flat((50, 0, 55, 5), scores=[0.5]), flat((0, 0, 5, 5)))], plan()) == {}


def test_pictures_tell_hits_false_alarms_and_misses():
    true = flat((0, 0, 10, 10), (40, 0, 50, 10), (80, 0, 90, 10), flags=("", "", "difficult"))
    found = flat((0, 0, 10, 10), (60, 60, 70, 70), (41, 0, 51, 10), scores=[0.9, 0.8, 0.2])
    false, missed = tell_findings(BoxPrediction("c", found, {}), true, plan(), None)
    assert false.tolist() == [False, True, False]
    assert missed.tolist() == [False, True, False]
