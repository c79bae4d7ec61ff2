"""Gallery: each case is shown once, with all that it was chosen for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from scanwright.data.plan import Plan
from scanwright.evaluation.gallery import _gone_wrong, choose_telling, judge_doubts
from scanwright.tasks.base import Record
from tiny import TinyRun


@pytest.fixture
def plan(class_run: TinyRun) -> Plan:
    return sw.load(class_run.path).plan


def answers(plan: Plan, chances: list[float], strange: int = 0) -> list[Record]:
    """Cases of the first class, by how probable it was held."""
    first, second = plan.classes
    return [
        {
            "case": f"case{n}",
            "truth": first,
            "predicted": first if chance > 0.5 else second,
            "probabilities": {first: chance, second: 1 - chance},
            "uncertainty": 1 - abs(2 * chance - 1),
            "strangeness": float(n == strange),
        }
        for n, chance in enumerate(chances)
    ]


def test_every_kind_of_failure_has_its_case(plan: Plan) -> None:
    records = answers(plan, [0.9, 0.02, 0.55, 0.8, 0.4, 0.95, 0.99, 0.7], strange=3)
    why = {record["case"]: ranks for record, ranks in choose_telling(records, plan)}
    assert why["case1"][:2] == ["worst", "surest_wrong"]
    assert "most_uncertain" in why["case2"]
    assert why["case3"][0] == "strangest"
    assert "best" in why["case6"]
    assert len(why) == len(set(why))


def test_a_right_answer_is_never_among_the_wrong(plan: Plan) -> None:
    chosen = choose_telling(answers(plan, [0.9, 0.8, 0.7, 0.95, 0.6, 0.99]), plan)
    assert not any("surest_wrong" in ranks for _, ranks in chosen)


def test_doubts_that_come_before_errors_are_told_from_those_that_do_not(plan: Plan) -> None:
    records = answers(plan, [0.45, 0.48, *np.linspace(0.8, 0.99, 12)], strange=5)
    judged = judge_doubts(records, plan)
    assert judged is not None
    assert judged["areas"]["uncertainty"] == pytest.approx(judged["best"])
    assert judged["areas"]["strangeness"] > judged["best"]
    assert judged["chance"] == pytest.approx(2 / 14)
    assert judge_doubts(records[:5], plan) is None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_shows_it_in_one_small_file(class_run: TinyRun, tmp_path: Path, lang: str) -> None:
    result = sw.evaluate(class_run.path, class_run.data, tmp_path / "out", split="all", lang=lang, threads=1)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert {"en": "least like those learnt from", "zh": "与训练图像最不相像"}[lang] in page
    assert {"en": "Do doubts come before errors?", "zh": "疑虑能否预示错误？"}[lang] in page
    assert len(page.encode()) <= 5_000_000
    assert {one["case"] for one in result.content["gallery"]} == {one.case for one in result.pictures}


def test_of_masks_only_the_worst_quarter_can_be_called_wrong() -> None:
    ranked = [{"case": f"case{n}", "classes": {}} for n in range(12)]
    assert [one["case"] for one in _gone_wrong(ranked)] == ["case0", "case1", "case2"]
