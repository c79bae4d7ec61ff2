"""Who the patient is: said by a pattern only where names group files, and always shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.data.case import Case
from scanwright.errors import SettingsError
from scanwright.io.layouts.patients import name_patients


def cases(*names):
    return [Case(name, {}) for name in names]


def patients_of(names, pattern=None):
    named, words = name_patients(cases(*names), pattern)
    return [case.patient for case in named], words


def test_bids_names_tell_the_patient():
    found, words = patients_of(["sub-01/ses-1/sub-01_ses-1_T1w", "sub-02/sub-02_T1w"])
    assert found == ["01", "02"]
    assert "BIDS" in words


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["P012_s1", "P012_s2", "P013_s1", "P014_s1"], ["P012", "P012", "P013", "P014"]),
        (
            ["a/patient-7_l", "b/patient-7_r", "a/patient-8_l", "b/patient-9_r"],
            ["patient-7"] * 2 + ["patient-8", "patient-9"],
        ),
        (["0041_1", "0041_2", "0042_1", "0043_1"], ["0041", "0041", "0042", "0043"]),
        (
            ["img_subject3_a", "img_subject3_b", "img_subject4_a", "img_subject5_a"],
            ["subject3"] * 2 + ["subject4", "subject5"],
        ),
    ],
)
def test_a_pattern_that_groups_files_is_found_and_shown(names, expected):
    found, words = patients_of(names)
    assert found == expected
    assert "file-name pattern" in words
    assert "3 patients" in words


@pytest.mark.parametrize(
    "names",
    [
        [f"hippocampus_{n:03d}" for n in range(20)],
        [f"benign/benign ({n})" for n in range(20)],
        [f"{n}_training" for n in range(21, 41)],  # no name twice: nothing is grouped
        [f"case_{n:05d}" for n in range(20)],
        [f"train_{n:05d}" for n in range(20)],
        ["scan1_a", "scan1_b", "scan1_c", "scan1_d"],  # one group only
        ["scan1_a", "scan1_b", "scan1_c", "scan2_d", "scan3_e"],  # one group holds most
        ["P1_a", "P1_b", "P2_a", "P3_b", "readme"],  # one name does not fit
        [],
    ],
)
def test_where_names_group_nothing_patients_are_unknown(names):
    found, words = patients_of(names)
    assert set(found) <= {None}
    assert words == "unknown"


def test_what_is_known_already_is_kept_unless_the_user_says_otherwise():
    known = [Case("P1_a", {}, patient="x"), Case("P2_a", {}, patient="y")]
    assert [case.patient for case in name_patients(known, None)[0]] == ["x", "y"]
    named, words = name_patients(known, r"^(P\d)")
    assert [case.patient for case in named] == ["P1", "P2"]
    assert r"^(P\d)" in words


def test_a_pattern_that_misses_some_cases_says_how_many():
    found, words = patients_of(["P1_a", "other"], r"^(P\d)")
    assert found == ["P1", None]
    assert "1 of 2" in words


@pytest.mark.parametrize("pattern", ["(", "P[0-9]+", "(a)(b)", "^(Z+)$"])
def test_an_unusable_pattern_is_a_settings_error(pattern):
    with pytest.raises(SettingsError, match="patient_pattern"):
        patients_of(["P1_a", "P2_a"], pattern)


@given(names=st.lists(st.text("aP0123_-/", min_size=1, max_size=8), unique=True, max_size=12))
def test_found_patients_always_group_something(names):
    found, words = patients_of(names)
    if words != "unknown" and "BIDS" not in words:
        assert 3 <= len(set(found)) < len(names)
