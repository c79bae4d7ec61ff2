"""Boxes: where the objects of an image are, and what they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanwright.errors import DataError
from scanwright.types import BoolArray, FloatArray

FLAGS = ("", "difficult", "crowd")
"""What a box may be marked as: an object too hard to be asked for (Pascal VOC), a heap of them (COCO)."""
MOST_BOXES = 20_000
_FARTHEST = 1e7
_LONGEST_NAME = 200


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes around the objects of one image, on its grid; ``core.boxes`` has their twin in mm.

    Attributes:
        box_ijk: float64 (n, 2, 3), lo and hi along i, j, k, half-open: voxel m reaches from m to m + 1. On
            a photograph i is the column, j the row, and k runs from 0 to 1.
        classes: the class of each.
        scores: (n,) how sure whoever found them was; ``None`` where nobody says.
        flags: one of ``FLAGS`` for each; all empty unless given.
    """

    box_ijk: FloatArray
    classes: tuple[str, ...]
    scores: FloatArray | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        box = np.asarray(self.box_ijk, dtype=np.float64)
        n = len(self.classes)
        if box.shape != (n, 2, 3) and box.size + n > 0:
            raise DataError(
                "boxes are (n, 2, 3), with a class for each",
                received=f"an array of shape {box.shape} and {n} classes",
            )
        object.__setattr__(self, "box_ijk", box.reshape(n, 2, 3))
        object.__setattr__(self, "flags", self.flags or ("",) * n)
        if self.scores is not None:
            object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float64))
        self._check(n)

    def _check(self, n: int) -> None:
        if n > MOST_BOXES:
            raise DataError("implausibly many boxes", expected=f"at most {MOST_BOXES}", received=str(n))
        with np.errstate(invalid="ignore"):
            bad = ~np.isfinite(self.box_ijk) | (abs(self.box_ijk) > _FARTHEST)
            turned = self.box_ijk[:, 1] < self.box_ijk[:, 0]
        for wrong, what in ((bad, "holds what is no place in an image"), (turned, "ends before it begins")):
            found = np.flatnonzero(wrong.any(axis=tuple(range(1, wrong.ndim))))
            if len(found):
                raise DataError(f"box {found[0] + 1} of {n} {what}", do="Correct or remove it.")
        if self.scores is not None and not (self.scores.shape == (n,) and np.isfinite(self.scores).all()):
            raise DataError("scores are one number for each box", received=f"{self.scores.size} for {n}")
        if len(self.flags) != n or not set(self.flags) <= set(FLAGS):
            raise DataError("a box has a flag that is not known", expected=" or ".join(filter(None, FLAGS)))
        if not all(name and len(name) <= _LONGEST_NAME for name in self.classes):
            raise DataError("a box has no class, or one with an implausibly long name")

    def __len__(self) -> int:
        return len(self.classes)

    def subset(self, chosen: BoolArray) -> Boxes:
        """Some of the boxes, in the same order.

        Args:
            chosen: (n,).
        """
        places = np.flatnonzero(chosen)
        return Boxes(
            self.box_ijk[places],
            tuple(self.classes[n] for n in places),
            None if self.scores is None else self.scores[places],
            tuple(self.flags[n] for n in places),
        )

    @property
    def ignored(self) -> BoolArray:
        """(n,) which do not count: to find them is no error, to miss them neither."""
        return np.array([bool(flag) for flag in self.flags], dtype=bool)
