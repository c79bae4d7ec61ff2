"""Is the phantom worth learning from? Prints what a threshold and a detector of blobs reach on it.

Both must stay below 0.5 (Dice, CPM) although they are tuned on the very patients that they are scored on.

    python benchmarks/phantom_baselines.py [--patients 40] [--seeds 0 1 2]
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import time
from pathlib import Path

from scanwright.core.detection import FALSE_ALARMS
from scanwright.phantoms import make_cohort
from scanwright.phantoms.baselines import score_naive_detectors

LIMIT = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    print(f"commit {commit or 'unknown'}, {platform.machine()}, Python {platform.python_version()}")
    print("false positives per patient: " + ", ".join(f"{value:g}" for value in FALSE_ALARMS))
    worst_first = []
    for seed in options.seeds:
        start = time.perf_counter()
        cohort = ((phantom.image, phantom.mask) for phantom in make_cohort(options.patients, seed=seed))
        scores = score_naive_detectors(cohort)
        seconds = time.perf_counter() - start
        best = scores.threshold
        line = (
            f"seed {seed}: threshold Dice {scores.threshold_dice:.3f} "
            f"({best.low_hu:g} to {best.high_hu:g} HU, {best.keep} largest); "
            f"blob CPM {scores.blob_cpm:.3f} ({', '.join(f'{s:.2f}' for s in scores.blob_sensitivities)}); "
            f"{scores.n_patients} patients, {scores.n_lesions} lesions, {seconds:.0f} s"
        )
        worst_first.append((max(scores.threshold_dice, scores.blob_cpm), line))
    # The easiest cohort first: it decides.
    worst_first.sort(reverse=True)
    print("\n".join(line for _, line in worst_first))
    highest = worst_first[0][0]
    print(
        f"highest {highest:.3f}, limit {LIMIT}: " + ("fine" if highest < LIMIT else "the phantom is too easy")
    )
    return 0 if highest < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
