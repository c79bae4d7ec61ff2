"""Detection: which objects were found, and the numbers that tell how well.

A finding hits an object by a rule that the caller states: it gives how close each finding is to each object
(intersection over union, or a centre distance turned round), and from which closeness on it is a hit. All
functions are pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanwright.types import BoolArray, FloatArray, IntArray

FALSE_ALARMS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""A case, at which FROC curves are read (LUNA16; Setio et al. 2017)."""
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
    for n in np.argsort(-np.asarray(scores), kind="stable"):
        for wanted in (counted, ~counted):
            usable = wanted & (free | many) & (closeness[n] >= least)
            if usable.any():
                # COCO takes the last among equals.
                best = n_objects - 1 - int(np.argmax(np.where(usable, closeness[n], -np.inf)[::-1]))
                hit[n], free[best] = best, False
                break
    return hit


def average_precision(scores: FloatArray, hits: BoolArray, n_objects: int) -> float:
    """Mean precision over 101 recalls, each the best that is had at that recall or more (COCO).

    Args:
        scores: (n_found,) of all findings that count, over all cases.
        hits: (n_found,) which hit an object.
        n_objects: that count, over all cases; NaN without any.
    """
    if n_objects == 0:
        return float("nan")
    right = np.asarray(hits)[np.argsort(-np.asarray(scores), kind="stable")]
    found = np.cumsum(right)
    precision = found / np.arange(1, len(right) + 1)
    best_after = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(found / n_objects, _RECALLS, side="left")
    reached = places < len(right)
    return (
        float(np.where(reached, best_after[np.minimum(places, len(right) - 1)], 0.0).mean())
        if len(right)
        else 0.0
    )


def froc_sensitivities(
    scores: FloatArray,
    hits: BoolArray,
    n_objects: int,
    n_cases: int,
    false_alarms: Sequence[float] = FALSE_ALARMS,
) -> tuple[float, ...]:
    """Share of the objects found where so many findings a case are false alarms; NaN without objects.

    A threshold takes all findings of one score or none.

    Args:
        scores: (n_found,) of all findings that count, over all cases.
        hits: (n_found,) which hit an object.
        n_objects: over all cases.
        n_cases: with or without objects.
        false_alarms: a case.
    """
    if n_objects == 0:
        return (float("nan"),) * len(false_alarms)
    order = np.argsort(-np.asarray(scores), kind="stable")
    right, score = np.asarray(hits, dtype=bool)[order], np.asarray(scores)[order]
    found, false = np.cumsum(right) / n_objects, np.cumsum(~right) / max(1, n_cases)
    whole = np.append(score[1:] != score[:-1], True)[: len(score)]
    reached = [found[whole & (false <= allowed)] for allowed in false_alarms]
    return tuple(float(one.max()) if len(one) else 0.0 for one in reached)
