"""Detection: which objects were found, and the numbers that tell how well.

A finding hits an object by a rule that the caller states: it gives how close each finding is to each object
(intersection over union, or a centre distance turned round), and from which closeness on it is a hit. All
functions are pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import cc3d
import numpy as np

from scanwright.core.surfaces import box_of_either
from scanwright.types import BoolArray, FloatArray, IntArray

FALSE_ALARMS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""A case, at which FROC curves are read (LUNA16; Setio et al. 2017)."""
LEAST_SHARED = 0.1
"""Intersection over union from which a piece of a mask hits a lesion: outlines of small ones differ much
(as the challenges on nodules and on prostate cancer count; Saha et al., Lancet Oncology 2024)."""
MOST_PIECES = 1000
_RECALLS = np.linspace(0.0, 1.0, 101)


def match_findings(
    closeness: FloatArray,
    scores: FloatArray,
    least: float,
    ignored: BoolArray | None = None,
    crowd: BoolArray | None = None,
) -> IntArray:
    """(n_found,) the object that each finding hits, −1 for none; the surest finding chooses first.

    As the COCO protocol does: each takes the closest object that is still free, and one that does not count
    only where none that counts is close enough. An object is hit once, a crowd by any number.

    Args:
        closeness: (n_found, n_objects), larger is closer.
        scores: (n_found,).
        least: closeness that makes a hit.
        ignored: (n_objects,) which do not count.
        crowd: (n_objects,) which stand for many.
    """
    n_found, n_objects = closeness.shape
    hit: IntArray = np.full(n_found, -1, dtype=np.int64)
    free = np.ones(n_objects, dtype=bool)
    counted = ~ignored if ignored is not None else np.ones(n_objects, dtype=bool)
    many = crowd if crowd is not None else np.zeros(n_objects, dtype=bool)
    near = closeness >= least
    order = np.argsort(-np.asarray(scores), kind="stable")
    # Most findings are near no object.
    for n in order[near[order].any(axis=1)]:
        within = np.flatnonzero(near[n] & (free | many))
        usable = within[counted[within]] if counted[within].any() else within
        if len(usable):
            # COCO takes the last among equals.
            best = usable[len(usable) - 1 - int(np.argmax(closeness[n, usable][::-1]))]
            hit[n], free[best] = best, False
    return hit


def count_lesions(prediction: BoolArray, reference: BoolArray) -> tuple[int, int, int]:
    """Lesions of the reference, how many of them were found, and pieces of the prediction that are none.

    A lesion is a connected piece of the mask (touching by a corner is enough); a piece of the prediction hits
    one at an intersection over union of ``LEAST_SHARED``, each at most one, the largest pieces first.
    Of more than ``MOST_PIECES`` pieces the largest are looked at, the others hit nothing.

    Args:
        prediction, reference: (i, j, k).
    """
    box = box_of_either(prediction, reference)
    if box is None:
        return 0, 0, 0
    found, n_found = cc3d.connected_components(prediction[box], connectivity=26, return_N=True)
    true, n_true = cc3d.connected_components(reference[box], connectivity=26, return_N=True)
    sizes, true_sizes = np.bincount(found.ravel()), np.bincount(true.ravel())
    both = (found > 0) & (true > 0)
    pairs, shared = np.unique(np.stack([found[both], true[both]]), axis=1, return_counts=True)
    close = shared / (sizes[pairs[0]] + true_sizes[pairs[1]] - shared)
    near = close >= LEAST_SHARED
    rows, row = np.unique(pairs[0, near], return_inverse=True)
    columns, column = np.unique(pairs[1, near], return_inverse=True)
    largest = np.argsort(-sizes[rows], kind="stable")[:MOST_PIECES]
    place = np.full(len(rows), -1)
    place[largest] = np.arange(len(largest))
    matrix = np.zeros((len(largest), len(columns)))
    kept = place[row] >= 0
    matrix[place[row[kept]], column[kept]] = close[near][kept]
    n_hit = int((match_findings(matrix, sizes[rows[largest]].astype(float), LEAST_SHARED) >= 0).sum())
    return int(n_true), n_hit, int(n_found) - n_hit


def average_precision(
    scores: FloatArray, hits: BoolArray, n_objects: float, weights: FloatArray | None = None
) -> float:
    """Mean precision over 101 recalls, each the best that is had at that recall or more (COCO).

    Args:
        scores: (n_found,) of all findings, over all cases.
        hits: (n_found,) which hit an object.
        n_objects: that count, over all cases; NaN without any.
        weights: (n_found,) how often each counts, 0 for one that does not; each once when ``None``.
    """
    own = None if weights is None else np.asarray(weights)[None]
    return float(average_precisions(scores, np.asarray(hits)[None], np.array([n_objects]), own)[0])


