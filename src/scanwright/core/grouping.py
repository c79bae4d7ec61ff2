"""Groups of what belongs together, directly or through others."""

from __future__ import annotations

from collections.abc import Iterable

from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def connected(n: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Groups of two or more of the numbers below ``n`` that pairs join; in order of their first members."""
    joined = list(pairs)
    if not joined:
        return []
    rows, columns = zip(*joined, strict=True)
    _, group = connected_components(
        coo_array(([1] * len(joined), (rows, columns)), shape=(n, n)), directed=False
    )
    members: dict[int, list[int]] = {}
    for number, own in enumerate(group):
        members.setdefault(int(own), []).append(number)
    return [own for own in members.values() if len(own) > 1]
