"""Errors say what was expected, what was received and what to do."""

import copy
import os

import pytest

from scanwright.errors import (
    DataError,
    MissingExtraError,
    ModelError,
    OutputError,
    ScanwrightError,
    SettingsError,
)
from scanwright.extras import require


def test_a_message_names_the_subject_and_reads_as_sentences():
    error = DataError("it is odd", subject="a.nii", expected="3 axes", received="4", do="Split it.")
    assert str(error) == "a.nii: it is odd. Expected 3 axes. Received 4. Split it."


def test_what_is_implausibly_long_is_cut_in_the_message_alone():
    long = "x" * 5000
    error = DataError("odd", subject=long, expected="e", received=long)
    assert str(error) == f"{long[:300]}…: odd. Expected e. Received {long[:300]}…."
    assert error.received == long


def test_a_problem_that_ends_its_own_sentence_gets_no_second_stop():
    assert str(DataError("Really?")) == "Really?"


@pytest.mark.parametrize("kind", [DataError, SettingsError, ModelError, OutputError, MissingExtraError])
def test_every_error_is_one_of_ours_and_survives_the_way_between_processes(kind):
    error = kind("odd", subject="s", expected="e", received="r", do="d")
    again = copy.deepcopy(error)  # goes the same way as pickling
    assert isinstance(again, ScanwrightError)
    assert type(again) is kind
    assert str(again) == str(error)
    assert (again.subject, again.expected, again.received, again.do) == ("s", "e", "r", "d")


def test_wrong_usage_has_its_own_exit_code():
    assert SettingsError("x").exit_code == 2
    assert DataError("x").exit_code == 1


def test_an_installed_package_is_given():
    assert require("json", extra="train", feature="Nothing").loads("1") == 1


def test_a_missing_package_is_named_with_the_feature_and_the_way_to_install_it():
    with pytest.raises(MissingExtraError, match=r"Training needs the package 'no_such_package'.*\[train\]"):
        require("no_such_package", extra="train", feature="Training")


def test_threads_spin_briefly_unless_the_user_chose_otherwise(monkeypatch):
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    require("json", extra="train", feature="Nothing")
    assert "GOMP_SPINCOUNT" not in os.environ
    monkeypatch.delenv("OMP_WAIT_POLICY")
    require("json", extra="train", feature="Nothing")
    assert os.environ["GOMP_SPINCOUNT"] == "10000"
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    require("json", extra="train", feature="Nothing")
    assert os.environ["GOMP_SPINCOUNT"] == "7"
