"""The same picture with different labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    # Mirrored, one picture may well be a left and a right knee.
    for group in examined.copies(turned=False):
        labels = sorted(labels_of(group))
        if len(labels) > 1:
            names = tuple(exam.name for exam in group)
            evidence = {"labels": labels, "listed": ", ".join(labels)}
            yield Found(names, evidence, exclude=names, merge=names)


def labels_of(group: Sequence[Exam]) -> set[str]:
    """The classes that a group of copies is called."""
    return {exam.label for exam in group if exam.label}


KIND = Kind(
    "two_labels",
    "error",
    Words(
        "The same picture is called {listed}",
        "At least one of the labels is wrong, and no model can learn both.",
        "Look at the picture, keep the right label and remove the other copy.",
    ),
    Words(
        "同一图像被标为不同类别：{listed}",
        "其中至少一个标签是错的，模型不可能同时学会两者。",
        "请查看图像，保留正确的标签，删除另一份。",
    ),
    find,
)
