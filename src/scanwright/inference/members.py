"""Members: the weights of several networks as one mapping, each name led by its network's number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanwright.types import AnyArray


def join_members(members: Sequence[Mapping[str, AnyArray]]) -> dict[str, AnyArray]:
    """Weights of all networks: "member-00/…", "member-01/…"; those of a single one keep their names."""
    if len(members) == 1:
        return dict(members[0])
    return {
        f"member-{n:02d}/{name}": value
        for n, weights in enumerate(members)
        for name, value in weights.items()
    }


def split_members(weights: Mapping[str, AnyArray]) -> list[dict[str, AnyArray]]:
    """The inverse of :func:`join_members`: the weights of each network, in order."""
    members: dict[str, dict[str, AnyArray]] = {}
    for name in sorted(weights):
        member, _, own = name.rpartition("/")
        members.setdefault(member, {})[own] = weights[name]
    return list(members.values())
