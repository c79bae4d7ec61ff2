"""The Python front door: few names, the verbs in a row, all of them callable at any time."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

import scanwright as sw
from scanwright import api
from scanwright.data.dataset import Dataset
from scanwright.errors import SettingsError
from tiny import SMALL_CLASSES, THREE_ROUNDS, TinyRun, disc_classes, plan_of


def test_the_names_of_the_front_door() -> None:
    assert sw.__all__ == [
        "Predicted",
        "ScanwrightError",
        "compare",
        "compress",
        "convert",
        "enhance",
        "evaluate",
        "explain",
        "export",
        "follow",
        "fuse",
        "inspect",
        "load",
        "load_plan",
        "measure",
        "open",
        "plan",
        "predict",
        "register",
        "train",
    ]
    for name in sw.__all__:
        assert callable(getattr(sw, name))
    with pytest.raises(AttributeError, match="cook"):
        _ = sw.cook


def test_the_verbs_in_a_row_as_the_readme_shows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = sw.open(disc_classes(tmp_path / "scans"))
    model = sw.train(data, minutes=0.003, overrides=SMALL_CLASSES, threads=1)
    assert (tmp_path / "scanwright-run-1" / "model" / "model.json").is_file()
    assert len(model.predict("scans/disc")) == 7
    evaluation = sw.evaluate(model, data)
    assert evaluation.number("auroc")["n"] == evaluation.content["n_cases"]
    # A second time: no room of the house has taken the place of a verb.
    assert sw.evaluate(model, data).content["numbers"] == evaluation.content["numbers"]
    assert sw.load("scanwright-run-1").sha256 == model.sha256


def test_no_room_bears_the_name_of_a_verb() -> None:
    rooms = {path.name for path in Path(sw.__file__).parent.iterdir()} - {"errors.py"}
    assert not rooms & {word for name in sw.__all__ for word in (name, f"{name}.py")}


def test_a_run_without_a_folder_gets_a_fresh_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = disc_classes(tmp_path / "scans")
    plan = plan_of(data, THREE_ROUNDS, overrides=SMALL_CLASSES)
    for _ in range(2):
        sw.train(data, plan=plan, threads=1)
    assert sorted(p.name for p in tmp_path.glob("scanwright-run-*")) == [
        "scanwright-run-1",
        "scanwright-run-2",
    ]


def test_a_plan_can_be_given_as_facts_and_decisions_as_a_plan_or_as_a_file(tmp_path: Path) -> None:
    data = sw.open(disc_classes(tmp_path / "scans"))
    planned = sw.plan(data, overrides=SMALL_CLASSES, minutes=0.003)
    model = sw.train(data, tmp_path / "a", plan=planned, threads=1)
    replayed = [
        sw.train(data, tmp_path / "b", plan=model.plan, threads=1),
        sw.train(data, tmp_path / "c", plan=tmp_path / "a" / "plan.json", threads=1),
    ]
    assert {other.sha256 for other in replayed} == {model.sha256}
    assert sw.load_plan(tmp_path / "a" / "plan.json") == model.plan


def test_progress_is_told_stage_by_stage_and_ends_full(tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "scans")
    plan = plan_of(data, THREE_ROUNDS, overrides=SMALL_CLASSES)
    told: dict[str, list[tuple[float, float]]] = {}

    def progress(stage: str, done: float, total: float, note: str = "") -> None:
        told.setdefault(stage, []).append((done, total))

    sw.train(data, tmp_path / "run", plan=plan, threads=1, progress=progress)
    sw.evaluate(tmp_path / "run", data, progress=progress)
    assert list(told)[:4] == ["Reading", "Planned", "Preparing", "Training"]
    for calls in told.values():
        done = [d for d, _ in calls]
        assert done == sorted(done)
        assert calls[-1][0] == calls[-1][1]


def test_patient_patterns_belong_to_opening(class_run: TinyRun) -> None:
    data = sw.open(class_run.data, patient_pattern=r"([dn])\d")
    assert isinstance(data, Dataset)
    assert {case.patient for case in data.cases} == {"d", "n"}
    with pytest.raises(SettingsError, match=r"open\(…, patient_pattern"):
        sw.plan(data, patient_pattern=r"([dn])\d")
    with pytest.raises(SettingsError, match=r"open\(…, series"):
        sw.plan(data, series="CT")


def test_settings_that_do_not_exist_are_refused(class_run: TinyRun) -> None:
    with pytest.raises((SettingsError, TypeError), match="minuets"):
        sw.plan(class_run.data, minuets=3)


def test_the_example_at_the_front_door_can_be_parsed() -> None:
    examples = doctest.DocTestParser().get_examples(api.__doc__ or "")
    assert len(examples) == 5
    for example in examples:
        compile(example.source, "example", "exec")
