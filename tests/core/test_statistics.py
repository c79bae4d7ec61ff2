"""Intervals come from resampling patients, and are withheld where they would mislead."""

import json
import math
import time

import numpy as np
import pytest
from scipy import stats

from scanwright.core.metrics import auroc
from scanwright.core.statistics import Number, mean_defined, median_defined, patient_bootstrap
from scanwright.errors import SettingsError


def mean_of(values):
    values = np.asarray(values, dtype=float)
    return lambda indices: {("dice", ""): mean_defined(values[indices])}


def names(n):
    return [f"patient {index}" for index in range(n)]


def test_the_interval_of_a_mean_matches_theory():
    values = np.random.default_rng(1).normal(10, 2, 400)
    number = patient_bootstrap(mean_of(values), names(400), n_resamples=2000)["dice", ""]
    error = values.std(ddof=1) / 20
    assert number.value == pytest.approx(values.mean())
    assert number.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert number.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    assert (number.n, number.n_patients, number.level) == (400, 400, 0.95)
    assert number.method == "patient bootstrap (BCa), 2000 resamples"


def test_ten_copies_of_each_patient_do_not_narrow_the_interval():
    values = np.random.default_rng(2).normal(size=40)
    alone = patient_bootstrap(mean_of(values), names(40))["dice", ""]
    copied = patient_bootstrap(mean_of(np.repeat(values, 10)), list(np.repeat(names(40), 10)))["dice", ""]
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low)
    assert (copied.n, copied.n_patients) == (400, 40)


def test_every_draw_holds_whole_patients():
    patients = ["a", "b", "a", "c", "d", "e", "e", "e", "f"]

    def whole_patients(indices):
        counts = np.bincount(indices, minlength=len(patients))
        for patient in set(patients):
            own = [counts[index] for index, name in enumerate(patients) if name == patient]
            assert len(set(own)) == 1
        return {("seen", ""): float(len(set(indices)))}

    patient_bootstrap(whole_patients, patients, n_resamples=50)


def test_unknown_patients_are_said():
    number = patient_bootstrap(mean_of(range(10)), [None] * 10)["dice", ""]
    assert "patients unknown" in number.method
    assert number.n_patients == 10
    assert number.low < number.value < number.high


@pytest.mark.parametrize("patients", [["a", "b", "c", "d"], ["a", "a", "a", "b", "c", "d", "d"]])
def test_fewer_than_five_patients_get_no_interval(patients):
    number = patient_bootstrap(mean_of(range(len(patients))), patients)["dice", ""]
    assert math.isnan(number.low)
    assert math.isnan(number.high)
    assert number.method == "n too small for an interval"


def test_a_class_in_few_patients_gets_no_interval_though_others_do():
    values = np.arange(20.0)
    statistic = lambda indices: {  # noqa: E731
        ("dice", "common"): values[indices].mean(),
        ("dice", "rare"): mean_defined(np.where(values < 3, values, np.nan)[indices]),
    }
    numbers = patient_bootstrap(statistic, names(20), support={("dice", "rare"): np.arange(3)})
    assert math.isfinite(numbers["dice", "common"].low)
    assert math.isnan(numbers["dice", "rare"].low)
    assert (numbers["dice", "rare"].n, numbers["dice", "rare"].n_patients) == (3, 3)


def test_draws_that_do_not_define_the_number_are_counted():
    scores, positives = np.linspace(0, 1, 8), np.isin(np.arange(8), (3, 7))
    numbers = patient_bootstrap(
        lambda drawn: {("auroc", ""): auroc(scores[drawn], positives[drawn])}, names(8)
    )
    assert "without a value left out" in numbers["auroc", ""].method
    assert math.isfinite(numbers["auroc", ""].low)


def test_a_number_that_no_draw_changes_is_not_called_certain():
    number = patient_bootstrap(lambda drawn: {("precision", ""): 0.0}, names(8))["precision", ""]
    assert (number.value, math.isnan(number.low)) == (0.0, True)
    assert number.method == "the same in all resamples, no interval"


def test_a_number_that_most_draws_do_not_define_gets_no_interval():
    def rarely(indices):
        return {("x", ""): 1.0 if len(set(indices)) == 9 else math.nan}

    number = patient_bootstrap(rarely, names(9))["x", ""]
    assert math.isnan(number.low)
    assert "no interval" in number.method


def test_no_records_give_no_numbers():
    assert patient_bootstrap(mean_of([]), []) == {}


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(3).normal(size=30)
    assert patient_bootstrap(mean_of(values), names(30), seed=7) == patient_bootstrap(
        mean_of(values), names(30), seed=7
    )


def test_a_thousand_resamples_of_five_hundred_cases_take_less_than_three_seconds():
    rng = np.random.default_rng(4)
    scores, positives = rng.random(500), rng.random(500) < 0.3

    def statistic(drawn):
        return {("auroc", ""): auroc(scores[drawn], positives[drawn]), ("rate", ""): positives[drawn].mean()}

    start = time.perf_counter()
    patient_bootstrap(statistic, names(500))
    assert time.perf_counter() - start < 3


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(SettingsError, match="between 0 and 1"):
        patient_bootstrap(mean_of([1]), ["a"], level=95)
    with pytest.raises(SettingsError, match="at least 1"):
        patient_bootstrap(mean_of([1]), ["a"], n_resamples=0)


def test_units_travel_with_the_number():
    assert patient_bootstrap(mean_of([1.0]), ["a"], units={"dice": "mm"})["dice", ""].unit == "mm"


def test_json_holds_none_where_there_is_no_number():
    number = Number(
        "hd95", "tumour", 3.0, math.nan, math.inf, 0.95, "n too small for an interval", 3, 3, "mm"
    )
    assert json.loads(json.dumps(number.to_json(), allow_nan=False)) == {
        "name": "hd95",
        "group": "tumour",
        "value": 3.0,
        "low": None,
        "high": None,
        "level": 0.95,
        "method": "n too small for an interval",
        "n": 3,
        "n_patients": 3,
        "unit": "mm",
    }


def test_means_and_medians_leave_out_what_is_undefined():
    assert mean_defined([1.0, math.nan, 3.0]) == 2.0
    assert median_defined([1.0, math.nan, 3.0, 8.0]) == 3.0
    assert math.isnan(mean_defined([math.nan]))
    assert math.isnan(median_defined([]))


def test_bca_gives_what_scipy_gives_but_for_the_tails():
    values = np.random.default_rng(9).exponential(size=400)
    expected = stats.bootstrap((values,), np.mean, n_resamples=4000, method="BCa", random_state=1)
    number = patient_bootstrap(mean_of(values), names(400), n_resamples=4000)["dice", ""]
    width = expected.confidence_interval.high - expected.confidence_interval.low
    assert number.low == pytest.approx(expected.confidence_interval.low, abs=0.06 * width)
    assert number.high == pytest.approx(expected.confidence_interval.high, abs=0.06 * width)


def test_an_interval_of_a_share_near_one_reaches_further_down_than_up():
    number = patient_bootstrap(mean_of([1.0] * 55 + [0.0] * 5), names(60))["dice", ""]
    assert number.value - number.low > 1.3 * (number.high - number.value)
