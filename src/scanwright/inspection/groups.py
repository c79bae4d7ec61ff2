"""Groups: which cases belong together, by whose word, and what a split that does not care gives away."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scanwright.core.kernel import nearest_elsewhere
from scanwright.data.case import SPLITS, STUDY, Case
from scanwright.data.splits import Splits, assign_splits, group_cases, known_group
from scanwright.errors import DataError
from scanwright.inspection.exam import Exam, Examined
from scanwright.io.layouts.patients import name_patients
from scanwright.types import IntArray, JsonDict

FEWEST_CASES = 20
MOST_AT_ONCE = 4000
N_FOLDS = 5
N_DRAWS = 5
MOST_EXAMPLES = 5


@dataclass(frozen=True)
class Source:
    """Something that says which cases belong together.

    Attributes:
        name: "patients", "studies", "file_names" or "pictures".
        how: in the words of who read it; "" where the name says all.
        group_of: case name → group, of the cases that it knows something of.
        used: whether cases are split by it.
    """

    name: str
    how: str
    group_of: Mapping[str, str]
    used: bool

    def to_json(self) -> JsonDict:
        """Plain values."""
        n_groups = len(set(self.group_of.values()))
        return {
            "source": self.name,
            "how": self.how,
            "cases": len(self.group_of),
            "groups": n_groups,
            "used": self.used,
        }


def find_sources(examined: Examined) -> list[Source]:
    """The sources that know something, the one that counts most first."""
    cases = [exam.case for exam in examined.exams]
    patients = {case.name: case.patient for case in cases if case.patient is not None}
    studies = {case.name: case.facts[STUDY] for case in cases if case.facts.get(STUDY)}
    named, how = name_patients([replace(case, patient=None) for case in cases], None)
    names = {case.name: case.patient for case in named if case.patient is not None}
    if how == examined.dataset.patients:  # then they are what was called patients
        names = {}
    copies = {exam.name: str(n) for n, group in enumerate(examined.copies()) for exam in group}
    found = [
        Source("patients", examined.dataset.patients, patients, True),
        Source("studies", "StudyInstanceUID", studies, any(name not in patients for name in studies)),
        Source("file_names", how, names, False),
        Source("pictures", "", copies, True),
    ]
    return [source for source in found if source.group_of]


def find_conflicts(cases: Sequence[Case], sources: Sequence[Source]) -> list[JsonDict]:
    """What one source holds together and those that are split by take apart: source, how often, examples."""
    known = {case.name: own for case in cases if (own := known_group(case))}
    found: list[JsonDict] = []
    for source in sources:
        members: dict[str, list[str]] = defaultdict(list)
        for name, group in source.group_of.items():
            if name in known:
                members[group].append(name)
        torn = [names for names in members.values() if len({known[name] for name in names}) > 1]
        if torn:
            found.append({"source": source.name, "n": len(torn), "examples": torn[:MOST_EXAMPLES]})
    return found


def compare_splits(examined: Examined, groups: Mapping[str, str], seed: int = 0) -> list[JsonDict]:
    """Cases of each split, and groups on two sides of it: as given or, where the data give no two sides,
    drawn by picture; and by group, which keeps what the data give.

    A split that can't be made has no row: too few groups, or a given split whose every group is torn.
    """
    cases = [exam.case for exam in examined.exams]
    strata = {exam.name: exam.label for exam in examined.exams}
    given = Splits({case.name: case.split for case in cases if case.split is not None}, "as given")
    is_given = len(set(given.of.values())) > 1
    rows = [_row("given", given, groups, len(cases))] if is_given else []
    drawn = (("picture", {case.name: case.name for case in cases}), ("group", groups))
    for by, own in drawn[is_given:]:
        try:
            rows.append(_row(by, assign_splits(cases, own, strata, seed), groups, len(cases)))
        except DataError:
            continue
    return rows


def _row(by: str, splits: Splits, groups: Mapping[str, str], n_cases: int) -> JsonDict:
    torn, seen = _leak(splits, groups)
    sizes: JsonDict = {split: len(splits.names(split)) for split in SPLITS}
    return {"by": by, **sizes, "left_out": n_cases - len(splits.of), "torn": torn, "seen": seen}


def _leak(splits: Splits, groups: Mapping[str, str]) -> tuple[int, float]:
    """Groups on several sides; the share of the test cases whose group is learnt from."""
    sides: dict[str, set[str]] = defaultdict(set)
    for name, split in splits.of.items():
        sides[groups[name]].add(split)
    tested = splits.names("test")
    seen = sum(len(sides[groups[name]]) > 1 for name in tested)
    return sum(len(own) > 1 for own in sides.values()), round(seen / max(1, len(tested)), 4)


def probe_leak(exams: Sequence[Exam], groups: Mapping[str, str], seed: int = 0) -> JsonDict | None:
    """How often the most alike training case has the right class, split by picture and by group.

    Several draws of five folds; the mean over classes, so that a frequent one does not hide the others.
    ``None`` where no groups have several cases, or classes are too few.
    """
    rng = np.random.default_rng(seed)
    usual = Counter(len(exam.features) for exam in exams if exam.features is not None).most_common(1)
    own = [exam for exam in exams if exam.features is not None and len(exam.features) == usual[0][0]]
    own = _some(own, groups, rng)
    names = sorted({groups[exam.name] for exam in own})
    classes = sorted({exam.label for exam in own})
    if len(own) < FEWEST_CASES or len(classes) < 2 or not N_FOLDS <= len(names) < len(own):
        return None
    group = np.array([names.index(groups[exam.name]) for exam in own])
    truth = np.array([classes.index(exam.label) for exam in own])
    features = np.stack([exam.features for exam in own if exam.features is not None])
    right = {}
    for by, number in (("picture", np.arange(len(own))), ("group", group)):
        folds = np.stack([_folds(number, rng) for _ in range(N_DRAWS)])
        named = truth[nearest_elsewhere(features, folds)] == truth
        right[by] = round(float(np.mean([named[:, truth == c].mean() for c in range(len(classes))])), 3)
    return {"figure": "balanced accuracy of the nearest neighbour", "n": len(own), **right}


def _some(exams: list[Exam], groups: Mapping[str, str], rng: np.random.Generator) -> list[Exam]:
    """At most as many as can be compared, whole groups."""
    if len(exams) <= MOST_AT_ONCE:
        return exams
    members: dict[str, list[Exam]] = defaultdict(list)
    for exam in exams:
        members[groups[exam.name]].append(exam)
    drawn = [list(members)[n] for n in rng.permutation(len(members))]
    return [exam for name in drawn for exam in members[name]][:MOST_AT_ONCE]


def _folds(group: IntArray, rng: np.random.Generator) -> IntArray:
    """A fold for each case, the same for all of a group."""
    fold_of = rng.permutation(int(group.max()) + 1) % N_FOLDS
    return np.asarray(fold_of[group])


def describe_groups(examined: Examined) -> JsonDict:
    """Sources, conflicts, and, where some cases belong together, splits and the leak, as plain values."""
    cases = [exam.case for exam in examined.exams]
    sources = find_sources(examined)
    groups = group_cases(cases, [[exam.name for exam in group] for group in examined.copies()])
    sizes = Counter(groups.values())
    return {
        "n_groups": len(sizes),
        "n_related": sum(n > 1 for n in sizes.values()),
        "sources": [source.to_json() for source in sources],
        "conflicts": find_conflicts(cases, sources),
        "splits": compare_splits(examined, groups),
        "probe": probe_leak(examined.labelled, groups),
    }
