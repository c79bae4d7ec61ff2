"""Start-up: how long ``scanwright --help`` and ``scanwright train --help`` take, the median of seven runs.

The goal is half a second. ``python benchmarks/startup.py`` exits with 1 when it is missed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS, GOAL_S = 7, 0.5
COMMANDS = (["--help"], ["train", "--help"])


def seconds(arguments: list[str]) -> float:
    """Wall-clock seconds of one start."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "scanwright.cli.main", *arguments], capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> int:
    """Measure, print, and say whether the goal is met."""
    met = True
    for arguments in COMMANDS:
        seconds(arguments)  # the first run also reads the files from the disk
        times = [seconds(arguments) for _ in range(RUNS)]
        middle = statistics.median(times)
        met &= middle <= GOAL_S
        print(f"scanwright {' '.join(arguments)}: {middle:.2f} s (worst {max(times):.2f} s, n = {RUNS})")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
