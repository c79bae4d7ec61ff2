"""Splits: a patient is never on two sides, and what was given is respected."""

from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.data.case import Case
from scanwright.data.splits import assign_folds, assign_splits, group_cases
from scanwright.errors import DataError


def cases_of(patients, splits=None):
    """One case for each patient in the list, with the given split, if any."""
    splits = splits or [None] * len(patients)
    return [
        Case(f"case{n}", {}, patient=patient, split=split)
        for n, (patient, split) in enumerate(zip(patients, splits, strict=True))
    ]


def split(cases, duplicates=(), strata=None, seed=0):
    return assign_splits(cases, group_cases(cases, duplicates), strata or {}, seed)


def test_a_case_without_a_patient_goes_with_its_study():
    cases = [Case(f"case{n}", {}, facts={"study": "abc"[n % 3]}) for n in range(6)]
    cases += [Case("known", {}, patient="p", facts={"study": "a"}), Case("alone", {})]
    groups = group_cases(cases, [["case0", "alone"]])
    assert groups["case0"] == groups["case3"] == groups["alone"] != groups["case1"]
    assert groups["known"] != groups["case0"]
    assert len(set(groups.values())) == 4


def test_why_a_case_left_its_side_is_said():
    cases = [Case(f"case{n}", {}, split=split) for n, split in enumerate(["train", "val", "test"] * 3)]
    cases += [
        Case("s", {}, split="train", facts={"study": "x"}),
        Case("t", {}, split="test", facts={"study": "x"}),
        Case("p", {}, patient="q", split="train"),
        Case("r", {}, patient="q", split="test"),
    ]
    moved = {entry.case: entry.reason for entry in split(cases, [["case0", "case2"]]).set_aside}
    assert moved.keys() == {"s", "p", "case0"}
    assert "the same study also stands in test" in moved["s"]
    assert "the same patient also stands in test" in moved["p"]
    assert "a copy of this picture also stands in test" in moved["case0"]


patients = st.lists(st.sampled_from([None, *"abcdefgh"]), min_size=3, max_size=40)


@given(patients, st.integers(0, 5), st.data())
def test_neither_patients_nor_duplicates_ever_straddle(who, seed, data):
    cases = cases_of(who)
    names = [case.name for case in cases]
    duplicates = data.draw(st.lists(st.lists(st.sampled_from(names), min_size=2, max_size=4), max_size=3))
    groups = group_cases(cases, duplicates)
    if len(set(groups.values())) < 3:
        with pytest.raises(DataError, match="too few patients"):
            assign_splits(cases, groups, {}, seed)
        return
    splits = assign_splits(cases, groups, {}, seed)
    assert list(splits.of) == names
    assert set(splits.of.values()) == {"train", "val", "test"}
    sides = defaultdict(set)
    for case in cases:
        if case.patient is not None:
            sides[case.patient].add(splits.of[case.name])
    assert all(len(side) == 1 for side in sides.values())
    for group in duplicates:
        assert len({splits.of[name] for name in group}) == 1


@given(st.lists(st.sampled_from([None, "train", "val", "test"]), min_size=3, max_size=30), st.integers(0, 3))
def test_given_splits_are_respected_and_test_never_shrinks(given_splits, seed):
    cases = cases_of([None] * len(given_splits), given_splits)
    n_free = sum(one in (None, "train") for one in given_splits)
    if n_free <= ("val" not in given_splits) + ("test" not in given_splits):
        with pytest.raises(DataError, match="leave no case for"):
            split(cases, seed=seed)
        return
    splits = split(cases, seed=seed)
    for case in cases:
        if case.split in ("val", "test"):
            assert splits.of[case.name] == case.split
        elif case.split == "train" and {"val", "test"} <= set(given_splits):
            assert splits.of[case.name] == "train"
    if "test" in given_splits:
        assert splits.names("test") == [case.name for case in cases if case.split == "test"]
    if "val" in given_splits:
        assert splits.names("val") == [case.name for case in cases if case.split == "val"]


def test_the_same_seed_draws_the_same_and_another_seed_another():
    cases = cases_of([None] * 50)
    assert split(cases, seed=3).of == split(cases, seed=3).of
    assert split(cases, seed=3).of != split(cases, seed=4).of


def test_a_fifth_tests_and_some_choose():
    sizes = Counter(split(cases_of([None] * 100)).of.values())
    assert sizes == {"test": 20, "val": 12, "train": 68}


def test_three_patients_are_one_for_each_side():
    assert sorted(split(cases_of("abc")).of.values()) == ["test", "train", "val"]


def test_two_patients_are_too_few_however_many_their_cases():
    with pytest.raises(DataError, match=r"at least 3 patients.*Received 2"):
        split(cases_of("aaaabbbb"))


def test_strata_are_spread_evenly():
    cases = cases_of([None] * 50)
    strata = {case.name: "rare" if n < 10 else "usual" for n, case in enumerate(cases)}
    splits = split(cases, strata=strata)
    assert Counter(strata[name] for name in splits.names("test")) == {"rare": 2, "usual": 8}
    assert {strata[name] for name in splits.names("val")} == {"rare", "usual"}


