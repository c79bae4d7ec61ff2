"""The doctor: every kind of finding over one reading of every case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from scanwright.data.case import SPLITS, Case, Split
from scanwright.data.dataset import Dataset
from scanwright.data.finding import SEVERITIES, Finding
from scanwright.data.splits import group_cases
from scanwright.inspection.catalogue import KINDS
from scanwright.inspection.exam import Exam, Examined, examine
from scanwright.inspection.kinds.base import Found, Kind
from scanwright.report.thumbnails import draw_thumbnail
from scanwright.types import JsonDict, Progress, silent


@dataclass(frozen=True, eq=False)
class Inspection:
    """What the doctor found.

    Attributes:
        examined: the dataset and the exam of each case.
        found: kind and finding, the worst first.
    """

    examined: Examined
    found: tuple[tuple[Kind, Found], ...]

    @property
    def findings(self) -> list[Finding]:
        """The worst first, in English."""
        return self.in_words("en")

    def in_words(self, lang: str) -> list[Finding]:
        """The worst first, in "en" or "zh"."""
        return [_finding(kind, found, lang) for kind, found in self.found]

    def exam(self, name: str) -> Exam | None:
        """Of a case that could be read."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Exam]:
        return {exam.name: exam for exam in self.examined.exams}

    def to_json(self) -> list[JsonDict]:
        """Plain values, as in ``findings.json``."""
        return [finding.to_json() for finding in self.findings]

    @property
    def summary(self) -> JsonDict:
        """What was looked at, plain values."""
        dataset, exams = self.examined.dataset, self.examined.exams
        patients = {exam.case.patient for exam in exams}
        return {
            "source": dataset.source,
            "layout": dataset.layout,
            "n_cases": len(exams),
            "n_patients": None if None in patients else len(patients),
            "n_set_aside": len(dataset.set_aside) + len(self.examined.unread),
            "notes": list(dataset.notes),
        }

    def thumbnails(self, names: Iterable[str]) -> dict[str, bytes]:
        """Case → PNG, of those that could be read."""
        exams = (self.exam(name) for name in names)
        return {e.name: draw_thumbnail(e.view) for e in exams if e is not None and e.view is not None}

    def cleaned(self) -> list[Case]:
        """The cases without those that the findings say to leave out, look-alikes under one patient.

        Who shares a picture shares all: the other cases of both patients come under the first known one's
        name; where nobody is known, under the name of a case. Where the data give splits, all of them stand
        on the strictest side that one of them has (test before val before train), as in ``data.splits``.
        """
        left_out = {name for _, found in self.found for name in found.exclude}
        cases = [exam.case for exam in self.examined.exams]
        groups = group_cases(cases, [found.merge for _, found in self.found if found.merge])
        patient: dict[str, str] = {}
        for case in cases:
            if case.patient is not None:
                patient.setdefault(groups[case.name], case.patient)
        sides: dict[str, Split] = {}
        for case in cases:
            own, group = case.split, groups[case.name]
            if own and SPLITS.index(own) >= SPLITS.index(sides.get(group, own)):
                sides[group] = own
        shared = Counter(groups.values())
        for group, n in shared.items():
            if n > 1:
                patient.setdefault(group, f"like {group}")
        return [
            replace(case, patient=patient.get(groups[case.name]), split=sides.get(groups[case.name]))
            for case in cases
            if case.name not in left_out
        ]


def inspect(dataset: Dataset, progress: Progress = silent) -> Inspection:
    """Read every case once, and say what is wrong with them."""
    examined = examine(dataset, progress)
    found = [(kind, one) for kind in KINDS for one in kind.find(examined)]
    return Inspection(examined, tuple(sorted(found, key=_rank)))


def _rank(pair: tuple[Kind, Found]) -> int:
    kind, found = pair
    return SEVERITIES.index(found.severity or kind.severity)


def _finding(kind: Kind, found: Found, lang: str) -> Finding:
    words = kind.zh if lang == "zh" else kind.en
    # format_map, so that a gap may have the name of a Python word ("class").
    fill = found.evidence
    return Finding(
        kind=kind.name,
        severity=found.severity or kind.severity,
        cases=found.cases,
        title=words.title.format_map(fill),
        why=words.why.format_map(fill),
        action=words.action.format_map(fill),
        evidence=fill,
    )
