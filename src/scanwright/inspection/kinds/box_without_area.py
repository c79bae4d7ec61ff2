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
        "These are clicks that were meant to be drags, or shares of the image (0 to 1) where pixels are "
        "expected. Nothing can be learnt from them, and no prediction matches them: each counts as missed.",
        "Remove them, draw them again, or correct their unit.",
    ),
    Words(
        "{n} 个检测框没有面积：边长为零，或只有一个像素",
        "多为误点而非拖拽，或应为像素处写成了占图像的比例（0 到 1）。"
        "模型无法从中学习，任何预测都无法与之匹配，每一个都会被计为漏检。",
        "请删除、重新绘制或更正单位。",
    ),
    find,
)
