"""Images of one value, and images with NaN or infinite voxels."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find_constant(examined: Examined) -> Iterator[Found]:
    names = tuple(exam.name for exam in examined.exams if exam.constant)
    if names:
        yield Found(names, {"n": len(names)}, exclude=names)


def find_non_finite(examined: Examined) -> Iterator[Found]:
    odd = sorted((-exam.n_non_finite, exam.name) for exam in examined.exams if exam.n_non_finite)
    if odd:
        yield Found(tuple(name for _, name in odd), {"n": len(odd), "most": -odd[0][0]})


CONSTANT = Kind(
    "constant_image",
    "error",
    Words(
        "Images of one single value: {n}",
        "There is nothing to see in them: an empty acquisition or a damaged export.",
        "Export them again, or leave them out.",
    ),
    Words("{n} 幅图像只有单一数值", "其中没有任何信息：可能是空采集或导出损坏。", "请重新导出或剔除。"),
    find_constant,
)
NON_FINITE = Kind(
    "non_finite",
    "warning",
    Words(
        "Images with voxels that are no numbers: {n} (up to {most} voxels)",
        "They come from a division by zero in an earlier step, and spoil sums and averages.",
        "scanwright takes the lowest value of the image instead. Look at where they come from.",
    ),
    Words(
        "{n} 幅图像含有非数值体素（最多 {most} 个）",
        "通常源于先前处理中的除零，会破坏求和与平均。",
        "scanwright 以图像的最低值代替。请查明来源。",
    ),
    find_non_finite,
)
