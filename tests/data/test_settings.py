"""Settings: few, flat, checked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanwright.data.settings import EFFORT_MINUTES, Settings
from scanwright.errors import SettingsError


@given(
    st.builds(
        Settings,
        effort=st.sampled_from(sorted(EFFORT_MINUTES)),
        minutes=st.none() | st.floats(0.1, 1e4),
        folds=st.none() | st.integers(1, 20),
        seed=st.integers(0, 2**40),
        threads=st.none() | st.integers(1, 64),
        device=st.sampled_from(["auto", "cpu", "cuda"]),
        patient_pattern=st.none() | st.text(),
        series=st.none() | st.text(),
        overrides=st.dictionaries(
            st.sampled_from(["batch_size", "average_steps", "patience", "seed"]),
            st.sampled_from(["1", "3", " 2 "]),
        ),
    )
)
def test_settings_come_back_from_json(settings):
    assert Settings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_effort_sets_the_minutes_unless_they_are_given():
    assert Settings(effort="quick").budget_minutes == EFFORT_MINUTES["quick"]
    assert Settings(effort="quick", minutes=17).budget_minutes == 17


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("effort", "heroic"),
        ("device", "abacus"),
        ("minutes", 0),
        ("minutes", -3),
        ("minutes", float("nan")),
        ("threads", 0),
        ("folds", 0),
        ("folds", 21),
        ("seed", -1),
    ],
)
def test_a_value_out_of_range_is_named_as_it_was_received(field, value):
    with pytest.raises(SettingsError, match=f"{field}={value}"):
        Settings(**{field: value})


def test_an_unknown_key_names_the_nearest():
    with pytest.raises(SettingsError, match=r"settings.toml: 'minuets' is not known here.*minutes"):
        Settings.from_json({"minuets": 5}, "settings.toml")


@pytest.mark.parametrize(
    ("field", "value"),
    [("minutes", "5"), ("seed", 1.5), ("threads", True), ("effort", 3), ("overrides", "optimiser=sgd")],
)
def test_a_value_of_another_kind_is_an_error_and_no_traceback(field, value):
    with pytest.raises(SettingsError, match=f"settings: {field}: expected"):
        Settings.from_json({field: value})


def test_whole_minutes_are_minutes():
    assert Settings.from_json({"minutes": 5}).minutes == 5.0


def test_the_steps_that_the_overrides_ask_for():
    assert Settings().enhance == ()
    assert Settings(overrides={"enhance": "n4,median=1", "batch_size": "3"}).enhance == ("n4", "median=1")
