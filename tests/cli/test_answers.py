"""From a manifest to predictions.csv, for every answer that a whole image may have."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from builders import write_picture, write_text
from commands import Command, Said
from tiny import SMALL_CLASSES, disc

SMALL = [word for name, value in SMALL_CLASSES.items() for word in ("--set", f"{name}={value}")]
N = 30


def manifest(root: Path, columns: Mapping[str, list[str]], n: int = N) -> Path:
    """Pictures with a disc in every second, and what is said of them."""
    rng = np.random.default_rng(4)
    lines = [",".join(("patient", "image", *columns))]
    for number in range(n):
        picture = disc(rng)[0] if number % 2 else rng.integers(0, 80, (24, 24)).astype(np.uint8)
        write_picture(root / f"c{number}.png", picture)
        cells = [column[number] for column in columns.values()]
        lines.append(",".join((f"p{number}", f"c{number}.png", *cells)))
    write_text(root / "manifest.csv", *lines)
    return root


def whole_way(command: Command, data: Path, out: Path, *more: str) -> tuple[Said, dict, list[dict[str, str]]]:
    """Plan, train, evaluate, predict: what training said, the evaluation, and the rows of predictions.csv."""
    planned = command("plan", data, "--out", out / "planned", "--minutes", 0.05, *SMALL, *more)
    assert planned.code == 0, planned.err
    trained = command("train", data, "--out", out / "run", "--minutes", 0.05, "--threads", 1, *SMALL, *more)
    assert trained.code == 0, trained.err
    for lang in ("en", "zh"):
        judged = command(
            "evaluate", out / "run", data, "--out", out / lang, "--lang", lang, "--threads", 1, "--json"
        )
        assert judged.code == 0, judged.err
    evaluation = json.loads((out / "zh" / "evaluation.json").read_text(encoding="utf-8"))
    assert judged.result["lead"]["name"] == evaluation["score"]
    predicted = command("predict", out / "run", data, "--out", out / "predicted", "--threads", 1)
    assert predicted.code == 0, predicted.err
    with (out / "predicted" / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        return trained, evaluation, list(csv.DictReader(stream))


def test_several_classes_at_once(tmp_path: Path, command: Command) -> None:
    held = ["|".join(("disc",) * (n % 2) + ("odd one",) * (n % 3 == 0)) for n in range(N)]
    data = manifest(tmp_path / "data", {"labels": held})
    said, evaluation, rows = whole_way(command, data, tmp_path)
    assert "multilabel, 30 cases" in said.out
    assert evaluation["classes"] == ["disc", "odd one"]
    assert set(evaluation["curves"]["roc"]) == {"disc", "odd one"}
    assert all(isinstance(record["truth"], list) for record in evaluation["records"])
    assert list(rows[0]) == ["case", "disc", "odd one", "predicted"]
    assert len(rows) == N
    assert all(set(filter(None, row["predicted"].split("|"))) <= {"disc", "odd one"} for row in rows)
    assert "How well the model finds each class" in (tmp_path / "en" / "report.html").read_text("utf-8")
    assert "模型识别各类别得如何" in (tmp_path / "zh" / "report.html").read_text(encoding="utf-8")


def test_grades(tmp_path: Path, command: Command) -> None:
    data = manifest(tmp_path / "data", {"label": [("none", "some", "much")[n % 3] for n in range(N)]})
    refused = command("plan", data, "--out", tmp_path / "plan", "--task", "ordinal")
    assert refused.code == 2
    assert "--set classes=" in refused.err
    order = ("--task", "ordinal", "--set", "classes=none,some,much")
    _, evaluation, rows = whole_way(command, data, tmp_path, *order)
    assert evaluation["confusion"]["classes"] == ["none", "some", "much"]
    assert {number["name"] for number in evaluation["numbers"]} >= {"kappa", "grade_error", "within_one"}
    # The median grade may be another than the most probable one; then that is noted.
    assert list(rows[0])[:5] == ["case", "none", "some", "much", "predicted"]
    assert "模型分级得如何" in (tmp_path / "zh" / "report.html").read_text(encoding="utf-8")


def test_a_number(tmp_path: Path, command: Command) -> None:
    sizes = [f"{10 * (n % 2) + 0.1 * n}" for n in range(90)]
    columns = {"value:size": sizes, "value:other": ["1"] * 90}
    data = manifest(tmp_path / "data", columns, 90)
    refused = command("train", data, "--out", tmp_path / "no", "--quiet")
    assert refused.code == 2
    assert "--set target=size or --set target=other" in refused.err
    said, evaluation, rows = whole_way(command, data, tmp_path, "--set", "target=size")
    assert "regression, 90 cases" in said.out
    assert evaluation["agreement"]["target"] == "size"
    numbers = {number["name"]: number for number in evaluation["numbers"]}
    assert {"mae", "rmse", "r2", "pearson", "spearman", "bias", "coverage"} <= set(numbers)
    assert numbers["coverage"]["low"] is None or numbers["coverage"]["low"] <= numbers["coverage"]["value"]
    assert list(rows[0]) == ["case", "predicted", "low", "high"]
    half = evaluation["agreement"]["half_width"]
    assert all(float(r["high"]) - float(r["low"]) == pytest.approx(2 * half, rel=1e-3) for r in rows)
    page = (tmp_path / "en" / "report.html").read_text(encoding="utf-8")
    assert "Bland" in page
    assert page.count("<svg") >= 3
    resumed = command("train", data, "--out", tmp_path / "run", "--resume")
    assert resumed.code == 0
    assert "regression" in resumed.out


def test_too_few_validation_cases_give_no_interval_and_say_so(tmp_path: Path, command: Command) -> None:
    data = manifest(tmp_path / "data", {"value:size": [str(n) for n in range(12)]}, 12)
    said, evaluation, rows = whole_way(command, data, tmp_path)
    assert "validation cases are too few" in said.out
    assert {(row["low"], row["high"]) for row in rows} == {("", "")}
    assert evaluation["agreement"]["half_width"] is None
    assert "Single predictions have no interval" in (tmp_path / "en" / "report.html").read_text("utf-8")


def test_enough_validation_cases_give_calibrated_probabilities_and_say_whom_to_refer(
    command: Command, tmp_path: Path
) -> None:
    n = 200
    names = ["disc" if number % 2 else "none" for number in range(n)]
    data = manifest(tmp_path / "data", {"label": names}, n)
    trained, evaluation, rows = whole_way(command, data, tmp_path, "--set", "interval_level=0.8")
    assert "too few validation cases" not in trained.out
    assert {"possible", "refer", "reason"} <= set(rows[0])
    assert {row["refer"] for row in rows} <= {"yes", "no"}
    assert all((row["refer"] == "yes") == bool(row["reason"]) for row in rows)
    assert all(row["refer"] == "yes" or row["possible"] == row["predicted"] for row in rows)
    content = json.loads((tmp_path / "run" / "model" / "model.json").read_text())
    assert content["calibration"]["method"] == "temperature"
    assert content["conformal"]["level"] == 0.8
    names = {number["name"] for number in evaluation["numbers"]}
    assert {"brier", "brier_before", "ece", "ece_before", "set_coverage", "referred"} <= names
    assert set(evaluation["reliability"]) == {"before", "after"}
    page = (tmp_path / "en" / "report.html").read_text()
    assert "Are the probabilities right?" in page
    assert "at least 80 %" in page
