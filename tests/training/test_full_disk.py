"""A disk that is full during saving: the file is named, the last checkpoint is there, resuming finishes."""

from __future__ import annotations

import contextlib
import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import scanwright as sw
from commands import Command
from scanwright.errors import OutputError
from scanwright.io.files import read_json, write_json
from scanwright.training.checkpoint import load_checkpoint, plan_key
from tiny import SMALL_2D, disc_photographs, plan_of

PACE = [(2, (n + 1) / 8) for n in range(8)]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Data, a plan, and the run that it makes when nothing goes wrong."""
    root = tmp_path_factory.mktemp("full-disk")
    data = disc_photographs(root / "data")
    write_json(root / "plan.json", plan_of(data, PACE, overrides=SMALL_2D).to_json())
    sw.train(data, root / "run", plan=root / "plan.json", threads=1)
    return data, root / "plan.json", root / "run"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "scanwright-test", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill_up(ballast: Path) -> None:
    """Write a file until nothing more fits on its disk."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as stream:
        while stream.write(b"x" * 4096):
            pass


def weights(run: Path) -> bytes:
    return (run / "model" / "weights.safetensors").read_bytes()


def test_a_disk_that_fills_up_keeps_the_last_checkpoint_and_resuming_finishes(
    setting: tuple[Path, Path, Path], small_disk: Path, command: Command
) -> None:
    data, plan, whole = setting
    out, ballast = small_disk / "run", small_disk / "ballast"
    rounds = 0

    def fill(stage: str, done: float, total: float, note: str = "") -> None:
        nonlocal rounds
        if stage == "Training" and done in (0.25, 0.5):
            rounds += 1
        if rounds == 2 and not ballast.exists():
            fill_up(ballast)

    with pytest.raises(OutputError, match=r"checkpoint.*the disk is full.*--resume"):
        sw.train(data, out, plan=plan, threads=1, progress=fill)
    kept = load_checkpoint(out / "checkpoint", plan_key(read_json(out / "plan.json")))
    assert kept is not None
    assert kept.position.step == 6
    said = command("train", data, "--out", out, "--resume", "--threads", 1)
    assert said.code == 1
    assert "the disk is full" in said.err
    ballast.unlink()
    said = command("train", data, "--out", out, "--resume", "--threads", 1)
    assert said.code == 0
    assert weights(out) == weights(whole)


def test_a_disk_that_is_full_from_the_start_is_named(
    setting: tuple[Path, Path, Path], small_disk: Path, command: Command
) -> None:
    data, plan, _ = setting
    (small_disk / "run").mkdir()
    fill_up(small_disk / "ballast")
    for arguments in (("train", data, "--plan", plan), ("plan", data)):
        said = command(*arguments, "--out", small_disk / "run", "--overwrite")
        assert said.code == 1
        assert "the disk is full" in said.err
        assert str(small_disk) in said.err


def test_masks_that_find_no_room_are_named(
    setting: tuple[Path, Path, Path], small_disk: Path, command: Command
) -> None:
    data, _, whole = setting
    out = small_disk / "masks"
    out.mkdir()
    fill_up(small_disk / "ballast")
    said = command("predict", whole, data / "images", "--out", out, "--threads", 1)
    assert said.code == 1
    assert "the disk is full" in said.err
    assert sorted(out.iterdir()) == []


@pytest.mark.parametrize("hit", range(0, 60, 4))
def test_whichever_write_fails_the_run_can_go_on(
    setting: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hit: int
) -> None:
    data, plan, whole = setting
    out = tmp_path / "run"
    left, write = hit, Path.write_bytes

    def limited(path: Path, content: bytes) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            write(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", limited)
        with pytest.raises(OutputError, match="disk is full") as full:
            sw.train(data, out, plan=plan, threads=1)
        assert str(out) in str(full.value)
    sw.train(data, out, plan=plan, resume=True, threads=1)
    assert weights(out) == weights(whole)
