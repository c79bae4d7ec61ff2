"""The first screen names who is missed, for whom it is worse and what was promised and not kept."""

from __future__ import annotations

import numpy as np
import pytest

from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.evaluation.cases import check_targets, count_unknown, describe_learnt
from scanwright.evaluation.numbers import measure_numbers
from scanwright.report.answer import answer
from scanwright.report.first_lines import found_lines, scope_line, warning_lines
from scanwright.report.page import render_report
from scanwright.report.texts import Words
from scanwright.tasks.base import Summary
from scanwright.tasks.catalogue import find_task
from scanwright.types import JsonDict

EN, ZH = Words("en"), Words("zh")


def number(name: str, value: float, low: float, high: float, group: str = "", n: int = 24) -> JsonDict:
    ends = {"low": low, "high": high, "level": 0.95, "method": "Wilson"}
    return {"name": name, "group": group, "value": value, "n": n, "unit": "", "too_few": False, **ends}


def judged(**more: object) -> JsonDict:
    numbers = [
        number("auroc", 0.97, 0.89, 0.99, n=48),
        number("recall", 0.96, 0.80, 0.99, "healthy"),
        number("recall", 0.67, 0.47, 0.82, "lesion"),
        number("referred", 0.21, 0.12, 0.34, n=48),
    ]
    flow = {"found": 48, "set_aside": 0}
    return {
        "task": "classification",
        "split": "test",
        "classes": ["healthy", "lesion"],
        "data": {"patients": "known"},
        "doubts": [],
        "n_cases": 48,
        "numbers": numbers,
        "records": [],
        "flow": flow,
        **more,
    }


def test_each_class_has_its_recall_and_referral_its_share() -> None:
    recall, referred = found_lines(judged(), EN)
    assert "lesion 0.67 (0.47–0.82), n = 24" in recall
    assert "sensitivity of one, specificity of the other" in recall
    assert "0.21 (0.12–0.34)" in referred
    assert "灵敏度" in found_lines(judged(), ZH)[0]
    assert recall in answer(judged(), EN, has_pictures=False).found


def test_of_many_classes_the_worst_are_named() -> None:
    numbers = [number("recall", n / 10, 0.0, 1.0, f"c{n}") for n in range(9, 0, -1)]
    (line,) = found_lines(judged(numbers=numbers), EN)
    assert "worst classes" in line
    assert "c1" in line
    assert "c9" not in line


def test_lesions_are_counted_with_the_false_ones() -> None:
    own = {"lesions": 4, "lesions_found": 3, "lesion_false_alarms": 1}
    records = [{"case": name, "classes": {"lesion": own}} for name in "ab"]
    numbers = [number("lesion_sensitivity", 0.75, 0.5, 1.0, "lesion")]
    (line,) = found_lines(judged(task="segmentation", records=records, numbers=numbers, n_cases=2), EN)
    assert "6 of 8 lesions" in line
    assert "2 false findings in 2 cases" in line


@pytest.mark.parametrize(("sign", "a", "b"), [(1, "C", "A"), (-1, "A", "C")])
def test_the_group_that_fares_worse_is_named_only_after_correction(sign: int, a: str, b: str) -> None:
    gap = {"a": a, "b": b, "name": "auroc", "difference": 0.24 * sign, "low": 0.1, "high": 0.4}
    groups = [
        {"name": "A", "numbers": [number("auroc", 1.0, 0.99, 1.0)]},
        {"name": "C", "numbers": [number("auroc", 0.76, 0.63, 0.86)]},
    ]
    told = [{"column": "site", "groups": groups, "gaps": [{**gap, "p_holm": 0.018, "differs": True}]}]
    (line,) = warning_lines(judged(subgroups=told), EN)
    assert "0.76 (0.63–0.86) in C against" in line
    assert "中心" in warning_lines(judged(subgroups=told), ZH)[0]
    told[0]["gaps"] = [{**gap, "p_holm": 0.2, "differs": False}]
    assert warning_lines(judged(subgroups=told), EN) == []


def test_a_promise_is_broken_only_when_the_whole_interval_lies_below_it() -> None:
    broken = number("set_coverage", 0.70, 0.59, 0.79, "0")
    kept = number("set_coverage", 0.95, 0.90, 0.99, "1")
    (line,) = warning_lines(judged(numbers=[broken, kept], conformal={"level": 0.98}), EN)
    assert "98 %" in line
    assert "0.70 (0.59–0.79)" in line


