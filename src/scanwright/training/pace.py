"""Pace: how many steps the minutes buy, decided round by round, and repeated exactly on replay.

Training goes from progress 0 to progress 1; the learning rate follows the progress. A round is a number of
steps that takes it to a new progress, then validation and a checkpoint. By the clock, each round is planned
from the speed seen so far; the rounds as they really were are recorded, and a plan that holds them is
followed without a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Where reading and preparing have used up the minutes, training still gets this share of them.
LEAST_SHARE = 0.1
# Progress reached by the first, short round, which is there to learn the speed.
FIRST_STEPS, FIRST_PROGRESS = 8, 0.004
ROUNDS = 20


@dataclass(frozen=True)
class Round:
    """``steps`` steps that take training from ``start`` to ``end`` (progress, 0 … 1)."""

    steps: int
    start: float
    end: float

    def progress(self, done: int) -> float:
        """Progress after ``done`` steps; rounded, so that a replay computes the same number."""
        return round(self.start + (self.end - self.start) * done / self.steps, 9)


@dataclass
class Clock:
    """Rounds by the clock.

    Attributes:
        budget_s: seconds that everything up to the model may take.
        step_s: seconds of a step, as seen so far; 0 when nothing was seen.
        overhead_s: seconds of a validation and a checkpoint.
        rounds_seen: rounds done.
        round_limit_s: seconds after which the present round ends early, so that the next is planned anew.
    """

    budget_s: float
    step_s: float = 0.0
    overhead_s: float = 0.0
    round_limit_s: float = 0.0
    rounds_seen: int = 0

    @classmethod
    def of_minutes(cls, minutes: float, elapsed_s: float) -> Clock:
        """A clock for so many minutes, of which reading and preparing have taken ``elapsed_s``."""
        return cls(max(60 * minutes, elapsed_s + LEAST_SHARE * 60 * minutes))

    def is_over(self, round_s: float, elapsed_s: float) -> bool:
        """True when a round should end early: the minutes are up, or steps became much slower."""
        return elapsed_s > self.budget_s or (0 < self.round_limit_s < round_s)

    def plan_round(self, progress: float, elapsed_s: float) -> Round:
        """The next round."""
        if self.step_s == 0.0:
            return Round(FIRST_STEPS, progress, max(progress, FIRST_PROGRESS))
        left_s = max(0.0, self.budget_s - elapsed_s)
        # Rounds are long enough for validation to take at most a sixth of the time.
        length_s = max(self.budget_s / ROUNDS, 6 * self.overhead_s, 2 * self.step_s)
        n_rounds = max(1, round(left_s / length_s))
        if self.rounds_seen == 1:
            # The speed of the very first steps is a poor promise for all the rest. But where validation is
            # dear, rounds for its sake would take longer than the minutes.
            n_rounds = max(n_rounds, min(4, int(left_s / (3 * self.overhead_s + 1e-9))))
        steps = int((left_s / n_rounds - self.overhead_s) / self.step_s)
        self.round_limit_s = 1.5 * left_s / n_rounds
        end = 1.0 if n_rounds == 1 else progress + (1.0 - progress) / n_rounds
        return Round(max(1, steps), progress, end)

    @property
    def exhausted(self) -> bool:
        """Whether there is no time for another round."""
        return False

    def learn(self, steps: int, step_s: float, overhead_s: float) -> None:
        """Take in how long a step and the end of a round took."""
        self.step_s = step_s
        self.overhead_s = overhead_s
        self.rounds_seen += 1


@dataclass
class Record:
    """Rounds as recorded in a plan; the clock is not looked at."""

    pace: Sequence[tuple[int, float]]
    done: int = 0

    def plan_round(self, progress: float, elapsed_s: float) -> Round:
        """The next recorded round."""
        steps, end = self.pace[self.done]
        return Round(steps, progress, end)

    def is_over(self, round_s: float, elapsed_s: float) -> bool:
        """Never: the recorded steps are all taken."""
        return False

    def learn(self, steps: int, step_s: float, overhead_s: float) -> None:
        """One more round is done."""
        self.done += 1

    @property
    def exhausted(self) -> bool:
        """Whether every recorded round was taken."""
        return self.done >= len(self.pace)
