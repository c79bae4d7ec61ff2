"""``scanwright enhance``: says what it wrote, what it could not, and leaves the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import class_folders, noise, write_picture
from commands import Command
from scanwright.data.step_kinds import BY_NAME


def test_images_are_written_and_the_last_line_is_for_machines(tmp_path: Path, command: Command) -> None:
    out = tmp_path / "out"
    said = command(
        "enhance", class_folders(tmp_path / "data"), "--out", out, "--steps", "median=1,zscore", "--json"
    )
    assert said.code == 0, said.err
    assert f"Enhanced 6 images: {out}" in said.out
    assert "Enhancing 100%" in said.err
    assert said.result["enhanced"] == 6
    assert Path(said.result["page"]).is_file()
    assert json.loads((out / "steps.json").read_text())["written"] == "median=1,zscore"


def test_a_reference_gives_numbers(tmp_path: Path, command: Command) -> None:
    for name in ("data", "clean"):
        write_picture(tmp_path / name / "a.png", noise((30, 30), seed=len(name)))
    said = command(
        "enhance",
        tmp_path / "data",
        "--out",
        tmp_path / "out",
        "--steps",
        "gaussian=2",
        "--reference",
        tmp_path / "clean",
        "--lang",
        "zh",
    )
    assert said.code == 0, said.err
    assert "PSNR: change" in said.out
    assert "处理前后对比" in (tmp_path / "out" / "enhance.html").read_text(encoding="utf-8")


def test_cases_set_aside_are_listed_with_code_3(tmp_path: Path, command: Command) -> None:
    data = class_folders(tmp_path / "data")
    (data / "benign" / "benign (0).png").write_bytes(b"")
    said = command("enhance", data, "--out", tmp_path / "out", "--steps", "median=1")
    assert said.code == 3
    assert "Set aside: 1 case" in said.out
    assert "benign (0)" in (tmp_path / "out" / "failures.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--out", "out"], 2, "--steps"),
        (["--steps", "n4"], 2, "--out"),
        (["--steps", "n5", "--out", "out"], 2, "did you mean n4?"),
        (["--steps", "percentile=99:1", "--out", "out"], 2, "LOW must be below HIGH"),
        (["--steps", "n4", "--out", "out", "--lang", "fr"], 2, "en or zh"),
        (["--steps", "crop", "--out", "out", "--reference", "nowhere"], 1, "nowhere"),
    ],
)
def test_wrong_usage_is_said(
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    word: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    said = command("enhance", class_folders(tmp_path / "data"), *arguments)
    assert said.code == code
    assert word in said.err
    assert not (tmp_path / "out").exists()


def test_the_help_and_the_reference_name_every_step(command: Command) -> None:
    said = command("enhance", "--help")
    assert said.code == 0
    text = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    for kind in BY_NAME.values():
        assert kind.name in said.out
        assert f"| `{kind.usage}`" in text
