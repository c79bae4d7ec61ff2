"""Numbers of an evaluation: what the records of a task give, each with the interval that fits it."""

from __future__ import annotations

from collections.abc import Sequence

from scanwright.core.calibration import without_chance
from scanwright.core.statistics import Key, Number, resample_patients
from scanwright.tasks.base import Summary


def measure_numbers(summary: Summary, patients: Sequence[str | None], seed: int = 0) -> dict[Key, Number]:
    """Every number of a summary with its interval.

    Args:
        summary: of the records.
        patients: who each record belongs to.
        seed: of the resampling.
    """
    resampled = resample_patients(
        summary.statistic, patients, support=summary.support, units=summary.units, seed=seed
    )
    chance = summary.by_chance()
    return {
        key: without_chance(number, resampled.draws[key], chance[key]) if key in chance else number
        for key, number in resampled.numbers.items()
    }
