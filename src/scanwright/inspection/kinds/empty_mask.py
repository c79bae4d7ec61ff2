"""Masks without anything in them."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    names = tuple(exam.name for exam, mask in examined.masked if mask.share == 0.0)
    n = len(examined.masked)
    if names:
        yield Found(names, {"n": len(names), "of": n}, severity="error" if len(names) == n else None)


KIND = Kind(
    "empty_mask",
    "note",
    Words(
        "{n} of {of} masks are empty",
        "Healthy patients have empty masks, and forgotten outlines look the same.",
        "Check that nothing was to be outlined in them.",
    ),
    Words(
        "{of} 个掩膜中有 {n} 个为空",
        "健康者的掩膜本应为空，但漏画的掩膜看起来也一样。",
        "请确认这些图像中确实没有需要勾画的目标。",
    ),
    find,
)
