"""Starting from earlier weights: what fits is taken, what does not is said, and no file can run code."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import scanwright as sw
from commands import Command
from scanwright.data.plan import ChannelPlan, Plan
from scanwright.errors import ModelError, SettingsError
from scanwright.inference.members import split_members
from scanwright.io.files import read_json
from scanwright.networks.catalogue import build_network
from scanwright.planning.origin import FROZEN_SHARE, Origin
from scanwright.training.transfer import load_start, match, open_origin
from tiny import SMALL_2D, TinyRun, disc_classes, disc_halves, disc_photographs, plan_of
from tiny_networks import KINDS, images, tiny_plan

FILE = Origin("weights.safetensors", "abc")
SHORT = ((3, 0.2), (3, 1.0))


def weights_of(plan: Plan, seed: int = 0) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return dict(build_network(plan).state_dict())


@pytest.mark.parametrize(("family", "dims"), KINDS)
def test_the_same_network_takes_everything(family: str, dims: int) -> None:
    plan = tiny_plan(family, dims)
    found = match(weights_of(plan), FILE, plan)
    assert set(found.tensors) == set(weights_of(plan))
    assert (found.adapted, found.differ, found.fresh, found.unused, found.share) == ((), (), (), (), 1.0)


@pytest.mark.parametrize(("family", "dims"), KINDS)
def test_with_other_classes_the_last_layer_is_left_fresh(family: str, dims: int) -> None:
    plan = tiny_plan(family, dims)
    more = replace(
        plan, classes=(*plan.classes, "new"), label_values=(0, 1, 2, 3) if plan.label_values else ()
    )
    found = match(weights_of(plan), FILE, more)
    assert found.differ
    assert all(name.startswith(("head.", "heads.")) for name in found.differ)
    assert set(found.tensors) | set(found.differ) == set(weights_of(more))
    # As many classes, and yet others.
    renamed = replace(plan, classes=("background", "left", "right"))
    assert match(weights_of(plan), replace(FILE, plan=plan), renamed).differ == found.differ
    assert match(weights_of(plan), FILE, renamed).differ == ()


def test_with_other_classes_the_shortcut_is_left_fresh_and_an_origin_may_have_none() -> None:
    plan = tiny_plan("unet", 3, shortcut=4)
    renamed = replace(plan, classes=("background", "left", "right"))
    found = match(weights_of(plan), replace(FILE, plan=plan), renamed)
    own = {name for name in weights_of(plan) if name.startswith("shortcut.")}
    assert len(own) == 6
    assert own < set(found.differ)
    found = match(weights_of(tiny_plan("unet", 3)), FILE, plan)
    assert (set(found.fresh), found.differ) == (own, ())


@pytest.mark.parametrize("prefix", ["module.", "network.", "model.", "net.", "module.network.", "_orig_mod."])
def test_prefixes_of_other_programs_are_stripped(prefix: str) -> None:
    plan = tiny_plan("resnet", 2)
    found = match({prefix + name: value for name, value in weights_of(plan).items()}, FILE, plan)
    assert found.share == 1.0


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("family", ["unet", "resnet", "cnn", "swin_unetr", "vit"])
def test_the_same_image_in_all_channels_gives_the_same_answer_from_any_number(
    family: str, n_channels: int
) -> None:
    plan = tiny_plan(family, 2)
    other = replace(plan, channels=tuple(ChannelPlan(f"c{n}") for n in range(n_channels)))
    found = match(weights_of(plan), FILE, other)
    assert found.adapted
    assert found.share == 1.0
    networks = [build_network(plan), build_network(other)]
    networks[0].load_state_dict(weights_of(plan))
    networks[1].load_state_dict(found.tensors)
    seen = images(plan)[:, :1]
    with torch.no_grad():
        answers = [
            network.eval()(seen.expand(-1, n, *seen.shape[2:]))[0]
            for network, n in zip(networks, (2, n_channels), strict=True)
        ]
    torch.testing.assert_close(answers[1], answers[0], atol=1e-5, rtol=1e-4)


def test_what_differs_is_absent_or_is_not_used_is_named() -> None:
    plan = tiny_plan("resnet", 2)
    weights = weights_of(plan)
    weights["head.weight"] = torch.zeros(7, 7)
    weights["extra.weight"] = torch.zeros(3)
    del weights["stem.1.bias"]
    found = match(weights, FILE, plan)
    assert (found.differ, found.fresh) == (("head.weight", "head.bias"), ("stem.1.bias",))
    assert found.unused == ("extra.weight",)
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["counts"] == {
        "loaded": len(found.tensors), "adapted": 0, "shape_differs": 2, "absent_there": 1, "unused": 1
    }  # fmt: skip
    assert "1 not used (extra.weight)" in found.summary


def test_weights_of_quite_another_network_are_refused() -> None:
    with pytest.raises(ModelError, match=r"none of the weights fits the plan's network \(unet\)") as error:
        match(weights_of(tiny_plan("resnet", 2)), FILE, tiny_plan("unet", 2))
    assert "encoder.0.conv1.conv.weight [4, 2, 3, 3]" in error.value.expected


def test_files_of_both_kinds_give_the_same_weights(tmp_path: Path) -> None:
    weights = weights_of(tiny_plan("resnet", 2))
    save_file(weights, tmp_path / "a.safetensors")
    torch.save(weights, tmp_path / "b.pt")
    torch.save({"epoch": 3, "state_dict": {f"module.{n}": v for n, v in weights.items()}}, tmp_path / "c.pth")
    for name in ("a.safetensors", "b.pt", "c.pth"):
        origin, loaded = open_origin(str(tmp_path / name))
        assert origin.plan is None
        assert len(origin.sha256) == 64
        assert match(loaded, origin, tiny_plan("resnet", 2)).share == 1.0


class _Runs:
    """Code that would run when a pickle is loaded by trust."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.touched),)


