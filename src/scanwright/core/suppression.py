"""Suppression: of the many boxes that a detector puts around one object, what is kept.

Boxes are (n, 2, axes), lo and hi; all functions are pure, for any number of axes.
"""

from __future__ import annotations

import numpy as np

from scanwright.core.boxes import intersection_over_union
from scanwright.types import FloatArray, IntArray


def suppress(boxes: FloatArray, scores: FloatArray, overlap: float) -> IntArray:
    """Indices of the boxes that no surer kept box overlaps, the surest first.

    Args:
        boxes: (n, 2, axes).
        scores: (n,) larger is surer; among equals the first is kept.
        overlap: intersection over union, above 0, from which a box is taken for the same object.
    """
    order = np.argsort(-np.asarray(scores), kind="stable")
    if not len(order):
        return order
    # Single precision is quicker by half, and finer than any box is drawn.
    lo, hi = (np.asarray(boxes[:, end], dtype=np.float32) for end in (0, 1))
    side = hi - lo
    # Boxes that overlap so much begin near each other: along an axis on which they lie well spread, the ones
    # to look at are a short run of all.
    axis = int(np.argmax(np.ptp(lo, axis=0) / np.maximum(side.mean(axis=0), 1e-9)))
    by_begin = np.argsort(lo[:, axis], kind="stable")
    lo, hi, side = (np.ascontiguousarray(part[by_begin].T) for part in (lo, hi, side))
    begin, room = lo[axis], (1 - overlap) * side[axis]
    first = np.searchsorted(begin, begin - room / overlap).tolist()
    last = np.searchsorted(begin, begin + room, side="right").tolist()
    # A box without room overlaps nothing: its share is never reached.
    volume = np.maximum(side.prod(axis=0), np.finfo(np.float32).tiny)
    place = np.empty(len(order), dtype=np.int64)
    place[by_begin] = np.arange(len(order))
    alive = np.ones(len(order), dtype=bool)
    # As arrays: to make one of a plain number, at each operation, costs more than the operation.
    none, factor = np.zeros(1, dtype=np.float32), np.full(1, (1 + overlap) / overlap, dtype=np.float32)
    kept = []
    for n, own in enumerate(place[order].tolist()):
        if not alive[own]:
            continue
        kept.append(n)
        run, only = slice(first[own], last[own]), slice(own, own + 1)
        common = np.minimum(hi[:, run], hi[:, only])
        common -= np.maximum(lo[:, run], lo[:, only])
        np.maximum(common, none, out=common)
        shared = common[0]
        for along in common[1:]:
            shared *= along
        # shared / (a + b − shared) < overlap, without the division.
        shared *= factor
        alive[run] &= shared < volume[run] + volume[only]
    return order[kept]


def soft_suppress(boxes: FloatArray, scores: FloatArray, sigma: float = 0.5) -> FloatArray:
    """Scores that sink with the overlap with surer boxes, instead of boxes left out: for crowded objects.

    Source: Bodla et al., ICCV 2017, Gaussian penalty.

    Args:
        boxes: (n, 2, axes).
        scores: (n,).
        sigma: larger lets overlapping boxes keep more of their score.
    """
    left = np.asarray(scores, dtype=np.float64).copy()
    waiting = np.ones(len(left), dtype=bool)
    for _ in range(len(left)):
        surest = int(np.argmax(np.where(waiting, left, -np.inf)))
        waiting[surest] = False
        rest = np.flatnonzero(waiting)
        overlap = intersection_over_union(boxes[surest][None], boxes[rest])[0]
        left[rest] *= np.exp(-(overlap**2) / sigma)
    return left


def fuse_boxes(
    boxes: FloatArray, scores: FloatArray, overlap: float, n_detectors: int = 1
) -> tuple[FloatArray, FloatArray]:
    """Boxes of one object made into one, each counting by its score: for several detectors or tiles.

    Source: weighted boxes fusion, Solovyev et al., Image and Vision Computing 2021.

    Args:
        boxes: (n, 2, axes).
        scores: (n,).
        overlap: intersection over union from which boxes are of one object.
        n_detectors: how many could have found it; what only some found gets a lower score.

    Returns:
        Boxes and scores, the surest first.
    """
    fused: list[FloatArray] = []
    members: list[list[int]] = []
    for n in np.argsort(-np.asarray(scores), kind="stable"):
        if fused:
            overlaps = intersection_over_union(boxes[n][None], np.stack(fused))[0]
            best = int(np.argmax(overlaps))
            if overlaps[best] >= overlap:
                members[best].append(int(n))
                fused[best] = np.average(boxes[members[best]], axis=0, weights=scores[members[best]])
                continue
        fused.append(np.asarray(boxes[n], dtype=np.float64))
        members.append([int(n)])
    if not fused:
        return np.zeros_like(boxes, dtype=np.float64), np.zeros(0)
    sure = np.array(
        [scores[own].mean() * min(len(own), n_detectors) / n_detectors for own in members], dtype=np.float64
    )
    order = np.argsort(-sure, kind="stable")
    return np.stack(fused)[order], sure[order]
