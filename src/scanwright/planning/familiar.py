"""Familiar: what the images of the training side look like, for the plan that learns from them."""

from __future__ import annotations

from scanwright.core.familiarity import ASPECTS, Familiarity, learn_familiarity
from scanwright.data.plan import Plan
from scanwright.data.splits import group_cases
from scanwright.planning.fingerprint import Fingerprint


def find_familiar(facts: Fingerprint, plan: Plan) -> Familiarity:
    """What is usual in the images that train and choose.

    Args:
        facts: of the dataset.
        plan: where it normalises each image by itself, the values as they came do not matter.
    """
    described = [(fact.name, fact.description) for fact in facts.cases if fact.description is not None]
    learnt = [(name, own) for name, own in described if facts.splits.of[name] != "test"]
    by_itself = all(channel.method == "zscore" for channel in plan.channels)
    aspects = [name for name in ASPECTS if name != "level" or not by_itself]
    group_of = group_cases(facts.dataset.cases, facts.duplicates)
    numbers = {name: n for n, name in enumerate(dict.fromkeys(group_of.values()))}
    groups = [numbers[group_of[name]] for name, _ in learnt]
    return learn_familiarity([own for _, own in learnt], groups, aspects)
