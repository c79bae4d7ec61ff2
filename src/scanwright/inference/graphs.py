"""Graphs: networks as a runtime without torch reads them, and what is known of running them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanwright.errors import ModelError

TARGETS = ("onnx", "openvino")
PRECISIONS = ("fp32", "bf16", "int8")
FILES = {"onnx": ("graph.onnx",), "openvino": ("graph.xml", "graph.bin")}
"""Of each target: the files of one network; the first is what a runtime opens."""


@dataclass(frozen=True)
class Footprint:
    """What a network takes while it runs, counted when it was exported.

    Attributes:
        weights: numbers that were learnt, of one network.
        kept: bytes of all features that a patch makes on its way through.
        largest: of them, the bytes of the largest.
    """

    weights: int
    kept: int
    largest: int


@dataclass(frozen=True, eq=False)
class Graphs:
    """The networks of a package.

    Attributes:
        target: one of ``TARGETS``.
        precision: one of ``PRECISIONS``, in which they are computed.
        members: of each network (several where they answer together): name of a file → its content.
        footprint: of one of them.

    A graph takes one patch (1, channel, *patch) float32, and gives what ``TorchRuntime`` does of it:
    probabilities or numbers, not what comes before them.
    """

    target: str
    precision: str
    members: tuple[Mapping[str, bytes], ...]
    footprint: Footprint

    def to_json(self) -> dict[str, Any]:
        """All but the contents."""
        return {
            "target": self.target,
            "precision": self.precision,
            "members": len(self.members),
            "footprint": vars(self.footprint),
        }


def check_graphs(plain: Mapping[str, Any], subject: str) -> None:
    """Raise when what a package says of its graphs makes no sense.

    Raises:
        ModelError: another target or precision than there are, or numbers that are none.
    """
    footprint = plain.get("footprint")
    numbers = [plain.get("members"), *(footprint.values() if isinstance(footprint, Mapping) else ())]
    known = plain.get("target") in TARGETS and plain.get("precision") in PRECISIONS
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**48 for n in numbers)
    names = set(footprint) if isinstance(footprint, Mapping) else set()
    if not known or not whole or len(numbers) != 4 or names != set(Footprint.__annotations__):
        raise ModelError(
            "the package's graphs are not described as they should be",
            subject=subject,
            expected=f"target {' or '.join(TARGETS)}, precision {' or '.join(PRECISIONS)}, whole numbers",
            received=f"target={plain.get('target')!r:.40}, precision={plain.get('precision')!r:.40}",
            do="Export the package again, with this version of scanwright or an older one.",
        )
