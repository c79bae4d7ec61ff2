"""What a kind of finding is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scanwright.data.finding import Severity
from scanwright.inspection.exam import Examined


@dataclass(frozen=True)
class Words:
    """What a person reads of a kind, in one language; gaps are filled from the evidence."""

    title: str
    why: str
    action: str


@dataclass(frozen=True)
class Found:
    """One finding of a kind.

    Attributes:
        cases: names, the tellingest first; empty when it is about all.
        evidence: plain values; they fill the gaps of the texts.
        severity: where it is not that of the kind.
        exclude: cases that a cleaned manifest leaves out.
        merge: cases that are of one patient in a cleaned manifest.
    """

    cases: tuple[str, ...]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None
    exclude: tuple[str, ...] = ()
    merge: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A row of the table.

    Attributes:
        name: as in ``findings.json``.
        severity: how bad, unless a finding says otherwise.
        en, zh: its texts.
        find: looks at all exams.
    """

    name: str
    severity: Severity
    en: Words
    zh: Words
    find: Callable[[Examined], Iterable[Found]]
