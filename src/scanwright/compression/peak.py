"""A process of its own: open a package, answer one image, and say how much memory that took at most.

The network runs, blends and mirrors as in ``predict``; what the files of an image take is left out, as it is
the same for all. Only Linux tells (``VmHWM``).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np

from scanwright.inference.package import read_package
from scanwright.inference.predict import predict_array

STATUS = Path("/proc/self/status")


def main(package: str, shape: str, threads: str) -> None:
    """Print the bytes, if they are known."""
    model = read_package(package, check=False)
    image = np.zeros((len(model.plan.channels), *json.loads(shape)), dtype=np.float32)
    predict_array(model.open("cpu", int(threads) or None), image, model.plan)
    told = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text()) if STATUS.exists() else None
    sys.stdout.write(f"{int(told[1]) * 1024}\n" if told else "")


if __name__ == "__main__":
    main(*sys.argv[1:])
