"""Masks that do not lie on their image's grid, or are no masks."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words
from scanwright.report.reasons import reason_in_chinese


def find(examined: Examined) -> Iterator[Found]:
    for exam in examined.exams:
        if exam.mask is not None and exam.mask.problem:
            reason = exam.mask.problem.removeprefix(f"{exam.name}: ")
            evidence = {"reason": reason, "reason_zh": reason_in_chinese(reason)}
            yield Found((exam.name,), evidence, exclude=(exam.name,))


KIND = Kind(
    "mask_elsewhere",
    "error",
    Words(
        "A mask does not belong to its image: {reason}",
        "The outlined voxels are not those that a person outlined. The case can't be learnt from.",
        "Find the right mask, or resample it onto the image's grid.",
    ),
    Words(
        "掩膜与图像不匹配：{reason_zh}",
        "被勾画的体素不是医生当初勾画的位置，该病例无法用于训练。",
        "请找到正确的掩膜，或将其重采样到图像网格。",
    ),
    find,
)
