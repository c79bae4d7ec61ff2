"""Labels that all other cases speak against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from scanwright.core.kernel import leave_one_out
from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words
from scanwright.types import FloatArray

FEWEST_CASES = 20
MOST_AT_ONCE = 4000
# Where the small model is wrong more often than this, its doubts say nothing of the labels.
LEAST_ACCURACY = 0.85
# Of the share of the class that fits, over that of the label; decision note 22.
CLEAR = 0.25


def find(examined: Examined) -> Iterator[Found]:
    exams = [exam for exam in examined.labelled if exam.features is not None]
    counts = Counter((exam.label, len(exam.features)) for exam in exams if exam.features is not None)
    usual = {key for key, n in counts.items() if n >= FEWEST_CASES}
    exams = [e for e in exams if e.features is not None and (e.label, len(e.features)) in usual]
    for length in sorted({length for _, length in usual}):
        own = [e for e in exams if e.features is not None and len(e.features) == length]
        classes = sorted({exam.label for exam in own})
        if len(classes) < 2:
            continue
        truth = np.array([classes.index(exam.label) for exam in own])
        shares = _shares(own, truth, len(classes))
        right = shares.argmax(axis=1) == truth
        if np.mean([right[truth == c].mean() for c in range(len(classes))]) < LEAST_ACCURACY:
            continue
        doubt = shares.max(axis=1) - shares[np.arange(len(own)), truth]
        chosen = [n for n in np.argsort(-doubt) if doubt[n] >= CLEAR]
        if chosen:
            looks = {own[n].name: classes[int(shares[n].argmax())] for n in chosen}
            yield Found(tuple(looks), {"n": len(chosen), "looks_like": looks})


def _shares(exams: Sequence[Exam], truth: np.ndarray, n_classes: int) -> FloatArray:
    """About how much of each class a case is, by the others."""
    features = np.stack([exam.features for exam in exams if exam.features is not None])
    features = features - features.mean(axis=0)
    one_hot = np.eye(n_classes, dtype=np.float32)[truth]
    usual = one_hot.mean(axis=0)
    shares: FloatArray = np.empty_like(one_hot)
    # Very many cases are judged in parts, each a sample of all.
    n_parts = -(-len(exams) // MOST_AT_ONCE)
    for part in range(n_parts):
        rows = np.arange(part, len(exams), n_parts)
        shares[rows] = leave_one_out(features[rows], one_hot[rows] - usual) + usual
    return shares


KIND = Kind(
    "doubtful_label",
    "warning",
    Words(
        "Labels that all other cases speak against: {n}",
        "Wrong labels teach a model what is wrong, and make a good one look bad.",
        "Look at these images first; 'looks_like' in findings.json says what each one resembles.",
    ),
    Words(
        "{n} 个标签与其余所有病例相矛盾",
        "错误的标签会教坏模型，也会让好模型看起来很差。",
        "请先核对这些图像；findings.json 的 looks_like 给出各图像更像的类别。",
    ),
    find,
)
