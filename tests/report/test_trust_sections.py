"""Sections about probabilities and referral: what was fitted, what is promised, and what is not."""

import pytest

from report.evaluations import classification_evaluation, segmentation_evaluation
from scanwright.core.calibration import Calibration, reliability
from scanwright.report.answer import answer
from scanwright.report.page import render_report
from scanwright.report.texts import Words
from scanwright.report.trust_sections import (
    calibration_line,
    margin_lines,
    referral_lines,
    reliability_plots,
    risk_plot,
    some_classes,
)

FITTED = {**Calibration("temperature", 60, {"": 1.7}).to_json(), "asked": "temperature"}
SETS = {"level": 0.95, "least": {"benign": 0.2, "malignant": 0.1}, "most": {}}
SETS |= {"n": {"benign": 40, "malignant": 21}, "n_needed": 19}
ROWS = reliability([0.1, 0.2, 0.3, 0.7, 0.8, 0.9] * 5, [False, False, True, True, True, True] * 5)


def evaluation(**known):
    return {**classification_evaluation(), "calibration": FITTED, "conformal": SETS, **known}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_temperature_and_its_cases_are_told(lang):
    line = calibration_line(evaluation(), Words(lang))
    assert "60" in line
    assert "1.7" in line


def test_the_lean_that_was_undone_is_told_and_what_it_does_not_decide():
    undone = {**FITTED, "biases": {"benign": 0.6931, "malignant": -0.6931}}
    line = calibration_line(evaluation(calibration=undone), Words("en"))
    assert "benign × 2.0" in line
    assert "malignant × 0.50" in line
    assert "rare classes are not neglected" in line
    assert "or more" not in line
    called = calibration_line(evaluation(calibration=undone, thresholds={"malignant": 0.31}), Words("en"))
    assert "malignant is called where the network's own probability of it is 0.310 or more" in called
    assert "neglect" not in calibration_line(evaluation(calibration=undone, task="ordinal"), Words("en"))


def test_what_was_not_fitted_is_told_with_its_reason():
    few = {**Calibration(n=7).to_json(), "asked": "temperature"}
    words = Words("en")
    assert "7 validation cases are too few" in calibration_line(evaluation(calibration=few), words)
    assert "asks for no calibration" in calibration_line(
        evaluation(calibration={**few, "asked": "none"}), words
    )
    assert calibration_line(evaluation(calibration=None), words) == ""


def test_the_promise_names_its_level_its_cases_and_whom_it_is_not_for():
    text = " ".join(referral_lines(evaluation(), Words("en")))
    assert "at least 95 %" in text
    assert "at most 5 %" in text
    assert "benign: 40, malignant: 21" in text
    assert "another hospital" in text
    assert "ensemble" not in text
    together = referral_lines(evaluation(model={"members": 5}), Words("en"))
    assert "only approximate" in together[-1]


def test_too_few_cases_promise_nothing():
    (line,) = referral_lines(evaluation(conformal={**SETS, "least": {}}), Words("en"))
    assert "19 validation cases of each class" in line
    assert referral_lines(evaluation(conformal=None), Words("en")) == []


def test_of_two_classes_one_diagram_says_all():
    two = {"after": {"benign": ROWS, "malignant": ROWS}, "before": {"benign": ROWS, "malignant": ROWS}}
    ((name, svg),) = reliability_plots(evaluation(reliability=two), Words("en"))
    assert name.startswith("malignant")
    assert "before calibration" in svg
    many = {"after": {f"class {n}": ROWS for n in range(9)}}
    assert len(reliability_plots(evaluation(reliability=many), Words("en"))) == 6
    assert "9" in some_classes(evaluation(reliability=many), Words("en"))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_has_both_sections_and_old_evaluations_neither(lang):
    words = Words(lang)
    known = {"reliability": {"after": {"benign": ROWS}}, "risk": {"x": [0.5, 1.0], "y": [0.0, 0.2]}}
    page = render_report(evaluation(**known), lang=lang)
    assert words("calibration") in page
    assert words("referral") in page
    assert words("axis.answered") in page
    old = render_report(classification_evaluation(), lang=lang)
    assert words("calibration") not in old
    assert words("referral") not in old
    assert risk_plot(classification_evaluation(), words) == ""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_decision_curve_stands_beside_acting_on_all(lang):
    words = Words(lang)
    ends = {"low": [0.1, None], "high": [0.3, None]}
    curve = {"threshold": [0.2, 0.5], "value": [0.2, 0.1], "all": [0.15, -0.2], **ends}
    page = render_report(evaluation(decision={"malignant": curve}), lang=lang)
    assert words("decision.of", group="malignant") in page
    assert words("decision.all") in page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_costs_are_told_with_what_they_gave(lang):
    words = Words(lang)
    given = {"classes": ["benign", "malignant"], "matrix": [[0, 1], [12, 0]], "balanced": False}
    number = {"name": "expected_cost", "group": "", "value": 0.4321, "low": 0.31, "high": 0.55, "n": 40}
    numbers = [*classification_evaluation()["numbers"], {**number, "level": 0.95, "method": "", "unit": ""}]
    page = render_report(evaluation(costs=given, numbers=numbers), lang=lang)
    assert words("costs.one", truth="malignant", answer="benign", cost="12") in page
    assert "0.43" in page
    assert words("costs.balanced") in render_report(evaluation(costs={**given, "balanced": True}), lang=lang)
    assert words("costs") not in render_report(evaluation(), lang=lang)


MARGINS = {"level": 0.9, "least": {"anterior": 0.12}, "factors": {"anterior": 1.25}, "n_needed": 9}
MARGINS |= {"n": {"anterior": 20, "posterior": 5}, "n_outlined": {"anterior": 19, "posterior": 5}}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_masks_may_be_off_is_told_of_each_class_or_why_not(lang):
    words = Words(lang)
    known = segmentation_evaluation()
    page = render_report({**known, "classes": ["anterior", "posterior"], "margins": MARGINS}, lang=lang)
    for text in ("1.2", "0.12", words("margins"), words("margins.not_promised")):
        assert text in page
    assert words("margins") not in render_report(known, lang=lang)


def test_a_class_with_too_few_cases_has_neither_interval_nor_cautious_mask():
    lines = margin_lines({"margins": MARGINS, "classes": ["posterior"]}, Words("en"))
    assert "takes 9 validation cases" in lines[0]
    assert "no cautious mask that misses at most 10 %" in lines[1]


def test_diagrams_of_voxels_say_so():
    rows = {"after": {"anterior": ROWS, "posterior": ROWS}}
    known = {**segmentation_evaluation(), "reliability": rows, "calibration": FITTED}
    assert len(reliability_plots(known, Words("en"))) == 2
    assert "5,000 of each case" in render_report(known)
    assert "5,000 of each case" not in render_report(evaluation(reliability={"after": {"benign": ROWS}}))


def test_page_one_says_of_each_number_that_it_is_too_few_to_claim():
    found = evaluation()
    numbers = [{**one, "too_few": one["name"] == "auroc"} for one in found["numbers"]]
    told = answer({**found, "numbers": numbers}, Words("en"), has_pictures=False)
    per_class = [one for one in numbers if one["name"] == "auroc" and one["group"]]
    assert told.headline_n.endswith("; too few to claim")
    assert sum(line.endswith("; too few to claim") for line in told.found) == len(per_class) > 1
    assert any("few" in line and "first impression" in line for line in told.sure)
    sound = answer(found, Words("en"), has_pictures=False)
    assert not any("too few to claim" in line for line in (sound.headline_n, *sound.found))
