"""Resident memory at the peak of whole trainings and predictions, beside what is estimated beforehand.

Noise of several sizes, a few steps each, by the ordinary command in a process of its own.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image

import scanwright as sw
from figures import print_header
from scanwright.data.plan import Plan
from scanwright.io.files import write_json

PACE = [[3, 1.0]]


@dataclass(frozen=True)
class Job:
    """Images of one size, and what is set of their plan."""

    name: str
    shape: tuple[int, int, int]
    overrides: dict[str, str]
    minutes: float = 5.0


FAMILY = "network.family"
WIDE = {"network.widths": "[64, 128, 256, 320]"}
JOBS = [
    Job("unet 24", (24, 24, 24), {}),
    Job("unet 48", (48, 48, 48), {"batch_size": "4"}),
    Job("unet 48 wide", (48, 48, 32), WIDE, 15.0),
    Job("segresnet 48", (48, 48, 48), {FAMILY: "segresnet"}),
    Job("swin_unetr 48", (48, 48, 48), {FAMILY: "swin_unetr"}),
    Job("unet 128", (128, 128, 128), {"patch_voxels": "[32, 32, 32]", "network.widths": "[4, 8, 16, 32]"}),
    Job("unet 2-D", (256, 256, 1), {"batch_size": "8"}),
    Job("resnet", (128, 128, 1), {FAMILY: "resnet", "batch_size": "32"}),
    Job("densenet", (128, 128, 1), {FAMILY: "densenet", "batch_size": "16"}),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="jobs whose name holds this")
    options = parser.parse_args()
    print_header("Peak of resident memory, measured and estimated", threads=options.threads, seed=0)
    measured = []
    for job in (job for job in JOBS if options.only in job.name):
        with tempfile.TemporaryDirectory() as name:
            measured.append((job, *measure(job, Path(name), options.threads)))
            print(f"{job.name}: {', '.join(f'{n / 1e6:.0f} MB' for n in measured[-1][2:])}", flush=True)
    # Only now: a process begins with the peak of the one that starts it.
    from scanwright.inference.memory import TORCH, predicting_bytes
    from scanwright.inference.runtimes import count_footprint
    from scanwright.networks.memory import training_bytes

    print(f"{'':16}{'training':>10}{'estimate':>10}{'':>8}{'predicting':>12}{'estimate':>10}")
    for job, plan, training, predicting in measured:
        voxels = math.prod(job.shape if plan.label_values else plan.patch_voxels)
        sizes = (plan, math.prod(job.shape), voxels)
        expected = [training_bytes(*sizes), predicting_bytes(*sizes, count_footprint(plan), TORCH)]
        row = "".join(
            f"{found / 1e6:>10.0f}{told / 1e6:>10.0f}{told / found:>8.2f}"
            for found, told in zip((training, predicting), expected, strict=True)
        )
        print(f"{job.name:16}{row}", flush=True)


def measure(job: Job, folder: Path, threads: int) -> tuple[Plan, int, int]:
    """The plan, and bytes at the peak of training and of predicting."""
    data = folder / "data"
    images = make_images(job, data)
    plan = sw.plan(data, minutes=job.minutes, overrides=job.overrides).plan
    write_json(folder / "plan.json", {**plan.to_json(), "pace": PACE})
    common = ["--threads", str(threads), "--quiet"]
    run = ["train", str(data), "--out", str(folder / "run"), "--plan", str(folder / "plan.json"), *common]
    training = peak_of(run)
    answer = ["predict", str(folder / "run"), str(images[0]), "--out", str(folder / "answers"), *common]
    return plan, training, peak_of(answer)


def make_images(job: Job, data: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    made = []
    classify = "net" in job.name and "unet" not in job.name and "segres" not in job.name
    for n in range(40 if classify else 5):
        array = rng.normal(100, 20, job.shape).astype(np.float32)
        mask = np.zeros(job.shape, dtype=np.uint8)
        mask[4:12, 4:12] = 1
        flat = np.clip(array[..., 0], 0, 255).astype(np.uint8)
        if classify:
            made.append(data / ("a" if n % 2 else "b") / f"case{n}.png")
            made[-1].parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(flat).save(made[-1])
            continue
        kinds = ("images", "masks") if job.shape[2] == 1 else ("imagesTr", "labelsTr")
        for kind, values in zip(kinds, (array, mask), strict=True):
            (data / kind).mkdir(parents=True, exist_ok=True)
            if job.shape[2] == 1:
                Image.fromarray(flat if kind == "images" else mask[..., 0]).save(data / kind / f"case{n}.png")
            else:
                nib.save(nib.Nifti1Image(values, np.eye(4)), data / kind / f"case{n}.nii")
        made.append(next((data / kinds[0]).glob(f"case{n}.*")))
    return made


def peak_of(command: Sequence[str]) -> int:
    """Bytes of resident memory at the peak of a command."""
    process = subprocess.Popen([sys.executable, "-m", "scanwright", *command])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
