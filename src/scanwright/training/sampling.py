"""Sampling: which cases a step sees. It comes from the seed and the step's number alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanwright.data.plan import Plan
from scanwright.tasks.base import Example


def group_examples(examples: Sequence[Example], plan: Plan) -> list[list[int]]:
    """Groups of examples (their places) of which each is drawn as often as the others.

    "uniform" has one of all. "balanced" has one for each class, of the examples that hold it; those that hold
    none, or in whose masks nothing is labelled, are one more.
    """
    everything = list(range(len(examples)))
    if plan.sampling == "uniform":
        return [everything]
    held = [_classes_of(example) for example in examples]
    groups = [[n for n in everything if index in held[n]] for index in range(len(plan.classes))]
    groups.append([n for n in everything if not held[n]])
    return [group for group in groups if group]


def _classes_of(example: Example) -> set[int]:
    if example.target.ndim == 0:
        return {int(example.target)}
    if example.target.ndim == 2:  # boxes, of which those that count have a class
        return {int(row[0]) for row in example.target if not row[1]}
    if example.target.ndim == 1:
        return {int(index) for index in np.flatnonzero(example.target)}
    return set(example.labelled) or {0}


def choose_cases(groups: Sequence[Sequence[int]], batch_size: int, step: int, seed: int) -> list[int]:
    """The cases of a step: of the groups in turn, each of a group's once before any of it comes again, in
    an order drawn anew each time."""
    chosen = []
    for place in range(step * batch_size, (step + 1) * batch_size):
        turn, which = divmod(place, len(groups))
        group = groups[which]
        order = np.random.default_rng((seed, 1 + which, turn // len(group))).permutation(len(group))
        chosen.append(group[int(order[turn % len(group)])])
    return chosen
