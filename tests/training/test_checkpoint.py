"""Checkpoints: written whole, read back bit for bit, refused when changed, newer or foreign."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from scanwright.errors import ModelError
from scanwright.training.checkpoint import (
    Checkpoint,
    Position,
    load_checkpoint,
    plan_key,
    save_checkpoint,
)


def checkpoint(step: int = 3) -> Checkpoint:
    position = Position(step, 0.25, 1.5, [(step, 0.25)], 0.123456789, 0, 0, [{"round": 0, "loss": 0.1}])
    return Checkpoint(position, {"average": {"w": torch.arange(6.0) / 7}, "best": {"w": torch.ones(2, 3)}})


def latest(folder: Path) -> Path:
    return folder / json.loads((folder / "latest.json").read_text())["folder"]


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path) -> None:
    save_checkpoint(checkpoint(), tmp_path, "key")
    back = load_checkpoint(tmp_path, "key")
    assert back is not None
    assert back.position == checkpoint().position
    assert torch.equal(back.tensors["average"]["w"], torch.arange(6.0) / 7)


def test_only_the_latest_is_kept_with_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / ".partial-step-old").mkdir()
    (tmp_path / ".partial-abc.json").touch()
    for step in (1, 2, 3):
        save_checkpoint(checkpoint(step), tmp_path, "key")
    assert len(list(tmp_path.iterdir())) == 2
    back = load_checkpoint(tmp_path, "key")
    assert back is not None
    assert back.position.step == 3


def test_without_a_checkpoint_there_is_none(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, "key") is None


def test_a_checkpoint_of_another_plan_is_refused(tmp_path: Path) -> None:
    save_checkpoint(checkpoint(), tmp_path, "key")
    with pytest.raises(ModelError, match="another plan"):
        load_checkpoint(tmp_path, "other key")


@pytest.mark.parametrize("version", [2, 999, "1", None])
def test_a_checkpoint_of_a_newer_version_is_refused(tmp_path: Path, version: object) -> None:
    save_checkpoint(checkpoint(), tmp_path, "key")
    content = json.loads((tmp_path / "latest.json").read_text()) | {"schema_version": version}
    (tmp_path / "latest.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="another version"):
        load_checkpoint(tmp_path, "key")


@pytest.mark.parametrize("name", ["average.safetensors", "best.safetensors", "position.json"])
def test_a_changed_byte_anywhere_is_noticed(tmp_path: Path, name: str) -> None:
    save_checkpoint(checkpoint(), tmp_path, "key")
    path = latest(tmp_path) / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ModelError, match=r"damaged.*--overwrite"):
        load_checkpoint(tmp_path, "key")


def test_missing_and_senseless_files_are_named_as_damage(tmp_path: Path) -> None:
    save_checkpoint(checkpoint(), tmp_path, "key")
    (latest(tmp_path) / "best.safetensors").unlink()
    with pytest.raises(ModelError, match="damaged"):
        load_checkpoint(tmp_path, "key")
    shutil.rmtree(latest(tmp_path))
    with pytest.raises(ModelError, match="damaged"):
        load_checkpoint(tmp_path, "key")
    (tmp_path / "latest.json").write_text('{"schema_version": 1, "plan": "key"}')
    with pytest.raises(ModelError, match="damaged"):
        load_checkpoint(tmp_path, "key")
    (tmp_path / "latest.json").write_text("[]")
    with pytest.raises(ModelError):
        load_checkpoint(tmp_path, "key")
    (tmp_path / "latest.json").write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        load_checkpoint(tmp_path, "key")


def test_minutes_and_reasons_may_differ_on_resuming_and_decisions_may_not() -> None:
    plan = {"batch_size": 2, "minutes": 5.0, "reasons": {}, "pace": [], "patience": 0, "overruled": []}
    assert plan_key(plan) == plan_key({**plan, "minutes": 9.0, "reasons": {"a": "b"}, "pace": [[1, 1.0]]})
    assert plan_key(plan) != plan_key({**plan, "batch_size": 3})
