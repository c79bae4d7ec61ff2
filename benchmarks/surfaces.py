"""Distances between two surfaces in 256 × 256 × 128 voxels beside MONAI's; a bootstrap.

Goals: 10 times as fast as MONAI and equal to 1e-5; 2,000 resamples of 1,000 cases within 2 seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice

from figures import arguments, print_header
from scanwright.core.metrics import auroc
from scanwright.core.statistics import patient_bootstrap
from scanwright.core.surfaces import surface_distances

SHAPE, SPACING_MM, TOLERANCE_MM = (256, 256, 128), (0.8, 0.8, 1.5), 1.0
ROUNDS = 7
# How far the second ellipsoid lies from the first, and how much larger it is along each axis, voxels.
OFFSETS = {
    "near": ((1, 0, 1), (1, -1, 0)),
    "usual": ((3, -2, 2), (-2, 2, 1)),
    "far": ((25, -20, 9), (-30, 9, 5)),
}


def main() -> None:
    options = arguments(__doc__ or "", minutes=0).parse_args()
    torch.set_num_threads(options.threads)
    print_header("Surfaces and resampling", threads=options.threads, rounds=ROUNDS)
    first = ellipsoid((128, 128, 64), (88, 80, 40))
    for name, (shift, growth) in OFFSETS.items():
        other = ellipsoid(np.add((128, 128, 64), shift), np.add((88, 80, 40), growth))
        print_pair(name, first, other)
    rng = np.random.default_rng(0)
    ill = rng.random(1000) < 0.3
    scores = rng.normal(size=1000) + ill
    patients = [str(n // 2) for n in range(1000)]
    seconds, _ = least(
        lambda: patient_bootstrap(
            lambda rows: {("auroc", ""): auroc(scores[rows], ill[rows])}, patients, n_resamples=2000
        )
    )
    print(f"2,000 resamples of AUROC over 1,000 cases of 500 patients: {seconds:.2f} s (goal 2)")


def ellipsoid(centre: Any, radii: Any) -> np.ndarray:
    """A mask."""
    grid = np.indices(SHAPE, dtype=np.float32)
    return sum(((axis - c) / r) ** 2 for axis, c, r in zip(grid, centre, radii, strict=True)) < 1


def print_pair(name: str, a: np.ndarray, b: np.ndarray) -> None:
    """Ours once, MONAI's three calls, and how far the answers differ."""
    ours, distances = least(lambda: surface_distances(a, b, SPACING_MM))
    one_hot = [torch.from_numpy(np.stack([~mask, mask])[None].astype(np.float32)) for mask in (a, b)]
    spacing = list(SPACING_MM)
    calls = {
        "mean": lambda: compute_average_surface_distance(*one_hot, symmetric=True, spacing=spacing),
        "95 %": lambda: compute_hausdorff_distance(*one_hot, percentile=95, spacing=spacing),
        "surface Dice": lambda: compute_surface_dice(*one_hot, [TOLERANCE_MM], spacing=spacing),
    }
    mine = {
        "mean": distances.mean(),
        "95 %": distances.hausdorff(),
        "surface Dice": distances.dice(TOLERANCE_MM),
    }
    told, total = [], 0.0
    for metric, call in calls.items():
        seconds, value = least(call)
        total += seconds
        off = abs(float(value) - mine[metric]) / max(abs(mine[metric]), 1e-9)
        told.append(
            f"{metric} {1e3 * seconds:.0f} ms = {seconds / ours:.1f} ×, relative difference {off:.1e}"
        )
    print(
        f"{name} ({distances.mean():.1f} mm apart): ours {1e3 * ours:.0f} ms for all three; "
        f"MONAI {'; '.join(told)}; all three {total / ours:.1f} × (goal 10)",
        flush=True,
    )


def least(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the quickest of several rounds, and what it gave."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        value = call()
        times.append(time.perf_counter() - start)
    return min(times), value


if __name__ == "__main__":
    main()
