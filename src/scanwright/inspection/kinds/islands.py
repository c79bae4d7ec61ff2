"""Masks with stray voxels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

FEWEST_PARTS = 10


def find(examined: Examined) -> Iterator[Found]:
    held = [(exam, mask) for exam, mask in examined.masked if mask.n_parts]
    if len(held) < 4:
        return
    parts = np.array([mask.n_parts for _, mask in held])
    usual = float(np.median(parts))
    spread = float(np.median(np.abs(parts - usual)))
    limit = max(FEWEST_PARTS, usual + 6 * max(spread, 1.0), 3 * usual)
    odd = sorted((-mask.n_parts, exam.name) for exam, mask in held if mask.n_parts > limit)
    if odd:
        yield Found(
            tuple(name for _, name in odd), {"n": len(odd), "most": -odd[0][0], "usual": round(usual)}
        )


KIND = Kind(
    "islands",
    "warning",
    Words(
        "Masks in many pieces: {n}; up to {most}, where {usual} is usual",
        "Stray voxels are slips of the brush or a damaged export. Surface distances suffer most.",
        "Look at them; remove what was not meant.",
    ),
    Words(
        "{n} 个掩膜碎片过多：多达 {most} 块，而通常为 {usual} 块",
        "零散体素多为误画或导出损坏，对表面距离的影响最大。",
        "请查看并删除无意的部分。",
    ),
    find,
)
