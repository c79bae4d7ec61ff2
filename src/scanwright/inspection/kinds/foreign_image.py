"""Images that look like none of the others: another region, another examination, another direction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanwright.core.appearance import layout_remoteness, remoteness
from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words
from scanwright.types import FloatArray

FEWEST_CASES = 30
MOST_AT_ONCE = 4000
# See decision note 27.
REMOTE, LAYOUT_REMOTE = 4.0, 5.0


def find(examined: Examined) -> Iterator[Found]:
    remote: dict[str, float] = {}
    for value, measure, most in (
        (_appearance, remoteness, REMOTE),
        (_layout, layout_remoteness, LAYOUT_REMOTE),
    ):
        for exams, rows in examined.by_grid(value):
            if len(exams) < FEWEST_CASES:
                continue
            # Very many cases are judged in parts, each a sample of all.
            n_parts = -(-len(exams) // MOST_AT_ONCE)
            for part in range(n_parts):
                far = measure(rows[part::n_parts]) / most
                for n in np.flatnonzero(far > 1):
                    name = exams[part + n_parts * n].name
                    remote[name] = max(float(far[n]), remote.get(name, 0.0))
    if remote:
        names = sorted(remote, key=lambda name: -remote[name])
        yield Found(
            tuple(names), {"n": len(names), "remoteness": {name: round(remote[name], 2) for name in names}}
        )


def _appearance(exam: Exam) -> FloatArray | None:
    return None if exam.constant else exam.appearance


def _layout(exam: Exam) -> FloatArray | None:
    return None if exam.constant or exam.coarse is None else exam.coarse.ravel()


KIND = Kind(
    "foreign_image",
    "warning",
    Words(
        "Images that look like none of the others: {n}",
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