def test_the_last_case_of_a_class_stays_in_training():
    cases = cases_of([None] * 12)
    strata = {case.name: "lonely" if n == 5 else "usual" for n, case in enumerate(cases)}
    for seed in range(10):
        assert split(cases, strata=strata, seed=seed).of["case5"] == "train"


def test_how_tells_what_was_given_and_what_was_drawn():
    cases = cases_of([None] * 12, ["test"] * 2 + ["train"] * 10)
    assert split(cases).how == "test as given by the data; val drawn (2 of 10 patients or unrelated cases)"
    cases = cases_of([None] * 4, ["test", "val", "train", "train"])
    assert (
        split(cases).how == "train as given by the data; val as given by the data; test as given by the data"
    )


def test_a_patient_on_two_given_sides_stays_on_the_stricter_one_and_the_rest_is_named():
    cases = cases_of(["a", "a", "b", "c", "d"], ["train", "test", "train", "train", "val"])
    splits = split(cases)
    assert splits.of["case1"] == "test"
    assert "case0" not in splits.of
    (moved,) = splits.set_aside
    assert (moved.case, moved.stage) == ("case0", "split")
    assert "stands in test" in moved.reason


def test_a_training_picture_that_is_also_a_test_picture_leaves_training():
    cases = cases_of([None] * 5, ["train", "train", "train", "val", "test"])
    splits = split(cases, duplicates=[["case0", "case4"]])
    assert splits.of["case4"] == "test"
    assert [entry.case for entry in splits.set_aside] == ["case0"]


@pytest.mark.parametrize(
    ("given_splits", "empty"),
    [
        (["test"] * 4, "train and val"),
        (["test", "test", "val"], "train"),
        (["val"] * 3, "train and test"),
        (["test", "test", None], "val"),
    ],
)
def test_given_splits_that_leave_a_side_empty_are_an_error(given_splits, empty):
    with pytest.raises(DataError, match=f"leave no case for {empty}"):
        split(cases_of([None] * len(given_splits), given_splits))


def test_duplicates_tie_their_patients_together_and_chains_of_them_too():
    cases = cases_of(["a", "b", "c", None, None])
    groups = group_cases(cases, [["case0", "case1"], ["case1", "case3"], ["case9", "case4"]])
    assert groups["case0"] == groups["case1"] == groups["case3"]
    assert len({groups["case0"], groups["case2"], groups["case4"]}) == 3


def test_names_of_all_splits_are_all_names_in_order():
    splits = split(cases_of("abcde"))
    assert splits.names("all") == [f"case{n}" for n in range(5)]


@given(patients, st.integers(2, 6), st.integers(0, 5), st.data())
def test_folds_hold_whole_groups_of_all_but_the_test_cases(who, n, seed, data):
    cases = cases_of(who)
    groups = group_cases(cases, ())
    if len(set(groups.values())) < 3:
        return
    strata = {case.name: data.draw(st.sampled_from("xy")) for case in cases}
    splits = assign_splits(cases, groups, {}, seed)
    free = [name for name, side in splits.of.items() if side != "test"]
    n = min(n, len({groups[name] for name in free}))
    folded = assign_folds(splits, groups, strata, n, seed)
    assert list(folded.folds) == free
    assert set(folded.folds.values()) == set(range(n))
    assert folded.names("test") == splits.names("test")
    assert folded.names("val") == []
    fold_of = {groups[name]: fold for name, fold in folded.folds.items()}
    assert all(fold_of[groups[name]] == fold for name, fold in folded.folds.items())
    assert folded == assign_folds(splits, groups, strata, n, seed)


@given(st.integers(4, 30), st.integers(4, 30), st.integers(2, 5), st.integers(0, 5))
def test_folds_of_single_cases_are_alike_in_size_and_in_strata(n_x, n_y, n, seed):
    cases = cases_of([None] * (n_x + n_y))
    strata = {case.name: "x" if index < n_x else "y" for index, case in enumerate(cases)}
    groups = group_cases(cases, ())
    folded = assign_folds(assign_splits(cases, groups, strata, seed), groups, strata, n, seed)
    for stratum in "xy":
        counts = Counter(fold for name, fold in folded.folds.items() if strata[name] == stratum)
        sizes = [counts[fold] for fold in range(n)]
        assert max(sizes) - min(sizes) <= 1
    sizes = Counter(folded.folds.values()).values()
    assert max(sizes) - min(sizes) <= 1


def test_only_folded_splits_tell_of_folds():
    cases = cases_of([None] * 6)
    splits = split(cases)
    assert "folds" not in splits.to_json()
    folded = assign_folds(splits, group_cases(cases, ()), {}, 2, 0)
    assert set(folded.to_json()["folds"].values()) == {0, 1}
    assert folded.how.startswith(splits.how)
