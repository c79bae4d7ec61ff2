"""Annotations of boxes without any."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    n = len(examined.boxed)
    if n and not any(len(boxes) for _, _, boxes in examined.boxed):
        yield Found((), {"n": n})


KIND = Kind(
    "no_boxes",
    "error",
    Words(
        "None of the {n} annotated images has a box",
        "Images without an object teach a model what to pass over, and nothing about what to find.",
        "Check that the annotations were exported with their boxes, and that a table names the cases as the "
        "images are named.",
    ),
    Words(
        "{n} 幅已标注图像中没有任何检测框",
        "没有目标的图像只能教模型忽略什么，无法教它找到什么。",
        "请确认导出的标注包含检测框，且表格中的病例名与图像名一致。",
    ),
    find,
)
