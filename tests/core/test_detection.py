"""Detection: hits and average precision as pycocotools counts them, FROC as a plain loop does."""

import contextlib
import io
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy import ndimage

from scanwright.core.boxes import intersection_over_union
from scanwright.core.detection import (
    LEAST_SHARED,
    average_precision,
    count_lesions,
    froc_sensitivities,
    match_findings,
)

THRESHOLDS = np.linspace(0.5, 0.95, 10)


def pictures(seed, n=6):
    """For each picture: objects, whether they are ignored, findings and their scores."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        corner = rng.integers(0, 60, (rng.integers(0, 6), 2)).astype(float)
        objects = np.stack([corner, corner + rng.integers(8, 30, corner.shape)], axis=1)
        near = objects[rng.integers(0, len(objects), 2 * len(objects))] if len(objects) else objects
        near = near + rng.integers(-4, 5, near.shape)
        far = rng.integers(0, 60, (3, 1, 2)).astype(float)
        findings = np.concatenate([near, np.concatenate([far, far + 12], axis=1)])
        made.append((objects, rng.random(len(objects)) < 0.2, findings, rng.random(len(findings)).round(2)))
    return made


def as_coco(made):
    """Precision by pycocotools at each threshold; what is ignored is a crowd there."""

    def xywh(box):
        (x, y), (right, low) = box.tolist()
        return [x, y, right - x, low - y]

    truth, found = [], []
    for image, (objects, ignored, findings, scores) in enumerate(made):
        for box, flag in zip(objects, ignored, strict=True):
            area = float(np.prod(box[1] - box[0]))
            truth.append(
                {"id": len(truth) + 1, "image_id": image, "category_id": 1, "bbox": xywh(box), "area": area}
                | {"iscrowd": int(flag)}
            )
        for box, score in zip(findings, scores, strict=True):
            found.append({"image_id": image, "category_id": 1, "bbox": xywh(box), "score": float(score)})
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": n} for n in range(len(made))],
            "annotations": truth,
            "categories": [{"id": 1}],
        }
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"][:, :, 0, 0, 2]
    return [float(row.mean()) if (row > -1).all() else math.nan for row in precision]


def ours(made):
    values = []
    for least in THRESHOLDS:
        scores, hits, n_objects = [], [], 0
        for objects, ignored, findings, own in made:
            close = intersection_over_union(findings, objects)
            # COCO measures a finding in a crowd by its own area.
            for n in np.flatnonzero(ignored):
                common = np.minimum(findings[:, 1], objects[n, 1]) - np.maximum(findings[:, 0], objects[n, 0])
                area = np.prod(findings[:, 1] - findings[:, 0], axis=1)
                close[:, n] = np.prod(np.clip(common, 0, None), axis=1) / area
            hit = match_findings(close, own, least, ignored, crowd=ignored)
            counts = np.array([h < 0 or not ignored[h] for h in hit], dtype=bool)
            scores.append(own[counts])
            hits.append(hit[counts] >= 0)
            n_objects += int((~ignored).sum())
        values.append(average_precision(np.concatenate(scores), np.concatenate(hits), n_objects))
    return values


@pytest.mark.parametrize("seed", range(12))
def test_average_precision_is_that_of_pycocotools(seed):
    made = pictures(seed)
    np.testing.assert_allclose(ours(made), as_coco(made), atol=1e-9)


def test_the_surest_finding_chooses_first_and_an_object_is_hit_once():
    close = np.array([[0.9, 0.6], [0.95, 0.1]])
    assert match_findings(close, np.array([0.8, 0.3]), 0.5).tolist() == [0, -1]
    assert match_findings(close, np.array([0.3, 0.8]), 0.5).tolist() == [1, 0]


def test_what_does_not_count_is_taken_last():
    close = np.array([[0.9, 0.6]])
    assert match_findings(close, np.ones(1), 0.5, ignored=np.array([True, False])).tolist() == [1]
    assert match_findings(close, np.ones(1), 0.7, ignored=np.array([True, False])).tolist() == [0]


def test_a_crowd_is_hit_by_any_number():
    close = np.full((3, 1), 0.8)
    crowd = np.array([True])
    assert match_findings(close, np.ones(3), 0.5, crowd, crowd).tolist() == [0, 0, 0]
    assert match_findings(close, np.ones(3), 0.5, crowd).tolist() == [0, -1, -1]


def test_perfect_findings_score_one_and_none_score_nothing():
    assert average_precision(np.array([0.9, 0.8]), np.array([True, True]), 2) == 1.0
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0.0
    assert math.isnan(average_precision(np.ones(1), np.zeros(1, bool), 0))


def plain_froc(scores, hits, n_objects, n_cases, allowed):
    best = 0.0
    for threshold in [*scores, np.inf]:
        taken = scores >= threshold
        if (taken & ~hits).sum() / n_cases <= allowed:
            best = max(best, (taken & hits).sum() / n_objects)
    return best


@given(st.integers(0, 500), st.integers(0, 30), st.integers(1, 10))
def test_sensitivities_are_the_best_within_the_false_alarms(seed, n, n_cases):
    rng = np.random.default_rng(seed)
    scores, hits = rng.integers(0, 8, n) / 8, rng.random(n) < 0.5
    n_objects = int(hits.sum()) + int(rng.integers(1, 4))
    got = froc_sensitivities(scores, hits, n_objects, n_cases)
    wanted = [plain_froc(scores, hits, n_objects, n_cases, a) for a in (0.125, 0.25, 0.5, 1, 2, 4, 8)]
    assert got == pytest.approx(wanted)


def test_sensitivity_without_objects_is_not_defined():
    assert all(math.isnan(one) for one in froc_sensitivities(np.ones(1), np.zeros(1, bool), 0, 3))


def blobs(*places, shape=(30, 30, 12), radius=3):
    """Balls of a mask."""
    grid = np.indices(shape)
    mask = np.zeros(shape, bool)
    for place in places:
        mask |= sum((g - p) ** 2 for g, p in zip(grid, place, strict=True)) <= radius**2
    return mask


def test_lesions_are_connected_pieces_and_are_found_once():
    reference = blobs((5, 5, 5), (20, 20, 5), (5, 25, 5))
    prediction = blobs((6, 5, 5), (20, 21, 5), (25, 5, 5), radius=2)
    assert count_lesions(prediction, reference) == (3, 2, 1)
    assert count_lesions(reference, reference) == (3, 3, 0)
    assert count_lesions(np.zeros_like(reference), reference) == (3, 0, 0)
    assert count_lesions(reference, np.zeros_like(reference)) == (0, 0, 3)
    assert count_lesions(np.zeros((4, 4, 1), bool), np.zeros((4, 4, 1), bool)) == (0, 0, 0)


def test_one_piece_over_two_lesions_finds_one_of_them():
    reference = np.zeros((20, 8, 1), bool)
    reference[1:9, 2:6], reference[10:18, 2:6] = True, True
    assert count_lesions(np.ones_like(reference), reference) == (2, 1, 0)


def test_a_piece_that_shares_too_little_finds_nothing():
    reference, prediction = np.zeros((2, 20, 20, 1), bool)
    reference[:10, :10] = True
    prediction[9:12, 9:12] = True
    assert count_lesions(prediction, reference) == (1, 0, 1)


@given(st.integers(0, 300))
def test_lesions_are_counted_as_a_plain_loop_does(seed):
    rng = np.random.default_rng(seed)
    prediction, reference = ndimage.gaussian_filter(rng.normal(size=(2, 24, 24, 1)), (0, 1.5, 1.5, 0)) > 0.15
    labels = [ndimage.label(mask, np.ones((3, 3, 3))) for mask in (prediction, reference)]
    (found, n_found), (true, n_true) = labels
    close = np.array(
        [
            [
                ((found == f) & (true == t)).sum() / ((found == f) | (true == t)).sum()
                for t in range(1, n_true + 1)
            ]
            for f in range(1, n_found + 1)
        ]
    ).reshape(n_found, n_true)
    sizes = np.array([(found == f).sum() for f in range(1, n_found + 1)], dtype=float)
    hits = int((match_findings(close, sizes, LEAST_SHARED) >= 0).sum())
    assert count_lesions(prediction, reference) == (n_true, hits, n_found - hits)
