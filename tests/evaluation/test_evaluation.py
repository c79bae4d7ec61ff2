"""Evaluations: cases that were never learnt from, strict JSON, one page that needs no network."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scanwright as sw
from builders import write_nifti, write_picture
from commands import Command
from scanwright.core.conformal import Conformal
from scanwright.errors import DataError, SettingsError
from scanwright.inference.model import load_model
from tiny import (
    SMALL_2D,
    SMALL_3D,
    THREE_ROUNDS,
    TinyRun,
    ball_volumes,
    disc,
    disc_classes,
    disc_photographs,
    plan_of,
)

KEYS = {
    "schema_version", "task", "created", "research_use", "data", "model", "split", "n_patients", "n_cases",
    "classes", "tolerance_mm", "unit", "numbers", "records", "confusion", "curves", "training", "flow",
    "set_aside", "plan", "provenance", "baselines", "thresholds",
}  # fmt: skip
NUMBER_KEYS = {"name", "group", "value", "low", "high", "level", "method", "n", "n_patients", "unit"}


def strict(path: Path) -> dict[str, Any]:
    """JSON without the words that JSON does not have."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return dict(json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse))


def splits(run: TinyRun) -> dict[str, str]:
    return dict(json.loads((run.path / "splits.json").read_text())["of"])


@pytest.mark.parametrize("kind", ["photo_run", "volume_run", "class_run"])
def test_the_file_is_strict_json_with_everything_the_contract_names(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run: TinyRun = request.getfixturevalue(kind)
    sw.evaluate(run.path, run.data, tmp_path / "out", threads=1)
    content = strict(tmp_path / "out" / "evaluation.json")
    assert set(content) >= KEYS
    assert all(set(number) >= NUMBER_KEYS for number in content["numbers"])
    names = {number["name"] for number in content["numbers"]}
    if content["task"] == "segmentation":
        assert {"dice", "surface_dice", "hd95"} <= names
        assert content["confusion"] is None
        assert content["unit"] == ("px" if kind == "photo_run" else "mm")
    else:
        assert {
            "accuracy",
            "balanced_accuracy",
            "precision",
            "recall",
            "f1",
            "auroc",
            "average_precision",
        } <= names
        assert np.sum(content["confusion"]["matrix"]) == content["n_cases"]
        assert set(content["curves"]["roc"]) == set(content["classes"]) == {"disc", "nothing"}
    assert content["model"]["hash"] == sw.load(run.path).sha256
    for number in content["numbers"]:
        if number["value"] is not None and number["low"] is not None:
            assert number["low"] <= number["value"] + 1e-9
            assert number["value"] <= number["high"] + 1e-9


def test_only_test_cases_are_judged_unless_others_are_asked_for(photo_run: TinyRun) -> None:
    of = splits(photo_run)
    for split in ("test", "val", "all"):
        evaluation = sw.evaluate(photo_run.path, photo_run.data, split=split, threads=1)
        judged = {record["case"] for record in evaluation.content["records"]}
        assert judged == {name for name, own in of.items() if split in ("all", own)}
        assert ("flatter" in evaluation.content["how_chosen"]) == (split != "test")


def test_the_numbers_follow_from_the_records(volume_run: TinyRun) -> None:
    evaluation = sw.evaluate(volume_run.path, volume_run.data, split="all", threads=1)
    for name in evaluation.content["classes"]:
        dice = [record["classes"][name]["dice"] for record in evaluation.content["records"]]
        assert evaluation.number("dice", name)["value"] == pytest.approx(np.nanmean(dice))
    assert evaluation.number("dice")["value"] > 0.5
    with pytest.raises(SettingsError, match="no such number"):
        evaluation.number("beauty")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["volume_run", "class_run"])
