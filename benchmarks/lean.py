"""Lean: what running a package takes. Megabytes installed, seconds to import, seconds to the first mask.

Makes a fresh environment, installs ``.[run]`` there (``--environment`` takes one that is there), and lets it
predict an MR volume of the hippocampus's size (35 × 50 × 36, noise) with a package of an untrained network
(times do not depend on weights), both made here, where torch is. Megabytes are those of the environment less
pip and setuptools, compiled files of Python included.

Goals: 350 MB; 0.5 s; 2 s from the start of the process to the mask on the disk. Exits with 1 when one is
missed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np

from figures import ROOT, print_header

MEGABYTES, IMPORT_S, MASK_S = 350, 0.5, 2.0
RUNS = 7
SHAPE = (35, 50, 36)
TOOLS = ("pip", "setuptools", "pkg_resources", "_distutils_hack")
IMPORT = """
import time
start = time.perf_counter()
import scanwright
print(time.perf_counter() - start)
"""


def install(folder: Path) -> Path:
    """A fresh environment with the lean installation."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", f"{ROOT}[run]"], check=True)
    return folder


def megabytes(folder: Path) -> float:
    """Of all files on the disk, as ``du`` counts them, without the tools that installed them."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    counted = [path for path in files if not any(part.startswith(TOOLS) for part in path.parts)]
    return sum(path.stat().st_blocks for path in counted) * 512 / 2**20


def make_package(
    folder: Path, widths: tuple[int, ...] = (16, 32, 64, 128), patch: tuple[int, int, int] = (40, 56, 40)
) -> tuple[Path, Path]:
    """A package, and an image for it."""
    import torch

    import scanwright as sw
    from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
    from scanwright.inference.model import Model
    from scanwright.networks.catalogue import build_network

    plan = Plan(
        task="segmentation",
        dims=3,
        channels=(ChannelPlan("MR", "zscore", 0.0, 0.0, 100.0, 40.0),),
        classes=("background", "anterior", "posterior"),
        label_values=(0, 1, 2),
        spacing_mm=(1.0, 1.0, 1.0),
        patch_voxels=patch,
        batch_size=2,
        network=NetworkPlan(
            "unet",
            widths=widths,
            strides=((1,) * 3, *((2,) * 3,) * (len(widths) - 1)),
            kernels=((3,) * 3,) * len(widths),
        ),
        mirror_axes=(0,),
    )
    torch.manual_seed(0)
    weights = {name: value.numpy() for name, value in build_network(plan).state_dict().items()}
    sw.export(Model(plan, weights), folder / "model.scanwright")
    image = np.random.default_rng(0).normal(100, 40, SHAPE).astype(np.float32)
    nib.save(nib.Nifti1Image(image, np.eye(4)), folder / "image.nii.gz")
    return folder / "model.scanwright", folder / "image.nii.gz"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", type=Path, help="measure this one and install nothing")
    options = parser.parse_args()
    print_header("Lean", runs=RUNS, seed=0)
    with tempfile.TemporaryDirectory() as name:
        environment = options.environment or install(Path(name) / "environment")
        python = environment / "bin" / "python"
        package, image = make_package(Path(name))
        imports, masks, worked = [], [], []
        command = [python, "-m", "scanwright", "predict", package, image, "--out", Path(name) / "out"]
        for _ in range(1 + RUNS):
            said = subprocess.run([python, "-c", IMPORT], capture_output=True, check=True, cwd=name).stdout
            imports.append(float(said))
            before, start = processor_seconds(), time.perf_counter()
            subprocess.run([*command, "--overwrite", "--quiet"], check=True, cwd=name, capture_output=True)
            masks.append(time.perf_counter() - start)
            worked.append(processor_seconds() - before)
        size = megabytes(environment)
    print(f"installed: {size:.0f} MB (goal {MEGABYTES})")
    # The first run also reads the files from the disk.
    print(f"import scanwright: {told(imports[1:])} (goal {IMPORT_S})")
    print(f"start to mask: {told(masks[1:])}, the first of all {masks[0]:.2f} s (goal {MASK_S:g})")
    print(f"of it, all processors together: {told(worked[1:])}")
    return int(size > MEGABYTES or middle(imports) > IMPORT_S or middle(masks) > MASK_S)


def processor_seconds() -> float:
    """Of all processes that were waited for: what other work on the machine does not lengthen."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def middle(seconds: list[float]) -> float:
    """Without the first."""
    return statistics.median(seconds[1:])


def told(seconds: list[float]) -> str:
    """Median, least and worst."""
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f}–{max(seconds):.2f}, n = {len(seconds)})"


if __name__ == "__main__":
    sys.exit(main())
