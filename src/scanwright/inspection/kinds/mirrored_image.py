"""Images that agree with the others only when mirrored left to right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanwright.core.kernel import leave_one_out_sides
from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

FEWEST_CASES = 20
MOST_AT_ONCE = 4000
# Only where nearly all images tell left from right can one of them be the other way round.
LEAST_SIDED, LEAST_USUAL = 0.85, 0.7
MIRRORED = -0.35


def find(examined: Examined) -> Iterator[Found]:
    for exams, coarse in examined.by_grid(lambda exam: None if exam.constant else exam.coarse):
        if len(exams) < FEWEST_CASES:
            continue
        features, mirrored = (part.reshape(len(exams), -1) for part in (coarse, coarse[:, ::-1]))
        side = np.empty(len(exams))
        # Very many cases are judged in parts, each a sample of all.
        n_parts = -(-len(exams) // MOST_AT_ONCE)
        for part in range(n_parts):
            rows = slice(part, None, n_parts)
            side[rows] = leave_one_out_sides(features[rows], mirrored[rows])
        if np.mean(side > 0) < LEAST_SIDED or np.median(side) < LEAST_USUAL:
            continue
        names = tuple(exams[n].name for n in np.argsort(side) if side[n] < MIRRORED)
        if names:
            yield Found(names, {"n": len(names), "of": len(exams), "side": round(float(side.min()), 2)})


KIND = Kind(
    "mirrored_image",
    "warning",
    Words(
        "{n} of {of} images seem to be mirrored left to right",
        "They agree with the others only when mirrored (the clearest by {side}, where 1 is usual and −1 its "
        "mirror image). Left and right are then wrong for these patients, or organs lie the other way.",
        "Look for the side marker, and at the heart or liver; correct the orientation at its source.",
    ),
    Words(
        "{of} 幅图像中有 {n} 幅疑似左右翻转",
        "镜像后才与其他图像一致（最明显者为 {side}；1 为通常方向，−1 为其镜像）。"
        "这些患者的左右可能有误，或脏器反位。",
        "请核对左右标记以及心脏或肝脏的位置，并在源头改正方向。",
    ),
    find,
)
