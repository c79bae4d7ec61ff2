"""What a step gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanwright.data.volume import Volume
from scanwright.types import JsonDict

COLOURS = 3


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a step gave.

    Attributes:
        image: the new one.
        realised: numbers that only the image could tell, plain values.
    """

    image: Volume
    realised: JsonDict = field(default_factory=dict)
