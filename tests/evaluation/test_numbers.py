"""Numbers: the interval that fits, and what is too little to claim anything by."""

import numpy as np
import pytest
from scipy import stats

from builders import classification_plan
from judged import classified, scores_of
from scanwright.core.statistics import patient_bootstrap
from scanwright.evaluation.numbers import DELONG, WILSON, describe, measure_numbers, one_case_each
from scanwright.tasks.classification import Classification


def measured(n, *, each=1, apart=1.5, known=True):
    scores, ill = scores_of(n, apart=apart)
    records = classified(scores, ill, each=each)
    summary = Classification().summarise(records, classification_plan())
    patients = [record["patient"] if known else None for record in records]
    return summary, patients, measure_numbers(summary, patients, n_resamples=100)


def test_shares_have_wilsons_interval_where_each_patient_has_one_case():
    _, _, numbers = measured(60)
    accuracy = numbers["accuracy", ""]
    ends = stats.binomtest(round(60 * accuracy.value), 60).proportion_ci(0.95, method="wilson")
    assert (accuracy.low, accuracy.high) == pytest.approx((ends.low, ends.high))
    assert accuracy.method == numbers["recall", "malignant"].method == WILSON
    assert numbers["recall", "malignant"].n == 30


def test_areas_have_delongs_interval_where_each_patient_has_one_case():
    _, _, numbers = measured(60)
    area = numbers["auroc", "malignant"]
    assert area.method == DELONG
    assert area.low < area.value < area.high < 1
    assert "bootstrap" in numbers["balanced_accuracy", ""].method  # neither a share of cases nor one curve


@pytest.mark.parametrize("how", [{"each": 2}, {"known": False}])
def test_with_several_cases_of_a_patient_or_unknown_patients_all_are_resampled(how):
    summary, patients, numbers = measured(60, **how)
    assert not one_case_each(patients)
    assert not {WILSON, DELONG} & {number.method for number in numbers.values()}
    plain = patient_bootstrap(summary.statistic, patients, support=summary.support, n_resamples=100)
    assert numbers["accuracy", ""] == plain["accuracy", ""]


def test_an_area_without_an_error_is_not_called_certain():
    _, _, numbers = measured(60, apart=40)
    assert numbers["auroc", ""].value == 1
    assert np.isnan(numbers["auroc", ""].low)
    assert numbers["accuracy", ""].low < 1  # Wilson: 60 of 60 may be 94 of 100


def test_few_patients_are_said_to_be_too_few_to_claim_anything():
    for n, few in ((18, True), (40, False)):
        summary, patients, numbers = measured(n)
        told = {(one["name"], one["group"]): one for one in describe(numbers, summary, patients)}
        assert told["auroc", ""]["too_few"] is few
    assert told["recall", "malignant"]["too_few"] is False


def test_a_mean_over_classes_is_too_few_where_one_of_them_is():
    scores, _ = scores_of(60, apart=1.5)
    records = classified(scores, np.arange(60) < 12)  # enough for an area, and not for a share
    summary = Classification().summarise(records, classification_plan())
    patients = [record["patient"] for record in records]
    told = describe(measure_numbers(summary, patients, n_resamples=20), summary, patients)
    few = {(one["name"], one["group"]) for one in told if one["too_few"]}
    assert few == {("recall", "malignant"), ("recall", ""), ("balanced_accuracy", "")}
