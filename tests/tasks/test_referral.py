"""Referral: an answer stands where it alone is possible; what is promised of that is kept."""

from dataclasses import replace

import numpy as np
import pytest

from builders import classification_plan, noise
from scanwright.core.conformal import Conformal
from scanwright.core.statistics import patient_bootstrap
from scanwright.data.prediction import ClassPrediction, Doubt, LabelsPrediction, Referral
from scanwright.data.volume import Volume
from scanwright.tasks.base import Example
from scanwright.tasks.catalogue import find_task
from scanwright.tasks.referral import (
    NONE,
    OTHER,
    SEVERAL,
    ReferralJudge,
    add_doubts,
    draw_risk,
    record_referral,
    refer,
)
from scanwright.tasks.settled import answer_by, draw_sample, settle

NAMES = ("benign", "malignant")
PLAN = classification_plan(classes=NAMES)
LABELS = classification_plan(task="multilabel", answer="labels", classes=NAMES, loss="bce")
SETS = Conformal(0.9, {"benign": 0.6, "malignant": 0.3})
IMAGE = Volume(noise((1, 20, 16, 1)))


def referral(benign):
    own = {"benign": benign, "malignant": 1 - benign}
    return refer(ClassPrediction("a", own), own, SETS)


@pytest.mark.parametrize(
    ("benign", "possible", "reason"),
    [
        (0.9, ("benign",), ""),
        (0.65, NAMES, SEVERAL),
        (0.1, ("malignant",), ""),
        (0.55, ("malignant",), OTHER),
    ],
)
def test_an_answer_stands_where_it_alone_is_possible(benign, possible, reason):
    assert (referral(benign).possible, referral(benign).reason) == (possible, reason)


def test_where_nothing_fits_a_person_is_asked():
    own = {"benign": 0.5, "malignant": 0.2}
    assert refer(ClassPrediction("a", own), own, SETS).reason == NONE


def test_without_enough_cases_nothing_is_said():
    own = {"benign": 0.9, "malignant": 0.1}
    assert refer(ClassPrediction("a", own), own, Conformal(0.9, n={"benign": 3})) is None


@pytest.mark.parametrize(
    ("benign", "malignant", "possible", "reason"),
    [
        (0.9, 0.1, ("benign",), ""),
        (0.1, 0.1, (), ""),
        (0.45, 0.1, ("benign",), SEVERAL),  # having it and not having it are both possible
        (0.9, 0.7, ("benign", "malignant"), OTHER),  # said to be absent, and that is excluded
    ],
)
def test_each_label_is_a_question_by_itself(benign, malignant, possible, reason):
    sets = Conformal(0.9, {"benign": 0.4, "malignant": 0.6}, {"benign": 0.6, "malignant": 0.65})
    own = {"benign": benign, "malignant": malignant}
    said = tuple(name for name in NAMES if own[name] >= 0.5) if malignant != 0.7 else ("benign",)
    found = refer(LabelsPrediction("a", own, said), own, sets)
    assert (found.possible, found.reason) == (possible, reason)


