"""``scanwright follow`` in the shell."""

from __future__ import annotations

import json
from pathlib import Path

from commands import Command
from followed import DATES, followed_patient, manifest


def test_a_patient_is_followed_and_told_in_few_lines(command: Command, tmp_path: Path) -> None:
    rows = followed_patient(tmp_path / "in", dates=DATES[:1])
    source = manifest(tmp_path / "in", [*rows, "x,P1,soon,P1-0.nii.gz,P1-0-mask.nii.gz,CT"])
    result = command("follow", source, "--out", tmp_path / "out", "--json", "--lang", "zh")
    assert result.code == 3
    assert "P1 (studies: 1): Lesions: 2; nothing to compare yet" in result.out
    assert "Set aside: 1 case" in result.out
    assert json.loads(result.out.splitlines()[-1])["patients"] == 1
    assert (tmp_path / "out" / "reader.toml").is_file()


def test_wrong_rules_are_wrong_usage(command: Command, tmp_path: Path) -> None:
    result = command("follow", tmp_path, "--rules", "choi")
    assert result.code == 2
    assert "rules=choi" in result.err
