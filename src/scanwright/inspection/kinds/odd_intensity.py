"""Intensities unlike those of the other images: lost Hounsfield units, inverted, clipped, another scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

AIR_HU = -500.0
METAL_HU = 30000.0
MOST_CLIPPED = 0.2
MOST_RATIO = 10.0
ALIKE = 0.3


def find_scale(examined: Examined) -> Iterator[Found]:
    exams = [exam for exam in examined.exams if exam.high > exam.low]
    if len(exams) < 4 or all(exam.eight_bit for exam in exams):
        return
    spans = np.array([exam.high - exam.low for exam in exams])
    usual = float(np.median(spans))
    ratio = np.maximum(spans / usual, usual / spans)
    odd = [
        exam.name for exam, r in sorted(zip(exams, ratio, strict=True), key=lambda p: -p[1]) if r > MOST_RATIO
    ]
    if odd:
        yield Found(
            tuple(odd), {"n": len(odd), "of": len(exams), "ratio": round(float(spans.max() / spans.min()))}
        )


def find_hounsfield(examined: Examined) -> Iterator[Found]:
    exams = [exam for exam in examined.exams if not exam.constant]
    scans = [exam for exam in exams if exam.modality == "CT" and not exam.eight_bit]
    lost = [exam.name for exam in scans if not has_hounsfield(exam)]
    if lost and len(lost) < len(scans):
        yield Found(tuple(lost), {"n": len(lost), "of": len(scans)})


def has_hounsfield(exam: Exam) -> bool:
    """Whether intensities may be Hounsfield units: some air is there, and nothing beyond metal."""
    return exam.low <= AIR_HU / 2 and exam.high <= METAL_HU


def find_inverted(examined: Examined) -> Iterator[Found]:
    for exams, coarse in examined.by_grid(lambda exam: None if exam.constant else exam.coarse):
        usual = np.median(coarse, axis=0)
        agreement = (coarse * usual).sum(axis=tuple(range(1, coarse.ndim))) / max(np.linalg.norm(usual), 1e-9)
        # Only where images are alike can one of them be the opposite.
        if np.median(agreement) < ALIKE:
            continue
        for exam, value in zip(exams, agreement, strict=True):
            if value < -ALIKE:
                yield Found((exam.name,), {"agreement": round(float(value), 2)})


def find_clipped(examined: Examined) -> Iterator[Found]:
    exams: Sequence[Exam] = [exam for exam in examined.exams if not exam.constant]
    if not exams:
        return
    usual = float(np.median([exam.clipped for exam in exams]))
    odd = tuple(exam.name for exam in exams if exam.clipped > max(MOST_CLIPPED, 5 * usual))
    if odd and len(odd) <= len(exams) // 2:
        yield Found(odd, {"n": len(odd)})


SCALE = Kind(
    "intensity_scale",
    "warning",
    Words(
        "{n} of {of} images have another intensity scale (a factor of {ratio} between the extremes)",
        "A fixed window or a common mean would make some images white and others black.",
        "The plan normalises each image by itself. Find out why the scales differ: another unit, "
        "another export?",
    ),
    Words(
        "{of} 幅图像中有 {n} 幅的灰度尺度不同（极端值相差 {ratio} 倍）",
        "固定窗宽或共同均值会使部分图像全白、部分全黑。",
        "计划会逐幅归一化。请查明原因：单位不同，还是导出不同？",
    ),
    find_scale,
)
HOUNSFIELD = Kind(
    "hounsfield_lost",
    "error",
    Words(
        "{n} of {of} CT images hold no Hounsfield units",
        "Air is about −1000 HU, and these images hold nothing like it: the rescale slope and intercept were "
        "lost.",
        "Export them again from the archive, as DICOM.",
    ),
    Words(
        "{of} 幅 CT 中有 {n} 幅不是 HU 值",
        "空气约为 −1000 HU，而这些图像中没有：可能丢失了 rescale 斜率和截距。",
        "请从归档系统重新导出 DICOM。",
    ),
    find_hounsfield,
)
INVERTED = Kind(
    "inverted",
    "error",
    Words(
        "An image seems to be a negative",
        "What is bright in the other images is dark in it (correlation {agreement} with the usual one).",
        "Look at it; invert it, or export it again with its photometric interpretation.",
    ),
    Words(
        "一幅图像疑似反色",
        "其他图像中亮的地方在这里是暗的（与通常图像的相关系数为 {agreement}）。",
        "请查看；反转灰度，或按正确的光度解释重新导出。",
    ),
    find_inverted,
)
CLIPPED = Kind(
    "clipped",
    "warning",
    Words(
        "Clipped images, in which many voxels share the highest value: {n}",
        "What was brighter than the limit is lost.",
        "Export them again with the full range.",
    ),
    Words("{n} 幅图像被截断：大量体素等于最高值", "超过上限的信息已经丢失。", "请以完整范围重新导出。"),
    find_clipped,
)
