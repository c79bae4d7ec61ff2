"""Images that look like none of the others: another region, another examination, another direction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanwright.core.appearance import remoteness
from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

FEWEST_CASES = 30
MOST_AT_ONCE = 4000
# See decision note 27.
REMOTE = 4.0


def find(examined: Examined) -> Iterator[Found]:
    remote: dict[str, float] = {}
    for exams, appearances in examined.by_grid(lambda exam: None if exam.constant else exam.appearance):
        if len(exams) < FEWEST_CASES:
            continue
        # Very many cases are judged in parts, each a sample of all.
        n_parts = -(-len(exams) // MOST_AT_ONCE)
        for part in range(n_parts):
            far = remoteness(appearances[part::n_parts])
            remote |= {exams[part + n_parts * n].name: float(far[n]) for n in np.flatnonzero(far > REMOTE)}
    if remote:
        names = sorted(remote, key=lambda name: -remote[name])
        yield Found(
            tuple(names), {"n": len(names), "remoteness": {name: round(remote[name], 1) for name in names}}
        )


KIND = Kind(
    "foreign_image",
    "warning",
    Words(
        "{n} image(s) look like none of the others",
        "They may show another part of the body, come from another examination or lie another way. A model "
        "learns from them what nobody asked for.",
        "Look at them, the strangest come first; leave out those that do not belong here.",
    ),
    Words(
        "{n} 幅图像与其他图像都不相像",
        "它们可能是其他部位、其他检查或其他方向的图像，模型会从中学到不该学的内容。",
        "请查看（最异常的在前），剔除不属于本数据集的图像。",
    ),
    find,
)
