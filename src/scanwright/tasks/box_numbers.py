"""Numbers of boxes: findings against the objects that there are, as records, numbers and curves.

Average precision is the COCO protocol's (Lin et al. 2014), FROC and the hit by centres LUNA16's (Setio et al.
2017). Of a class at most ``MOST_FOUND`` findings of a case count, the surest; COCO itself stops at 100, which
crowded images exceed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scanwright.core.boxes import box_volume, covered_share, intersection_over_union
from scanwright.core.detection import (
    FALSE_ALARMS,
    average_precisions,
    choose_operating_point,
    froc_curve,
    froc_sensitivities,
    match_findings,
    precision_curve,
)
from scanwright.core.statistics import Key
from scanwright.data.boxes import Boxes
from scanwright.data.plan import Plan
from scanwright.data.prediction import HALF, BoxPrediction
from scanwright.tasks.base import Record, Summary
from scanwright.types import BoolArray, FloatArray, IntArray, JsonDict

MOST_FOUND = 1000
SIZES = ("small", "medium", "large")
SIZE_LIMITS = {2: (32.0, 96.0), 3: (6.0, 10.0)}
"""Where medium and large begin: in 2-D the root of the area, in pixels (COCO); in 3-D the mean side, in mm,
in voxels where the spacing is unknown (solid nodules are followed up from 6 mm on; Fleischner 2017)."""
IOUS: FloatArray = np.linspace(0.5, 0.95, 10)
MOST_POINTS = 300
"""Of a curve, so that the file stays small."""
# The mark of a finding holds two bits for each of these rules: a hit; left out, as what it hits does not
# count. The ten of COCO, the plan's own, and for each size COCO's at 0.5 and the plan's own.
_OWN = len(IOUS)
_AT_HALF = range(_OWN + 1, _OWN + 4)
_OWN_BY_SIZE = range(_OWN + 4, _OWN + 7)
_N_RULES = _OWN + 7


def closeness(
    found_ijk: FloatArray,
    true_ijk: FloatArray,
    plan: Plan,
    affine_ras: FloatArray | None,
    crowd: BoolArray | None = None,
) -> tuple[FloatArray, float]:
    """How close findings are to objects by the plan's hit rule, and from which closeness they hit.

    Args:
        found_ijk: (n, 2, 3).
        true_ijk: (m, 2, 3), on the same grid.
        plan: with ``boxes`` and ``dims``.
        affine_ras: (4, 4) of the grid; ``None`` where the spacing is unknown.
        crowd: (m,) objects that stand for many: a finding is measured by the share of it that lies inside.

    Returns:
        (n, m), larger is closer, and the least that is a hit.
    """
    if plan.boxes.hit == "iou":
        return _overlaps(found_ijk, true_ijk, crowd), plan.boxes.hit_least
    to_mm = np.eye(3) if affine_ras is None else np.asarray(affine_ras, dtype=np.float64)[:3, :3]
    between = found_ijk.mean(axis=1)[:, None] - true_ijk.mean(axis=1)[None]
    distance = np.linalg.norm(between[..., : plan.dims] @ to_mm[:, : plan.dims].T, axis=2)
    radius = _sides(true_ijk, affine_ras)[:, : plan.dims].mean(axis=1) / 2
    return -distance / np.maximum(radius, 1e-9), -1.0


def measure_boxes(
    prediction: BoxPrediction,
    truth: Boxes,
    patient: str | None,
    plan: Plan,
    affine_ras: FloatArray | None,
) -> Record:
    """What was found in a case against what is there, of each class, as plain values.

    Args:
        prediction: on the grid of the truth.
        truth: the objects; those that are flagged do not count.
        patient: of the case.
        plan: the decisions.
        affine_ras: of the grid; ``None`` where the spacing is unknown.

    Returns:
        "classes" → class → "scores" and "marks" of all findings, the surest first; "true" and "true_by_size",
        how many objects; "threshold", and what counts at it: "found", of these "hits".
    """
    classes = {}
    for name in plan.classes:
        judged = _judge(prediction.boxes, truth, name, plan, affine_ras)
        threshold = float(prediction.thresholds.get(name, HALF))
        hits, out = _unpack(judged.marks)
        said = (judged.scores >= threshold) & ~out[:, _OWN]
        classes[name] = {
            "scores": judged.scores.tolist(),
            "marks": judged.marks.tolist(),
            "true": judged.n_true,
            "true_by_size": list(judged.true_by_size),
            "threshold": threshold,
            "found": int(said.sum()),
            "hits": int((said & hits[:, _OWN]).sum()),
        }
    return {"case": prediction.case, "patient": patient, "classes": classes}


def summarise_boxes(records: Sequence[Record], plan: Plan) -> Summary:
    """The numbers of all classes together are means over those that define them, of false alarms the sum.

    A case without objects counts: what is found in it is a false alarm.
    """
    pools = {name: _pool(records, name) for name in plan.classes}
    sizes = [s for s in range(len(SIZES)) if any(pool.true_by_size[:, s].any() for pool in pools.values())]

    def statistic(rows: IntArray) -> dict[Key, float]:
        times = np.bincount(rows, minlength=len(records)).astype(np.float64)
        each = {name: _numbers(pool, times, sizes) for name, pool in pools.items()}
        numbers: dict[Key, float] = {}
        for field in next(iter(each.values())):
            values = [own[field] for own in each.values()]
            defined = [value for value in values if not math.isnan(value)]
            n_together = 1 if field == "false_alarms_per_case" else len(defined)
            numbers[field, ""] = _ratio(sum(defined), n_together if defined else 0)
            numbers.update({(field, name): own[field] for name, own in each.items()})
        return numbers

    return Summary(statistic)


def box_tables(records: Sequence[Record], plan: Plan) -> JsonDict:
    """Curves of each class that there is, and by which rules objects are hit and findings count."""
    pools = {name: _pool(records, name) for name in plan.classes}
    curves: dict[str, JsonDict] = {"pr": {}, "froc": {}}
    for name, pool in pools.items():
        n_true = int(pool.true.sum())
        for kind, rule in (("pr", 0), ("froc", _OWN)):
            counts = pool.counts[rule] > 0
            if n_true and counts.any():
                scores, hits = pool.scores[counts], pool.hits[rule, counts]
                xy = (
                    precision_curve(scores, hits, n_true)
                    if kind == "pr"
                    else froc_curve(scores, hits, n_true, len(records))
                )
                curves[kind][name] = _thinned(xy)
    first = records[0]["classes"] if records else {}
    return {
        "curves": curves,
        "detection": {
            "hit": plan.boxes.hit,
            "hit_least": plan.boxes.hit_least,
            "operating_point": plan.boxes.operating_point,
            "operating_value": plan.boxes.operating_value,
            "thresholds": {name: own["threshold"] for name, own in first.items()},
            "sizes": list(SIZES),
            "size_limits": list(SIZE_LIMITS[plan.dims]),
            "dims": plan.dims,
            "most_found": MOST_FOUND,
            "true": {name: int(pool.true.sum()) for name, pool in pools.items()},
            "found": {name: int(pool.found.sum()) for name, pool in pools.items()},
            "hits": {name: int(pool.found_right.sum()) for name, pool in pools.items()},
        },
    }


def box_goodness(record: Record, plan: Plan) -> float:
    """F1 of a case over all classes at the thresholds; 1 where there is nothing and nothing was found."""
    own = [record["classes"][name] for name in plan.classes]
    hits, both = sum(one["hits"] for one in own), sum(one["found"] + one["true"] for one in own)
    return 2 * hits / both if both else 1.0


def choose_box_thresholds(cases: Sequence[tuple[Boxes, Boxes]], plan: Plan) -> dict[str, float]:
    """Of each class the score from which a finding counts, for the plan's operating point.

    A class keeps a half where no object of it is hit at all. For ties and targets out of reach see
    ``core.detection.choose_operating_point``.

    Args:
        cases: findings with scores, and objects, of validation cases; both on the working grid.
        plan: the decisions.
    """
    affine = None if plan.spacing_mm is None else np.diag([*plan.spacing_mm, 1.0])
    thresholds = {}
    for name in plan.classes:
        judged = [_judge(found, true, name, plan, affine) for found, true in cases]
        if not judged:
            continue
        scores = np.concatenate([one.scores for one in judged])
        hits, out = _unpack(np.concatenate([one.marks for one in judged]))
        counts = ~out[:, _OWN]
        chosen = choose_operating_point(
            scores[counts],
            hits[counts, _OWN],
            sum(one.n_true for one in judged),
            len(cases),
            plan.boxes.operating_point,
            plan.boxes.operating_value,
        )
        if chosen is not None:
            thresholds[name] = chosen
    return thresholds


def tell_findings(
    prediction: BoxPrediction, truth: Boxes, plan: Plan, affine_ras: FloatArray | None
) -> tuple[BoolArray, BoolArray]:
    """For a picture: which findings are false alarms (of those that count), which objects are missed.

    Args:
        prediction, truth, plan, affine_ras: as for :func:`measure_boxes`.

    Returns:
        (n_found,) and (n_objects,).
    """
    false = np.zeros(len(prediction.boxes), dtype=bool)
    missed = ~truth.ignored
    for name in plan.classes:
        own = np.flatnonzero(prediction.decided & _of_class(prediction.boxes, name))
        there = np.flatnonzero(_of_class(truth, name))
        close, least = closeness(
            prediction.boxes.box_ijk[own], truth.box_ijk[there], plan, affine_ras, _crowd(truth)[there]
        )
        scores = _scores(prediction.boxes)[own]
        hit = match_findings(close, scores, least, truth.ignored[there], _crowd(truth)[there])
        again = (close >= least).any(axis=1) if plan.boxes.hit == "centre" else np.zeros(len(own), dtype=bool)
        false[own[(hit < 0) & ~again]] = True
        missed[there[hit[hit >= 0]]] = False
    return false, missed & np.isin(truth.classes, plan.classes)


@dataclass(frozen=True, eq=False)
class _Judged:
    """The findings of one class in one case, the surest first."""

    scores: FloatArray
    marks: IntArray
    n_true: int
    true_by_size: tuple[int, ...]


def _judge(found: Boxes, true: Boxes, name: str, plan: Plan, affine_ras: FloatArray | None) -> _Judged:
    own = np.flatnonzero(_of_class(found, name))
    scores = _scores(found)[own]
    own = own[np.argsort(-scores, kind="stable")][:MOST_FOUND]
    scores = np.sort(scores)[::-1][:MOST_FOUND]
    there = np.flatnonzero(_of_class(true, name))
    found_ijk, true_ijk = found.box_ijk[own], true.box_ijk[there]
    ignored, crowd = true.ignored[there], _crowd(true)[there]
    overlaps = _overlaps(found_ijk, true_ijk, crowd)
    close, least = closeness(found_ijk, true_ijk, plan, affine_ras, crowd)
    hits = np.zeros((len(own), _N_RULES), dtype=bool)
    out = np.zeros_like(hits)

    def mark(rule: int, near: FloatArray, limit: float, aside: BoolArray) -> IntArray:
        hit = match_findings(near, scores, limit, aside, crowd)
        left = np.append(aside, False)[hit]
        hits[:, rule], out[:, rule] = (hit >= 0) & ~left, left
        return hit

    for rule, iou in enumerate(IOUS):
        mark(rule, overlaps, float(iou), ignored)
    hit = mark(_OWN, close, least, ignored)
    if plan.boxes.hit == "centre" and len(there):  # once more on an object is no false alarm (LUNA16)
        out[:, _OWN] |= (hit < 0) & (close >= least).any(axis=1)
    sizes, found_sizes = (_size(boxes, plan.dims, affine_ras) for boxes in (true_ijk, found_ijk))
    by_size = []
    for at_half, by_own, (low, high) in zip(_AT_HALF, _OWN_BY_SIZE, _size_ranges(plan.dims), strict=True):
        # Both ends belong to a range, as in COCO.
        other = ignored | (sizes < low) | (sizes > high)
        elsewhere = mark(at_half, overlaps, float(IOUS[0]), other) < 0
        out[:, at_half] |= elsewhere & ((found_sizes < low) | (found_sizes > high))
        # Any false alarm counts against each size: what it would have been is not known.
        inside = np.append(~other, False)[hit]
        hits[:, by_own], out[:, by_own] = hits[:, _OWN] & inside, out[:, _OWN] | (hits[:, _OWN] & ~inside)
        by_size.append(int((~other).sum()))
    return _Judged(scores, _pack(hits, out), int((~ignored).sum()), tuple(by_size))


@dataclass(frozen=True, eq=False)
class _Pool:
    """One class over all cases: findings, the surest first, and counts of each case.

    Attributes:
        scores: (n_found,).
        case: (n_found,) row of its record.
        hits: (rule, n_found).
        counts: (rule, n_found) 0 for what is left out, else 1.
        true, found, found_right: (case,) objects, findings at the threshold, and hits among these.
        true_by_size, right_by_size: (case, size) objects, and hits at the threshold.
    """

    scores: FloatArray
    case: IntArray
    hits: BoolArray
    counts: FloatArray
    true: FloatArray
    found: FloatArray
    found_right: FloatArray
    true_by_size: FloatArray
    right_by_size: FloatArray


def _pool(records: Sequence[Record], name: str) -> _Pool:
    own = [record["classes"][name] for record in records]
    scores = np.array([score for one in own for score in one["scores"]], dtype=np.float64)
    marks = np.array([mark for one in own for mark in one["marks"]], dtype=np.int64)
    case = np.repeat(np.arange(len(own)), [len(one["scores"]) for one in own])
    order = np.argsort(-scores, kind="stable")
    scores, case = scores[order], case[order]
    hits, out = _unpack(marks[order])
    said = scores >= np.array([one["threshold"] for one in own], dtype=np.float64)[case]
    right_by_size = np.zeros((len(own), len(SIZES)))
    np.add.at(right_by_size, case, (hits & said[:, None])[:, _OWN_BY_SIZE.start : _OWN_BY_SIZE.stop])
    # What comes after the last hit changes no number.
    n = int(np.flatnonzero(hits.any(axis=1))[-1]) + 1 if hits.any() else 0
    true, found, right = (
        np.array([one[key] for one in own], dtype=np.float64) for key in ("true", "found", "hits")
    )
    by_size = np.array([one["true_by_size"] for one in own], dtype=np.float64).reshape(-1, len(SIZES))
    hits, counts = np.ascontiguousarray(hits[:n].T), np.ascontiguousarray(~out[:n].T, dtype=np.float64)
    return _Pool(scores[:n], case[:n], hits, counts, true, found, right, by_size, right_by_size)


def _numbers(pool: _Pool, times: FloatArray, sizes: Sequence[int]) -> dict[str, float]:
    """The numbers of one class where each case counts so many times."""
    weights = times[pool.case] * pool.counts
    n_cases, n_true = int(times.sum()), float(times @ pool.true)
    n_by_size = times @ pool.true_by_size
    scored = [*range(_OWN), *_AT_HALF, _OWN]
    precisions = average_precisions(
        pool.scores, pool.hits[scored], np.array([n_true] * _OWN + [*n_by_size, n_true]), weights[scored]
    )

    def sensitivities(rule: int, n_objects: float, at: Sequence[float]) -> tuple[float, ...]:
        return froc_sensitivities(pool.scores, pool.hits[rule], n_objects, n_cases, at, weights[rule])

    reached = sensitivities(_OWN, n_true, FALSE_ALARMS)
    found, right = float(times @ pool.found), float(times @ pool.found_right)
    numbers = {
        "ap": float(precisions[-1]),
        "map50": float(precisions[0]),
        "map": float(precisions[:_OWN].mean()),
        "cpm": sum(reached) / len(reached),
        "sensitivity": _ratio(right, n_true),
        "precision": _ratio(right, found),
        "f1": _ratio(2 * right, found + n_true),
        "false_alarms_per_case": _ratio(found - right, n_cases),
        "count_error": _ratio(float(times @ np.abs(pool.found - pool.true)), n_cases),
    }
    numbers |= {f"sensitivity_at_{a:g}": one for a, one in zip(FALSE_ALARMS, reached, strict=True)}
    for size in sizes:
        n_own, right_own = float(n_by_size[size]), float(times @ pool.right_by_size[:, size])
        numbers[f"map50_{SIZES[size]}"] = float(precisions[_OWN + size])
        numbers[f"sensitivity_{SIZES[size]}"] = _ratio(right_own, n_own)
        (at_one,) = sensitivities(_OWN_BY_SIZE[size], n_own, (1.0,))
        numbers[f"sensitivity_at_1_{SIZES[size]}"] = at_one
    return numbers


def _overlaps(found_ijk: FloatArray, true_ijk: FloatArray, crowd: BoolArray | None) -> FloatArray:
    """Intersection over union; of a crowd over the finding alone (COCO)."""
    overlaps = intersection_over_union(found_ijk, true_ijk)
    if crowd is not None and crowd.any():
        overlaps[:, crowd] = covered_share(found_ijk, true_ijk[crowd])
    return overlaps


def _sides(box_ijk: FloatArray, affine_ras: FloatArray | None) -> FloatArray:
    """(n, 3) in mm where the spacing is known, else in voxels."""
    sides = box_ijk[:, 1] - box_ijk[:, 0]
    if affine_ras is None:
        return np.asarray(sides)
    return np.asarray(sides * np.linalg.norm(np.asarray(affine_ras, dtype=np.float64)[:3, :3], axis=0))


def _size(box_ijk: FloatArray, dims: int, affine_ras: FloatArray | None) -> FloatArray:
    """(n,) what ``SIZE_LIMITS`` is about."""
    if dims == 2:
        return np.sqrt(box_volume(box_ijk[:, :, :2]))
    return np.asarray(_sides(box_ijk, affine_ras).mean(axis=1))


def _size_ranges(dims: int) -> list[tuple[float, float]]:
    medium, large = SIZE_LIMITS[dims]
    return [(0.0, medium), (medium, large), (large, math.inf)]


def _of_class(boxes: Boxes, name: str) -> BoolArray:
    return np.array([one == name for one in boxes.classes], dtype=bool)


def _crowd(boxes: Boxes) -> BoolArray:
    return np.array([flag == "crowd" for flag in boxes.flags], dtype=bool)


def _scores(boxes: Boxes) -> FloatArray:
    return np.ones(len(boxes)) if boxes.scores is None else boxes.scores


def _pack(hits: BoolArray, out: BoolArray) -> IntArray:
    """(n,) two bits for each rule."""
    bits = np.stack([hits, out], axis=2).reshape(len(hits), 2 * _N_RULES).astype(np.int64)
    return np.asarray(bits @ (1 << np.arange(bits.shape[1], dtype=np.int64)))


def _unpack(marks: IntArray) -> tuple[BoolArray, BoolArray]:
    """The inverse of :func:`_pack`."""
    bits = (marks[:, None] >> np.arange(2 * _N_RULES)) & 1
    both = bits.astype(bool).reshape(len(marks), _N_RULES, 2)
    return both[..., 0], both[..., 1]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _thinned(xy: FloatArray) -> Mapping[str, list[float]]:
    kept = np.unique(np.linspace(0, xy.shape[1] - 1, MOST_POINTS).round().astype(int))
    return {"x": xy[0, kept].round(5).tolist(), "y": xy[1, kept].round(5).tolist()}
