"""What planning and training say plainly: too little time, nothing learnt, and what is refused at once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from builders import class_folders, write_picture, write_text
from commands import Command
from scanwright.errors import ScanwrightError
from scanwright.io.files import write_json
from scanwright.tasks.base import has_learnt_nothing
from scanwright.tasks.catalogue import TASKS
from tiny import SMALL_2D, SMALL_CLASSES, disc_classes, disc_photographs, plan_of


def numbers(root: Path, names: tuple[str, ...] = ("age",), n: int = 24) -> Path:
    """Noise, and numbers that nothing in it tells."""
    rng = np.random.default_rng(5)
    lines = [",".join(["image", *(f"value:{name}" for name in names)])]
    for case in range(n):
        write_picture(root / f"c{case}.png", rng.integers(0, 200, (24, 24)).astype(np.uint8))
        lines.append(",".join([f"c{case}.png", *(f"{rng.normal():.3f}" for _ in names)]))
    write_text(root / "manifest.csv", *lines)
    return root


@pytest.mark.parametrize("name", TASKS)
def test_a_score_at_chance_is_nothing_learnt_and_a_good_one_is(name: str) -> None:
    task = TASKS[name]
    assert has_learnt_nothing(task, task.chance)
    assert has_learnt_nothing(task, float("nan"))
    assert not has_learnt_nothing(task, task.chance + 0.3)


def test_a_training_that_learnt_nothing_says_so_and_what_to_do(tmp_path: Path, command: Command) -> None:
    data = numbers(tmp_path / "data")
    plan = plan_of(data, ((2, 1.0),), overrides=SMALL_CLASSES | {"learning_rate": "1e-8"})
    write_json(tmp_path / "plan.json", plan.to_json())
    options = ("--plan", tmp_path / "plan.json", "--threads", 1, "--json")
    said = command("train", data, "--out", tmp_path / "run", *options)
    assert said.code == 0
    assert "no better than knowing nothing (r2 0): do not use this model" in said.out
    assert "more --minutes" in said.out
    assert "2 steps are too few to learn much" in said.out
    assert said.result["learnt_nothing"] is True
    said = command("predict", tmp_path / "run", data / "c0.png", "--out", tmp_path / "out", "--threads", 1)
    assert "The model on validation cases: r2 " in said.out
    assert "no better than knowing nothing: do not rely" in said.out


def test_a_validation_of_one_class_gives_no_score_and_that_is_said(tmp_path: Path, command: Command) -> None:
    data = disc_classes(tmp_path / "data")
    lines = ["case,image,label,split"]
    for number in range(7):
        lines.append(f"d{number},disc/d{number}.png,disc,{'train' if number < 6 else 'test'}")
        lines.append(f"n{number},nothing/n{number}.png,nothing,{'train' if number < 5 else 'val'}")
    write_text(data / "manifest.csv", *lines)
    plan = plan_of(data, ((2, 0.5), (2, 1.0)), overrides=SMALL_CLASSES)
    write_json(tmp_path / "plan.json", plan.to_json())
    options = ("--plan", tmp_path / "plan.json", "--threads", 1, "--json")
    said = command("train", data, "--out", tmp_path / "run", *options)
    assert said.code == 0
    assert "Best validation score undefined" in said.out
    assert "the validation cases give no auroc" in said.out
    assert "no better than knowing nothing" not in said.out
    assert said.result["score"] is None
    story = sw.load(tmp_path / "run").provenance
    assert (story["best_score"], story["best_round"]) == (None, 1)
    picture = data / "disc" / "d6.png"
    said = command("predict", tmp_path / "run", picture, "--out", tmp_path / "out", "--threads", 1)
    assert "validation cases gave no auroc" in said.out


@pytest.mark.parametrize(
    ("minutes", "folds", "warned"), [(0.003, 1, True), (0.006, 3, True), (500, 1, False)]
)
def test_a_plan_for_too_few_minutes_warns_and_says_how_many_it_takes(
    tmp_path: Path, command: Command, minutes: float, folds: int, warned: bool
) -> None:
    small = [word for name, value in SMALL_2D.items() for word in ("--set", f"{name}={value}")]
    data = disc_photographs(tmp_path / "data")
    options = ("--minutes", minutes, "--folds", folds, "--json", *small)
    said = command("plan", data, "--out", tmp_path / "plan", *options)
    assert (said.result["steps"] < 100) is warned
    least = re.search(r"too few steps to learn much.*Give --minutes (\S+) or more", said.out)
    assert (least is not None) is warned
    assert ("fewer --folds" in said.out) is (folds > 1)
    if least:
        assert float(least[1]) >= said.result["least_minutes"] > minutes


@pytest.mark.parametrize(
    ("kind", "settings", "word"),
    [
        ("numbers", {}, "several numbers"),
        ("numbers", {"overrides": {"target": "height"}}, "no number of this name"),
        ("numbers", {"task": "segmentation"}, "learns from a mask"),
        ("numbers", {"task": "grading"}, "no such task"),
        ("classes", {"task": "ordinal"}, "order of the classes is not known"),
        ("classes", {"task": "ordinal", "overrides": {"classes": "a,b"}}, "other classes than the data"),
        ("few", {}, "nothing to tell apart"),
    ],
)
def test_what_no_image_is_needed_for_is_refused_before_one_is_read(
    tmp_path: Path, kind: str, settings: dict[str, object], word: str
) -> None:
    if kind == "numbers":
        data = numbers(tmp_path / "data", ("age", "weight"))
    else:
        data = class_folders(tmp_path / "data", per_class=6 if kind == "classes" else 2)
    stages: list[str] = []
    for verb in (sw.plan, lambda *given, **more: sw.train(*given, tmp_path / "run", **more)):
        with pytest.raises(ScanwrightError, match=word):
            verb(data, progress=lambda stage, *told: stages.append(stage), **settings)
    assert stages == []
