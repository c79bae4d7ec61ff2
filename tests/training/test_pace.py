"""Pace: the minutes are kept on fast, slow and faltering machines; recorded rounds come back as they were."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.training.pace import Clock, Record, Round


def simulate(
    budget_s: float, step_s: Callable[[float], float], overhead_s: float
) -> tuple[float, list[tuple[int, float]]]:
    """The loop of ``fit`` with made-up time: seconds used, and the rounds (steps, progress at the end)."""
    clock, now, progress, rounds = Clock(budget_s), 0.0, 0.0, []
    while progress < 1.0 and not clock.exhausted:
        planned = clock.plan_round(progress, now)
        start, done = now, 0
        while done < planned.steps:
            now += step_s(now)
            done += 1
            if clock.is_over(now - start, now):
                break
        progress = planned.end if done == planned.steps else planned.progress(done)
        rounds.append((done, progress))
        steps_s = now - start
        now += overhead_s
        clock.learn(done, steps_s / done, overhead_s)
        assert len(rounds) < 10_000, "it never ends"
    return now, rounds


@given(
    budget_s=st.floats(60, 7200),
    step_s=st.floats(0.001, 0.02),
    overhead=st.floats(0.0, 0.02),
)
def test_the_minutes_are_kept_within_a_tenth_on_a_steady_machine(
    budget_s: float, step_s: float, overhead: float
) -> None:
    # Steps take up to a fiftieth of what is bought, a validation likewise.
    used, rounds = simulate(budget_s, lambda now: step_s * budget_s / 10, overhead * budget_s)
    assert used <= 1.1 * budget_s
    assert rounds[-1][1] == 1.0


@given(slower=st.floats(0.2, 4.0), when=st.floats(0.1, 0.9))
def test_the_minutes_are_kept_when_the_machine_changes_its_speed(slower: float, when: float) -> None:
    used, rounds = simulate(600, lambda now: 0.1 * (slower if now > when * 600 else 1.0), 2.0)
    assert used <= 1.1 * 600
    assert rounds[-1][1] == 1.0


def test_most_of_the_minutes_are_used() -> None:
    used, _ = simulate(600, lambda now: 0.1, 3.0)
    assert used > 0.9 * 600


def test_a_slow_first_step_does_not_make_a_short_training() -> None:
    used, rounds = simulate(300, lambda now: 5.0 if now == 0 else 0.05, 1.0)
    assert used > 0.8 * 300
    assert sum(steps for steps, _ in rounds) > 3000


@given(step_s=st.floats(0.01, 1.0), overhead_s=st.floats(0, 5), budget_s=st.floats(1, 1000))
def test_progress_rises_to_one_and_every_round_has_a_step(
    step_s: float, overhead_s: float, budget_s: float
) -> None:
    _, rounds = simulate(budget_s, lambda now: step_s, overhead_s)
    ends = [end for _, end in rounds]
    assert ends == sorted(ends)
    assert ends[-1] == 1.0
    assert all(steps >= 1 for steps, _ in rounds)


def test_validation_takes_a_small_share_of_the_time() -> None:
    _, rounds = simulate(600, lambda now: 0.1, 10.0)
    assert 10.0 * len(rounds) < 0.25 * 600


def test_a_minute_that_is_already_over_ends_with_one_step() -> None:
    clock = Clock(60, step_s=0.5, overhead_s=1.0, rounds_seen=5)
    assert clock.plan_round(0.4, 61.0) == Round(1, 0.4, 1.0)


@pytest.mark.parametrize(("spent_s", "budget_s"), [(0.0, 60.0), (20.0, 60.0), (59.0, 65.0), (100.0, 106.0)])
def test_the_minutes_count_reading_and_preparing_too_yet_leave_some_time_to_learn(
    spent_s: float, budget_s: float
) -> None:
    assert Clock.of_minutes(1, spent_s).budget_s == budget_s


def test_recorded_rounds_come_back_whatever_the_clock_says() -> None:
    record = Record([(3, 0.25), (2, 1.0)])
    first = record.plan_round(0.0, 1e9)
    assert first == Round(3, 0.0, 0.25)
    assert not record.is_over(1e9, 1e9)
    record.learn(3, 1e9, 1e9)
    assert record.plan_round(0.25, 0.0) == Round(2, 0.25, 1.0)
    record.learn(2, 0.0, 0.0)
    assert record.exhausted


def test_progress_within_a_round_is_linear() -> None:
    planned = Round(4, 0.2, 0.4)
    assert [planned.progress(n) for n in range(5)] == pytest.approx([0.2, 0.25, 0.3, 0.35, 0.4])


def test_a_dear_validation_does_not_break_the_minutes() -> None:
    # Four validations of 70 s each would take longer than all.
    used, rounds = simulate(240, lambda now: 1.0, 70.0)
    assert used <= 240 + 70
    assert rounds[-1][1] == 1.0
