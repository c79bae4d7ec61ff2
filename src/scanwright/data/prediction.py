"""Predictions: what a model says of one case, on the grid that the case came on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from scanwright.data.boxes import Boxes
from scanwright.data.case import Lazy, SetAside
from scanwright.data.volume import Volume
from scanwright.types import BoolArray, FloatArray, IntArray

HALF = 0.5


@dataclass(frozen=True)
class Doubt:
    """Why a prediction may be wrong: the image is not like those that the model learnt from.

    Attributes:
        kind: "modality", "spacing", "size", "class_names", "gaps" (voxels that are not numbers) or "few_gaps"
            (so few that the answer may stand), or "unlike." and an aspect of ``core.familiarity``, or
            "unlike.orientation", or "unlike.inverted" (light for dark).
        expected: what the model learnt from, or of gaps what took their place; "" where words alone can't
            say it.
        received: what the image is, or of gaps their share.
    """

    kind: str
    expected: str
    received: str


@dataclass(frozen=True)
class Referral:
    """Which answers are possible, and whether a person must see the case.

    Attributes:
        possible: classes that can't be excluded.
        reason: why a person must see it; "" where the answer may stand.
    """

    possible: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Amount:
    """How much of a class a mask outlines.

    Attributes:
        name: of the class.
        volume: in ``unit``.
        low, high: ends of the interval that should hold the true volume; ``None`` where validation cases were
            too few for one, or nothing is outlined.
        unit: "ml", or "px" where the spacing is unknown.
    """

    name: str
    volume: float
    low: float | None
    high: float | None
    unit: str


@dataclass(frozen=True, eq=False)
class Sampled:
    """How uncertain several answers to one image are together.

    Attributes:
        total: entropy of their mean, 0 to 1; of masks its mean over the border of what is outlined.
        disagreement: the part of it by which they differ among themselves.
        voxels: of masks the same of each voxel, on the input's grid; made when asked for.
    """

    total: float
    disagreement: float
    voxels: Lazy[Volume] | None = None


@dataclass(frozen=True, eq=False)
class MaskPrediction:
    """A mask on the input's grid, holding the label values of the training data.

    Attributes:
        case: the case's name.
        mask: one integer channel.
        probabilities: (class, i, j, k) on the same grid, background first; made when asked for, as they take
            a float for each class and voxel.
        doubts: why it may be wrong.
        volumes: of each class.
        cautious: class → mask of the voxels that can't be excluded; of classes with validation cases enough.
        probabilities_at: voxels (n, 3) → probabilities (class, n), without making those of all voxels.
        uncalibrated_at: the same of the network's own, where those are calibrated.
        strangeness: how unlike the image is to those learnt from, 1 at the limit; ``None`` where unknown.
        uncertainty: by its own probabilities, 0 to 1; ``None`` where it has none.
        sampled: that of several answers, where it was asked for.
    """

    case: str
    mask: Volume
    probabilities: Lazy[Volume] | None = None
    doubts: tuple[Doubt, ...] = ()
    volumes: tuple[Amount, ...] = ()
    cautious: Mapping[str, Lazy[Volume]] = field(default_factory=dict)
    probabilities_at: Callable[[IntArray], FloatArray] | None = None
    uncalibrated_at: Callable[[IntArray], FloatArray] | None = None
    strangeness: float | None = None
    uncertainty: float | None = None
    sampled: Sampled | None = None


@dataclass(frozen=True)
class ClassPrediction:
    """Probabilities of the classes of one case.

    Attributes:
        case: the case's name.
        probabilities: class name → probability; they add up to 1.
        doubts: why it may be wrong.
        strangeness: how unlike the image is to those learnt from, 1 at the limit; ``None`` where unknown.
        uncertainty: by its own probabilities, 0 to 1; ``None`` where it has none.
        sampled: that of several answers, where it was asked for.
        decided: the class that was decided on; "" for the most probable one.
        uncalibrated: the network's own probabilities, where those above are calibrated.
        referral: whether a person must see it; ``None`` where validation cases were too few to say.
    """

    case: str
    probabilities: Mapping[str, float]
    doubts: tuple[Doubt, ...] = ()
    decided: str = ""
    uncalibrated: Mapping[str, float] | None = None
    referral: Referral | None = None
    strangeness: float | None = None
    uncertainty: float | None = None
    sampled: Sampled | None = None

    @property
    def predicted(self) -> str:
        """The class that was decided on, by default the most probable one."""
        return self.decided or self._most_probable

    @property
    def likelier(self) -> str:
        """The most probable class where another one was decided on, else ""."""
        top = self._most_probable
        return top if self.probabilities[top] > self.probabilities[self.predicted] else ""

    @property
    def _most_probable(self) -> str:
        return max(self.probabilities, key=lambda name: self.probabilities[name])


@dataclass(frozen=True)
class LabelsPrediction:
    """Of each class by itself, how probable it is that a case has it.

    Attributes:
        case: the case's name.
        probabilities: class name → probability.
        predicted: the classes that it is said to have; none is an answer too.
        doubts: why it may be wrong.
        strangeness: how unlike the image is to those learnt from, 1 at the limit; ``None`` where unknown.
        uncertainty: by its own probabilities, 0 to 1; ``None`` where it has none.
        sampled: that of several answers, where it was asked for.
        uncalibrated: the network's own probabilities, where those above are calibrated.
        referral: whether a person must see it; ``None`` where validation cases were too few to say.
    """

    case: str
    probabilities: Mapping[str, float]
    predicted: tuple[str, ...]
    doubts: tuple[Doubt, ...] = ()
    uncalibrated: Mapping[str, float] | None = None
    referral: Referral | None = None
    strangeness: float | None = None
    uncertainty: float | None = None
    sampled: Sampled | None = None


@dataclass(frozen=True)
class ValuePrediction:
    """A number for a case, and the interval that should hold the true one.

    Attributes:
        case: the case's name.
        predicted: the number.
        low, high: ends of the interval; ``None`` where validation cases were too few for one.
        doubts: why it may be wrong.
        strangeness: how unlike the image is to those learnt from, 1 at the limit; ``None`` where unknown.
        uncertainty: by its own probabilities, 0 to 1; ``None`` where it has none.
    """

    case: str
    predicted: float
    low: float | None = None
    high: float | None = None
    doubts: tuple[Doubt, ...] = ()
    strangeness: float | None = None
    uncertainty: float | None = None


@dataclass(frozen=True, eq=False)
class BoxPrediction:
    """Objects that were found in a case, each with how sure that is.

    Attributes:
        case: the case's name.
        boxes: on the input's grid, with scores, the surest first; also many that are hardly likely, so that
            other thresholds can be judged.
        thresholds: class → score from which a finding counts; ``HALF`` where nothing was chosen.
        doubts: why it may be wrong.
        strangeness: how unlike the image is to those learnt from, 1 at the limit; ``None`` where unknown.
        uncertainty: by its own probabilities, 0 to 1; ``None`` where it has none.
        affine_ras: (4, 4) of that grid; ``None`` where the spacing is unknown.
    """

    case: str
    boxes: Boxes
    thresholds: Mapping[str, float]
    doubts: tuple[Doubt, ...] = ()
    affine_ras: FloatArray | None = None
    strangeness: float | None = None
    uncertainty: float | None = None

    @property
    def decided(self) -> BoolArray:
        """(n,) which count as found."""
        least = np.array([self.thresholds.get(name, HALF) for name in self.boxes.classes])
        scores = self.boxes.scores if self.boxes.scores is not None else np.ones(len(self.boxes))
        return np.asarray(scores >= least, dtype=bool)

    @property
    def found(self) -> Boxes:
        """Those that count."""
        return self.boxes.subset(self.decided)


Prediction: TypeAlias = MaskPrediction | ClassPrediction | LabelsPrediction | ValuePrediction | BoxPrediction


@dataclass(frozen=True, eq=False)
class Predicted:
    """What ``predict`` gave: answers that are not masks, files written, what was set aside, how many cases
    are not like those that the model learnt from, what of the input was not used, pictures, and DICOM
    objects."""

    predictions: list[Prediction]
    files: list[Path]
    set_aside: list[SetAside]
    doubts: Counter[Doubt]
    notes: tuple[str, ...] = ()
    pictures: list[Path] = field(default_factory=list)
    objects: list[Path] = field(default_factory=list)
