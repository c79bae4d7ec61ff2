"""Dataset: cases with what they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from scanwright.data.case import Case, SetAside
from scanwright.errors import DataError


@dataclass(frozen=True)
class Dataset:
    """Cases, and what was understood of the folder they come from.

    Attributes:
        cases: in a stable order; names are unique.
        layout: which layout was recognised, in words ("nnU-Net raw", "folder per class").
        source: the folder or file, as the user gave it.
        channels: names of the image channels, when the data names them.
        class_names: class as it stands in the data ("1", "benign") → the user's name for it; may also name
            classes that no case has.
        patients: how the patient of a case is known, in words; "unknown" when it is not.
        notes: what else was found and not used, one sentence each.
        set_aside: what could not be used, with the reason; its stage is "choose" where nothing is wrong with
            it.
        beside: what is known of images that were set aside or that nobody asked for, and of DICOM files that
            are no images, as they lie in the folder all the same: facts of their headers (and the ``file`` of
            a series), and as inputs planes to look at.
    """

    cases: tuple[Case, ...]
    layout: str
    source: str
    channels: tuple[str, ...] = ()
    class_names: Mapping[str, str] = field(default_factory=dict)
    patients: str = "unknown"
    notes: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    beside: tuple[Case, ...] = ()

    def __post_init__(self) -> None:
        twice = [name for name, n in Counter(case.name for case in self.cases).items() if n > 1]
        if twice:
            raise DataError(
                "two cases have one name",
                subject=self.source,
                received=", ".join(twice[:5]),
                do="Give every case a name of its own.",
            )

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def target(self) -> str:
        """What most cases hold as target: "mask", "label", …, or "" (nothing); the first among equals."""
        kinds = Counter(kind for case in self.cases for kind in case.targets)
        return kinds.most_common(1)[0][0] if kinds else ""
