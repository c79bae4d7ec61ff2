"""Ensemble: a network for each fold of the cases that are not for testing; the mean of them all answers.

The members are trained one after another, within the minutes given for all. Each predicts its own fold, the
cases that it has not learnt from: from these answers of all members together come the thresholds, the
calibration and the out-of-fold score. Each has a checkpoint of its own and a mark when it is finished, so
that a killed run goes on with the one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from scanwright.data.plan import Plan
from scanwright.errors import DataError
from scanwright.inference.members import join_members
from scanwright.inference.runtimes.torch_runtime import TorchRuntime
from scanwright.io.files import read_json, write_json, write_whole
from scanwright.tasks.base import Example, Record, Task, score_of
from scanwright.tasks.settled import Sample, Settled, draw_sample, settle
from scanwright.training.cache import save_array
from scanwright.training.checkpoint import Position, load_checkpoint, plan_key
from scanwright.training.fit import Fitted, measure_example, measure_reached, predict_examples
from scanwright.training.pace import LEAST_SHARE
from scanwright.training.team import Team
from scanwright.types import FloatArray, JsonDict, Progress

# Of the training of a member that the user stops; with less it would spoil the mean of the finished ones.
LEAST_PROGRESS = 0.5
LEAST_MINUTES = 1e-3
FINISHED_FILE = "finished.json"
Part = Mapping[str, Mapping[str, Example]]
"""The examples of one member: "train" and "val" → case name → example."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is to be kept of a training.

    Attributes:
        plan: with the pace, or paces, as they were.
        fitted: the weights and the log of all members.
        settled: what its validation cases settle.
        reached: by its thresholds, see ``measure_reached``.
        members: of an ensemble: number of the member → its own story. The score in ``fitted`` is then that of
            all out-of-fold answers together.
    """

    plan: Plan
    fitted: Fitted
    settled: Settled
    reached: Mapping[str, Any] = field(default_factory=dict)
    members: Mapping[str, JsonDict] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Member:
    """A trained network, and its answers to the cases that it has not learnt from.

    Attributes:
        fitted: its training.
        n_train: cases that it learnt from.
        examples: the cases of its own fold.
        records: numbers of its answers to them.
        outputs: the answers, memory-mapped; only where a threshold is chosen.
        samples: of the answers, by which probabilities are calibrated.
    """

    fitted: Fitted
    n_train: int
    examples: list[Example]
    records: list[Record] = field(default_factory=list)
    outputs: list[FloatArray] = field(default_factory=list)
    samples: list[Sample | None] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """How members are made.

    Attributes:
        task, plan: what is learnt, and how.
        folder: where checkpoints and finished members go; the answers that thresholds are chosen from go to
            the cache beside it.
        fit: trains one: (plan, examples, folder, started=…, progress=…), see ``training/fit.py``.
        resume: go on with what lies in ``folder``.
        progress: told of all members as of one training.
        team: the processes that train together.
    """

    task: Task
    plan: Plan
    folder: Path
    fit: Callable[..., Fitted]
    resume: bool
    progress: Progress
    team: Team

    def train(
        self, examples: Mapping[str, Example], folds: Mapping[str, int], started: float
    ) -> list[Member]:
        """Train what is missing; of a run that the user stops, the members that are worth keeping.

        Args:
            examples: case name → example, of all cases that are not for testing.
            folds: case name → fold.
            started: ``time.monotonic()`` at which the minutes began to count.

        Raises:
            DataError: no case of a fold can be used.
            ModelError, OutputError, ScanwrightError: see ``fit``.
        """
        members: list[Member] = []
        spent_s, judged_s, n = 0.0, 0.0, len(self.plan.paces) or self.plan.folds
        for number in range(n):
            part = _divide(examples, folds, number)
            place = self.folder / f"member-{number}"
            fitted = self.team.agree(self._take_up(place, number))
            is_new = fitted is None
            if fitted is None:
                minutes = self._minutes(spent_s, time.monotonic() - started, judged_s, n - number)
                plan = replace(self.plan.member(number), minutes=self.team.agree(minutes))
                told = partial(self._tell, number, n)
                fitted = self.fit(plan, part, place, started=started, progress=told)
                if fitted.stopped and members and fitted.position.progress < LEAST_PROGRESS:
                    break
            judging = time.monotonic()
            members.append(self._judge(number, fitted, part))
            judged_s = time.monotonic() - judging
            spent_s += fitted.position.elapsed_s + judged_s
            if fitted.stopped:
                break
            if is_new:
                self.team.lead(partial(write_json, place / FINISHED_FILE, _outcome(fitted)))
            # What went by before the first training of this process counts as part of that.
            started = time.monotonic() if is_new else started + judged_s
        return members

    def _minutes(self, spent_s: float, before_s: float, judged_s: float, left: int) -> float:
        """What a member may take, with what this process did before it: its share of the minutes that are
        left, less the judging of what it learnt."""
        total_s = 60 * self.plan.minutes
        free_s = max(total_s - spent_s - before_s, LEAST_SHARE * total_s)
        return max(LEAST_MINUTES, (before_s + free_s / left - judged_s) / 60)

    def _tell(self, number: int, n: int, stage: str, done: float, total: float, note: str = "") -> None:
        self.progress(stage, number + done / total, n, f"member {number + 1} of {n}, {note}")

    def _take_up(self, place: Path, number: int) -> Fitted | None:
        """A member that an earlier process finished."""
        if not (self.resume and self.team.leads and (place / FINISHED_FILE).is_file()):
            return None
        checkpoint = load_checkpoint(place, plan_key(self.plan.member(number).to_json()))
        if checkpoint is None:
            return None
        weights = {name: value.numpy() for name, value in checkpoint.tensors["best"].items()}
        return Fitted(weights, checkpoint.position, **read_json(place / FINISHED_FILE))

    def _judge(self, number: int, fitted: Fitted, part: Part) -> Member:
        """The member with its answers to its own fold; only the process that leads has them."""
        member = Member(fitted, len(part["train"]), list(part["val"].values()))
        cache = self.folder.parent / "cache"

        def judge() -> None:
            runtime = TorchRuntime(self.plan, fitted.weights, fitted.device.partition(":")[0])
            found = predict_examples(self.task, self.plan, runtime, member.examples, mirror=True)
            for (name, example), answer in zip(part["val"].items(), found, strict=True):
                self.progress("Judging", len(member.records), len(member.examples), name)
                member.records.append(measure_example(self.task, self.plan, name, example, answer))
                member.samples.append(draw_sample(answer, example, self.plan))
                if self.task.has_thresholds(self.plan):
                    path = cache / f"out-of-fold-{number}-{len(member.outputs)}.npy"
                    write_whole(path, partial(save_array, answer))
                    member.outputs.append(np.load(path, mmap_mode="r", allow_pickle=False))
            self.progress("Judging", len(member.examples), len(member.examples), "")

        self.team.lead(judge)
        return member


def combine(task: Task, plan: Plan, members: Sequence[Member]) -> Learnt:
    """The ensemble of some members, its thresholds and score from the answers of all to their own folds."""
    records = [record for member in members for record in member.records]
    outputs = [answer for member in members for answer in member.outputs]
    samples = [sample for member in members for sample in member.samples]
    examples = [example for member in members for example in member.examples]
    positions = [member.fitted.position for member in members]
    starts = np.cumsum([0.0, *(position.elapsed_s for position in positions)])
    last = members[-1].fitted
    score = score_of(task, records, plan)
    together = Position(
        step=sum(position.step for position in positions),
        progress=last.position.progress,
        elapsed_s=float(starts[-1]),
        best_score=score if math.isfinite(score) else None,
        log=[
            {"member": n, **row, "minutes": row["minutes"] + start / 60}
            for n, (position, start) in enumerate(zip(positions, starts.tolist(), strict=False))
            for row in position.log
        ],
    )
    n = len(plan.paces) or plan.folds
    cut = f"stopped by the user; {len(members)} of {n} members are kept"
    weights = join_members([member.fitted.weights for member in members])
    settled = settle(task, plan, outputs, [example.target for example in examples], samples)
    if not plan.label_values:  # of voxels nobody has measured how alike networks are
        settled = replace(settled, calibration=settled.calibration.of_mean(len(members)))
    return Learnt(
        Plan.from_json({**plan.to_json(), "paces": [position.pace for position in positions]}),
        replace(last, weights=weights, position=together, ended=cut if len(members) < n else last.ended),
        settled,
        measure_reached(task, plan, examples, outputs, settled.thresholds),
        {str(n): _story(member) for n, member in enumerate(members)},
    )


def sides_learnt(splits: Mapping[str, Mapping[str, Any]], n_members: int) -> dict[str, str]:
    """Case name → the side that it was on. With one network left of several its own fold is what that one
    chose by; of two or more, each case but the test's was learnt from by another.

    Args:
        splits: as in ``splits.json``.
        n_members: that are kept, the first ones.
    """
    own = {name for name, fold in splits.get("folds", {}).items() if n_members == 1 and fold == 0}
    return {name: "val" if name in own else side for name, side in splits["of"].items()}


def _story(member: Member) -> JsonDict:
    position = member.fitted.position
    return {
        "cases": {"train": member.n_train, "val": len(member.examples)},
        "minutes": position.elapsed_s / 60,
        "steps": position.step,
        "ended": member.fitted.ended,
        "best_round": position.best_round,
        "best_score": position.best_score,
    }


def _outcome(fitted: Fitted) -> JsonDict:
    """What a checkpoint does not tell of a finished member."""
    return {name: getattr(fitted, name) for name in ("ended", "device", "precision", "processes")}


def _divide(examples: Mapping[str, Example], folds: Mapping[str, int], number: int) -> Part:
    """The examples that a member learns from, and those of its own fold, by which it chooses.

    Raises:
        DataError: one of them has no case.
    """
    part = {
        "train": {name: example for name, example in examples.items() if folds[name] != number},
        "val": {name: example for name, example in examples.items() if folds[name] == number},
    }
    if not all(part.values()):
        raise DataError(
            f"no case of fold {number} can be used" if part["train"] else "only one fold has usable cases",
            do="See failures.csv for all reasons, or train with fewer --folds.",
        )
    return part
