"""A process that trains and is killed at a chosen moment; see tests/training/test_survival.py."""

from __future__ import annotations

import os
import random
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

import scanwright as sw
import scanwright.evaluation.evaluation
import scanwright.training.run

WRITING = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod")


def train(data: Path, plan: Path, out: Path, moment: str, count: int, end: Connection) -> None:
    """Train, going on from what is there, until ``count`` moments of a kind have passed; then be killed.

    Args:
        data, plan, out: as for ``sw.train``.
        moment: "never", "step" (after a step), "file" (before a file of ``out`` is touched), "byte" (with
            half of a file written).
        count: which of these moments.
        end: told where the kill struck.
    """
    torch.set_num_threads(1)
    left = count

    def strike(where: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            end.send(where)
            os.kill(os.getpid(), signal.SIGKILL)

    def see(event: str, arguments: tuple[Any, ...]) -> None:
        if event in WRITING and str(arguments[0]).startswith(str(out)):
            reading = event == "open" and arguments[1] in ("r", "rb") and not arguments[2] & os.O_WRONLY
            if not reading:
                strike(f"{event} {arguments[0]}")

    if moment == "file":
        sys.addaudithook(see)
    elif moment == "byte":
        whole = Path.write_bytes

        def write_half(path: Path, content: bytes) -> int:
            whole(path, content[: random.Random(count).randrange(len(content))])
            strike(f"half {path}")
            return whole(path, content)

        Path.write_bytes = write_half  # type: ignore[method-assign]

    def progress(stage: str, done: float, total: float, note: str = "") -> None:
        if moment == "step" and stage == "Training":
            strike("step")

    sw.train(data, out, plan=plan, resume=True, threads=1, progress=progress)
    end.send("finished")
