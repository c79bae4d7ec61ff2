"""Splits: who trains, who chooses, who judges. A patient is never on two sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scanwright.data.case import SPLITS, STUDY, Case, SetAside, Split
from scanwright.errors import DataError

SCHEMA_VERSION = 1
TEST_SHARE = 0.2
VAL_SHARE = 0.15


@dataclass(frozen=True)
class Splits:
    """Case names by split, and how it came about.

    Attributes:
        of: case name → split.
        how: one sentence for the plan and the report.
        set_aside: cases that would have put one patient on two sides.
        folds: of an ensemble: case name → fold, of all cases that are not for testing.
    """

    of: Mapping[str, Split]
    how: str
    set_aside: tuple[SetAside, ...] = field(default_factory=tuple)
    folds: Mapping[str, int] = field(default_factory=dict)

    def names(self, split: str) -> list[str]:
        """Names of the cases of a split ("all" for every one), in order."""
        return [name for name, own in self.of.items() if split in ("all", own)]

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``splits.json`` holds them; folds only where there are some."""
        plain: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "how": self.how, "of": dict(self.of)}
        return {**plain, "folds": dict(self.folds)} if self.folds else plain


def group_cases(cases: Sequence[Case], duplicates: Sequence[Sequence[str]]) -> dict[str, str]:
    """Case name → group that must stay together: patient, else study, else case; copies join them.

    Args:
        cases: some may not know their patient.
        duplicates: names of cases that show one picture, by group.
    """
    group = {case.name: known_group(case) or case.name for case in cases}
    for names in duplicates:
        own = [name for name in names if name in group]
        merged = {group[name] for name in own}
        if len(merged) > 1:
            kept = min(merged)
            group = {name: kept if value in merged else value for name, value in group.items()}
    return group


def known_group(case: Case) -> str:
    """The patient, else the study, "" when neither is known."""
    if case.patient is not None:
        return f"patient {case.patient}"
    return f"study {case.facts[STUDY]}" if case.facts.get(STUDY) else ""


def assign_splits(
    cases: Sequence[Case], groups: Mapping[str, str], strata: Mapping[str, str], seed: int
) -> Splits:
    """Respect given splits; otherwise keep a fifth of the groups for testing and some for choosing.

    Args:
        cases: with their given splits, if any.
        groups: case name → group, see :func:`group_cases`.
        strata: case name → stratum (class) that should be spread evenly.
        seed: of the draw.

    Raises:
        DataError: fewer than three groups, so that no honest split exists.
    """
    given, moved = _settle_given(cases, groups)
    kept = [case.name for case in cases if case.name in given]
    members: dict[str, list[str]] = defaultdict(list)
    for name in kept:
        members[groups[name]].append(name)
    if len(members) < 3:
        raise DataError(
            "too few patients for an honest split",
            expected="at least 3 patients (or unrelated cases): one to train, one to choose, one to test",
            received=f"{len(members)}",
            do="Add patients; cases of one patient count once.",
        )
    free = [g for g, names in members.items() if all(given[n] in (None, "train") for n in names)]
    has = {split for split in given.values() if split is not None}
    split_of: dict[str, Split] = {g: given[names[0]] or "train" for g, names in members.items()}
    rng = np.random.default_rng(seed)
    stratum = {g: strata.get(members[g][0], "") for g in free}
    said = [
        f"{name} as given by the data"
        for name in SPLITS
        if name in has and (name != "train" or len(has) == 3)
    ]
    drawn_here: tuple[tuple[Split, float], ...] = (("test", TEST_SHARE), ("val", VAL_SHARE))
    for split, share in drawn_here:
        if split not in has:
            drawn = _draw(free, stratum, share, rng)
            split_of.update(dict.fromkeys(drawn, split))
            taken = set(drawn)
            free = [g for g in free if g not in taken]
            said.append(
                f"{split} drawn ({len(drawn)} of {len(drawn) + len(free)} patients or unrelated cases)"
            )
    empty = [split for split in SPLITS if split not in split_of.values()]
    if empty:
        raise DataError(
            f"the splits that the data gives leave no case for {' and '.join(empty)}",
            expected="cases to train, to choose (val) and to test",
            do="Correct the split column or folders, or leave them out: then the splits are drawn.",
        )
    return Splits({name: split_of[groups[name]] for name in kept}, "; ".join(said), tuple(moved))


