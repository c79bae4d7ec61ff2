"""Paths as others write them."""

from __future__ import annotations


def own_name(path: str) -> str:
    """The last part of a path, whatever its slashes."""
    return path.replace("\\", "/").rpartition("/")[2]


def common_tail(one: str, other: str) -> int:
    """How many parts at the end of two paths are the same: 2 for /a/b/c.png and b/c.png."""
    tails = zip(*(reversed(path.replace("\\", "/").split("/")) for path in (one, other)), strict=False)
    n = 0
    for a, b in tails:
        if a != b:
            break
        n += 1
    return n
