"""Costs: what wrong answers cost, beside what giving every case the same answer would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scanwright.core.metrics import confusion_matrix, expected_cost
from scanwright.core.statistics import Key
from scanwright.data.plan import Plan
from scanwright.tasks.base import Record, Summary
from scanwright.tasks.probabilities import stack_probabilities
from scanwright.types import FloatArray, IntArray, JsonDict


@dataclass(frozen=True, eq=False)
class Costs:
    """What answers cost.

    Attributes:
        matrix: (true class, answer), 0 or more.
        balanced: classes count as if they were equally frequent, and not as they are in the cases.
    """

    matrix: FloatArray
    balanced: bool = False

    def to_json(self, classes: Sequence[str]) -> JsonDict:
        """As in ``evaluation.json``."""
        return {"classes": list(classes), "matrix": self.matrix.tolist(), "balanced": self.balanced}


def usual_costs(plan: Plan) -> Costs | None:
    """Where nobody names any: every error costs 1, of grades the distance, and every class counts the same;
    ``None`` where an answer is not one of several classes."""
    if plan.label_values or plan.answer not in ("class", "grade"):
        return None
    places = np.arange(len(plan.classes))
    apart = np.abs(places[:, None] - places)
    return Costs(np.asarray(apart if plan.answer == "grade" else apart > 0, dtype=np.float64), balanced=True)


def count_costs(summary: Summary, records: Sequence[Record], plan: Plan, costs: Costs) -> Summary:
    """The summary with the "expected_cost" of the answers and, of costs that somebody names, with that of
    other answers, those whose cost is expected to be least by the probabilities ("least_expected_cost")."""
    names = plan.classes
    truth, said = (
        np.array([names.index(record[key]) for record in records], dtype=np.int64)
        for key in ("truth", "predicted")
    )
    cheapest = (stack_probabilities(records, names) @ costs.matrix).argmin(axis=1)

    def statistic(rows: IntArray) -> dict[Key, float]:
        def cost(answers: IntArray) -> float:
            counts = confusion_matrix(truth[rows], answers[rows], len(names))
            return expected_cost(counts, costs.matrix, balanced=costs.balanced)

        numbers = {**summary.statistic(rows), ("expected_cost", ""): cost(said)}
        return numbers if costs.balanced else numbers | {("least_expected_cost", ""): cost(cheapest)}

    return replace(summary, statistic=statistic)
