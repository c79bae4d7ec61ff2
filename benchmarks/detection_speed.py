"""Detection: images a second at 640 × 480, milliseconds of suppression, and memory.

Goals on 2 cores: 8 images a second from file to boxes in the plain runtime; of 10,000 boxes about 500 are
kept within 20 ms in 2-D and 50 ms in 3-D. Without ``--run`` (such as that of ``bccd.py``) the network is the
one that is planned for BCCD, after a few steps: it is as fast as any, and finds more than a good one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import scanwright as sw
from figures import data_root, print_header
from memory import peak_of
from scanwright.core.suppression import suppress
from scanwright.data.plan import Plan
from scanwright.data.prediction import BoxPrediction
from scanwright.types import FloatArray

N_OBJECTS, N_EACH = 500, 20
REPEATS = 20
FEW_STEPS = [[3, 1.0]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="a run of BCCD")
    parser.add_argument("--minutes", type=float, default=60, help="that the plan is made for")
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    print_header("Detection, speed", threads=options.threads, seed=0, repeats=REPEATS)
    for dims, goal in ((2, 20), (3, 50)):
        boxes, scores = crowded(dims)
        times = [_seconds(boxes, scores) for _ in range(REPEATS)]
        n_kept = len(suppress(boxes, scores, 0.5))
        print(
            f"suppression in {dims}-D, {len(boxes)} boxes, {n_kept} kept: {1e3 * min(times):.1f} ms "
            f"at best, {1e3 * np.median(times):.1f} in the middle (goal {goal})",
            flush=True,
        )
    with tempfile.TemporaryDirectory() as name:
        run = options.run or few_steps(Path(name), options.minutes, options.threads)
        time_images(run, options.images, options.threads)
        image = next((data_root() / "bccd" / "JPEGImages").iterdir())
        answer = ["predict", str(run), str(image), "--out", f"{name}/answers"]
        print(f"peak of resident memory, one image: {peak_of([*answer, '--quiet']) / 1e6:.0f} MB")


def crowded(dims: int) -> tuple[FloatArray, FloatArray]:
    """Boxes that a detector puts around each of many objects, and scores: (n, 2, dims) and (n,)."""
    rng = np.random.default_rng(0)
    side = 1000.0 if dims == 2 else 250.0
    centres = rng.uniform(0, side, (N_OBJECTS, 1, dims)) + rng.normal(0, 0.7, (N_OBJECTS, N_EACH, dims))
    sides = rng.uniform(16, 30, (N_OBJECTS, 1, dims)) * rng.uniform(0.95, 1.05, (N_OBJECTS, N_EACH, dims))
    boxes = np.stack([centres - sides / 2, centres + sides / 2], axis=2).reshape(-1, 2, dims)
    return boxes, rng.uniform(0, 1, len(boxes))


def _seconds(boxes: FloatArray, scores: FloatArray) -> float:
    start = time.perf_counter()
    suppress(boxes, scores, 0.5)
    return time.perf_counter() - start


def few_steps(folder: Path, minutes: float, threads: int) -> Path:
    """A run of the planned network, barely trained."""
    data = data_root() / "bccd"
    plan = sw.plan(data, task="detection", minutes=minutes).plan
    short = Plan.from_json({**plan.to_json(), "pace": FEW_STEPS})
    sw.train(data, folder / "run", plan=short, threads=threads)
    return folder / "run"


def time_images(run: Path, n: int, threads: int) -> None:
    """From files to boxes, one after the other."""
    model, cases = sw.load(run), sw.open(data_root() / "bccd").cases[: n + 1]
    answers = model.run(cases, threads=threads)
    next(answers)  # the network is built for the first
    start = time.perf_counter()
    found = [len(one.boxes) for _, one in answers if isinstance(one, BoxPrediction)]
    seconds = time.perf_counter() - start
    network = model.plan.network
    print(
        f"{len(found) / seconds:.2f} images a second (goal 8), n = {len(found)}, {np.mean(found):.0f} boxes "
        f"an image, {network.family} of widths {network.widths}",
        flush=True,
    )


if __name__ == "__main__":
    main()
