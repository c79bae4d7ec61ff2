"""Channels that are named after another kind of image than they hold."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words
from scanwright.inspection.kinds.odd_intensity import has_hounsfield

_MR = ("MR", "MRI", "T1", "T1W", "T1C", "T2", "T2W", "FLAIR", "PD", "DWI", "ADC")


def find(examined: Examined) -> Iterator[Found]:
    for name in examined.dataset.channels:
        wrong = [exam for exam in examined.exams if _contradicts(name, exam)]
        if wrong:
            held = sorted({exam.modality or "values unlike Hounsfield units" for exam in wrong})
            held_zh = sorted({exam.modality or "不像 HU 的灰度值" for exam in wrong})
            yield Found(
                tuple(exam.name for exam in wrong),
                {
                    "n": len(wrong),
                    "of": len(examined.exams),
                    "channel": name,
                    "held": ", ".join(held),
                    "held_zh": "、".join(held_zh),
                },
            )


def _contradicts(name: str, exam: Exam) -> bool:
    """Whether an image cannot be what a channel is called, by its header, or else by its values."""
    if name.upper() == "CT":
        by_values = exam.n_channels == 1 and not has_hounsfield(exam)
        return exam.modality != "CT" if exam.modality else by_values
    return name.upper() in _MR and exam.modality == "CT"


KIND = Kind(
    "channel_name",
    "warning",
    Words(
        "A channel is called {channel}, and {n} of {of} images hold {held}",
        "The plan goes by the name: CT is cut at intensities that are the same for all images, others are "
        "normalised image by image.",
        "Correct channel_names in dataset.json (or the name of the column), or export the images again.",
    ),
    Words(
        "通道名为 {channel}，但 {of} 幅图像中有 {n} 幅为 {held_zh}",
        "计划会按名称处理：CT 按全体统一的数值截断灰度，其他图像则逐幅归一化。",
        "请更正 dataset.json 中的 channel_names（或列名），或重新导出图像。",
    ),
    find,
)
