"""Speed and memory: two models by turns on the same images, so that what else the machine does meets both."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanwright.data.case import Case
from scanwright.inference.model import Model
from scanwright.inference.predict import predict_image
from scanwright.types import JsonDict, Progress

ROUNDS, SECONDS, MOST_CASES = 7, 4.0, 3
"""By turns so often at least, and for about so long; on so many cases."""


@dataclass(frozen=True)
class Pace:
    """Median seconds of two models by turns.

    Attributes:
        original, other: of each.
    """

    original: float
    other: float

    def to_json(self) -> JsonDict:
        """With how many times as fast the other is."""
        return {"original_s": self.original, "s": self.other, "speedup": self.original / self.other}


def measure_speed(
    original: Model, other: Model, cases: Sequence[Case], threads: int | None, progress: Progress
) -> tuple[Pace, Pace]:
    """The network alone on one patch, and end to end: from the files of a case to its answer.

    Args:
        original, other: with graphs.
        cases: with images that can be read.
        threads: of the processor; ``None`` takes all.
        progress: told when it begins and ends.
    """
    plan = original.plan
    progress("Timing", 0, 2, "network only")
    runs = [model.open("cpu", threads) for model in (original, other)]
    patch = np.random.default_rng(0).standard_normal((1, len(plan.channels), *plan.patch_voxels))
    image = patch.astype(np.float32)
    network = _by_turns([lambda run=run: run(image) for run in runs])  # type: ignore[misc]
    progress("Timing", 1, 2, "end to end")

    def answer(n: int) -> Callable[[], object]:
        model = (original, other)[n]

        def whole() -> None:
            for case in cases[:MOST_CASES]:
                predict_image(runs[n], case.name, case.image.read(), model.plan, model.settled)

        return whole

    end_to_end = _by_turns([answer(0), answer(1)])
    n_cases = len(cases[:MOST_CASES])
    progress("Timing", 2, 2, "")
    return network, Pace(end_to_end.original / n_cases, end_to_end.other / n_cases)


def _by_turns(jobs: Sequence[Callable[[], object]]) -> Pace:
    seconds: list[list[float]] = [[], []]
    for job in jobs:  # kernels are chosen and memory is taken at the first call
        job()
    start = time.perf_counter()
    while len(seconds[0]) < ROUNDS or time.perf_counter() - start < SECONDS:
        for own, job in zip(seconds, jobs, strict=True):
            begun = time.perf_counter()
            job()
            own.append(time.perf_counter() - begun)
        if len(seconds[0]) >= ROUNDS and time.perf_counter() - start > SECONDS:
            break
    return Pace(*(statistics.median(own) for own in seconds))


def measure_memory(package: Path, shape: Sequence[int], threads: int | None) -> int | None:
    """Resident bytes at the peak of a process of its own that opens a package and answers one image; ``None``
    where the system does not tell.

    Args:
        package: the file.
        shape: (i, j, k) of the image on the working grid.
        threads: of the processor.
    """
    command = [sys.executable, "-m", "scanwright.compression.peak", str(package), json.dumps(list(shape))]
    done = subprocess.run(
        [*command, str(threads or 0)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    said = done.stdout.strip()
    return int(said) if done.returncode == 0 and said.isdigit() else None
