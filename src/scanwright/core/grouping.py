"""Groups of what belongs together, directly or through others."""

from __future__ import annotations

from collections.abc import Iterable


def connected(n: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Groups of two or more of the numbers below ``n`` that pairs join; in order of their first members."""
    first = list(range(n))  # of each group the first member leads, and the others lead towards it

    def lead(one: int) -> int:
        while first[one] != one:
            first[one] = one = first[first[one]]
        return one

    for pair in pairs:
        low, high = sorted(map(lead, pair))
        first[high] = low
    members: dict[int, list[int]] = {}
    for one in range(n):
        members.setdefault(lead(one), []).append(one)
    return [own for own in members.values() if len(own) > 1]
