"""Finding: what the doctor found in a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From the worst: an error spoils the result; a warning may; a note should be known."""


@dataclass(frozen=True)
class Finding:
    """Something that is, or may be, wrong with a dataset.

    Attributes:
        kind: the row of the table of kinds that it comes from.
        severity: how bad.
        cases: names of the cases, the tellingest first; empty when it is about all of them.
        title, why, action: what it is, why it matters, what to do; a sentence or two each.
        evidence: the numbers behind it, plain values.
    """

    kind: str
    severity: Severity
    cases: tuple[str, ...]
    title: str
    why: str
    action: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "cases": list(self.cases), "evidence": dict(self.evidence)}