def test_worse_calibration_and_costs_are_said() -> None:
    numbers = [
        number("brier", 0.081, 0.06, 0.10),
        number("brier_before", 0.070, 0.05, 0.09),
        number("expected_cost", 1.5, 0.9, 2.6),
    ]
    calibration, costs = warning_lines(judged(numbers=numbers, costs={"balanced": False}), EN)
    assert "0.0700 before, 0.0810 now" in calibration
    assert "With your costs the answers cost 1.5 times" in costs
    better = [number("brier", 0.07, 0.06, 0.10), number("brier_before", 0.08, 0.05, 0.09)]
    assert warning_lines(judged(numbers=[*better, number("expected_cost", 0.5, 0.2, 0.9)]), EN) == []


def test_cases_of_an_unknown_class_are_not_called_mendable() -> None:
    flow = {"found": 40, "set_aside": 10}
    told = answer(judged(flow=flow, unknown_classes={"covid": 10}), EN, has_pictures=False)
    assert any("does not know (covid: 10)" in line for line in told.found)
    assert not any("mend" in line for line in told.next)
    told = answer(judged(flow=flow, unknown_classes={"covid": 4}), EN, has_pictures=False)
    assert any("6" in line and "mend" in line for line in told.next)


def test_the_page_says_whom_the_model_is_for_and_links_to_its_limits() -> None:
    spacing = {"smallest": [0.6, 0.6, 1.1], "median": [0.8, 0.8, 2.8], "largest": [1.0, 1.0, 4.9]}
    e = judged(learnt_from={"modality": "CT", "spacing_mm": spacing})
    line = scope_line(e, EN)
    assert "CT, labels healthy, lesion, voxels of 0.6 × 0.6 × 1.1 to 1 × 1 × 4.9 mm" in line
    page = render_report(e)
    assert '<a href="#limits">' in page
    assert '<h2 id="limits">' in page
    assert scope_line(judged(), EN) == ""


def test_what_was_learnt_from_is_that_of_the_run() -> None:
    class Plan:
        label_values = (0, 3)
        classes = ("background", "liver")

    provenance = {"data": {"layout": "nnU-Net", "modality": "CT"}, "splits": {"train": 3}}
    facts = {"source": "/data/folder", "n_cases": 5, "classes": {"3": 4}, "set_aside": [{}]}
    learnt = describe_learnt(provenance, facts, Plan())  # type: ignore[arg-type]
    assert learnt["source"] == "folder"
    assert learnt["classes"] == {"liver": 4}
    assert learnt["n_set_aside"] == 1
    assert "n_set_aside" not in describe_learnt(provenance, {}, Plan())  # type: ignore[arg-type]


def test_answers_of_another_kind_are_refused_before_an_image_is_read() -> None:
    mask = Case("a", {"image": None}, {"mask": None})  # type: ignore[dict-item]
    data = Dataset((mask,), "folder", "here")
    with pytest.raises(DataError, match=r"is for classification.*a mask"):
        check_targets(data, find_task("classification"))
    check_targets(data, find_task("segmentation"))


def test_classes_that_the_model_does_not_know_are_counted() -> None:
    class Plan:
        answer = "class"
        label_values = ()
        classes = ("0", "1")

    cases = [Case(f"c{n}", {}, {"label": label}) for n, label in enumerate(["0", "covid", "covid"])]
    assert count_unknown(cases, Plan()) == {"covid": 2}  # type: ignore[arg-type]


def test_the_plain_calibration_error_stands_beside_the_corrected_one() -> None:
    def statistic(rows: np.ndarray) -> dict[tuple[str, str], float]:
        return {("ece", ""): float(np.abs(rows - 20).mean()) / 100}

    summary = Summary(statistic, by_chance=lambda: {("ece", ""): np.full(50, 0.01)})
    numbers = measure_numbers(summary, [f"p{n}" for n in range(40)], n_resamples=100)
    plain, corrected = numbers["ece_plain", ""], numbers["ece", ""]
    assert plain.value == pytest.approx(statistic(np.arange(40))["ece", ""])
    assert plain.value != corrected.value
    assert "not corrected" in plain.method
