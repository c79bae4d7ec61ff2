"""Uncertainty of single answers, and warnings before the network runs."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from builders import write_picture
from commands import Command
from scanwright.core.familiarity import Familiarity
from scanwright.data.prediction import ClassPrediction, MaskPrediction
from scanwright.errors import SettingsError
from scanwright.inference.members import join_members
from scanwright.inference.model import content_hash, load_model
from scanwright.io.dataset import open_inputs
from tiny import TinyRun, disc


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A picture like those learnt from, and one that is upside down in all: checks of single pixels."""
    picture, _ = disc(np.random.default_rng(5))
    write_picture(tmp_path / "new" / "usual.png", picture)
    checks = (255 * (np.indices((24, 24)).sum(axis=0) % 2)).astype(np.uint8)
    write_picture(tmp_path / "new" / "odd.png", checks)
    return tmp_path / "new"


def test_an_odd_picture_is_warned_of_before_the_network_runs(class_run: TinyRun, pictures: Path) -> None:
    said: list[tuple[str, str]] = []
    model = sw.load(class_run.path)
    assert model.familiar.is_learnt
    cases = open_inputs(pictures).cases

    def listen(stage: str, done: float, total: float, note: str = "") -> None:
        said.append((stage, note))

    for case, prediction in model.run(cases, threads=1, progress=listen):
        assert prediction.strangeness is not None
        assert (prediction.strangeness > 1) == (case.name == "odd")
    kinds = [stage for stage, _ in said]
    assert kinds.index("Warning") < len(kinds)
    assert all(note.startswith("odd: ") for stage, note in said if stage == "Warning")


def test_warnings_are_listed_case_by_case(
    class_run: TinyRun, pictures: Path, tmp_path: Path, command: Command
) -> None:
    said = command("predict", class_run.path, pictures, "--out", tmp_path / "out", "--threads", 1)
    assert "Do not rely on it there" in said.out
    listed = rows(tmp_path / "out" / "warnings.csv")
    assert {row["case"] for row in listed} == {"odd"}
    assert all(row["kind"].startswith("unlike.") and "(n = 1)" in row["warning"] for row in listed)


def test_a_model_of_before_warns_of_nothing(class_run: TinyRun, pictures: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(class_run.path / "model", tmp_path / "model"))
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del content["familiar"], content["sha256"]
    (folder / "model.json").write_text(json.dumps({**content, "sha256": content_hash(content)}))
    model = load_model(folder)
    assert model.familiar == Familiarity()
    assert model.sha256 != load_model(class_run.path).sha256
    assert [one.strangeness for one in model.predict(pictures)] == [None, None]


@pytest.mark.parametrize("method", ["tta", "dropout"])
def test_of_whole_images_it_stands_in_the_table(
    class_run: TinyRun, pictures: Path, tmp_path: Path, method: str
) -> None:
    model = sw.load(class_run.path)
    network = replace(model.plan.network, dropout=0.3)
    model = replace(model, plan=replace(model.plan, network=network))
    found = sw.predict(model, pictures, tmp_path / "out", threads=1, uncertainty=method)
    for row, one in zip(rows(tmp_path / "out" / "predictions.csv"), found.predictions, strict=True):
        assert isinstance(one, ClassPrediction)
        assert one.uncertainty is not None
        assert one.sampled is not None
        assert 0 <= one.sampled.disagreement <= one.sampled.total <= 1
        assert float(row["uncertainty"]) == pytest.approx(one.sampled.total, abs=1e-6)


def test_of_masks_each_voxel_has_one_on_the_grid_of_the_image(volume_run: TinyRun, tmp_path: Path) -> None:
    cases = sw.open(volume_run.data).cases[:2]
    model = sw.load(volume_run.path)
    for case, prediction in model.run(cases, threads=1, uncertainty="tta"):
        assert isinstance(prediction, MaskPrediction)
        assert prediction.sampled is not None
        assert prediction.sampled.voxels is not None
        voxels = prediction.sampled.voxels.read()
        assert voxels.same_grid(case.image.read())
        assert voxels.array.min() >= -1e-5
        assert voxels.array.max() <= 1 + 1e-5
        assert 0 <= prediction.sampled.disagreement <= prediction.sampled.total <= 1


def test_members_that_agree_leave_no_disagreement(class_run: TinyRun, pictures: Path) -> None:
    model = sw.load(class_run.path)
    twice = replace(model, weights=join_members([model.weights, model.weights]))
    cases = open_inputs(pictures).cases
    for _, one in twice.run(cases, threads=1, uncertainty="ensemble"):
        assert isinstance(one, ClassPrediction)
        assert one.sampled is not None
        assert one.sampled.disagreement == pytest.approx(0, abs=1e-4)
        assert one.sampled.total == pytest.approx(one.uncertainty, abs=1e-4)


@pytest.mark.parametrize(
    ("method", "said"), [("bayes", "no such uncertainty"), ("ensemble", "single network")]
)
def test_what_a_model_lacks_is_said(class_run: TinyRun, pictures: Path, method: str, said: str) -> None:
    model = sw.load(class_run.path)
    cases = open_inputs(pictures).cases
    with pytest.raises(SettingsError, match=said):
        list(model.run(cases, threads=1, uncertainty=method))
    plain = replace(model, plan=replace(model.plan, network=replace(model.plan.network, dropout=0.0)))
    with pytest.raises(SettingsError, match="without dropout"):
        list(plain.run(cases, threads=1, uncertainty="dropout"))
