"""Boxes without room for anything."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    held = sorted((-boxes.n_flat, exam.name) for exam, boxes, _ in examined.boxed if boxes.n_flat)
    if held:
        yield Found(tuple(name for _, name in held), {"n": -sum(n for n, _ in held)})


KIND = Kind(
    "box_without_area",
    "warning",
    Words(
        "{n} box(es) have no room: a side of nothing, or a single pixel",
        "These are clicks that were meant to be drags. Nothing can be learnt from them, and no prediction "
        "matches them: each counts as missed.",
        "Remove them, or draw them again.",
    ),
    Words(
        "{n} 个检测框没有面积：边长为零，或只有一个像素",
        "多为误点而非拖拽。模型无法从中学习，任何预测都无法与之匹配，每一个都会被计为漏检。",
        "请删除或重新绘制。",
    ),
    find,
)
