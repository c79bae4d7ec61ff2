"""Quality: how well a registration fits, and how a failed one is recognised."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from scanwright.registration.grid import Scan
from scanwright.registration.linear import Found
from scanwright.types import FloatArray, JsonDict


@dataclass(frozen=True)
class Quality:
    """Numbers that say how well a registration fits.

    Attributes:
        failed: whether it is not to be used.
        reason: key of the reason, "" where it did not fail.
    """

    failed: bool = False
    reason: str = ""

    def to_json(self) -> JsonDict:
        return asdict(self)


def judge(fixed: Scan, moving: Scan, affine_ras: FloatArray, found: Found) -> Quality:
    return Quality()