def drawn(n, seed):
    """Answers of a network that is far too sure, and rare malignant cases."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.25).astype(np.uint8)
    sure = 1 / (1 + np.exp(-4 * (rng.normal(0, 1, n) + 1.6 * truth - 0.8)))
    return [np.array([1 - p, p], np.float32).reshape(2, 1, 1, 1) for p in sure], truth


def test_of_each_class_no_more_are_missed_without_a_person_than_promised():
    task, missed, covered = find_task("classification"), [], []
    for seed in range(40):
        answers, truth = drawn(200, seed)
        samples = [draw_sample(a, Example(a, t), PLAN) for a, t in zip(answers, truth, strict=True)]
        settled = settle(task, PLAN, [], list(truth), samples)
        answers, truth = drawn(400, seed + 1000)
        records = []
        for answer, index in zip(answers, truth, strict=True):
            said = answer_by(task, "a", answer, PLAN, (), IMAGE, settled)
            own = {"possible": said.referral.possible, "refer": said.referral.reason}
            records.append({"predicted": said.predicted, **own, "truth": NAMES[index]})
        judge = ReferralJudge(records, [(record["truth"],) for record in records], PLAN)
        numbers = judge.statistic(np.arange(400))
        missed.append([numbers["missed_unseen", name] for name in NAMES])
        covered.append([numbers["set_coverage", name] for name in NAMES])
        assert 0 < numbers["referred", ""] < 1
    assert np.all(np.mean(missed, axis=0) <= 0.1 + 0.005)
    assert np.all((np.mean(covered, axis=0) >= 0.89) & (np.mean(covered, axis=0) <= 0.93))


def test_numbers_counted_by_hand():
    rows = [
        ("benign", "benign", ("benign",), ""),
        ("benign", "malignant", ("malignant",), ""),  # missed, and nobody is asked
        ("malignant", "benign", NAMES, SEVERAL),
        ("malignant", "malignant", ("malignant",), ""),
    ]
    records = [dict(zip(("truth", "predicted", "possible", "refer"), row, strict=True)) for row in rows]
    judge = ReferralJudge(records, [(row[0],) for row in rows], PLAN)
    numbers = judge.statistic(np.arange(4))
    assert numbers["set_coverage", "benign"] == 0.5
    assert numbers["missed_unseen", "benign"] == 0.5
    assert numbers["missed_unseen", "malignant"] == 0
    assert numbers["set_coverage", ""] == 0.75
    assert (numbers["referred", ""], numbers["set_size", ""]) == (0.25, 1.25)
    assert judge.statistic(np.array([3, 3]))["set_coverage", ""] == 1  # no benign case was drawn
    assert patient_bootstrap(judge.statistic, ["a", "b", "c", "d"])["referred", ""].n == 4


def test_the_risk_curve_answers_the_surest_first():
    said = [(0.9, "benign", "benign"), (0.8, "malignant", "benign"), (0.6, "benign", "benign")]
    records = [
        {"probabilities": {"benign": p, "malignant": 1 - p}, "truth": true, "predicted": predicted}
        for p, true, predicted in said
    ]
    assert draw_risk(records, PLAN) == {
        "x": pytest.approx([1 / 3, 2 / 3, 1]),
        "y": pytest.approx([0, 1 / 2, 1 / 3]),
    }
    labels = [{**record, "truth": [], "predicted": []} for record in records]
    assert draw_risk(labels, LABELS)["y"] == [0, 0, 0]


def test_an_image_unlike_those_learnt_from_is_referred_also_where_its_answer_would_stand():
    own = {"benign": 0.9, "malignant": 0.1}
    stands = ClassPrediction("a", own, referral=refer(ClassPrediction("a", own), own, SETS))
    doubts = (Doubt("unlike.texture", "", ""), Doubt("modality", "CT", "MR"))
    referred = add_doubts(stands, doubts)
    assert record_referral(stands)["refer"] == ""
    assert record_referral(referred) == {
        "possible": ["benign"],
        "refer": "texture unlike the images learnt from; modality is MR, learnt from CT",
    }
    unsure = add_doubts(replace(stands, referral=Referral(NAMES, SEVERAL)), doubts[1:])
    assert unsure.referral.reason == f"{SEVERAL}; modality is MR, learnt from CT"
    assert add_doubts(ClassPrediction("a", own), doubts).referral is None
    assert not add_doubts(stands, [Doubt("few_gaps", "the lowest value", "0.1 %")]).referral.reason
    gaps = add_doubts(stands, [Doubt("gaps", "the lowest value", "14 %")])
    assert gaps.referral.reason == "14 % of the voxels are not numbers"


def test_the_risk_curve_answers_referred_cases_last():
    said = [(0.9, "malignant", "unlike"), (0.8, "benign", ""), (0.6, "benign", "")]
    records = [
        {
            "probabilities": {"benign": p, "malignant": 1 - p},
            "truth": true,
            "predicted": "benign",
            "refer": why,
        }
        for p, true, why in said
    ]
    assert draw_risk(records, PLAN)["y"] == pytest.approx([0, 0, 1 / 3])
