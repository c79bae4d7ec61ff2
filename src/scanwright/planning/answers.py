"""Answers: what the cases of a dataset say of what is to be learnt, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from scanwright.data.case import SPLITS, Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError, SettingsError
from scanwright.planning.facts import CaseFacts

FEWEST_CASES = 3
"""Of a class: one to train, one to choose and one to test."""
TOGETHER: dict[str, Callable[[CaseFacts], Iterable[str]]] = {
    "labels": lambda fact: fact.labels,
    "boxes": lambda fact: dict.fromkeys(fact.box_classes),
}
"""Targets of which a case may have several classes, or none; and which it has."""
LACKED = {
    "train": "it cannot be learnt",
    "val": "the validation score says nothing of it",
    "test": "evaluation says nothing of it",
}
"""Split → what follows where it has no case of a class."""
N_STRATA = 5
"""Parts of the range of a number, each with as many cases, that every split has its share of."""


def choose_value(dataset: Dataset, asked: str) -> str:
    """The name of the number that is to be learnt.

    Args:
        dataset: whose cases hold numbers.
        asked: by the user; "" takes the only one there is.

    Raises:
        SettingsError: no case has it, or there are several and nobody says which.
    """
    names = list(dict.fromkeys(n for case in dataset.cases if "values" in case.targets for n in case.values))
    if asked in names:
        return asked
    if not asked and len(names) == 1:
        return names[0]
    raise SettingsError(
        "the cases have no number of this name" if asked else "the cases have several numbers",
        subject=dataset.source,
        expected=" or ".join(f"--set target={name}" for name in names),
        received=f"target={asked}" if asked else "",
    )


def drop_lonely_classes(cases: list[Case]) -> tuple[list[Case], list[SetAside]]:
    """A class needs a case to train, one to choose and one to test; the cases of smaller ones are set aside.

    Raises:
        DataError: fewer than two classes are left.
    """
    sizes = Counter(case.label for case in cases)
    lonely = {name for name, n in sizes.items() if n < FEWEST_CASES}
    if sizes and len(sizes) - len(lonely) < 2:
        raise DataError(
            "there is nothing to tell apart",
            expected="two or more classes with 3 or more cases each",
            received=", ".join(f"{name}: {n}" for name, n in sorted(sizes.items())),
            do="Add cases, or check the folder names.",
        )
    reason = "its class '{}' has fewer than 3 cases: one to train, one to choose, one to test"
    aside = [SetAside(case.name, "plan", reason.format(case.label)) for case in cases if case.label in lonely]
    return [case for case in cases if case.label not in lonely], aside


def choose_strata(facts: Sequence[CaseFacts], target: str, value: str) -> dict[str, str]:
    """Case name → what it is counted with when every split gets its share.

    Where classes go together, a case is counted with the rarest of its own: few cases have just the same
    ones, and rare classes are those that a split may miss (Sechidis et al. 2011 begin with them, too).
    """
    if target == "label":
        return {fact.name: fact.label for fact in facts}
    if target in TOGETHER:
        counts = _count_all(facts, target)
        held = {fact.name: TOGETHER[target](fact) for fact in facts}
        return {name: min(own, key=lambda one: (counts[one], one), default="") for name, own in held.items()}
    if target == "values":
        numbers = np.array([fact.values[value] for fact in facts])
        edges = np.quantile(numbers, np.arange(1, N_STRATA) / N_STRATA) if len(numbers) else []
        return {
            fact.name: str(part) for fact, part in zip(facts, np.searchsorted(edges, numbers), strict=True)
        }
    return {fact.name: ",".join(map(str, sorted(fact.label_voxels))) for fact in facts}


def count_classes(facts: Sequence[CaseFacts], target: str) -> dict[str, int]:
    """Class → cases that hold it, numbers by their size and before words. Of classes that go together, those
    of too few cases are left out."""
    counts = _count_all(facts, target)
    if target in TOGETHER:
        counts = Counter({name: n for name, n in counts.items() if n >= FEWEST_CASES})
    return {name: counts[name] for name in sorted(counts, key=_in_order)}


def rare_notes(facts: Sequence[CaseFacts], target: str) -> list[str]:
    """Which classes are left out of what is learnt."""
    rare = sorted(set(_count_all(facts, target)) - set(count_classes(facts, target)))
    few = f"fewer than {FEWEST_CASES} cases outside of the test set"
    return [f"not learnt, as {few} have them: {', '.join(rare)}"] if rare else []


def missing_notes(facts: Sequence[CaseFacts], split_of: Mapping[str, str], target: str) -> list[str]:
    """Which classes a split lacks, and what can therefore not be known of them; folds have no "val"."""
    if target != "label":
        return []
    held: dict[str, set[str]] = {}
    for fact in facts:
        held.setdefault(fact.label, set()).add(split_of[fact.name])
    there = [split for split in SPLITS if split in split_of.values()]
    without = {name: [split for split in there if split not in found] for name, found in held.items()}
    return [
        f"class '{name}' is not in {' and '.join(lacking)}: {', '.join(LACKED[split] for split in lacking)}. "
        "Add patients of this class"
        for name, lacking in sorted(without.items())
        if lacking
    ]


def _count_all(facts: Sequence[CaseFacts], target: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for fact in facts:
        if target == "label":
            counts.update([fact.label])
        elif target in TOGETHER:
            counts.update([*TOGETHER[target](fact)])
        elif target != "values":
            counts.update(map(str, fact.label_voxels))
    return counts


def share_classes(facts: Sequence[CaseFacts], target: str, classes: Mapping[str, int]) -> dict[str, float]:
    """Class → share of the cases that hold it, of all voxels of the masks, or of all objects."""
    if target not in ("mask", "boxes"):
        return {name: n / len(facts) for name, n in classes.items()}
    amounts: Counter[str] = Counter()
    for fact in facts:
        amounts.update({str(value): n for value, n in fact.label_voxels.items()})
        amounts.update(fact.box_classes)
    total = sum(amounts[name] for name in classes)
    return {name: amounts[name] / total for name in classes}


def _in_order(name: str) -> tuple[bool, int, str]:
    """Numbers by their size and before words: 2 comes before 10."""
    number = name.removeprefix("-").isdecimal()
    return not number, int(name) if number else 0, name
