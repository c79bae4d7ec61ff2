"""What is allowed, what is not, and what n is too small to say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scanwright.compression.judging import ALLOWED, UNSURE, WORSE, Judge
from scanwright.compression.search import find_front, ladder, recommend
from scanwright.data.case import Case
from scanwright.data.plan import Plan
from scanwright.tasks.base import Record
from scanwright.tasks.catalogue import find_task
from scanwright.types import silent
from tiny_networks import tiny_plan


def _record(name: str, plan: Plan, truth: int, right: float) -> Record:
    classes = plan.classes
    rest = (1 - right) / (len(classes) - 1)
    told = {c: right if n == truth else rest for n, c in enumerate(classes)}
    predicted = max(told, key=lambda c: told[c])
    return {
        "case": name,
        "patient": name,
        "truth": classes[truth],
        "predicted": predicted,
        "probabilities": told,
        "network_probabilities": told,
    }


def _records(plan: Plan, n: int, right: Any) -> dict[str, Record]:
    return {f"c{k}": _record(f"c{k}", plan, k % 3, float(right(k))) for k in range(n)}


def _judge(plan: Plan, n: int, by: tuple[str, ...] = (), max_drop: float = 0.02) -> Judge:
    cases = [Case(f"c{k}", {}, facts={"site": "north" if k < n // 2 else "south"}) for k in range(n)]
    return Judge(find_task("classification"), plan, cases, by, max_drop, None, silent)


@pytest.fixture
def plan() -> Plan:
    return tiny_plan("resnet", 2)


def test_the_same_answers_are_allowed_where_there_are_enough(plan: Plan) -> None:
    rng = np.random.default_rng(0)
    level = rng.uniform(0.2, 0.9, 120)
    records = _records(plan, 120, lambda k: level[k])
    found = _judge(plan, 120).compare(records, records)
    assert found["verdict"] == ALLOWED
    assert found["checks"][0]["loss"] == 0


def test_few_patients_are_too_few_to_say(plan: Plan) -> None:
    level = np.random.default_rng(0).uniform(0.2, 0.9, 12)
    records = _records(plan, 12, lambda k: level[k])
    assert _judge(plan, 12).compare(records, records)["verdict"] == UNSURE


def test_what_loses_more_is_not_allowed(plan: Plan) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0.4, 0.95, 90), rng.uniform(0.1, 0.6, 90)
    found = _judge(plan, 90).compare(_records(plan, 90, lambda k: a[k]), _records(plan, 90, lambda k: b[k]))
    assert found["verdict"] == WORSE
    assert found["checks"][0]["verdict"] == WORSE
    assert found["checks"][0]["low"] <= found["checks"][0]["loss"] <= found["checks"][0]["high"]


def test_worse_probabilities_alone_are_not_allowed(plan: Plan) -> None:
    """The ranking stays, and so does the area under the curve; how often answers come true does not."""
    first = _records(plan, 90, lambda k: 0.95)
    vague = _records(plan, 90, lambda k: 0.5)
    found = _judge(plan, 90).compare(first, vague)
    kinds = {check["kind"]: check["verdict"] for check in found["checks"]}
    assert kinds["calibration"] == WORSE
    assert found["verdict"] == WORSE


def test_no_subgroup_may_pay_for_all(plan: Plan) -> None:
    rng = np.random.default_rng(1)
    level = rng.uniform(0.3, 0.9, 200)
    worse = np.where(np.arange(200) < 100, level, np.clip(level - 0.35, 0.01, 1))
    pair = _records(plan, 200, lambda k: level[k]), _records(plan, 200, lambda k: worse[k])
    found = _judge(plan, 200, by=("site",)).compare(*pair)
    groups = {check["group"]: check["verdict"] for check in found["checks"] if check["kind"] == "subgroup"}
    assert groups == {"site north": ALLOWED, "site south": WORSE}


def _row(name: str, loss: float | None, n_bytes: int, speedup: float, verdict: str) -> dict[str, Any]:
    pace = {"speedup": speedup}
    checks = [{"loss": loss}]
    row = {"name": name, "bytes": n_bytes, "network": pace, "end_to_end": pace, "checks": checks}
    return row | {"verdict": verdict}


ROWS = [
    {"name": "original", "bytes": 100, "network": {"speedup": 1.0}, "end_to_end": {"speedup": 1.0}},
    _row("int8", 0.001, 30, 2.0, ALLOWED),
    _row("half", 0.002, 40, 1.5, ALLOWED),
    _row("half-int8", 0.01, 10, 4.0, UNSURE),
    _row("quarter-int8", 0.05, 5, 6.0, WORSE),
]


def test_the_front_leaves_out_what_another_beats_in_everything_and_what_loses_too_much() -> None:
    assert find_front(ROWS, "int8") == ["original", "int8", "half-int8"]


@pytest.mark.parametrize(
    ("wanted", "name"),
    [(None, "int8"), (1.4, "int8"), (3.0, "half-int8"), (5.0, "quarter-int8"), (9.0, "original")],
)
def test_the_smallest_that_is_allowed_or_the_best_that_is_fast_enough(
    wanted: float | None, name: str
) -> None:
    assert recommend(ROWS, wanted) == name


def test_the_search_goes_from_mild_to_strong() -> None:
    names = [rung.name for rung in ladder((0.5, 0.25))]
    assert names == ["width-100-int8", "width-50-fp32", "width-50-int8", "width-25-fp32", "width-25-int8"]
