"""Case: what is known of one patient at one date, read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from scanwright.data.boxes import Boxes
from scanwright.data.volume import Volume
from scanwright.errors import DataError

T = TypeVar("T")
Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
STUDY = "study"
"""The fact that is the same for images of one study, and so of one patient."""


@dataclass(frozen=True)
class Lazy(Generic[T]):
    """Something that is read when asked for.

    Attributes:
        source: where it is, relative to the folder of the dataset: a file; ``PATH#ENTRY`` for what lies in a
            file or folder with others, such as a picture of an .npz; ``#UID`` for a DICOM series.
        read: gives the value; raises DataError naming the source.
        further: what else it comes from, such as the files of the other channels.
        parts: what it is put together from, each by itself, such as the lesions of a mask.
        origin: what the adapter of its format knows of it, such as a DICOM series; for that adapter alone.
    """

    source: str
    read: Callable[[], T]
    further: tuple[str, ...] = ()
    parts: tuple[Lazy[T], ...] = ()
    origin: object = None


Target: TypeAlias = Lazy[Any] | str | tuple[str, ...] | dict[str, float]


@dataclass(frozen=True)
class Case:
    """One patient at one date.

    Attributes:
        name: unique in its dataset; path relative to the dataset without suffix.
        patient: who it is, or ``None`` when unknown.
        inputs: named inputs; images are ``Lazy[Volume]`` under "image".
        targets: named targets, each with a property below: "mask" (a ``Lazy[Volume]`` of one integer
            channel), "label" (a string), "labels" (a tuple of strings), "boxes" (``Lazy[Boxes]``), "values"
            (name → number).
        split: as given by the data, or ``None``.
        facts: further columns (site, date, scanner, sex…), for subgroups.
    """

    name: str
    inputs: Mapping[str, Lazy[Volume]]
    targets: Mapping[str, Target] = field(default_factory=dict)
    patient: str | None = None
    split: Split | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def image(self) -> Lazy[Volume]:
        """The image input.

        Raises:
            DataError: the case has none.
        """
        try:
            return self.inputs["image"]
        except KeyError:
            raise DataError("the case has no image", subject=self.name) from None

    @property
    def mask(self) -> Lazy[Volume]:
        """The mask target.

        Raises:
            DataError: the case has none.
        """
        return self._target("mask", Lazy)

    @property
    def boxes(self) -> Lazy[Boxes]:
        """Where the objects are; no box is an answer too.

        Raises:
            DataError: nothing is known of them.
        """
        return self._target("boxes", Lazy)

    @property
    def label(self) -> str:
        """The class name.

        Raises:
            DataError: the case has none.
        """
        return self._target("label", str)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of all classes that it has, of those that go together; none of them is an answer too.

        Raises:
            DataError: nothing is known of them.
        """
        return self._target("labels", tuple)

    @property
    def values(self) -> Mapping[str, float]:
        """What was measured, by name.

        Raises:
            DataError: nothing was.
        """
        return self._target("values", dict)

    def _target(self, name: str, kind: type[T]) -> T:
        target = self.targets.get(name)
        if not isinstance(target, kind):
            raise DataError(f"the case has no {name}", subject=self.name)
        return target


@dataclass(frozen=True)
class SetAside:
    """A case or file that could not be used, at which stage, and why. Never holds patient data."""

    case: str
    stage: str
    reason: str

    def __str__(self) -> str:
        """Case and reason; many reasons name the case already."""
        return self.reason if self.reason.startswith(self.case) else f"{self.case}: {self.reason}"
