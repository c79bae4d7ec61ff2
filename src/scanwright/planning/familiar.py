"""Familiar: what the images of the training side look like, for the plan that learns from them."""

from __future__ import annotations

from scanwright.core.familiarity import ASPECTS, Familiarity, learn_familiarity
from scanwright.data.plan import Plan
from scanwright.data.splits import group_cases
from scanwright.planning.fingerprint import Fingerprint

MOST_LEARNT = 2000
"""Images, taken evenly from all: more tell nothing new."""


def find_familiar(facts: Fingerprint, plan: Plan) -> Familiarity:
    """What is usual in the images that train and choose.

    Args:
        facts: of the dataset.
        plan: where it normalises each image by itself, the values as they came do not matter.
    """
    learnt = [fact for fact in facts.cases if facts.splits.of[fact.name] != "test"]
    learnt = learnt[:: -(-len(learnt) // MOST_LEARNT)]
    by_itself = all(channel.method == "zscore" for channel in plan.channels)
    aspects = [name for name in ASPECTS if name != "level" or not by_itself]
    group_of = group_cases(facts.dataset.cases, facts.duplicates)
    numbers = {name: n for n, name in enumerate(dict.fromkeys(group_of.values()))}
    groups = [numbers[group_of[fact.name]] for fact in learnt]
    return learn_familiarity([fact.description for fact in learnt], groups, aspects)
