"""Runs: replayed, interrupted, stopped early, resumed; what stands in a run folder."""

from __future__ import annotations

import json
import shutil
import signal
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scanwright as sw
from builders import write_text
from commands import Command
from ctrl_c import stopping
from scanwright.data.plan import Plan
from scanwright.errors import DataError, ModelError, OutputError, ScanwrightError, SettingsError
from scanwright.training.learn.segmentation import SegmentationLearner
from tiny import (
    SMALL_2D,
    SMALL_3D,
    SMALL_CLASSES,
    THREE_ROUNDS,
    TinyRun,
    ball_volumes,
    disc_classes,
    disc_photographs,
    plan_of,
    weights,
)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return disc_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def plan(photographs: Path) -> Plan:
    return plan_of(photographs, THREE_ROUNDS, overrides=SMALL_2D)


def test_resuming_says_what_it_found(photographs: Path, plan: Plan, tmp_path: Path, command: Command) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan.to_json()))
    options = ("--out", tmp_path / "run", "--plan", path, "--threads", 1, "--resume")
    assert "holds nothing to resume: training starts anew" in command("train", photographs, *options).out
    assert "is finished: this is its model" in command("train", photographs, *options).out
    shutil.rmtree(tmp_path / "run" / "model")
    said = command("train", photographs, *options, "--minutes", 7, "--set", "batch_size=3", "--json")
    assert "Going on in" in said.out
    assert "Not used, as the run has its own: minutes=7.0 (not set there); --set batch_size=3" in said.out
    assert len(said.result["not_used"]) == 2
    assert "Not used" not in command("train", photographs, *options).out


def test_a_recorded_plan_replayed_gives_the_same_weights(
    photographs: Path, plan: Plan, tmp_path: Path
) -> None:
    first = sw.train(photographs, tmp_path / "first", plan=plan, threads=1)
    again = sw.train(photographs, tmp_path / "again", plan=tmp_path / "first" / "plan.json", threads=1)
    assert weights(again) == weights(first)
    assert again.plan.pace == first.plan.pace == tuple(THREE_ROUNDS)
    assert again.sha256 == first.sha256


def test_a_plan_made_by_the_clock_can_be_replayed(photographs: Path, tmp_path: Path) -> None:
    first = sw.train(photographs, tmp_path / "first", minutes=0.01, overrides=SMALL_2D, threads=1)
    assert first.plan.pace
    again = sw.train(photographs, tmp_path / "again", plan=first.plan, threads=1)
    assert weights(again) == weights(first)


@pytest.mark.parametrize(("family", "make"), [("swin_unetr", disc_photographs), ("vit", disc_classes)])
def test_a_model_of_another_family_is_trained_loaded_and_predicts(
    family: str, make: Callable[[Path], Path], tmp_path: Path
) -> None:
    data = make(tmp_path / "data")
    short = plan_of(data, ((3, 1.0),), overrides={"network.family": family, "batch_size": "2"})
    sw.train(data, tmp_path / "run", plan=short, threads=1)
    model = sw.load(tmp_path / "run")
    assert model.plan.network.family == family
    picture = next(path for path in data.rglob("*.png") if "masks" not in path.parts)
    (prediction,) = model.predict(picture)
    assert prediction.case == picture.stem


def test_a_plan_with_nothing_but_a_family_is_completed_when_it_is_trained(
    photographs: Path, plan: Plan, tmp_path: Path
) -> None:
    plain = {**plan.to_json(), "network": {"family": "segresnet"}, "pace": []}
    (tmp_path / "plan.json").write_text(json.dumps(plain))
    model = sw.train(photographs, tmp_path / "run", plan=tmp_path / "plan.json", minutes=0.003, threads=1)
    assert model.plan.network.family == "segresnet"
    assert "network.family" in model.plan.overruled
    assert model.plan.patch_voxels == (24, 24, 1)  # the user's own


def test_another_seed_gives_other_weights(photographs: Path, plan: Plan, tmp_path: Path) -> None:
    first = sw.train(photographs, tmp_path / "first", plan=plan, threads=1)
    other = sw.train(photographs, tmp_path / "other", plan=replace(plan, seed=1), threads=1)
    assert weights(other) != weights(first)


