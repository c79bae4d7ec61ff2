"""Regression: a number in the units of the data, with an interval that validation cases give."""

import math
from dataclasses import replace

import numpy as np
import pytest

from builders import classification_plan, cohort, memory_case, noise
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.tasks.decision import decide
from scanwright.tasks.regression import Regression

TASK = Regression()
PLAN = classification_plan(
    task="regression",
    answer="value",
    classes=(),
    target="age",
    target_mean=60.0,
    target_deviation=10.0,
    loss="mse",
)


def picture(name="a", seed=0, **values):
    return memory_case(name, noise((1, 20, 16, 1), seed=seed), values=values, affine=None)


def decode(output, thresholds=None):
    outputs = np.array([output], np.float32).reshape(1, 1, 1, 1)
    return TASK.decode("a", outputs, PLAN, (), Volume(noise((1, 20, 16, 1))), thresholds or {})


def test_the_network_learns_deviations_and_answers_in_units():
    example = TASK.encode(picture(age=75.0), PLAN)
    assert example.target.tolist() == [1.5]
    assert TASK.truth(example, PLAN) == {"values": {"age": 75.0}}
    assert decode(1.5).predicted == 75.0


def test_the_interval_lies_around_the_prediction_where_there_is_one():
    prediction = decode(-1.0, {"age": 8.0})
    assert (prediction.low, prediction.predicted, prediction.high) == (42.0, 50.0, 58.0)
    assert (decode(0.0).low, decode(0.0).high) == (None, None)


def test_the_interval_is_the_residual_that_nine_of_ten_cases_stay_within():
    targets = [np.zeros(1, np.float32)] * 19
    outputs = [np.full((1, 1, 1, 1), 0.1 * n, np.float32) for n in range(1, 20)]
    assert TASK.choose_thresholds(outputs, targets, PLAN)["age"] == pytest.approx(18.0)
    assert TASK.choose_thresholds(outputs[:8], targets[:8], PLAN) == {}


def test_numbers_are_as_counted_by_hand():
    pairs = [(50.0, 52.0), (60.0, 58.0), (70.0, 76.0)]
    records = [
        TASK.measure(decode((said - 60) / 10, {"age": 4.0}), picture(age=true), PLAN) for true, said in pairs
    ]
    numbers = TASK.summarise(records, PLAN).statistic(np.arange(3))
    assert numbers["mae", ""] == pytest.approx(10 / 3, rel=1e-5)
    assert numbers["r2", ""] == pytest.approx(1 - 44 / 200, rel=1e-5)
    assert numbers["bias", ""] == pytest.approx(2.0, rel=1e-5)
    assert numbers["coverage", ""] == pytest.approx(2 / 3)
    assert TASK.tables(records, PLAN)["agreement"]["half_width"] == pytest.approx(4.0)


def test_without_intervals_there_is_no_coverage():
    records = [TASK.measure(decode(0.0), picture(age=61.0), PLAN)]
    assert ("coverage", "") not in TASK.summarise(records, PLAN).statistic(np.arange(1))
    assert TASK.tables(records, PLAN)["agreement"]["half_width"] is None


def cases(**numbers):
    return [
        picture(f"c{n}", seed=n, **{name: number(n) for name, number in numbers.items()}) for n in range(20)
    ]


def test_mean_and_deviation_are_those_of_the_cases_that_train():
    facts = take_fingerprint(cohort(cases(age=lambda n: 40.0 + n)), target="values")
    plan = TASK.plan(facts, Settings())
    own = [40.0 + int(name[1:]) for name in facts.splits.names("train")]
    assert plan.target == "age"
    assert plan.target_mean == pytest.approx(np.mean(own))
    assert plan.target_deviation == pytest.approx(np.std(own))
    assert plan.augmentation.scale == plan.augmentation.mixup == 0
    for split in ("val", "test"):  # all parts of the range are there
        ages = [40.0 + int(name[1:]) for name in facts.splits.names(split)]
        assert max(ages) - min(ages) >= 4


def test_of_several_numbers_the_user_names_one():
    both = cohort(cases(age=lambda n: 40.0 + n, weight=lambda n: 80.0 - n))
    with pytest.raises(SettingsError, match="--set target=age or --set target=weight"):
        take_fingerprint(both, target="values")
    with pytest.raises(SettingsError, match=r"no number of this name.*Received target=height"):
        take_fingerprint(both, target="values", value="height")
    assert take_fingerprint(both, target="values", value="weight").value == "weight"


def test_cases_without_the_number_are_set_aside_by_name():
    some = [*cases(age=lambda n: 40.0 + n), picture("other", seed=99, weight=3.0)]
    facts = take_fingerprint(cohort(some), target="values", value="age")
    assert [entry.case for entry in facts.set_aside] == ["other"]
    with pytest.raises(DataError, match="other: the case has no number named 'age'"):
        TASK.encode(some[-1], PLAN)


def test_one_number_for_all_cases_teaches_nothing():
    facts = take_fingerprint(cohort(cases(age=lambda n: 50.0)), target="values")
    with pytest.raises(DataError, match="'age' is the same number"):
        TASK.plan(facts, Settings())


def test_a_plan_whose_answer_is_edited_into_another_is_refused():
    facts = take_fingerprint(cohort(cases(age=lambda n: 40.0 + n)), target="values")
    with pytest.raises(SettingsError, match=r"Expected answer=value for regression\. Received answer=labels"):
        decide(TASK, facts, Settings(), replace(PLAN, answer="labels", target="", classes=("a",), loss="bce"))


def test_a_single_case_ranks_by_how_far_off_it_is():
    near, far = (TASK.measure(decode(z), picture(age=60.0), PLAN) for z in (0.1, -3.0))
    assert TASK.goodness(near, PLAN) > TASK.goodness(far, PLAN)
    assert math.isfinite(TASK.goodness(far, PLAN))


def test_the_errors_stand_beside_those_of_always_giving_the_mean_of_the_training_cases():
    pairs = [(50.0, 52.0), (60.0, 58.0), (70.0, 76.0)]
    records = [TASK.measure(decode((said - 60) / 10), picture(age=true), PLAN) for true, said in pairs]
    naive = {one["name"]: one["value"] for one in TASK.tables(records, PLAN)["baselines"]}
    assert PLAN.target_mean == 60.0
    assert naive["mae"] == pytest.approx(20 / 3)
    assert naive["rmse"] == pytest.approx(math.sqrt(200 / 3))
