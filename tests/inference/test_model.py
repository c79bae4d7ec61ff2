"""Models are data: whole or refused, and no byte changes unnoticed."""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from scanwright.core.calibration import Calibration
from scanwright.core.conformal import Conformal
from scanwright.errors import ModelError
from scanwright.inference.model import Model, content_hash, load_model, save_model
from scanwright.inference.runtimes import open_runtime
from tiny import TinyRun


@pytest.fixture
def folder(photo_run: TinyRun, tmp_path: Path) -> Path:
    """A copy of a model, to be damaged."""
    return Path(shutil.copytree(photo_run.path / "model", tmp_path / "model"))


def test_a_saved_model_comes_back_as_it_was(photo_run: TinyRun, tmp_path: Path) -> None:
    model = load_model(photo_run.path)
    save_model(model, tmp_path / "copy")
    back = load_model(tmp_path / "copy")
    assert back.sha256 == model.sha256
    assert back.plan == model.plan
    assert back.provenance == model.provenance
    assert (tmp_path / "copy" / "weights.safetensors").read_bytes() == (
        photo_run.path / "model" / "weights.safetensors"
    ).read_bytes()


def test_a_run_is_accepted_wherever_a_model_is(photo_run: TinyRun) -> None:
    assert load_model(photo_run.path).sha256 == load_model(photo_run.path / "model").sha256


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json"])
def test_any_changed_byte_is_noticed(folder: Path, name: str) -> None:
    raw = (folder / name).read_bytes()
    for place in np.linspace(0, len(raw) - 2, 60).astype(int):
        changed = bytearray(raw)
        # A digit stays a digit, so that the JSON can still be read.
        changed[place] = raw[place] ^ 1
        with contextlib.suppress(ValueError):
            if name == "model.json" and json.loads(changed) == json.loads(raw):
                continue  # a digit that no number holds
        (folder / name).write_bytes(changed)
        with pytest.raises(ModelError):
            load_model(folder)
    (folder / name).write_bytes(raw)
    load_model(folder)


def test_a_truncated_file_is_noticed(folder: Path) -> None:
    raw = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(raw[:-5])
    with pytest.raises(ModelError, match="changed or damaged"):
        load_model(folder)


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json"])
def test_a_missing_file_is_named_or_said(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=r"missing|no model here"):
        load_model(folder)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model here"):
        load_model(tmp_path)
    with pytest.raises(ModelError, match="no model here"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("version", [2, 77, None, "1"])
def test_a_model_of_a_newer_version_is_refused(folder: Path, version: object) -> None:
    content = json.loads((folder / "model.json").read_text()) | {"schema_version": version}
    (folder / "model.json").write_text(json.dumps({**content, "sha256": content_hash(content)}))
    with pytest.raises(ModelError, match=r"another version.*Received"):
        load_model(folder)


def test_a_plan_of_a_newer_version_within_a_model_is_refused(folder: Path) -> None:
    content = json.loads((folder / "model.json").read_text())
    content["plan"]["schema_version"] = 99
    (folder / "model.json").write_text(json.dumps({**content, "sha256": content_hash(content)}))
    with pytest.raises(ModelError, match="another version"):
        load_model(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"schema_version": 1}'])
def test_senseless_model_files_are_refused(folder: Path, text: str) -> None:
    (folder / "model.json").write_text(text)
    with pytest.raises(ModelError):
        load_model(folder)


def test_weights_that_do_not_fit_the_plan_are_refused(photo_run: TinyRun) -> None:
    model = load_model(photo_run.path)
    name = next(iter(model.weights))
    for weights in (
        {key: value for key, value in model.weights.items() if key != name},
        {**model.weights, "foreign": np.zeros(3, np.float32)},
        {**model.weights, name: np.zeros((1, 1), np.float32)},
    ):
        with pytest.raises(ModelError, match="do not fit the plan"):
            open_runtime(model.plan, weights, "cpu")


def test_the_hash_follows_weights_decisions_and_thresholds_and_not_the_story(photo_run: TinyRun) -> None:
    model = load_model(photo_run.path)
    name = next(iter(model.weights))
    others = [
        replace(model, weights={**model.weights, name: model.weights[name] + 1}),
        replace(model, plan=replace(model.plan, overlap=0.1)),
        replace(model, thresholds={"x": 0.4}),
        replace(model, calibration=Calibration("temperature", 60, {"": 2.0})),
        replace(model, conformal=Conformal(0.9, {"disc": 0.2})),
    ]
    assert len({model.sha256, *(other.sha256 for other in others)}) == 6
    assert replace(model, provenance={}).sha256 == model.sha256


def test_loading_reads_data_and_runs_no_code(folder: Path) -> None:
    model = sw.load(folder)
    assert isinstance(model, Model)
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "weights.safetensors"]
    assert (folder / "weights.safetensors").read_bytes()[8:9] == b"{"  # the header of safetensors is JSON


def test_what_validation_cases_settle_is_saved_with_the_model_and_old_models_have_none(
    photo_run: TinyRun, tmp_path: Path
) -> None:
    fitted, sets = Calibration("temperature", 60, {"": 2.0}), Conformal(0.9, {"disc": 0.2}, {}, {"disc": 30})
    model = replace(load_model(photo_run.path), calibration=fitted, conformal=sets)
    save_model(model, tmp_path / "new")
    back = load_model(tmp_path / "new")
    assert (back.calibration, back.conformal, back.sha256) == (fitted, sets, model.sha256)
    content = json.loads((tmp_path / "new" / "model.json").read_text())
    old = {
        name: value for name, value in content.items() if name not in ("calibration", "conformal", "sha256")
    }
    (tmp_path / "new" / "model.json").write_text(json.dumps({**old, "sha256": content_hash(old)}))
    back = load_model(tmp_path / "new")
    assert (back.calibration, back.conformal) == (Calibration(), Conformal())