def assign_folds(
    splits: Splits, groups: Mapping[str, str], strata: Mapping[str, str], n: int, seed: int
) -> Splits:
    """Put training and validation cases together, and deal them to folds of whole groups.

    Args:
        splits: the test cases stay what they are; the others become "train".
        groups, strata: as for :func:`assign_splits`.
        n: folds, not more than there are groups that are not for testing.
        seed: of the draw.
    """
    members: dict[str, list[str]] = defaultdict(list)
    for name, split in splits.of.items():
        if split != "test":
            members[groups[name]].append(name)
    queues: dict[str, list[str]] = defaultdict(list)
    for index in np.random.default_rng(seed).permutation(len(members)):
        group = list(members)[index]
        queues[strata.get(members[group][0], "")].append(group)
    fold_of: dict[str, int] = {}
    sizes = [0] * n
    for _, queue in sorted(queues.items()):
        of_stratum = [0] * n
        for group in queue:
            # The fold with the fewest groups of this stratum, and of those the one with the fewest cases.
            fold = min(range(n), key=lambda one: (of_stratum[one], sizes[one]))
            of_stratum[fold] += 1
            sizes[fold] += len(members[group])
            fold_of.update(dict.fromkeys(members[group], fold))
    of: dict[str, Split] = {name: "test" if own == "test" else "train" for name, own in splits.of.items()}
    how = f"{splits.how}; train and val together in {n} folds ({len(members)} patients or unrelated cases)"
    folds = {name: fold_of[name] for name in of if name in fold_of}
    return replace(splits, of=of, how=how, folds=folds)


def _settle_given(
    cases: Sequence[Case], groups: Mapping[str, str]
) -> tuple[dict[str, Split | None], list[SetAside]]:
    """A group on several given sides stays on the strictest; its other cases are set aside."""
    rank = {None: 0, "train": 0, "val": 1, "test": 2}
    strictest: dict[str, Split | None] = {}
    for case in cases:
        group = groups[case.name]
        if group not in strictest or rank[case.split] > rank[strictest[group]]:
            strictest[group] = case.split
    kept = [case for case in cases if rank[case.split] == rank[strictest[groups[case.name]]]]
    known = {(groups[case.name], known_group(case)) for case in kept}
    moved = []
    for case in cases:
        group = groups[case.name]
        if rank[case.split] < rank[strictest[group]]:
            own = known_group(case)
            what = f"the same {own.split()[0]}" if own and (group, own) in known else "a copy of this picture"
            reason = f"{what} also stands in {strictest[group]}: kept there only"
            moved.append(SetAside(case.name, "split", reason))
    return {case.name: case.split for case in kept}, moved


def _draw(
    groups: Sequence[str], stratum: Mapping[str, str], share: float, rng: np.random.Generator
) -> list[str]:
    """About ``share`` of the groups, at least one, each stratum in proportion; one group always remains."""
    queues: dict[str, list[str]] = defaultdict(list)
    for n in rng.permutation(len(groups)):
        queues[stratum[groups[n]]].append(groups[n])
    wanted = min(max(1, round(share * len(groups))), len(groups) - 1)
    quota = {name: share * len(queue) for name, queue in queues.items()}
    drawn: list[str] = []
    # The stratum that is furthest behind its share gives next; its last group only when no other can give.
    while len(drawn) < wanted:
        room = [name for name, queue in queues.items() if len(queue) > 1]
        room = room or [name for name, queue in queues.items() if queue]
        pick = max(room, key=lambda name: quota[name])
        drawn.append(queues[pick].pop())
        quota[pick] -= 1
    return drawn