@pytest.mark.parametrize(("make", "small"), [(ball_volumes, SMALL_3D), (disc_classes, SMALL_CLASSES)])
def test_volumes_and_classes_replay_too(make: Any, small: dict[str, str], tmp_path: Path) -> None:
    plan = plan_of(make(tmp_path / "data"), ((2, 0.5), (2, 1.0)), overrides=small)
    runs = [sw.train(tmp_path / "data", tmp_path / name, plan=plan, threads=1) for name in ("a", "b")]
    assert weights(runs[0]) == weights(runs[1])


def test_ctrl_c_keeps_the_best_model_so_far_and_says_so(
    photographs: Path, plan: Plan, tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGINT)
    press, told = stopping(5), list[tuple[str, float]]()

    def progress(stage: str, done: float, total: float, note: str = "") -> None:
        told.append((stage, done))
        press(stage, done, total, note)

    model = sw.train(photographs, tmp_path / "run", plan=plan, threads=1, progress=progress)
    assert [done for stage, done in told if stage == "Stopping"] == [0.0, 1.0]
    assert "stopped by the user" in model.provenance["ended"]
    assert model.provenance["steps"] == 5
    assert weights(sw.load(tmp_path / "run")) == weights(model)
    assert model.plan.pace[:1] == THREE_ROUNDS[:1]
    assert model.plan.pace[1][0] == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupted_run_can_be_replayed(photographs: Path, plan: Plan, tmp_path: Path) -> None:
    model = sw.train(photographs, tmp_path / "run", plan=plan, threads=1, progress=stopping(5))
    again = sw.train(photographs, tmp_path / "again", plan=model.plan, threads=1)
    assert weights(again) == weights(model)


