"""Estimates of memory grow with what they are of, and whole trainings keep to them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import scanwright as sw
import tiny
from builders import write_nifti
from commands import Command
from scanwright.data.memory import read_memory
from scanwright.errors import SettingsError
from scanwright.inference.memory import TORCH, predicting_bytes
from scanwright.inference.runtimes import count_footprint
from scanwright.io.files import read_json, write_json
from scanwright.networks.catalogue import build_network
from scanwright.networks.memory import count_features, training_bytes
from scanwright.planning.memory import working_voxels
from tiny_networks import KINDS, images, tiny_plan


@pytest.mark.parametrize(("family", "dims"), KINDS)
def test_what_is_kept_is_counted_as_it_really_is(family: str, dims: int) -> None:
    plan = tiny_plan(family, dims, patch=(32, 16, 1 if dims == 2 else 8))
    network = build_network(plan).train()
    kept: dict[int, torch.Tensor] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        kept[value.untyped_storage().data_ptr()] = value
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        network(images(plan))
    for value in network.parameters():
        kept.pop(value.untyped_storage().data_ptr(), None)
    real = sum(value.untyped_storage().nbytes() for value in kept.values())
    assert 0.95 * real <= count_features(plan).kept <= 1.15 * real


def test_more_of_anything_needs_more() -> None:
    plan = tiny_plan("unet", 3, patch=(64, 64, 64))
    least = training_bytes(plan, 1000, 1000)
    assert training_bytes(replace(plan, batch_size=4), 1000, 1000) > least
    assert training_bytes(replace(plan, patch_voxels=(96, 64, 64)), 1000, 1000) > least
    assert training_bytes(plan, 10**8, 1000) > least
    assert training_bytes(plan, 1000, 10**8) > least
    footprint = count_footprint(plan)
    predicting = predicting_bytes(plan, 1000, 1000, footprint, TORCH)
    assert predicting_bytes(plan, 10**8, 1000, footprint, TORCH) > predicting
    assert predicting < least


def test_voxels_are_those_of_the_working_grid() -> None:
    plan = replace(tiny_plan("unet", 3), spacing_mm=(2.0, 1.0, 1.0))
    assert working_voxels(plan, (100, 50, 20), (1.0, 1.0, 1.0)) == 50 * 50 * 20
    assert working_voxels(plan, (1, 1, 1), (1.0, 1.0, 1.0)) == 16 * 8 * 8
    photograph = replace(tiny_plan("unet", 2), longest_side=100)
    assert working_voxels(photograph, (1000, 500, 1), None) == 100 * 50
    assert working_voxels(tiny_plan("resnet", 2), (1000, 500, 1), None) == 16 * 8


def test_a_plan_is_made_for_the_memory_that_there_is(tmp_path: Path, command: Command) -> None:
    data = tiny.ball_volumes(tmp_path / "data")
    said = command("plan", data, "--out", tmp_path / "small", "--memory", "794M")
    assert said.code == 2
    least = said.err.split("--memory ")[1].split()[0]
    assert command("plan", data, "--out", tmp_path / "small", "--memory", least).code == 0
    plan = read_json(tmp_path / "small" / "plan.json")
    assert plan["batch_size"] == 2
    assert f"for memory {least}" in plan["reasons"]["batch_size"]
    assert command("plan", data, "--out", tmp_path / "x", "--memory", "much").code == 2


def test_training_under_a_cap_is_refused_before_or_goes_through(tmp_path: Path, command: Command) -> None:
    data = tiny.ball_volumes(tmp_path / "data")
    plan = tiny.plan_of(data, ((2, 1.0),), overrides=tiny.SMALL_3D)
    write_json(tmp_path / "plan.json", plan.to_json())
    options = ("train", data, "--out", tmp_path / "run", "--plan", tmp_path / "plan.json", "--threads", 1)
    said = command(*options, "--memory", "794M")
    assert said.code == 2
    assert "batch_size and patch_voxels stand as they are" in said.err
    least = said.err.split("--memory ")[1].split()[0]
    assert command(*options, "--memory", least).code == 0
    assert 'memory = "' in (tmp_path / "run" / "settings.toml").read_text()


@pytest.mark.parametrize("verb", [sw.plan, sw.train])
def test_less_than_the_program_itself_takes_is_refused_before_any_case_is_read(
    verb: Callable[..., Any], tmp_path: Path
) -> None:
    stages: list[str] = []
    place = {"out": tmp_path / "run"} if verb is sw.train else {}
    with pytest.raises(SettingsError, match=r"too small for the program itself.*--memory 800M or more"):
        verb(
            tiny.ball_volumes(tmp_path / "data"),
            memory="200M",
            progress=lambda stage, *told: stages.append(stage),
            **place,
        )
    assert stages == []
    assert not (tmp_path / "run").exists()


def test_predicting_in_less_than_the_program_itself_takes_is_refused(
    volume_run: tiny.TinyRun, tmp_path: Path, command: Command
) -> None:
    data = volume_run.data / "imagesTr"
    said = command("predict", volume_run.path, data, "--out", tmp_path / "out", "--memory", "100M")
    assert said.code == 2
    assert "too small for the program itself" in said.err


def test_an_image_that_does_not_fit_is_set_aside_and_the_rest_goes_on(
    volume_run: tiny.TinyRun, tmp_path: Path, command: Command
) -> None:
    rng = np.random.default_rng(0)
    for name, side in (("small", 16), ("large", 150)):
        array = rng.normal(100, 20, (side,) * 3).astype(np.float32)
        write_nifti(tmp_path / "new" / f"{name}.nii.gz", array, np.eye(4))
    arguments = ("predict", volume_run.path, tmp_path / "new", "--out", tmp_path / "out")
    said = command(*arguments, "--memory", "680M")
    assert said.code == 3
    assert "large: the image can't be predicted in the memory" in said.out
    assert [path.name for path in (tmp_path / "out").glob("*.nii.gz")] == ["small.nii.gz"]
    least = said.out.split("--memory ")[1].split()[0]
    assert read_memory(least) > 680e6


@pytest.mark.skipif(sys.platform != "linux", reason="the estimate was measured on Linux")
def test_a_training_takes_about_as_much_as_was_estimated(tmp_path: Path) -> None:
    data = tiny.ball_volumes(tmp_path / "data")
    wanted = {"patch_voxels": "[40, 40, 40]", "batch_size": "4", "network.widths": "[16, 32]"}
    plan = tiny.plan_of(data, ((2, 1.0),), overrides=tiny.SMALL_3D | wanted)
    write_json(tmp_path / "plan.json", plan.to_json())
    command = [sys.executable, "-m", "scanwright", "train", str(data), "--out", str(tmp_path / "run")]
    # A process begins with the peak of the one that starts it, so a shell stands between.
    script = (
        "import os, subprocess, sys\n"
        "process = subprocess.Popen(sys.argv[1:])\n"
        "_, status, usage = os.wait4(process.pid, 0)\n"
        "print(status, usage.ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command, "--plan", str(tmp_path / "plan.json"), "--threads", "1"],
        env={**os.environ, "PYTHONPATH": str(Path(sw.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    status, peak = map(int, done.stdout.split()[-2:])
    assert status == 0, done.stderr
    assert training_bytes(plan, 20 * 18 * 16, 40**3) == pytest.approx(1024 * peak, rel=0.25)
