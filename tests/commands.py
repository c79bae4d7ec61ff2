"""What a command said, for tests that run the program in their own process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Said:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The machine-readable last line."""
        return dict(json.loads(self.out.splitlines()[-1]))


Command: TypeAlias = Callable[..., Said]
