"""What a layout must bring along so that datasets can be written in it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scanwright.data.dataset import Dataset
from scanwright.io.writing.case import Loaded, Place, Written


@dataclass(frozen=True)
class Target:
    """One way to write a dataset.

    Attributes:
        name: as the user says it.
        words: as messages say it.
        needs_masks: whether cases without a mask have no place in it.
        keeps_all: whether classes, boxes and numbers beside masks are kept.
        index: names at the top level that ``finish`` writes.
        places: where the files of each case go, by its name.
        check: raises DataError for a case that the target can't hold.
        alike: what must be the same for all cases; the rarer ones are set aside.
        finish: writes the files that tie the cases together; gives notes.
    """

    name: str
    words: str
    needs_masks: bool
    keeps_all: bool
    index: tuple[str, ...]
    places: Callable[[Dataset], Mapping[str, Place]]
    check: Callable[[Loaded], None]
    alike: Callable[[Written], Hashable]
    finish: Callable[[Path, Dataset, Sequence[Written]], Sequence[str]]


def channel_names(dataset: Dataset, written: Sequence[Written]) -> tuple[str, ...]:
    """A name for each channel, no two alike: those of the data, the modality, or made up."""
    n = written[0].n_channels
    names = dataset.channels
    if len(names) == n and len({name.strip().casefold() for name in names}) == n and all(names):
        return names
    if n == 1:
        modalities = {one.case.facts.get("modality", "") for one in written}
        return ((modalities.pop() if len(modalities) == 1 else "") or "image",)
    if n == 3 and len(written[0].images) == 1:
        return ("red", "green", "blue")
    return tuple(f"channel{channel}" for channel in range(n))
