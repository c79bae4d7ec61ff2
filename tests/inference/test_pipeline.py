"""Reading ahead and writing behind: the same order, the same failures, and nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from scanwright.errors import DataError, OutputError
from scanwright.inference.pipeline import Writer, ahead


def made(names: str, started: list[str], ready: threading.Event | None = None) -> Iterator[str]:
    for name in names:
        started.append(name)
        if ready is not None and name == "b":
            ready.set()
        if name == "!":
            raise DataError("broken")
        yield name


def test_the_next_is_made_while_the_first_is_worked_on() -> None:
    started: list[str] = []
    ready = threading.Event()
    parts = ahead(made("abc", started, ready), 1)
    assert next(parts) == "a"
    assert ready.wait(10)
    assert started == ["a", "b"]  # and not c: no more than one waits
    parts.close()  # type: ignore[attr-defined]
    assert started == ["a", "b"]


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_order_and_failures_stay(n: int) -> None:
    assert list(ahead(made("abc", []), n)) == ["a", "b", "c"]
    seen: list[str] = []
    with pytest.raises(DataError, match="broken"):
        seen.extend(ahead(made("ab!c", []), n))
    assert seen == ["a", "b"]


def test_what_was_handed_over_is_written_also_after_ctrl_c(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Writer(list[Path]().append, at_once=False) as writer:
            writer(lambda: write(tmp_path / "a"))
            writer(lambda: write(tmp_path / "b"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_full_disk_is_told_and_results_come_in_order(tmp_path: Path, at_once: bool) -> None:
    kept: list[Path] = []

    def full() -> Path:
        raise OutputError("the disk is full")

    def work() -> None:
        with Writer(kept.append, at_once=at_once) as writer:
            for name in "abc":
                writer(partial(write, tmp_path / name))
            writer(full)

    with pytest.raises(OutputError, match="full"):
        work()
    assert [path.name for path in kept] == ["a", "b", "c"]


def write(path: Path) -> Path:
    path.touch()
    return path
