"""Ensembles: no patient in two folds, no answer for what was learnt from; runs go on and are replayed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scanwright as sw
import tiny
from builders import write_picture
from commands import Command
from ctrl_c import stopping
from scanwright.data.plan import Plan
from scanwright.errors import DataError, ModelError, SettingsError
from scanwright.inference.members import split_members
from scanwright.inference.predict import predict_array
from scanwright.inference.runtimes import open_runtime
from scanwright.tasks.base import score_of
from scanwright.tasks.catalogue import find_task
from scanwright.training.cache import prepare_examples
from scanwright.training.fit import measure_example
from scanwright.types import silent
from tiny import SMALL_2D, SMALL_CLASSES, disc, disc_classes, disc_photographs, weights

PACES = [[[3, 0.3], [4, 1.0]], [[2, 0.5], [3, 1.0]], [[3, 0.6], [2, 1.0]]]


def ensemble_plan(data: Path, paces: Any = PACES, folds: int = 3, **settings: Any) -> Plan:
    """A plan of three members with recorded paces: training it takes exactly those steps."""
    plan = sw.plan(data, folds=folds, **settings).plan
    return Plan.from_json({**plan.to_json(), "paces": paces})


def patients_of_two(root: Path, n: int = 8) -> Path:
    """Photographs, two of each patient."""
    rng = np.random.default_rng(4)
    for patient in range(n):
        for visit in "ab":
            picture, inside = disc(rng)
            write_picture(root / "images" / f"P{patient}_{visit}.png", picture)
            write_picture(root / "masks" / f"P{patient}_{visit}.png", inside.astype(np.uint8))
    return root


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return disc_photographs(tmp_path_factory.mktemp("photographs"), 12)


@pytest.fixture(scope="module")
def plan(photographs: Path) -> Plan:
    return ensemble_plan(photographs, overrides=SMALL_2D)


@pytest.fixture(scope="module")
def run(photographs: Path, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ensemble") / "run"
    sw.train(photographs, out, plan=plan, threads=1)
    return out


def test_patients_never_straddle_folds_and_test_cases_are_in_none(tmp_path: Path) -> None:
    data = sw.open(patients_of_two(tmp_path / "data"), patient_pattern=r"(P\d+)_")
    model = sw.train(data, tmp_path / "run", plan=ensemble_plan(data, overrides=SMALL_2D), threads=1)
    splits = json.loads((tmp_path / "run" / "splits.json").read_text())
    folds, sides = splits["folds"], splits["of"]
    assert set(sides.values()) == {"train", "test"}
    assert set(folds) == {name for name, side in sides.items() if side == "train"}
    assert set(folds.values()) == {0, 1, 2}
    assert all(folds[name] == folds[name.replace("_a", "_b")] for name in folds)
    assert "train and val together in 3 folds" in splits["how"]
    told = {n: member["cases"] for n, member in model.provenance["members"].items()}
    for n, cases in told.items():
        assert cases["val"] == list(folds.values()).count(int(n))
        assert cases["train"] + cases["val"] == len(folds)


def test_test_cases_are_not_even_read_when_the_ensemble_is_trained(
    photographs: Path, plan: Plan, run: Path, tmp_path: Path
) -> None:
    tests = [
        name for name, side in json.loads((run / "splits.json").read_text())["of"].items() if side == "test"
    ]
    data = sw.open(photographs)
    seen: list[str] = []

    def progress(stage: str, done: float, total: float, note: str = "") -> None:
        if stage != "Reading":  # facts are gathered of all, and test cases left out of them
            seen.append(note)

    sw.train(data, tmp_path / "run", plan=plan, threads=1, progress=progress)
    assert tests
    assert {case.name for case in data.cases} - set(seen) == set(tests)


def test_the_answer_is_the_mean_of_the_members_answers(photographs: Path, run: Path) -> None:
    model = sw.load(run)
    rng = np.random.default_rng(0)
    patches = rng.normal(size=(2, 1, 24, 24, 1)).astype(np.float32)
    members = split_members(model.weights)
    assert model.n_members == len(members) == 3
    each = [open_runtime(model.plan, member, "cpu")(patches) for member in members]
    assert not np.allclose(each[0], each[1])
    together = open_runtime(model.plan, model.weights, "cpu")(patches)
    np.testing.assert_allclose(together, (each[0] + each[1] + each[2]) / 3, atol=1e-6)


def test_thresholds_and_score_are_of_members_that_had_not_learnt_from_the_case(
    photographs: Path, tmp_path: Path
) -> None:
    # Ten times as many steps, of a network that answers weakly: so that a threshold is worth choosing.
    paces = [[[n, 1.0]] for n in (14, 6, 10)]
    plan = ensemble_plan(photographs, paces, overrides=SMALL_2D | {"loss": "ce"})
    model = sw.train(photographs, tmp_path / "run", plan=plan, threads=1)
    folds = json.loads((tmp_path / "run" / "splits.json").read_text())["folds"]
    task, cases = find_task("segmentation"), {case.name: case for case in sw.open(photographs).cases}
    examples, _ = prepare_examples([cases[name] for name in folds], task, model.plan, tmp_path / "c", silent)

    def answers(member_of: Callable[[str], int]) -> list[Any]:
        runs = [open_runtime(model.plan, member, "cpu") for member in split_members(model.weights)]
        return [
            predict_array(runs[member_of(name)], np.asarray(examples[name].image), model.plan)
            for name in folds
        ]

    def judged(outputs: list[Any]) -> tuple[dict[str, float], float]:
        chosen = task.choose_thresholds(outputs, [examples[name].target for name in folds], model.plan)
        pairs = zip(folds, outputs, strict=True)
        records = [measure_example(task, model.plan, name, examples[name], answer) for name, answer in pairs]
        return chosen, score_of(task, records, model.plan)

    own_fold, others = (
        judged(answers(lambda name: folds[name])),
        judged(answers(lambda name: (folds[name] + 1) % 3)),
    )
    assert model.thresholds == own_fold[0]
    assert model.provenance["out_of_fold_score"] == pytest.approx(own_fold[1], abs=1e-9)
    assert own_fold != others


def test_a_recorded_ensemble_is_replayed_exactly(photographs: Path, run: Path, tmp_path: Path) -> None:
    first = sw.load(run)
    again = sw.train(photographs, tmp_path / "again", plan=run / "plan.json", threads=1)
    assert weights(again) == weights(first)
    assert again.thresholds == first.thresholds
    assert again.sha256 == first.sha256
    assert again.plan.paces == first.plan.paces


def test_an_ensemble_made_by_the_clock_keeps_its_minutes_and_is_replayed(
    photographs: Path, tmp_path: Path
) -> None:
    first = sw.train(photographs, tmp_path / "first", minutes=0.1, folds=3, overrides=SMALL_2D, threads=1)
    assert first.provenance["minutes"] < 0.12
    assert [len(pace) > 1 for pace in first.plan.paces] == [True] * 3
    assert first.plan.minutes == 0.1
    again = sw.train(photographs, tmp_path / "again", plan=first.plan, threads=1)
    assert weights(again) == weights(first)


def test_a_killed_run_goes_on_with_the_member_that_was_not_finished(
    photographs: Path, plan: Plan, run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        sw.train(photographs, out, plan=plan, threads=1, progress=stopping(10, times=2))
    with pytest.raises(ModelError, match="--resume"):
        sw.load(out)
    assert (out / "checkpoint" / "member-0" / "finished.json").is_file()
    steps: list[str] = []
    model = sw.train(
        photographs,
        out,
        resume=True,
        threads=1,
        progress=lambda stage, done, total, note="": steps.append(f"{stage} {note[:11]}"),
    )
    assert not any(step.startswith("Training member 1") for step in steps)
    assert any(step.startswith("Training member 2") for step in steps)
    assert weights(model) == weights(sw.load(run))
    assert model.thresholds == sw.load(run).thresholds
    assert not (out / "checkpoint").exists()
    assert not (out / "cache").exists()


def test_finished_members_of_another_plan_are_refused(photographs: Path, plan: Plan, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        sw.train(photographs, out, plan=plan, threads=1, progress=stopping(10, times=2))
    edited = json.loads((out / "plan.json").read_text()) | {"batch_size": 3}
    (out / "plan.json").write_text(json.dumps(edited))
    with pytest.raises(ModelError, match="another plan"):
        sw.train(photographs, out, resume=True, threads=1)


@pytest.mark.parametrize(("at_step", "n_members"), [(3, 1), (8, 1), (11, 2)])
def test_ctrl_c_keeps_finished_members_and_the_present_one_past_its_half(
    photographs: Path, plan: Plan, tmp_path: Path, at_step: int, n_members: int
) -> None:
    model = sw.train(photographs, tmp_path / "run", plan=plan, threads=1, progress=stopping(at_step))
    assert model.n_members == n_members == len(model.plan.paces)
    assert model.provenance["ended"] == f"stopped by the user; {n_members} of 3 members are kept"
    assert len(model.provenance["members"]) == n_members
    again = sw.train(photographs, tmp_path / "again", plan=model.plan, threads=1)
    assert weights(again) == weights(model)


def test_a_stopped_ensemble_counts_its_members_and_what_they_learnt_from(
    photographs: Path, plan: Plan, tmp_path: Path, command: Command
) -> None:
    out = tmp_path / "run"
    sw.train(photographs, out, plan=plan, threads=1, progress=stopping(3))
    folds = json.loads((out / "splits.json").read_text())["folds"]
    own = list(folds.values()).count(0)
    said = command("evaluate", out, photographs, "--threads", 1)
    assert "1 of the 3 networks" in said.out
    content = json.loads((out / "evaluation" / "evaluation.json").read_text())
    assert (content["model"]["members"], content["model"]["planned_members"]) == (1, 3)
    assert (content["flow"]["train"], content["flow"]["val"]) == (len(folds) - own, own)
    assert content["provenance"]["splits"]["train"] == len(folds) - own
    chosen_by = sw.evaluate(out, photographs, split="val", threads=1)
    assert {record["case"] for record in chosen_by.content["records"]} == {n for n in folds if not folds[n]}


def test_the_log_tells_the_members_apart_and_time_goes_on(run: Path) -> None:
    rows = json.loads((run / "provenance.json").read_text())["log"]
    assert [row["member"] for row in rows] == [0, 0, 1, 1, 2, 2]
    minutes = [row["minutes"] for row in rows]
    assert minutes == sorted(minutes)
    assert (run / "log.csv").read_text().startswith("member,round,step,")


def test_classes_are_learnt_by_an_ensemble_too(tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "data")
    plan = ensemble_plan(data, overrides=SMALL_CLASSES)
    model = sw.train(data, tmp_path / "run", plan=plan, threads=1)
    of = json.loads((tmp_path / "run" / "splits.json").read_text())["folds"]
    for fold in range(3):  # each class in each fold
        assert {name[0] for name, own in of.items() if own == fold} == {"d", "n"}
    probabilities = sw.predict(model, data / "disc", tmp_path / "out").predictions[0].probabilities
    assert sum(probabilities.values()) == pytest.approx(1)


def test_given_splits_are_pooled_but_for_the_test_set(tmp_path: Path) -> None:
    data = disc_photographs(tmp_path / "data", 12)
    names = sorted(path.stem for path in (data / "images").iterdir())
    given = dict(zip(names, ["train"] * 6 + ["val"] * 3 + ["test"] * 3, strict=True))
    rows = [f"{n},{side},images/{n}.png,masks/{n}.png" for n, side in given.items()]
    (data / "manifest.csv").write_text("\n".join(["case,split,image,mask", *rows]))
    sw.train(
        data / "manifest.csv",
        tmp_path / "run",
        plan=ensemble_plan(data / "manifest.csv", overrides=SMALL_2D),
        threads=1,
    )
    splits = json.loads((tmp_path / "run" / "splits.json").read_text())
    assert {name for name, side in splits["of"].items() if side == "test"} == {
        name for name, side in given.items() if side == "test"
    }
    assert set(splits["folds"]) == {name for name, side in given.items() if side != "test"}
    assert splits["how"].startswith("train as given by the data; val as given by the data; test as given")


def test_more_folds_than_patients_are_refused_with_how_many_there_are(photographs: Path) -> None:
    with pytest.raises(SettingsError, match="--folds 10 or less"):
        sw.plan(photographs, folds=11)


def test_a_fold_without_a_usable_case_is_said(photographs: Path, plan: Plan, tmp_path: Path) -> None:
    data = sw.open(photographs)
    with pytest.raises(KeyboardInterrupt):
        sw.train(data, tmp_path / "run", plan=plan, threads=1, progress=stopping(2, times=2))
    path = tmp_path / "run" / "splits.json"
    splits = json.loads(path.read_text())
    splits["folds"] = dict.fromkeys(splits["folds"], 1)
    path.write_text(json.dumps(splits))
    with pytest.raises(DataError, match="no case of fold 0"):
        sw.train(data, tmp_path / "run", resume=True, threads=1)


def test_an_ensemble_is_evaluated_and_the_report_says_so_in_both_languages(
    photographs: Path, run: Path, tmp_path: Path
) -> None:
    evaluation = sw.evaluate(run, photographs, tmp_path / "en")
    assert evaluation.content["model"]["members"] == 3
    assert {record["case"] for record in evaluation.content["records"]} == {
        name for name, side in json.loads((run / "splits.json").read_text())["of"].items() if side == "test"
    }
    assert "an ensemble of 3 members" in (tmp_path / "en" / "report.html").read_text()
    sw.evaluate(run, photographs, tmp_path / "zh", lang="zh")
    assert "3 个成员的集成" in (tmp_path / "zh" / "report.html").read_text()
    with pytest.raises(DataError, match="every case but the test's was learnt from"):
        sw.evaluate(run, photographs, split="val")


def test_from_the_command_line_from_plan_to_prediction(tmp_path: Path, command: Command) -> None:
    data = disc_photographs(tmp_path / "data", 12)
    small = [part for name, value in SMALL_2D.items() for part in ("--set", f"{name}={value}")]
    options = ("--folds", 2, "--minutes", 0.05, *small)
    said = command("plan", data, "--out", tmp_path / "plan", *options)
    assert said.code == 0
    assert "minutes for each of 2 networks" in said.out
    assert "2 mirrored × 2 networks" in said.out
    said = command("train", data, "--out", tmp_path / "run", "--threads", 1, "--json", *options)
    assert said.code == 0, said.err
    assert "Out-of-fold score of 2 members" in said.out
    assert "folds = 2" in (tmp_path / "run" / "settings.toml").read_text()
    said = command("evaluate", tmp_path / "run", data)
    assert said.code == 0, said.err
    said = command("predict", tmp_path / "run", data / "images" / "case1.png", "--out", tmp_path / "masks")
    assert said.code == 0, said.err
    assert (tmp_path / "masks" / "case1.png").is_file()
    said = command("plan", data, "--out", tmp_path / "other", "--set", "folds=2")
    assert said.code == 2
    assert "Use --folds" in said.err


def test_a_model_of_one_network_is_stored_as_ever(photo_run: tiny.TinyRun) -> None:
    model = sw.load(photo_run.path)
    assert model.n_members == 1
    assert not any("/" in name for name in model.weights)
    assert "members" not in model.provenance