def test_a_second_ctrl_c_ends_at_once_and_resume_goes_on(
    photographs: Path, plan: Plan, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        sw.train(photographs, tmp_path / "run", plan=plan, threads=1, progress=stopping(5, times=2))
    assert not (tmp_path / "run" / "model").exists()
    with pytest.raises(ModelError, match="--resume"):
        sw.load(tmp_path / "run")
    resumed = sw.train(photographs, tmp_path / "run", resume=True, threads=1)
    whole = sw.train(photographs, tmp_path / "whole", plan=plan, threads=1)
    assert resumed.provenance["steps"] >= 5
    assert resumed.provenance["ended"] == "the planned training was completed"
    assert weights(resumed) == weights(whole)


def test_early_stopping_gives_its_reason(photographs: Path, tmp_path: Path) -> None:
    # Without a learning rate worth the name no round is better than the first.
    overrides = {**SMALL_2D, "patience": "2", "learning_rate": "1e-8", "average_steps": "0"}
    model = sw.train(photographs, tmp_path / "run", minutes=0.2, overrides=overrides, threads=1)
    assert model.provenance["ended"] == "no better validation score in 2 rounds"
    assert len(model.plan.pace) == 3
    assert model.provenance["minutes"] < 0.2


def test_a_plateau_lowers_the_rate_and_is_replayed_and_resumed_exactly(
    photographs: Path, tmp_path: Path
) -> None:
    # At such a rate no round is better than the first, until the rate has fallen and after.
    pace = [(2, (n + 1) / 6) for n in range(6)]
    overrides = {**SMALL_2D, "schedule": "plateau", "learning_rate": "1e-7", "warmup": "0"}
    plan = plan_of(photographs, pace, overrides=overrides)
    whole = sw.train(photographs, tmp_path / "whole", plan=plan, threads=1)
    rows = json.loads((tmp_path / "whole" / "provenance.json").read_text())["log"]
    assert [row["learning_rate"] for row in rows] == pytest.approx([1e-7] * 3 + [3e-8] * 2 + [9e-9])
    replayed = sw.train(photographs, tmp_path / "replayed", plan=whole.plan, threads=1)
    with pytest.raises(KeyboardInterrupt):
        sw.train(photographs, tmp_path / "cut", plan=plan, threads=1, progress=stopping(9, times=2))
    resumed = sw.train(photographs, tmp_path / "cut", resume=True, threads=1)
    assert weights(whole) == weights(replayed) == weights(resumed)


def test_a_finished_run_is_resumed_by_giving_its_model(photo_run: TinyRun) -> None:
    before = (photo_run.path / "model" / "model.json").stat().st_mtime_ns
    model = sw.train(photo_run.data, photo_run.path, resume=True)
    assert (photo_run.path / "model" / "model.json").stat().st_mtime_ns == before
    assert weights(model) == weights(sw.load(photo_run.path))


def test_a_run_folder_holds_what_the_contracts_say_and_nothing_else(photo_run: TinyRun) -> None:
    assert sorted(entry.name for entry in photo_run.path.iterdir() if entry.name != "evaluation") == [
        "failures.csv",
        "fingerprint.json",
        "log.csv",
        "model",
        "plan.json",
        "provenance.json",
        "settings.toml",
        "splits.json",
    ]
    assert sorted(entry.name for entry in (photo_run.path / "model").iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]
    provenance = json.loads((photo_run.path / "provenance.json").read_text())
    assert {"versions", "seed", "data", "steps", "minutes"} <= set(provenance)
    assert provenance["steps"] == 60
    assert [row["round"] for row in provenance["log"]] == [0, 1, 2]
    assert tomllib.loads((photo_run.path / "settings.toml").read_text())["seed"] == 0
    header = (photo_run.path / "log.csv").read_text().splitlines()[0]
    assert header == "round,step,progress,minutes,loss,score,learning_rate"


def test_no_file_of_a_run_is_a_pickle(photographs: Path, plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        sw.train(photographs, tmp_path / "run", plan=plan, threads=1, progress=stopping(5, times=2))
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert any("checkpoint" in path.parts for path in files)
    assert any("cache" in path.parts for path in files)
    for path in files:
        raw = path.read_bytes()
        # Pickles of protocol 2 and later start with \x80; torch's files are zips.
        assert not raw.startswith((b"\x80", b"PK")), path
        if path.suffix == ".npy":
            assert b"|O" not in raw[:200], path


def test_nothing_in_the_source_pickles() -> None:
    for path in Path(sw.__file__).parent.rglob("*.py"):
        text = path.read_text()
        for word in ("torch.load", "torch.save", "import pickle", "cPickle", "joblib", "allow_pickle=True"):
            if (path.name, word) == ("transfer.py", "torch.load"):  # of weights from elsewhere: tensors only
                assert text.count(word) == text.count("weights_only=True") == 1
            else:
                assert word not in text, f"{path}: {word}"


def test_resuming_where_there_is_no_run_is_refused(photographs: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "holiday" / "photos.txt", "sea")
    with pytest.raises(OutputError, match="no run here to resume"):
        sw.train(photographs, tmp_path / "holiday", resume=True)
    assert (tmp_path / "holiday" / "photos.txt").read_text() == "sea\n"


def test_a_folder_that_holds_something_is_refused_and_overwriting_spares_foreign_files(
    photographs: Path, plan: Plan, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    write_text(out / "thesis.txt", "years of work")
    write_text(out / "evaluation" / "notes.txt", "mine")
    with pytest.raises(OutputError, match="already holds something"):
        sw.train(photographs, out, plan=plan)
    assert sorted(entry.name for entry in out.iterdir()) == ["evaluation", "thesis.txt"]
    first = sw.train(photographs, out, plan=plan, overwrite=True, threads=1)
    with pytest.raises(OutputError):
        sw.train(photographs, out, plan=plan)
    second = sw.train(photographs, out, plan=replace(plan, seed=3), overwrite=True, threads=1)
    assert weights(second) != weights(first)
    assert weights(sw.load(out)) == weights(second)
    assert (out / "thesis.txt").read_text() == "years of work\n"
    assert (out / "evaluation" / "notes.txt").read_text() == "mine\n"


def test_a_checkpoint_of_another_plan_is_refused(photographs: Path, plan: Plan, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        sw.train(photographs, out, plan=plan, threads=1, progress=stopping(5, times=2))
    edited = json.loads((out / "plan.json").read_text()) | {"batch_size": 3}
    (out / "plan.json").write_text(json.dumps(edited))
    with pytest.raises(ModelError, match="another plan"):
        sw.train(photographs, out, resume=True, threads=1)


def test_a_plan_for_other_channels_is_refused(photographs: Path, plan: Plan, tmp_path: Path) -> None:
    three = replace(plan, channels=plan.channels * 3)
    with pytest.raises(SettingsError, match="number of channels"):
        sw.train(photographs, tmp_path / "run", plan=three)


def test_cases_that_do_not_fit_the_plan_are_listed_and_when_none_fits_it_ends(
    photographs: Path, plan: Plan, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"failures\.csv"):
        sw.train(photographs, tmp_path / "run", plan=replace(plan, label_values=(0, 7)), threads=1)
    assert "a value that the plan does not know" in (tmp_path / "run" / "failures.csv").read_text()


def test_a_loss_that_is_no_number_from_the_start_is_an_error(
    photographs: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SegmentationLearner, "step", overflowing(SegmentationLearner.step, after=0))
    with pytest.raises(ScanwrightError, match="learning_rate"):
        sw.train(photographs, tmp_path / "run", plan=plan, threads=1)


def test_a_loss_that_stops_being_a_number_keeps_the_best_weights_and_says_so(
    photographs: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SegmentationLearner, "step", overflowing(SegmentationLearner.step, after=4))
    model = sw.train(photographs, tmp_path / "run", plan=plan, threads=1)
    assert "stopped being a number; the best weights so far are kept" in model.provenance["ended"]
    assert model.plan.pace == tuple(THREE_ROUNDS)[:1]
    assert all(np.isfinite(value).all() for value in model.weights.values())


def test_one_batch_that_overflows_is_left_out(
    photographs: Path, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SegmentationLearner, "step", overflowing(SegmentationLearner.step, after=4, until=5))
    model = sw.train(photographs, tmp_path / "run", plan=plan, threads=1)
    assert model.provenance["ended"] == "the planned training was completed"
    assert all(np.isfinite(value).all() for value in model.weights.values())


def overflowing(step: Any, after: int, until: float = float("inf")) -> Any:
    """A learner's step whose loss is infinite from one call on to another."""
    calls = 0

    def overflow(self: Any, batch: Any, networks: Any) -> Any:
        nonlocal calls
        calls += 1
        losses = step(self, batch, networks)
        return (
            {name: loss * float("inf") for name, loss in losses.items()} if after < calls <= until else losses
        )

    return overflow


def test_minutes_given_beside_a_plan_are_kept(photographs: Path, plan: Plan, tmp_path: Path) -> None:
    fresh = replace(plan, pace=(), minutes=30.0)
    model = sw.train(photographs, tmp_path / "run", plan=fresh, minutes=0.01, threads=1)
    assert model.plan.minutes == 0.01
    assert model.provenance["minutes"] < 1


def test_the_minutes_include_reading_and_preparing(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scanwright.training import run

    asked: list[float] = []
    honest = run.fit

    def fit(*arguments: Any, started: float, **named: Any) -> Any:
        # As if reading and preparing had taken 0.6 seconds more than they did.
        fitted = honest(*arguments, started=started - 0.6, **named)
        asked.append(fitted.position.log[0]["minutes"])
        return fitted

    monkeypatch.setattr(run, "fit", fit)
    model = sw.train(photographs, tmp_path / "run", minutes=0.02, overrides=SMALL_2D, threads=1)
    assert asked[0] >= 0.01
    assert model.provenance["minutes"] >= 0.01


def test_what_was_edited_in_a_plan_is_named_as_overruled(
    photographs: Path, plan: Plan, tmp_path: Path
) -> None:
    fresh = plan_of(photographs, (), overrides=SMALL_2D, minutes=0.01)
    plain = fresh.to_json()
    plain |= {"optimiser": "sgd", "momentum": 0.0}
    plain["augmentation"]["noise"] = 0.25
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plain))
    model = sw.train(photographs, tmp_path / "run", plan=path, threads=1)
    assert {"optimiser", "augmentation.noise"} <= set(model.plan.overruled) - set(fresh.overruled)
    rows = {row["field"]: row for row in model.plan.decisions()}
    assert rows["optimiser"]["value"] == "sgd"
    assert rows["optimiser"]["reason"] == 'as the given plan says (by the rules: "muon")'
    assert rows["augmentation.noise"]["reason"] == "as the given plan says (by the rules: 0.1)"
    assert "loss" not in model.plan.overruled


def test_minutes_beside_a_plan_overrule_it(photographs: Path, tmp_path: Path) -> None:
    fresh = plan_of(photographs, (), overrides=SMALL_2D)
    model = sw.train(photographs, tmp_path / "run", plan=fresh, minutes=0.01, threads=1)
    assert model.plan.minutes == 0.01
    assert "minutes" in model.plan.overruled


@pytest.mark.parametrize("place", [".", "..", "images/run"])
def test_a_run_does_not_lie_among_the_scans_nor_the_scans_in_it(
    photographs: Path, tmp_path: Path, place: str
) -> None:
    before = sorted(path.name for path in photographs.rglob("*"))
    with pytest.raises(OutputError, match="among the scans"):
        sw.train(photographs, photographs / place, overwrite=True, minutes=0.01)
    assert sorted(path.name for path in photographs.rglob("*")) == before
