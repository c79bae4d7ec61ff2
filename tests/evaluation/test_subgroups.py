"""Subgroups: who is in which, what differs more than chance, and what can't be told."""

import numpy as np
import pytest

from builders import classification_plan, segmentation_plan
from judged import classified, outlined, scores_of
from scanwright.data.case import Case
from scanwright.errors import SettingsError
from scanwright.evaluation.subgroups import MOST_GROUPS, OTHERS, check_columns, divide, judge_subgroups
from scanwright.tasks.classification import Classification
from scanwright.tasks.segmentation import Segmentation

TASK = Classification()


def cases_of(records, **facts):
    return {
        record["case"]: Case(
            record["case"], {}, facts={name: values[n] for name, values in facts.items() if values[n]}
        )
        for n, record in enumerate(records)
    }


def two_sites(n, apart_b):
    """Records of two hospitals; in the second the model is as good as ``apart_b`` makes it."""
    a, ill = scores_of(n, apart=4.0)
    b, also_ill = scores_of(n, apart=apart_b, seed=1)
    records = classified(np.concatenate([a, b]), np.concatenate([ill, also_ill]))
    return records, ["north"] * n + ["south"] * n


def judged(records, *columns, **facts):
    return judge_subgroups(
        TASK, classification_plan(), records, cases_of(records, **facts), columns, n_resamples=100
    )


def test_a_group_in_which_the_model_fails_is_found():
    records, site = two_sites(80, apart_b=0.0)
    (found,) = judged(records, "site", site=site)
    assert [(group["name"], group["n_cases"]) for group in found["groups"]] == [("north", 80), ("south", 80)]
    (gap,) = found["gaps"]
    assert (gap["a"], gap["b"]) == ("north", "south")
    assert gap["differs"]
    assert gap["high"] < 0
    own = [
        number["value"]
        for group in found["groups"]
        for number in group["numbers"]
        if (number["name"], number["group"]) == ("auroc", "")
    ]
    assert gap["difference"] == pytest.approx(own[1] - own[0])


def test_equal_groups_are_not_called_different():
    records, site = two_sites(80, apart_b=4.0)
    (found,) = judged(records, "site", site=site)
    assert not found["gaps"][0]["differs"]


def test_every_further_look_makes_a_claim_harder():
    records, site = two_sites(60, apart_b=2.5)
    alone = judged(records, "site", site=site)[0]["gaps"][0]
    noise = [["x", "y", "z"][n % 3] for n in range(120)]
    among = judged(records, "site", "noise", site=site, noise=noise)[0]["gaps"][0]
    assert among["p"] == alone["p"] == alone["p_holm"]
    assert among["p_holm"] >= alone["p_holm"]


def test_small_groups_have_numbers_but_are_not_compared():
    records, site = two_sites(40, apart_b=0.0)
    few = ["west" if n < 10 else one for n, one in enumerate(site)]
    (found,) = judged(records, "site", site=few)
    assert {group["name"]: group["too_few"] for group in found["groups"]} == {
        "north": False, "south": False, "west": True,
    }  # fmt: skip
    assert [{gap["a"], gap["b"]} for gap in found["gaps"]] == [{"north", "south"}]


def test_cases_without_a_value_are_counted_and_in_no_group():
    records, site = two_sites(30, apart_b=4.0)
    site[:7] = [""] * 7
    (found,) = judged(records, "site", site=site)
    assert found["n_without"] == 7
    assert sum(group["n_cases"] for group in found["groups"]) == 53


def test_ages_become_bands_of_as_many_cases_each():
    groups = divide([f"{age:03d}Y" for age in range(20, 80)])
    assert [len(rows) for _, rows in groups] == [20, 20, 20]
    assert groups[0][0].startswith("≤ ")
    assert groups[2][0].startswith("> ")
    assert groups[0][1].tolist() == list(range(20))


def test_few_numbers_are_groups_of_their_own():
    assert [name for name, _ in divide(["1.5", "3", "3", "3"])] == ["3", "1.5"]


def test_many_small_groups_are_taken_together():
    groups = divide([f"scanner {n}" for n in range(12) for _ in range(12 - n)])
    assert len(groups) == MOST_GROUPS
    assert groups[-1][0] == OTHERS
    assert sum(len(rows) for _, rows in groups) == sum(range(1, 13))


def test_an_unknown_column_names_those_that_there_are():
    records, site = two_sites(20, apart_b=1.0)
    cases = list(cases_of(records, site=site).values())
    with pytest.raises(SettingsError, match="site"):
        check_columns(["sex"], cases, TASK)
    check_columns(["site"], cases, TASK)


def test_a_column_that_names_each_case_makes_no_groups():
    records, _ = two_sites(20, apart_b=1.0)
    cases = list(cases_of(records, name=[f"id {n}" for n in range(40)]).values())
    with pytest.raises(SettingsError, match="value of its own"):
        check_columns(["name"], cases, TASK)


def test_a_word_for_nothing_among_numbers_is_nothing():
    records = classified(*scores_of(30, apart=2.0))
    ages = [f"{30 + n}" for n in range(29)] + ["Unknown"]
    check_columns(["age"], list(cases_of(records, age=ages).values()), TASK)
    (found,) = judged(records, "age", age=ages)
    assert found["n_without"] == 1
    assert sum(group["n_cases"] for group in found["groups"]) == 29


def test_what_masks_outline_divides_by_its_size():
    records = outlined(np.linspace(0.4, 0.9, 60), np.ones(60))
    for n, record in enumerate(records):
        record["classes"]["tumour"]["reference_volume"] = float(n)
    plan = segmentation_plan(classes=("background", "tumour"), label_values=(0, 1))
    check_columns(["size"], [], Segmentation())
    (found,) = judge_subgroups(Segmentation(), plan, records, cases_of(records), ["size"], n_resamples=100)
    assert [group["n_cases"] for group in found["groups"]] == [20, 20, 19]
    assert found["n_without"] == 1  # nothing is outlined there
    assert found["gaps"][0]["differs"]
