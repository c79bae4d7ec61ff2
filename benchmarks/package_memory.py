"""Resident memory of ``predict PACKAGE --memory``: never above the cap, or refused beforehand.

Noise of a CT's size and spacing goes through packages of untrained networks (sizes do not depend on
weights), each by the ordinary command in a process of its own. The most that is resident is measured from
outside. A refusal must come before the image is worked on, and name a cap that then does.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import nibabel as nib
import numpy as np
import torch

import scanwright as sw
from figures import print_header
from scanwright.data.memory import read_memory
from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.inference.model import Model
from scanwright.networks.catalogue import build_network

CAPS = ("1G", "2G", "4G")
SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Job:
    """A volume, and what is asked of it."""

    name: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    classes: int


JOBS = (
    Job("512 x 512 x 300, 5 classes", (512, 512, 300), (0.74, 0.74, 1.2), 5),
    Job("512 x 512 x 700, 25 classes", (512, 512, 700), (0.74, 0.74, 0.8), 25),
)


def plan_of(job: Job, patch: int) -> Plan:
    """A 3-D U-Net of four levels on a grid of 1.5 mm."""
    network = NetworkPlan(
        "unet", widths=(16, 32, 64, 128), strides=((1,) * 3, *((2,) * 3,) * 3), kernels=((3,) * 3,) * 4
    )
    return Plan(
        task="segmentation",
        dims=3,
        channels=(ChannelPlan("CT", "clip_zscore", -1000.0, 1000.0, 0.0, 300.0),),
        classes=("background", *(f"organ {n}" for n in range(1, job.classes))),
        label_values=tuple(range(job.classes)),
        spacing_mm=(1.5, 1.5, 1.5),
        patch_voxels=(patch,) * 3,
        batch_size=2,
        network=replace(network, deep_supervision=0),
        overlap=0.25,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--patch", type=int, default=96)
    parser.add_argument("--caps", nargs="+", default=CAPS)
    parser.add_argument("--to", nargs="+", default=["onnx", "openvino"])
    parser.add_argument("--only", default="", help="jobs whose name holds this")
    options = parser.parse_args()
    print_header("Memory of predict", threads=options.threads, patch=options.patch, seed=0)
    for job in (job for job in JOBS if options.only in job.name):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            noise = np.random.default_rng(0).integers(-1000, 1000, job.shape, dtype=np.int16)
            nib.save(nib.Nifti1Image(noise, np.diag([*job.spacing_mm, 1.0])), folder / "ct.nii")
            torch.manual_seed(0)
            plan = plan_of(job, options.patch)
            weights = {key: value.numpy() for key, value in build_network(plan).state_dict().items()}
            for target in options.to:
                package = folder / f"{target}.scanwright"
                sw.export(Model(plan, weights), package, to=target)
                for cap in options.caps:
                    judge(job, package, folder, cap, options.threads)


def judge(job: Job, package: Path, folder: Path, cap: str, threads: int) -> None:
    """One line: what was resident, or what was refused and what then is."""
    peak, said, seconds = predict(package, folder, cap, threads)
    line = f"{job.name}, {package.stem}, --memory {cap}: "
    if "can't be predicted in the memory" not in said and "too small" not in said:
        print(f"{line}{peak / 1e9:.2f} GB, {seconds:.0f} s {verdict(peak, cap)}", flush=True)
        return
    least = re.findall(r"--memory (\S+) or more", said)[-1]
    print(f"{line}refused after {seconds:.0f} s at {peak / 1e9:.2f} GB, {least} would do", flush=True)
    peak, said, seconds = predict(package, folder, least, threads)
    done = "done" if "or more" not in said else "REFUSED AGAIN"
    print(
        f"    --memory {least}: {done}, {peak / 1e9:.2f} GB, {seconds:.0f} s {verdict(peak, least)}",
        flush=True,
    )


def verdict(peak: int, cap: str) -> str:
    """Whether the cap was kept."""
    return "kept" if peak <= read_memory(cap) else "ABOVE THE CAP"


def predict(package: Path, folder: Path, cap: str, threads: int) -> tuple[int, str, float]:
    """Bytes at the peak, what was said, and seconds."""
    command = [sys.executable, "-m", "scanwright", "predict", str(package), str(folder / "ct.nii"), "--quiet"]
    command += ["--out", str(folder / "out"), "--overwrite", "--memory", cap, "--threads", str(threads)]
    start = time.monotonic()
    # What the kernel tells of a child that has ended holds the parent's memory as well, from before ``exec``.
    peak = 0
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            told = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            peak = max(peak, int(told[1]) * 1024) if told else peak
            time.sleep(SAMPLE_SECONDS)
    return peak, (folder / "said.txt").read_text(), time.monotonic() - start


if __name__ == "__main__":
    main()