def test_a_pickle_that_would_run_code_is_refused_and_runs_none(tmp_path: Path) -> None:
    torch.save({"state_dict": _Runs(tmp_path / "ran")}, tmp_path / "evil.pt")
    with pytest.raises(ModelError, match="loading it could run code"):
        open_origin(str(tmp_path / "evil.pt"))
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(_Runs(tmp_path / "ran")))
    with pytest.raises(ModelError, match=r"not in the format of torch 1\.6"):
        open_origin(str(tmp_path / "plain.pt"))
    assert not (tmp_path / "ran").exists()


def repacked(source: Path, target: Path, compression: int, **instead: bytes) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, instead.get(Path(entry.filename).stem, old.read(entry)))


def test_damaged_swollen_or_foreign_files_are_named(tmp_path: Path) -> None:
    good = tmp_path / "good.pt"
    torch.save(weights_of(tiny_plan("resnet", 2)), good)
    repacked(good, tmp_path / "bomb.pt", zipfile.ZIP_DEFLATED)
    repacked(good, tmp_path / "large.pt", zipfile.ZIP_STORED, data=bytes(1 << 25))
    (tmp_path / "cut.pt").write_bytes(good.read_bytes()[:400])
    (tmp_path / "cut.safetensors").write_bytes((1 << 60).to_bytes(8, "little") + b"{")
    save_file({"a": torch.tensor([[float("nan")]])}, tmp_path / "nan.safetensors")
    torch.save([1, 2], tmp_path / "list.pt")
    (tmp_path / "text.txt").write_text("no weights")
    for name, problem in {
        "bomb.pt": "compressed",
        "large.pt": "too large",
        "cut.pt": "not in the format",
        "cut.safetensors": "damaged",
        "nan.safetensors": "what is no number",
        "list.pt": "no named tensors",
        "text.txt": "nothing to start from",
        "nowhere.pt": "can't be read",
    }.items():
        with pytest.raises(ModelError, match=problem) as error:
            open_origin(str(tmp_path / name))
        assert name in error.value.subject, name


