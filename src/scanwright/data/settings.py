"""Settings: what the user wants, in few flat fields; the same names in TOML, Python and flags."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scanwright.data.fields import build
from scanwright.data.memory import read_memory
from scanwright.data.overrides import check_overrides, overruled_steps
from scanwright.data.plan import MOST_FOLDS, parse
from scanwright.errors import SettingsError

EFFORT_MINUTES = {"quick": 5.0, "standard": 30.0, "thorough": 120.0}
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Settings:
    """What the user wants.

    Attributes:
        task: a task's name, or "auto" to take it from the data.
        effort: the one dial: "quick", "standard" or "thorough"; sets the minutes.
        minutes: upper bound of the training time; overrules ``effort``.
        folds: networks of an ensemble, each of which chooses by another part of the cases; 1 is one network,
            ``None`` leaves it to the rule.
        seed: start of all random numbers.
        threads: processor threads; ``None`` takes all.
        device: "auto", "cpu" or "cuda".
        patient_pattern: regular expression with one group that finds the patient in a case's name.
        series: regular expression that chooses series of a DICOM export.
        memory: cap on resident memory, such as "4G"; ``None`` for none.
        init_from: a run, a model or a weights file whose weights training starts from.
        overrides: fields of the plan to overrule, as text ("optimiser" → "sgd").
    """

    task: str = "auto"
    effort: str = "standard"
    minutes: float | None = None
    folds: int | None = None
    seed: int = 0
    threads: int | None = None
    device: str = "auto"
    patient_pattern: str | None = None
    series: str | None = None
    memory: str | None = None
    init_from: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.effort not in EFFORT_MINUTES:
            raise SettingsError(
                "no such effort", expected=" or ".join(EFFORT_MINUTES), received=f"effort={self.effort}"
            )
        if self.device not in DEVICES:
            raise SettingsError(
                "no such device", expected=" or ".join(DEVICES), received=f"device={self.device}"
            )
        if self.minutes is not None and not 0 < self.minutes < 1e5:
            raise SettingsError(
                "minutes must be a positive number below 100,000", received=f"minutes={self.minutes}"
            )
        if self.folds is not None and not 1 <= self.folds <= MOST_FOLDS:
            raise SettingsError(f"folds must be from 1 to {MOST_FOLDS}", received=f"folds={self.folds}")
        if self.threads is not None and self.threads < 1:
            raise SettingsError("threads must be 1 or more", received=f"threads={self.threads}")
        if not 0 <= self.seed < 2**62:
            raise SettingsError(
                "the seed must be a whole number from 0 to 4.6e18", received=f"seed={self.seed}"
            )
        if self.memory is not None:
            read_memory(self.memory)
        check_overrides(self.overrides)

    @property
    def memory_bytes(self) -> int | None:
        """The cap in bytes."""
        return None if self.memory is None else read_memory(self.memory)

    @property
    def family(self) -> str | None:
        """The family of networks that is asked for; its rule then decides all that depends on it."""
        asked = self.overrides.get("network.family")
        return None if asked is None else str(parse(asked))

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes in the order that the user gives them; empty where nobody does."""
        asked = parse(self.overrides.get("classes", "[]"))
        parts = asked.split(",") if isinstance(asked, str) else asked if isinstance(asked, list) else [asked]
        return tuple(str(part).strip() for part in parts)

    @property
    def target(self) -> str:
        """Which number of a case is to be learnt; "" where nobody says."""
        return str(parse(self.overrides.get("target", "")))

    @property
    def budget_minutes(self) -> float:
        """Minutes that training may take."""
        return self.minutes if self.minutes is not None else EFFORT_MINUTES[self.effort]

    @property
    def enhance(self) -> tuple[str, ...]:
        """Steps that the overrides put into the plan; facts are gathered after them."""
        return overruled_steps(self.overrides)

    def to_json(self) -> dict[str, Any]:
        """Plain values; fields left at ``None`` are absent."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        plain["overrides"] = dict(self.overrides)
        return {name: value for name, value in plain.items() if value is not None}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], source: str = "settings") -> Settings:
        """The inverse of :meth:`to_json`.

        Raises:
            SettingsError: a key is unknown (the nearest ones are named), or a value is of another kind or out
                of range.
        """
        return build(cls, plain, source)
