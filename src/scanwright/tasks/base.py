"""The contract of a task: what is learnt, from facts to numbers. No torch here.

A task is two files and a row: ``tasks/x.py`` with this contract, ``training/learn/x.py`` with its networks
and its step, and a row in ``tasks/catalogue.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np

from scanwright.core.statistics import Key, Statistic
from scanwright.data.case import Case, Target
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import Prediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning.fingerprint import Fingerprint
from scanwright.transforms.steps import History
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray, JsonDict

Record: TypeAlias = dict[str, Any]
# A score this near to chance is chance in as few cases as validation has.
LEAST_GAIN = 0.01
_NOWHERE: IntArray = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Example:
    """A case as training sees it.

    Attributes:
        image: float32 (channel, i, j, k), preprocessed.
        target: of masks uint8 class indices (i, j, k); of whole images one class index (), uint8, or as many
            float32 numbers as the network gives; of boxes float32 (n, 8): class index, whether it does not
            count (1), lo (i, j, k), hi (i, j, k).
        labelled: class → flat indices of some of its voxels, for drawing patches.
        near: of masks, float32 (n, 4): voxels of the image as it came, drawn near what is outlined, as places
            (i, j, k) among the voxels of ``image``, and their class indices.
    """

    image: AnyArray
    target: AnyArray
    labelled: Mapping[int, IntArray] = field(default_factory=dict)
    near: FloatArray | None = None

    def places(self, index: int) -> IntArray:
        """Flat indices of voxels of a class; empty when the case has none."""
        return self.labelled.get(index, _NOWHERE)


@dataclass(frozen=True)
class Summary:
    """Records made ready to be summarised again and again on resampled rows.

    Attributes:
        statistic: row indices (with repeats) → {(name, group): number}; a group is a class, or "" for all.
        support: rows that count, for the keys where not all do (a class missing in a case).
        units: unit by name of number; absent for proportions.
        rankings: of the numbers that are areas under one ROC curve, scores and who is positive, (record,).
        by_chance: of numbers that chance alone makes larger than the truth, what they are where the truth is
            0, in simulated draws; see ``core.calibration.without_chance``.
    """

    statistic: Statistic
    support: Mapping[Key, IntArray] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    rankings: Mapping[Key, tuple[FloatArray, BoolArray]] = field(default_factory=dict)
    by_chance: Callable[[], Mapping[Key, FloatArray]] = dict


class Task(Protocol):
    """What every task offers; the contract suite in ``tests/contracts`` runs it.

    Attributes:
        name: row of the catalogue.
        target: which target of a case it learns ("mask", "boxes", "label", "labels", "values").
        answer: what the outputs of its network stand for, see Plan.
        score: the number that training selects by and reports lead with; larger is better.
        chance: of that number, what needs no look at any image.
    """

    name: str
    target: str
    answer: str
    score: str
    chance: float

    def check(self, dataset: Dataset, settings: Settings) -> None:
        """Refuse what needs no look at any image to be refused.

        Raises:
            DataError: the answers that the cases have leave nothing to learn.
            SettingsError: the settings name other answers than the cases have, or must name one.
        """
        ...

    def plan(self, facts: Fingerprint, settings: Settings) -> Plan:
        """Decide everything, each with its reason."""
        ...

    def encode(self, case: Case, plan: Plan) -> Example:
        """Read a case and preprocess it with its target.

        Raises:
            DataError: it can't be read, or does not fit the plan.
        """
        ...

    def truth(self, example: Example, plan: Plan) -> dict[str, Target]:
        """The inverse of ``encode``: an example's targets as a case on the working grid has them."""
        ...

    def has_thresholds(self, plan: Plan) -> bool:
        """Whether ``decode`` goes by numbers that are chosen on validation cases."""
        ...

    def choose_thresholds(
        self, outputs: Sequence[FloatArray], targets: Sequence[AnyArray], plan: Plan
    ) -> dict[str, float]:
        """Numbers chosen on validation cases: class → the probability from which it is the answer, or number
        → half the width of its interval; empty when nothing is to be chosen, or nothing can be.

        Args:
            outputs: of the network (class, i, j, k), of each case.
            targets: as in Example.
            plan: the decisions.
        """
        ...

    def decode(
        self,
        case: str,
        outputs: FloatArray,
        plan: Plan,
        history: History,
        image: Volume,
        thresholds: Mapping[str, float],
    ) -> Prediction:
        """From the network's outputs to a prediction on the grid of ``image``.

        Args:
            case: its name.
            outputs: as the plan's ``answer`` says, (class, i, j, k) on the preprocessed grid, or
                (class, 1, 1, 1) for whole images.
            plan: the decisions.
            history: the way back to the grid of ``image``.
            image: as it came.
            thresholds: of the model.
        """
        ...

    def measure(self, prediction: Prediction, truth: Case, plan: Plan, *, full: bool = True) -> Record:
        """One case against its truth: plain values, enough for every summary.

        Args:
            prediction: of the case.
            truth: the case, with what is true of it.
            plan: the decisions.
            full: else values may be left out that the task's score does not need, as while training.

        Raises:
            DataError: the truth can't be read or does not fit the prediction.
        """
        ...

    def summarise(self, records: Sequence[Record], plan: Plan) -> Summary:
        """The numbers of a set of records, in a form that can be resampled."""
        ...

    def tables(self, records: Sequence[Record], plan: Plan) -> JsonDict:
        """What a report draws of a set of records beside its numbers: "confusion", "curves", "reliability",
        "risk", "decision", "agreement", "baselines"."""
        ...

    def goodness(self, record: Record, plan: Plan) -> float:
        """How well one case went; only good for ranking."""
        ...


def check_answer(outputs: FloatArray, case: str) -> None:
    """Raise when a network's answer holds what is no number: an argmax would hide it.

    Raises:
        DataError: naming the case.
    """
    if not np.isfinite(outputs).all():
        raise DataError(
            "the model's answer to this image is not a number",
            subject=case,
            do="Try --device cpu; if it stays, train again with --set precision=32-true.",
        )


def has_learnt_nothing(task: Task, score: float) -> bool:
    """Whether a score on cases that nothing was learnt from is no better than knowing nothing."""
    return not score > task.chance + LEAST_GAIN


def score_of(task: Task, records: Sequence[Record], plan: Plan) -> float:
    """The task's leading number over all records."""
    summary = task.summarise(records, plan)
    return float(summary.statistic(np.arange(len(records)))[(task.score, "")])
