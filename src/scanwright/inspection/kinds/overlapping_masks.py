"""Lesions of one image whose masks overlap."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    held = sorted((-mask.overlap, exam.name) for exam, mask in examined.masked if mask.overlap)
    if held:
        voxels = -sum(n for n, _ in held)
        yield Found(tuple(name for _, name in held), {"n": len(held), "voxels": voxels})


KIND = Kind(
    "overlapping_masks",
    "note",
    Words(
        "Masks that were put together overlap in cases: {n}, in voxels: {voxels}",
        "Lesions of one kind become one there. Of two structures the smaller one is kept, and the other has "
        "a hole.",
        "Look at them: the same lesion may be outlined twice.",
    ),
    Words(
        "{n} 个病例中被合并的掩膜相互重叠，共 {voxels} 个体素",
        "同类病灶在重叠处会合并为一个；不同结构重叠时保留较小者，另一个会出现空洞。",
        "请查看：可能同一病灶被勾画了两次。",
    ),
    find,
)
