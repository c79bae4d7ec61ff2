"""The command line: quick to answer, clear when wrong, quiet when asked, readable by machines."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import scanwright
from commands import Command
from tiny import SMALL_2D, TinyRun, disc_photographs

HEAVY = (
    "torch", "monai", "lightning", "scipy", "nibabel", "SimpleITK", "skimage", "matplotlib", "pydicom",
    "numpy",
)  # fmt: skip
SMALL = [word for name, value in SMALL_2D.items() for word in ("--set", f"{name}={value}")]


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["predict", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        f"sys.argv = {['scanwright', *arguments]!r}\n"
        "from scanwright.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "HEAVY []"


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = f"import sys, scanwright\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_the_help_names_the_verbs_and_what_the_program_is_not_for(command: Command) -> None:
    said = command("--help")
    assert said.code == 0
    assert all(verb in said.out for verb in ("demo", "plan", "train", "evaluate", "predict"))
    assert "Research use only" in " ".join(said.out.split())


def test_the_version_is_said(command: Command) -> None:
    assert command("--version").out == f"scanwright {scanwright.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["cook"],
        ["train"],
        ["train", "data"],
        ["train", "data", "--out", "run", "--minutes", "soon"],
        ["train", "data", "--out", "run", "--seed", "-1"],
        ["train", "data", "--out", "run", "--threads", "0"],
        ["predict", "run", "input", "--out", "masks", "--colour", "red"],
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_word(command: Command, arguments: list[str]) -> None:
    said = command(*arguments)
    assert said.code == 2
    assert said.err


def test_more_threads_than_processors_are_not_used(command: Command, tmp_path: Path) -> None:
    said = command("train", tmp_path / "none", "--out", tmp_path / "run", "--threads", 100_000)
    assert f"this computer has {os.cpu_count()}" in said.err
    assert said.code == 1


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--effort", "heroic"], "thorough"),
        (["--task", "cooking"], "segmentation"),
        (["--minutes", "0"], "positive"),
        (["--minutes", "-3"], "positive"),
        (["--minutes", "1e9"], "100,000"),
        (["--set", "batch_size"], "NAME=VALUE"),
        (["--set", "batchsize=3"], "batch_size"),
        (["--set", "network.droput=0.1"], "dropout"),
        (["--set", "batch_size=0"], "batch_size"),
        (["--set", "learning_rate=fast"], "learning_rate"),
        (["--set", "seed.x=1"], "seed"),
        (["--task", "classification"], "label"),
        (["--patient-pattern", "("], "pattern"),
    ],
)
def test_settings_that_make_no_sense_are_exit_code_2_and_name_the_nearest(
    tmp_path: Path, command: Command, options: list[str], word: str
) -> None:
    said = command("plan", disc_photographs(tmp_path / "data", 4), "--out", tmp_path / "out", *options)
    assert said.code == 2, said
    assert word in said.err
    assert not (tmp_path / "out" / "plan.json").exists()


def test_a_device_that_does_not_exist_is_said_before_any_work(tmp_path: Path, command: Command) -> None:
    said = command("train", tmp_path / "nowhere", "--out", tmp_path / "run", "--device", "toaster")
    assert said.code == 2
    assert "toaster" in said.err


def test_a_plan_is_printed_with_reasons_and_written_editable(tmp_path: Path, command: Command) -> None:
    data = disc_photographs(tmp_path / "data")
    said = command("plan", data, "--out", tmp_path / "out", "--json", "--set", "batch_size=3")
    assert said.code == 0
    assert "Facts" in said.out
    assert "Decisions" in said.out
    assert "overruled by the user" in " ".join(said.out.split())
    assert said.result.items() >= {"plan": str(tmp_path / "out" / "plan.json"), "set_aside": 0}.items()
    assert said.result["steps"] > 0
    assert said.result["least_minutes"] > 0
    plan = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert plan["batch_size"] == 3
    assert plan["overruled"] == ["batch_size"]
    assert all(plan["reasons"][name] for name in ("task", "network", "patch_voxels", "channels"))


def test_the_cost_of_the_network_that_is_asked_for_is_told(tmp_path: Path, command: Command) -> None:
    data, out = disc_photographs(tmp_path / "data"), tmp_path / "out"
    said = command("plan", data, "--out", out, "--minutes", 2, "--set", "network.family=segresnet")
    assert said.code == 0
    line = next(line for line in said.out.splitlines() if line.startswith("network: "))
    assert re.fullmatch(
        r"network: [\d.]+ [kM] weights, [\d.]+ [kMG] multiply-adds a patch; "
        r"about [\d,]+ steps in 2 minutes on this computer",
        line,
    )
    plan = json.loads((out / "plan.json").read_text())
    assert plan["network"]["family"] == "segresnet"
    assert plan["overruled"] == ["network.family"]


def test_a_network_too_large_to_train_is_said_when_it_is_planned(tmp_path: Path, command: Command) -> None:
    data = disc_photographs(tmp_path / "data", 4)
    huge = ["--set", "network.widths=[4096, 4096, 4096]"]
    said = command("plan", data, "--out", tmp_path / "out", *huge)
    assert said.code == 2
    assert "too large to train" in said.err


@pytest.mark.parametrize("verb", ["plan", "train"])
def test_what_is_refused_leaves_no_empty_folder(tmp_path: Path, command: Command, verb: str) -> None:
    data = disc_photographs(tmp_path / "data", 4)
    said = command(verb, data, "--out", tmp_path / "out", "--set", "network.family=vit")
    assert said.code == 2
    assert not (tmp_path / "out").exists()


def test_quiet_says_nothing(tmp_path: Path, command: Command) -> None:
    data = disc_photographs(tmp_path / "data")
    for arguments in (("plan", data), ("train", data, "--minutes", 0.003, "--threads", 1, *SMALL)):
        said = command(*arguments, "--out", tmp_path / str(arguments[0]), "--quiet")
        assert (said.code, said.out, said.err) == (0, "", "")


def test_training_ends_with_a_line_for_machines_and_the_next_step_for_people(
    tmp_path: Path, command: Command
) -> None:
    data, out = disc_photographs(tmp_path / "data"), tmp_path / "run"
    said = command("train", data, "--out", out, "--minutes", 0.003, "--threads", 1, "--json", *SMALL)
    assert said.code == 0
    assert "segmentation, 9 cases, patients unknown" in said.out
    assert "Best validation score" in said.out
    assert f"scanwright evaluate {out} {data}" in said.out
    assert set(said.result) == {"run", "score", "learnt_nothing", "minutes", "set_aside", "not_used"}
    assert "Training 100%" in said.err
    assert "loss" in said.err
    again = command("train", data, "--out", out, "--resume", "--json")
    assert again.code == 0
    assert again.result["score"] == said.result["score"]


def test_the_evaluation_ends_with_a_line_for_machines(
    photo_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    said = command(
        "evaluate", photo_run.path, photo_run.data, "--out", tmp_path / "out", "--json", "--threads", 1
    )
    assert said.code == 0
    assert said.result["lead"]["name"] == "dice"
    assert Path(said.result["report"]).is_file()


def test_ctrl_c_before_training_is_exit_code_130_and_names_resume(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("scanwright.api.train", interrupt)
    said = command("train", disc_photographs(tmp_path / "data", 4), "--out", tmp_path / "run")
    assert said.code == 130
    assert "--resume" in said.err


def test_ctrl_c_while_python_loads_is_exit_code_130_and_no_traceback() -> None:
    program = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'typer':\n            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv = ['scanwright', '--help']\n"
        "import runpy\nrunpy.run_module('scanwright', run_name='__main__')\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr.strip()) == (130, "scanwright: stopped.")
