"""Multi-label classification: each class a question by itself, no class an answer too."""

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score, f1_score, roc_auc_score

from builders import classification_plan, cohort, memory_case, noise
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.tasks.multilabel import Multilabel

TASK = Multilabel()
NAMES = ("effusion", "mass", "nodule")
PLAN = classification_plan(task="multilabel", answer="labels", classes=NAMES, loss="bce")


def picture(*labels, name="a", seed=0):
    return memory_case(name, noise((1, 20, 16, 1), seed=seed), labels=labels, affine=None)


def decode(probabilities, thresholds=None):
    outputs = np.array(probabilities, np.float32).reshape(-1, 1, 1, 1)
    return TASK.decode("a", outputs, PLAN, (), Volume(noise((1, 20, 16, 1))), thresholds or {})


def test_each_class_has_a_threshold_of_its_own_and_none_may_be_the_answer():
    assert decode((0.6, 0.1, 0.3)).predicted == ("effusion",)
    assert decode((0.6, 0.1, 0.3), {"nodule": 0.2, "effusion": 0.7}).predicted == ("nodule",)
    assert decode((0.4, 0.4, 0.4)).predicted == ()
    assert decode((0.9, 0.9, 0.9)).probabilities["mass"] == pytest.approx(0.9)  # no need to add up to 1


def test_a_case_without_any_class_is_an_example_of_none():
    example = TASK.encode(picture(), PLAN)
    assert example.target.tolist() == [0, 0, 0]
    assert TASK.truth(example, PLAN) == {"labels": ()}


def test_classes_that_the_plan_does_not_know_are_no_matter_of_it():
    record = TASK.measure(decode((0.9, 0, 0)), picture("effusion", "fracture"), PLAN)
    assert record["truth"] == record["predicted"] == ["effusion"]


def test_numbers_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth = rng.random((60, 3)) < (0.5, 0.2, 0.1)
    scores = np.clip(rng.normal(0.4 + 0.2 * truth, 0.2), 0, 1)
    records = [
        TASK.measure(decode(row), picture(*np.array(NAMES)[held]), PLAN)
        for row, held in zip(scores, truth, strict=True)
    ]
    numbers = TASK.summarise(records, PLAN).statistic(np.arange(60))
    for c, name in enumerate(NAMES):
        held, score = truth[:, c], scores[:, c].astype(np.float32)
        assert numbers["auroc", name] == pytest.approx(roc_auc_score(held, score))
        assert numbers["average_precision", name] == pytest.approx(average_precision_score(held, score))
        assert numbers["f1", name] == pytest.approx(f1_score(held, score >= 0.5))
        assert numbers["balanced_accuracy", name] == pytest.approx(
            balanced_accuracy_score(held, score >= 0.5)
        )
    assert numbers["auroc", ""] == pytest.approx(np.mean([numbers["auroc", name] for name in NAMES]))


def test_a_class_that_no_case_has_is_left_out_of_the_means():
    records = [
        TASK.measure(decode((p, 0.1, p)), picture(*held), PLAN) for p, held in ((0.9, NAMES[:1]), (0.2, ()))
    ]
    numbers = TASK.summarise(records, PLAN).statistic(np.arange(2))
    assert math.isnan(numbers["auroc", "mass"])
    assert numbers["auroc", ""] == 1


def test_a_threshold_parts_the_validation_cases_best():
    scores = np.array([[0.05, 0.1, 0.2, 0.3, 0.35, 0.6], [0.5] * 6, [0.1] * 6]).T
    held = np.array([[0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0]]).T
    chosen = TASK.choose_thresholds(list(scores), list(held.astype(np.float32)), PLAN)
    assert chosen["effusion"] == pytest.approx(0.25)
    assert "mass" not in chosen  # two cases are too few to choose by
    assert chosen["nodule"] == 0.5  # nothing parts them


def test_rare_classes_are_not_learnt_and_that_is_said():
    cases = [
        picture(*(("mass",) if n % 2 else ()), *(("rare",) if n < 2 else ()), name=f"c{n}", seed=n)
        for n in range(20)
    ]
    facts = take_fingerprint(cohort(cases), target="labels")
    assert TASK.plan(facts, Settings()).classes == ("mass",)
    assert any("rare" in note for note in facts.dataset.notes)
    assert facts.class_shares["mass"] == pytest.approx(0.5, abs=0.1)
    few = [picture(*(("rare",) if n < 2 else ()), name=f"c{n}", seed=n) for n in range(20)]
    facts = take_fingerprint(cohort(few), target="labels")
    with pytest.raises(DataError, match="no class is held by enough cases"):
        TASK.plan(facts, Settings())


def test_every_split_has_its_share_of_a_rare_class():
    cases = [picture("often", *(("seldom",) if n % 5 == 0 else ()), name=f"c{n}", seed=n) for n in range(50)]
    facts = take_fingerprint(cohort(cases), target="labels")
    seldom = {case.name for case in cases if "seldom" in case.labels}
    assert len(seldom & set(facts.splits.names("test"))) == 2
    assert len(seldom & set(facts.splits.names("val"))) >= 1
