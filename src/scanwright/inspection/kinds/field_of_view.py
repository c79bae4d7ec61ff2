"""Masks that outline the picture and not something in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

MOST_SHARE = 0.5
SAME_SHARE = 0.02


def find(examined: Examined) -> Iterator[Found]:
    masked = examined.masked
    full = tuple(exam.name for exam, mask in masked if mask.share > 0.98)
    shares = np.array([mask.share for _, mask in masked])
    if len(masked) >= 5 and shares.min() > MOST_SHARE and np.ptp(shares) < SAME_SHARE:
        yield Found((), {"percent": round(100 * float(np.median(shares))), "n": len(masked)})
    elif full:
        yield Found(full, {"percent": 98, "n": len(full)}, severity="warning")


KIND = Kind(
    "field_of_view",
    "error",
    Words(
        "{n} masks cover {percent} % of their image or more, all nearly alike",
        "Such masks outline the field of view. A model that learns them looks perfect and has learnt "
        "nothing.",
        "Use the folder with the outlines that a person drew; rename or move the other one.",
    ),
    Words(
        "{n} 个掩膜覆盖图像的 {percent}% 或更多，且几乎完全一样",
        "这类掩膜勾画的是视野。学会它的模型看似完美，其实什么也没学到。",
        "请使用人工勾画的文件夹，并将另一个改名或移走。",
    ),
    find,
)
