"""What a kind of step is: its parameters, what it does, and what it tells of what it did."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from scanwright.data.volume import Volume
from scanwright.types import JsonDict

Scale: TypeAlias = Literal["source", "reference", "unit", "deviations"]
"""What the values are: the source's own units, those of a reference, 0 … 1, or standard deviations."""
Values: TypeAlias = Mapping[str, Any]

COLOURS = 3


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a step gave.

    Attributes:
        image: the new one.
        realised: numbers that only the image could tell, plain values.
        scale: what the values are now; ``None`` where the step leaves that as it was.
    """

    image: Volume
    realised: JsonDict = field(default_factory=dict)
    scale: Scale | None = None


@dataclass(frozen=True)
class Parameter:
    """One value that a step takes.

    Attributes:
        name: as the step's function has it.
        word: as the user sees it, with its unit ("SIGMA_MM").
        low, high: the values allowed.
        open_low: ``low`` itself is not allowed.
        whole: only whole numbers.
        is_file: the name of an image file instead of a number.
        optional: may be left out.
    """

    name: str
    word: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    whole: bool = False
    is_file: bool = False
    optional: bool = False

    @property
    def expected(self) -> str:
        """In words, for messages."""
        if self.is_file:
            return f"{self.word}, an image file"
        kind = "a whole number" if self.whole else "a number"
        bounds = []
        if self.low > -math.inf:
            bounds.append(f"above {self.low:g}" if self.open_low else f"from {self.low:g}")
        if self.high < math.inf:
            bounds.append(f"to {self.high:g}")
        return " ".join([f"{self.word},", kind, *bounds])

    def allows(self, value: float) -> bool:
        """True for a finite number within the bounds."""
        if not math.isfinite(value) or not self.low <= value <= self.high:
            return False
        return not (self.open_low and value == self.low) and (value == int(value) or not self.whole)


@dataclass(frozen=True)
class Kind:
    """A kind of step.

    Attributes:
        name: as the user writes it.
        apply: (image, **values) → Outcome; raises DataError for an image that it does not fit.
        about, about_zh: what it does, in one line, in English and in Chinese.
        parameters: in the order in which they are written.
        undo: how the image before can be had from the one after and the record; "" where it can't.
        check: says what is wrong with values that are allowed one by one; "" when nothing is.
        one_for_all: a single number may stand for all parameters.
        fills: takes images with unusable voxels as they are.
        moves_grid: the image gets another grid.
    """

    name: str
    apply: Callable[..., Outcome]
    about: str
    about_zh: str
    parameters: tuple[Parameter, ...] = ()
    undo: str = ""
    check: Callable[[Values], str] = lambda values: ""
    one_for_all: bool = False
    fills: bool = False
    moves_grid: bool = False

    @property
    def usage(self) -> str:
        """As it is written: "percentile=LOW:HIGH"."""
        if not self.parameters:
            return self.name
        words = ":".join(one.word for one in self.parameters)
        if self.one_for_all:
            first, _, others = words.partition(":")
            return f"{self.name}={first}[:{others}]"
        return f"{self.name}[={words}]" if self.parameters[0].optional else f"{self.name}={words}"
