"""Masks whose outline follows nothing in the image, and masks that fit better when mirrored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

# An outline is odd when it is this many robust deviations less steep than those of the other cases.
DEVIATIONS = 4.0
BETTER = 1.25


def find(examined: Examined) -> Iterator[Found]:
    held = [(exam, mask) for exam, mask in examined.masked if np.isfinite(mask.edge)]
    if len(held) < 8:
        return
    edges = np.log(np.maximum([mask.edge for _, mask in held], 1e-3))
    usual = float(np.median(edges))
    spread = 1.4826 * float(np.median(np.abs(edges - usual)))
    for (exam, mask), edge in zip(held, edges, strict=True):
        if usual < np.log(1.1) or edge > usual - DEVIATIONS * max(spread, 0.02):
            continue
        mirrored = bool(
            np.isfinite(mask.edge_mirrored)
            and mask.edge_mirrored > BETTER * mask.edge
            and np.log(max(mask.edge_mirrored, 1e-3)) > usual - DEVIATIONS * max(spread, 0.02)
        )
        yield Found(
            (exam.name,),
            {
                "edge": round(mask.edge, 3),
                "usual": round(float(np.exp(usual)), 3),
                "mirrored": round(mask.edge_mirrored, 3),
                "flip": mirrored,
                "guess": "it fits better mirrored left to right" if mirrored else "it may be of another case",
                "guess_zh": "左右镜像后更吻合" if mirrored else "可能属于其他病例",
            },
        )


KIND = Kind(
    "foreign_mask",
    "warning",
    Words(
        "A mask's outline follows no edge of its image: {guess}",
        "Its image is {edge} times as steep along the outline as near it; {usual} is usual here.",
        "Compare mask and image; look for swapped names or a left–right flip.",
    ),
    Words(
        "掩膜轮廓与图像边缘不符：{guess_zh}",
        "沿轮廓的图像陡度是附近的 {edge} 倍，而这里通常为 {usual} 倍。",
        "请对照掩膜与图像，检查是否文件名互换或左右翻转。",
    ),
    find,
)
