"""Masks that outline air."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

MOST_AIR = 0.3


def find(examined: Examined) -> Iterator[Found]:
    # In an image of one value all is as dark as its surroundings; that it is one is said already.
    held = [(e, mask) for e, mask in examined.masked if 0 < mask.share < 0.98 and not e.constant]
    if len(held) < 4:
        return
    usual = float(np.median([mask.in_air for _, mask in held]))
    odd = sorted((-mask.in_air, exam.name) for exam, mask in held if mask.in_air > usual + MOST_AIR)
    if odd:
        yield Found(tuple(name for _, name in odd), {"n": len(odd), "percent": round(-100 * odd[0][0])})


KIND = Kind(
    "in_air",
    "error",
    Words(
        "Masks that lie in the dark surroundings of the body: {n} (up to {percent} % of the outlined voxels)",
        "The mask may be of another patient, mirrored or shifted.",
        "Compare it with its image, and find the mask that belongs to it.",
    ),
    Words(
        "{n} 个掩膜落在身体以外的暗区（最多占勾画体素的 {percent}%）",
        "掩膜可能属于其他患者，或被镜像、平移。",
        "请与图像对照，找到正确的掩膜。",
    ),
    find,
)
