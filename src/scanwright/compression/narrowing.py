"""Narrowing: the same network with fewer channels, as a plan."""

from __future__ import annotations

from dataclasses import replace

from scanwright.data.plan import Plan

WIDTHS = (0.7, 0.5, 0.35, 0.25)
"""Shares of the channels that the search tries, the mildest first: each about halves the work."""
STEP = 4
"""Channels come in multiples of so many, where there are enough: kernels compute several at once."""
LEAST = 2


def narrow_plan(plan: Plan, share: float, minutes: float) -> Plan:
    """The plan of a network of the same family with about so many of the channels, to be tuned afresh.

    Args:
        plan: of the trained network.
        share: of the channels of every level, 0 … 1.
        minutes: that tuning may take.
    """
    network = plan.network
    heads = network.heads or (0,) * len(network.widths)
    narrower = replace(
        network,
        widths=tuple(_fewer(n, share, h or STEP) for n, h in zip(network.widths, heads, strict=True)),
        growth=tuple(_fewer(n, share) for n in network.growth),
        inner=tuple(_fewer(n, share) for n in network.inner),
    )
    reasons = {
        **plan.reasons,
        "network": f"{plan.reasons.get('network', '')}; compressed to about {share:g} of its channels",
    }
    return replace(
        plan,
        network=narrower,
        minutes=minutes,
        folds=1,
        init_from="",
        frozen_share=0.0,
        pace=(),
        paces=(),
        reasons=reasons,
    )


def _fewer(n: int, share: float, step: int = STEP) -> int:
    """So many of n, in steps where there are enough of them; heads of attention need whole steps."""
    if not n:
        return 0
    if n < 4 * step and step == STEP:
        step = 1
    return min(n, max(step, LEAST, round(n * share / step) * step))
