"""Boxes that reach out of their image."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    held = [(exam, boxes) for exam, boxes, _ in examined.boxed if boxes.n_outside]
    held.sort(key=lambda pair: (-pair[1].n_beside, -pair[1].n_outside, pair[0].name))
    if held:
        n, beside = (
            sum(values) for values in zip(*((b.n_outside, b.n_beside) for _, b in held), strict=True)
        )
        yield Found(
            tuple(exam.name for exam, _ in held),
            {"n": n, "beside": beside},
            severity="error" if beside else None,
        )


KIND = Kind(
    "box_outside",
    "warning",
    Words(
        "{n} box(es) reach out of their image, {beside} of them wholly",
        "The image was cropped, turned or resized after it was annotated, or the numbers mean something else "
        "(corners for sizes, rows for columns). Then the other boxes are wrong too.",
        "Look at these cases; annotate again, or correct the numbers.",
    ),
    Words(
        "{n} 个检测框超出图像，其中 {beside} 个完全在图像之外",
        "可能图像在标注后被裁剪、旋转或缩放，或数值含义不同（把角点当尺寸、把行当列），其余检测框也可能是错的。",
        "请查看这些病例，重新标注或更正数值。",
    ),
    find,
)