def test_a_run_starts_where_the_other_ended_and_tells_of_it(
    photo_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    data = disc_photographs(tmp_path / "data", seed=7)
    said = command(
        "train", data, "--out", tmp_path / "run", "--init-from", photo_run.path,
        "--minutes", 0.02, "--threads", 1, "--set", "precision=32-true",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert f"Started from {photo_run.path}: " in said.out
    assert "(100 % of the weights)" in said.out
    model, before = sw.load(tmp_path / "run"), sw.load(photo_run.path)
    assert model.plan.network == before.plan.network
    assert model.plan.frozen_share == 0
    start = model.provenance["start"]
    assert start["sha256"] == model.plan.init_from
    assert start["plan"]["pace"] == [list(entry) for entry in before.plan.pace]
    assert start["data_sha256"] == before.provenance["data"]["sha256"]
    assert len(start["loaded"]) == start["counts"]["loaded"] == len(before.weights)
    seen = {*before.provenance["images"]["train"], *before.provenance["images"]["val"]}
    assert set(model.provenance["images"]["origin"]) == seen
    assert read_json(tmp_path / "run" / "provenance.json")["start"] == start
    assert not (tmp_path / "run" / "checkpoint").exists()


def test_its_first_validation_is_as_good_as_the_last_of_its_origin(
    photo_run: TinyRun, tmp_path: Path
) -> None:
    data = disc_photographs(tmp_path / "data", seed=7)
    tame = {"learning_rate": "1e-6", "precision": "32-true"}
    scores = {}
    for name, origin in (("fresh", None), ("begun", str(photo_run.path))):
        small = SMALL_2D | tame if origin is None else tame
        plan = plan_of(data, ((1, 1.0),), overrides=small, init_from=origin)
        model = sw.train(data, tmp_path / name, plan=plan, init_from=origin, threads=1)
        scores[name] = model.provenance["best_score"]
    assert scores["begun"] > 0.8
    assert scores["fresh"] < 0.6


def test_judging_leaves_out_what_the_origin_learnt_from(photo_run: TinyRun, tmp_path: Path) -> None:
    data = disc_photographs(tmp_path / "data", seed=7)
    plan = plan_of(data, SHORT, init_from=str(photo_run.path), overrides={"precision": "32-true"})
    sw.train(data, tmp_path / "run", plan=plan, init_from=str(photo_run.path), threads=1)
    alone = shutil.copytree(tmp_path / "run" / "model", tmp_path / "model")
    evaluation = sw.evaluate(alone, photo_run.data)
    n_seen = sum(split != "test" for split in read_json(photo_run.path / "splits.json")["of"].values())
    assert len(evaluation.set_aside) == n_seen
    assert "learnt from this very image" in str(evaluation.set_aside[0])


def test_test_images_that_the_origin_learnt_from_are_refused_before_anything_is_written(
    photo_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    options = ("--init-from", photo_run.path, "--seed", 3, "--minutes", 0.02)
    said = command("train", photo_run.data, "--out", tmp_path / "run", *options)
    assert said.code == 2
    assert "test cases, such as" in said.err
    assert not (tmp_path / "run" / "plan.json").exists()
    assert command("plan", photo_run.data, "--out", tmp_path / "plan", *options).code == 2


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    return disc_halves(tmp_path / "halves")


def held_plan(data: Path, origin: Path, share: float = 0.5) -> Plan:
    """Two rounds held, one not."""
    small = {"precision": "32-true", "frozen_share": str(share), "average_steps": "2"}
    return plan_of(data, ((2, 0.25), (2, 0.5), (3, 1.0)), init_from=str(origin), overrides=small)


def test_new_classes_leave_the_head_fresh_and_hold_the_rest_at_first(
    photo_run: TinyRun, halves: Path, tmp_path: Path
) -> None:
    ruled = sw.plan(halves, init_from=str(photo_run.path)).plan
    assert ruled.frozen_share == FROZEN_SHARE
    before = sw.load(photo_run.path).weights
    for share, moved in ((0.9, False), (0.0, True)):
        plan = held_plan(halves, photo_run.path, share)
        plan = Plan.from_json({**plan.to_json(), "pace": [[3, 0.8], [1, 0.85]]})
        out = tmp_path / f"run{share}"
        model = sw.train(halves, out, plan=plan, init_from=str(photo_run.path), threads=1)
        heads = {name for name in model.weights if name.startswith("heads.")}
        assert set(model.provenance["start"]["shape_differs"]) == heads
        changed = {n for n in before if n not in heads and not np.array_equal(before[n], model.weights[n])}
        assert bool(changed) == moved


class _StopError(Exception):
    pass


@pytest.mark.parametrize("at", [1, 3, 5], ids=["before any checkpoint", "while held", "afterwards"])
def test_replayed_or_resumed_it_gives_the_same_model_without_the_origin(
    photo_run: TinyRun, halves: Path, tmp_path: Path, at: int
) -> None:
    origin = shutil.copytree(photo_run.path, tmp_path / "origin")
    plan = held_plan(halves, origin)
    whole = sw.train(halves, tmp_path / "whole", plan=plan, init_from=str(origin), threads=1)
    steps = 0

    def stop(stage: str, done: float, total: float, note: str = "") -> None:
        nonlocal steps
        steps += stage == "Training"
        if steps > at:
            raise _StopError

    with pytest.raises(_StopError):
        sw.train(halves, tmp_path / "cut", plan=plan, init_from=str(origin), threads=1, progress=stop)
    shutil.rmtree(origin)
    resumed = sw.train(halves, tmp_path / "cut", resume=True, threads=1)
    assert {n: v.tobytes() for n, v in resumed.weights.items()} == {
        n: v.tobytes() for n, v in whole.weights.items()
    }
    assert resumed.provenance["start"] == whole.provenance["start"]
    with pytest.raises(SettingsError, match="starts from other weights"):
        sw.train(halves, tmp_path / "again", plan=tmp_path / "whole" / "plan.json", threads=1)


def test_start_weights_that_are_gone_are_said(photo_run: TinyRun, halves: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="that the run starts from are missing"):
        load_start(held_plan(halves, photo_run.path), tmp_path)


def test_classification_starts_from_a_weights_file(class_run: TinyRun, tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "data", seed=8)
    file = class_run.path / "model" / "weights.safetensors"
    network = sw.load(class_run.path).plan.to_json()["network"]
    wanted = {"network.family": "resnet", "precision": "32-true", "patch_voxels": "[24, 24, 1]"}
    wanted |= {f"network.{name}": json.dumps(network[name]) for name in ("widths", "strides", "blocks")}
    plan = plan_of(data, SHORT, overrides=wanted, init_from=str(file))
    model = sw.train(data, tmp_path / "run", plan=plan, init_from=str(file), threads=1)
    start = model.provenance["start"]
    assert (start["share"], start["plan"], start["data_sha256"]) == (1.0, None, "")


def test_a_run_of_another_task_does_not_fit(class_run: TinyRun, halves: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none of the weights fits"):
        sw.train(halves, tmp_path / "run", init_from=str(class_run.path), minutes=0.02)
    assert not (tmp_path / "run" / "plan.json").exists()


def test_every_member_of_an_ensemble_starts_there_and_an_ensemble_can_be_started_from(
    photo_run: TinyRun, halves: Path, tmp_path: Path
) -> None:
    plan = sw.plan(halves, folds=2, init_from=str(photo_run.path), overrides=SMALL_2D).plan
    plan = Plan.from_json({**plan.to_json(), "paces": [[[1, 1.0]], [[1, 1.0]]]})
    together = sw.train(halves, tmp_path / "two", plan=plan, init_from=str(photo_run.path), threads=1)
    assert together.provenance["start"]["share"] > 0.9
    origin = sw.load(photo_run.path).weights
    for member in split_members(together.weights):
        held = [name for name, value in member.items() if value.shape == origin[name].shape]
        assert len(held) > 10
        assert max(np.abs(member[name] - origin[name]).max() for name in held) < 0.2
    found, weights = open_origin(str(tmp_path / "two"))
    assert found.plan is not None
    assert set(weights) == set(origin)


def test_weights_of_a_task_that_answers_otherwise_say_that_nothing_can_be_taken_over() -> None:
    plan, voxels = tiny_plan("resnet", 2), tiny_plan("unet", 2)
    with pytest.raises(ModelError, match=r"nothing of such a network .*a run of classification in 2-D"):
        match(weights_of(voxels), replace(FILE, plan=voxels), plan)
    other = tiny_plan("vit", 2)
    with pytest.raises(ModelError, match=r"take them over with the same network.*network\.family=vit"):
        match(weights_of(other), replace(FILE, plan=other), plan)