def test_the_report_is_one_file_that_loads_nothing(
    kind: str, lang: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    run: TinyRun = request.getfixturevalue(kind)
    sw.evaluate(run.path, run.data, tmp_path / "out", lang=lang, threads=1)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f'lang="{lang}' in page
    assert ("Research use only" in page) if lang == "en" else ("诊断" in page)
    assert not re.findall(r"""(?:src|href|url\()\s*=?\s*["']?(?:https?:)?//""", page)
    assert "<script src" not in page
    assert "<link" not in page or 'rel="stylesheet"' not in page
    assert "data:image/" in page or "<svg" in page


def test_another_hospitals_cases_are_all_judged(photo_run: TinyRun, tmp_path: Path) -> None:
    rng = np.random.default_rng(77)
    for number in range(3):
        picture, inside = disc(rng)
        write_picture(tmp_path / "data" / "images" / f"new{number}.png", picture)
        write_picture(tmp_path / "data" / "masks" / f"new{number}.png", inside.astype(np.uint8))
    evaluation = sw.evaluate(photo_run.path, tmp_path / "data", tmp_path / "out", threads=1)
    assert evaluation.content["n_cases"] == 3
    assert "none bears the name of a case of the training run" in evaluation.content["how_chosen"]
    assert evaluation.content["split"] == "external"
    assert evaluation.content["flow"] == {"found": 3, "set_aside": 0, "judged": 3}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "cases from outside the training run" in page
    assert "the test set" not in page


def test_the_flow_is_of_these_cases_where_not_all_of_the_run_are_here(
    photo_run: TinyRun, tmp_path: Path
) -> None:
    tested = [name for name, split in splits(photo_run).items() if split == "test"]
    for name in tested:
        for kind in ("images", "masks"):
            (tmp_path / "data" / kind).mkdir(parents=True, exist_ok=True)
            shutil.copy(photo_run.data / kind / f"{name}.png", tmp_path / "data" / kind)
    content = sw.evaluate(photo_run.path, tmp_path / "data", threads=1).content
    assert content["split"] == "test"
    assert content["flow"] == {"found": len(tested), "set_aside": 0, "judged": len(tested)}


def test_another_hospitals_case_is_not_taken_for_the_runs_own_because_of_its_name(
    photo_run: TinyRun, tmp_path: Path
) -> None:
    rng = np.random.default_rng(78)
    for name in splits(photo_run):
        picture, inside = disc(rng)
        write_picture(tmp_path / "data" / "images" / f"{name}.png", picture)
        write_picture(tmp_path / "data" / "masks" / f"{name}.png", inside.astype(np.uint8))
    content = sw.evaluate(photo_run.path, tmp_path / "data", threads=1).content
    assert content["split"] == "external"
    assert content["n_cases"] == len(splits(photo_run))


def name_classes(data: Path, **names: int) -> Path:
    content = {"labels": {"background": 0, **names}, "channel_names": {"0": "MR"}}
    (data / "dataset.json").write_text(json.dumps(content))
    return data


def test_classes_of_other_names_are_refused_and_those_that_differ_a_little_are_doubted(
    tmp_path: Path,
) -> None:
    data = name_classes(ball_volumes(tmp_path / "data"), ball=2, core=4)
    plan = plan_of(data, THREE_ROUNDS, overrides=SMALL_3D)
    model = sw.train(data, tmp_path / "run", plan=plan, threads=1)
    name_classes(data, liver=2, kidney=4)
    with pytest.raises(
        DataError, match=r"not those that the model knows.*Expected ball, core.*liver, kidney"
    ):
        sw.evaluate(model, data, threads=1)
    name_classes(data, BALL=2, kidney=4)
    content = sw.evaluate(model, data, tmp_path / "out", threads=1).content
    assert content["doubts"] == [{"kind": "class_names", "expected": "core", "received": "kidney", "n": 1}]
    assert "make sure that" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_of_two_cases_the_worst_and_the_best_are_drawn(photo_run: TinyRun, tmp_path: Path) -> None:
    rng = np.random.default_rng(79)
    for number in range(2):
        picture, inside = disc(rng)
        write_picture(tmp_path / "data" / "images" / f"new{number}.png", picture)
        write_picture(tmp_path / "data" / "masks" / f"new{number}.png", inside.astype(np.uint8))
    pictures = sw.evaluate(photo_run.path, tmp_path / "data", threads=1).pictures
    ranks = [{"worst", "best"} & {picture.rank, *picture.also} for picture in pictures]
    assert ranks == [{"worst"}, {"best"}]


def test_a_picture_that_was_learnt_from_is_refused_under_any_name(photo_run: TinyRun, tmp_path: Path) -> None:
    known = next(name for name, split in splits(photo_run).items() if split == "train")
    picture, inside = disc(np.random.default_rng(77))
    for kind, array in (("images", picture), ("masks", inside.astype(np.uint8))):
        write_picture(tmp_path / "data" / kind / "new.png", array)
        shutil.copy(photo_run.data / kind / f"{known}.png", tmp_path / "data" / kind / "renamed.png")
    evaluation = sw.evaluate(photo_run.path, tmp_path / "data", threads=1)
    assert [record["case"] for record in evaluation.content["records"]] == ["new"]
    assert [entry.case for entry in evaluation.set_aside] == ["renamed"]
    assert "learnt from this very image" in evaluation.set_aside[0].reason


def test_a_model_that_travels_alone_still_knows_its_own_pictures(photo_run: TinyRun, tmp_path: Path) -> None:
    shutil.copytree(photo_run.path / "model", tmp_path / "model")
    evaluation = sw.evaluate(tmp_path / "model", photo_run.data, threads=1)
    judged = {record["case"] for record in evaluation.content["records"]}
    assert judged == {name for name, split in splits(photo_run).items() if split == "test"}
    assert len(evaluation.set_aside) == 9 - len(judged)


def test_cases_that_can_not_be_judged_are_listed(
    volume_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    data = ball_volumes(tmp_path / "data", 3)
    for number in range(3):
        # New pictures, and one mask on another grid.
        image = np.random.default_rng(number).integers(0, 90, (20, 18, 16)).astype(np.int16)
        write_nifti(data / "imagesTr" / f"scan{number}.nii.gz", image)
    write_nifti(data / "labelsTr" / "scan1.nii.gz", np.zeros((5, 5, 5), np.uint8))
    for number in range(3):
        for folder in ("imagesTr", "labelsTr"):
            (data / folder / f"scan{number}.nii.gz").rename(data / folder / f"other{number}.nii.gz")
    said = command("evaluate", volume_run.path, data, "--out", tmp_path / "out", "--json", "--threads", 1)
    assert said.code == 3
    assert said.result["set_aside"] == 1
    assert "other1" in (tmp_path / "out" / "failures.csv").read_text()
    assert strict(tmp_path / "out" / "evaluation.json")["n_cases"] == 2


def test_a_dataset_of_another_kind_is_refused(photo_run: TinyRun, tmp_path: Path, command: Command) -> None:
    data = disc_classes(tmp_path / "data", 3)
    said = command("evaluate", photo_run.path, data, "--out", tmp_path / "out", "--threads", 1)
    assert said.code == 1
    assert "its cases cannot judge this" in said.err


def test_splits_and_languages_that_do_not_exist_are_refused(
    photo_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    for option, value in (("--split", "holiday"), ("--lang", "tlh")):
        said = command("evaluate", photo_run.path, photo_run.data, "--out", tmp_path / "out", option, value)
        assert said.code == 2
        assert value in said.err
    assert not (tmp_path / "out" / "evaluation.json").exists()


def test_a_run_in_which_no_case_is_left_is_an_error(photo_run: TinyRun, tmp_path: Path) -> None:
    known = [name for name, split in splits(photo_run).items() if split == "train"][:2]
    for name in known:
        for kind in ("images", "masks"):
            (tmp_path / "data" / kind).mkdir(parents=True, exist_ok=True)
            shutil.copy(photo_run.data / kind / f"{name}.png", tmp_path / "data" / kind / f"{name}.png")
    with pytest.raises(DataError, match="no case of the split 'test'"):
        sw.evaluate(photo_run.path, tmp_path / "data", threads=1)


def test_the_evaluation_stands_beside_the_run_by_default_and_is_replaced_on_request(
    tmp_path: Path, command: Command
) -> None:
    data = disc_photographs(tmp_path / "data")
    sw.train(data, tmp_path / "run", plan=plan_of(data, THREE_ROUNDS, overrides=SMALL_2D), threads=1)
    said = command("evaluate", tmp_path / "run", data, "--threads", 1)
    assert said.code == 0
    assert "dice" in said.out
    assert (tmp_path / "run" / "evaluation" / "report.html").is_file()
    (tmp_path / "run" / "evaluation" / "note.txt").write_text("mine")
    assert command("evaluate", tmp_path / "run", data, "--threads", 1).code == 1
    assert command("evaluate", tmp_path / "run", data, "--threads", 1, "--overwrite").code == 0
    assert (tmp_path / "run" / "evaluation" / "note.txt").read_text() == "mine"


def test_numbers_of_simpler_methods_stand_beside_the_models(class_run: TinyRun, tmp_path: Path) -> None:
    simple = {"name": "auroc", "group": "", "value": 0.5, "low": None, "high": None, "comparator": "chance",
              "level": 0.95, "unit": "", "n": 3, "n_patients": 3}  # fmt: skip
    sw.evaluate(class_run.path, class_run.data, tmp_path / "out", baselines=[simple], threads=1)
    assert strict(tmp_path / "out" / "evaluation.json")["baselines"] == [simple]


def test_costs_of_ones_own_are_counted_and_refused_where_answers_have_none(
    class_run: TinyRun, photo_run: TinyRun, tmp_path: Path
) -> None:
    table = tmp_path / "costs.csv"
    table.write_text("truth,disc,nothing\ndisc,0,5\nnothing,1,0\n")
    content = sw.evaluate(class_run.path, class_run.data, tmp_path / "out", costs=table, threads=1).content
    assert content["costs"] == {
        "classes": ["disc", "nothing"],
        "matrix": [[0, 5], [1, 0]],
        "balanced": False,
    }
    assert {"expected_cost", "least_expected_cost"} <= {number["name"] for number in content["numbers"]}
    assert "nothing where disc is true: 5" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    with pytest.raises(SettingsError, match="one class of several"):
        sw.evaluate(photo_run.path, photo_run.data, costs=table)


def test_what_is_measured_is_the_referral_that_predictions_give(class_run: TinyRun, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for n in range(6):  # every other picture is of quite another size than those learnt from
        side = 24 if n % 2 else 96
        write_picture(tmp_path / "data" / "disc" / f"d{n}.png", disc(rng, side)[0])
        other = rng.integers(0, 80, (side, side)).astype(np.uint8)
        write_picture(tmp_path / "data" / "nothing" / f"n{n}.png", other)
    sets = Conformal(0.9, {"disc": 0.5, "nothing": 0.5})
    loaded = load_model(class_run.path)
    learnt = {"shape": {"smallest": [24, 24, 1], "largest": [24, 24, 1]}}
    model = replace(loaded, conformal=sets, provenance={**loaded.provenance, "data": learnt})
    answers = {
        one.case: one.referral for one in sw.predict(model, tmp_path / "data", tmp_path / "out").predictions
    }
    evaluation = sw.evaluate(model, tmp_path / "data", threads=1)
    reasons = {record["case"]: record["refer"] for record in evaluation.content["records"]}
    assert reasons == {case: referral.reason for case, referral in answers.items()}
    strange = [case for case, reason in reasons.items() if "size is 96 pixels" in reason]
    assert len(strange) == 6
    assert evaluation.number("referred")["value"] >= 0.5
    rows = {
        row["case"]: row
        for row in csv.DictReader((tmp_path / "out" / "predictions.csv").read_text().splitlines())
    }
    assert {case: row["reason"] for case, row in rows.items()} == reasons
