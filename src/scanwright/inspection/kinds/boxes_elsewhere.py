"""Boxes that were drawn on another image, or are no boxes."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words
from scanwright.report.reasons import reason_in_chinese


def find(examined: Examined) -> Iterator[Found]:
    for exam in examined.exams:
        if exam.boxes is not None and exam.boxes.problem:
            reason = exam.boxes.problem.removeprefix(f"{exam.name}: ")
            evidence = {"reason": reason, "reason_zh": reason_in_chinese(reason)}
            yield Found((exam.name,), evidence, exclude=(exam.name,))


KIND = Kind(
    "boxes_elsewhere",
    "error",
    Words(
        "Boxes can't be used: {reason}",
        "Boxes of another image teach a model to look in the wrong places. The case can't be learnt from.",
        "Find the right annotation, or draw the boxes again.",
    ),
    Words(
        "检测框无法使用：{reason_zh}",
        "属于其他图像的检测框会让模型学错位置，该病例无法用于训练。",
        "请找到正确的标注，或重新标注。",
    ),
    find,
)
