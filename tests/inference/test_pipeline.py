"""Reading ahead and writing behind: the same order, the same failures, and nothing lost."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from scanwright.data.case import Case, Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError, OutputError
from scanwright.inference.pipeline import Writer, read_ahead


def case(name: str, started: list[str], event: threading.Event | None = None) -> Case:
    def read() -> Volume:
        started.append(name)
        if event is not None:
            event.set()
        if name == "broken":
            raise DataError("broken", subject=name)
        return Volume(np.zeros((1, 2, 2, 1)), None)

    return Case(name, {"image": Lazy(name, read)})


def test_the_next_image_is_read_while_the_first_is_worked_on() -> None:
    started: list[str] = []
    ready = threading.Event()
    ahead = read_ahead([case("a", started), case("b", started, ready), case("c", started)], 1)
    first, read = next(ahead)
    assert first.name == "a"
    assert read().shape == (2, 2, 1)
    assert ready.wait(10)
    assert started == ["a", "b"]  # and not c: no more than one waits
    ahead.close()
    assert started == ["a", "b"]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_order_and_failures_stay(n: int) -> None:
    seen = []
    for one, read in read_ahead([case(name, []) for name in ("a", "broken", "c")], n):
        try:
            read()
            seen.append(one.name)
        except DataError as error:
            seen.append(str(error))
    assert seen == ["a", "broken: broken.", "c"]


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
