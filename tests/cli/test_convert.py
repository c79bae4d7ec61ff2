"""``scanwright convert``: says what it wrote, what it could not, and leaves the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders import class_folders, nnunet_folder
from commands import Command
from scanwright.io import open_dataset


@pytest.mark.parametrize("to", ["nnunet", "bids", "manifest"])
def test_a_dataset_is_written_and_the_last_line_is_for_machines(
    tmp_path: Path, command: Command, to: str
) -> None:
    out = tmp_path / "out"
    said = command("convert", nnunet_folder(tmp_path / "data"), "--out", out, "--to", to, "--json")
    assert said.code == 0, said.err
    assert f"Converted 3 cases of nnU-Net raw: {out}" in said.out
    assert "Converting 100%" in said.err
    assert said.result == {"out": str(out), "to": to, "converted": 3, "set_aside": 0}
    assert len(open_dataset(out)) == 3
    assert (out / "failures.csv").read_text() == "case,stage,reason\n"


def test_cases_set_aside_are_listed_with_code_3(tmp_path: Path, command: Command) -> None:
    data = nnunet_folder(tmp_path / "data")
    (data / "imagesTr" / "a.nii.gz").write_bytes(b"")
    said = command("convert", data, "--out", tmp_path / "out", "--to", "manifest")
    assert said.code == 3
    assert "Set aside: 1 case" in said.out
    assert "imagesTr/a.nii.gz" in said.out
    assert "a,read," in (tmp_path / "out" / "failures.csv").read_text()


def test_patients_of_a_pattern_become_subjects(tmp_path: Path, command: Command) -> None:
    data = nnunet_folder(tmp_path / "data", ("p1_x", "p1_y", "p2_x"))
    said = command(
        "convert",
        data,
        "--out",
        tmp_path / "out",
        "--to",
        "bids",
        "--patient-pattern",
        "(p[0-9]+)",
        "--quiet",
    )
    assert (said.code, said.out, said.err) == (0, "", "")
    assert [case.patient for case in open_dataset(tmp_path / "out").cases] == ["p1", "p1", "p2"]


def test_what_changed_is_noted(tmp_path: Path, command: Command) -> None:
    data = nnunet_folder(tmp_path / "data")
    (data / "dataset.json").write_text(json.dumps({"labels": {"background": 0, "ball": 1, "rare": 7}}))
    said = command("convert", data, "--out", tmp_path / "out", "--to", "nnunet")
    assert "Note: label values are consecutive, as nnU-Net demands: 7 → 2" in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--out", "out"], 2, "--to"),
        (["--to", "bids"], 2, "--out"),
        (["--to", "coco", "--out", "out"], 2, "nnunet, bids, manifest"),
        (["--to", "nnunet", "--out", "out"], 2, "Use --to manifest"),
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
    said = command("convert", class_folders(tmp_path / "data"), *arguments)
    assert said.code == code
    assert word in said.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_refused(tmp_path: Path, command: Command) -> None:
    data = nnunet_folder(tmp_path / "data")
    for _ in range(2):
        said = command("convert", data, "--out", tmp_path / "out", "--to", "bids")
    assert said.code == 1
    assert "--overwrite" in said.err
    assert command("convert", data, "--out", tmp_path / "out", "--to", "bids", "--overwrite").code == 0


def test_the_help_names_the_targets(command: Command) -> None:
    said = command("convert", "--help")
    assert said.code == 0
    assert all(word in said.out for word in ("nnunet", "bids", "manifest", "--patient-pattern"))