def average_precisions(
    scores: FloatArray, hits: BoolArray, n_objects: FloatArray, weights: FloatArray | None = None
) -> FloatArray:
    """(rule,) :func:`average_precision` by several rules of what hits and what counts.

    Args:
        scores: (n_found,).
        hits, weights: (rule, n_found).
        n_objects: (rule,).
    """
    found, false, _ = _ranked(scores, hits, weights)
    n_found = found.shape[1]
    said = found + false
    precision = np.divide(found, said, out=np.zeros_like(said), where=said > 0)
    # Beyond the highest recall that is reached nothing is precise.
    best_after = np.zeros((len(found), n_found + 1))
    best_after[:, :n_found] = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    values = np.full(len(found), np.nan)
    for rule in np.flatnonzero(np.asarray(n_objects) > 0):
        places = np.searchsorted(found[rule] / n_objects[rule], _RECALLS, side="left")
        values[rule] = best_after[rule, places].sum() / len(_RECALLS)
    return values


def froc_sensitivities(
    scores: FloatArray,
    hits: BoolArray,
    n_objects: float,
    n_cases: int,
    false_alarms: Sequence[float] = FALSE_ALARMS,
    weights: FloatArray | None = None,
) -> tuple[float, ...]:
    """Share of the objects found where so many findings a case are false alarms; NaN without objects.

    A threshold takes all findings of one score or none.

    Args:
        scores: (n_found,) of all findings, over all cases.
        hits: (n_found,) which hit an object.
        n_objects: over all cases.
        n_cases: with or without objects.
        false_alarms: a case.
        weights: as for :func:`average_precision`.
    """
    if n_objects == 0:
        return (float("nan"),) * len(false_alarms)
    found, false, whole = _ranked(scores, hits, weights)
    found, false = found[whole] / n_objects, false[whole] / max(1, n_cases)
    # Both only grow: the last threshold that is allowed finds most.
    last = np.searchsorted(false, np.asarray(false_alarms), side="right")
    return tuple(float(found[n - 1]) if n else 0.0 for n in last)


def froc_curve(scores: FloatArray, hits: BoolArray, n_objects: int, n_cases: int) -> FloatArray:
    """(2, n_thresholds) false alarms a case and share of the objects found, the surest findings first."""
    found, false, whole = _ranked(scores, hits, None)
    return np.stack([false[whole] / max(1, n_cases), found[whole] / max(1, n_objects)])


def precision_curve(scores: FloatArray, hits: BoolArray, n_objects: int) -> FloatArray:
    """(2, n_thresholds) recall and precision, the surest findings first."""
    found, false, whole = _ranked(scores, hits, None)
    return np.stack([found[whole] / max(1, n_objects), found[whole] / (found + false)[whole]])


def choose_operating_point(
    scores: FloatArray, hits: BoolArray, n_objects: int, n_cases: int, point: str, value: float
) -> float | None:
    """The score from which a finding should count; ``None`` where no finding hits anything.

    "f1" takes the best F1; "sensitivity" the fewest findings with which ``value`` of the objects are found,
    or, where it is out of reach, as many as can be; "false_alarms" the most objects with at most ``value``
    false alarms a case. Among equals the highest threshold, which lies in the middle between the last finding
    that counts and the next; above all findings where any would be one too many.

    Args:
        scores, hits: (n_found,) of all findings that count, over all cases.
        n_objects, n_cases: as for :func:`froc_sensitivities`.
        point: "f1", "sensitivity" or "false_alarms".
        value: the sensitivity, or the false alarms a case.
    """
    found, false, whole = _ranked(scores, hits, None)
    found, false = found[whole], false[whole]
    if n_objects == 0 or not len(found) or found[-1] == 0:
        return None
    at = np.sort(np.asarray(scores, dtype=np.float64))[::-1][whole]
    if point == "f1":
        good = 2 * found / (found + false + n_objects)
    elif point == "sensitivity":
        good = np.minimum(found / n_objects, value)
    else:
        good = np.where(false <= value * max(1, n_cases), found, -1)
        if good[0] < 0:
            return float(np.nextafter(at[0], np.inf))
    best = int(np.argmax(good))
    below = at[best + 1] if best + 1 < len(at) else min(0.0, at[best])
    return float((at[best] + below) / 2)


def _ranked(
    scores: FloatArray, hits: BoolArray, weights: FloatArray | None
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Hits and false alarms so far, the surest first, and where the last of equal scores stands."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    score = np.asarray(scores)[order]
    whole = np.ones(len(order), dtype=bool)
    np.not_equal(score[1:], score[:-1], out=whole[:-1])
    right = np.asarray(hits, dtype=np.float64)[..., order]
    if weights is None:
        found, said = np.cumsum(right, axis=-1), np.arange(1.0, len(order) + 1)
    else:
        counts = np.asarray(weights, dtype=np.float64)[..., order]
        found, said = np.cumsum(right * counts, axis=-1), np.cumsum(counts, axis=-1)
    return found, said - found, whole
