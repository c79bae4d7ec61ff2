"""Denoising: how near each step brings images with added noise to what they were, and how long it takes.

Real images are scaled to 0 … 255 (the 99.8th percentile) and taken for clean, which they are not quite. Noise
is added to them; every step of ``enhance`` against noise is done as a user would write it. Steps are printed
worst first; [ ] is the 95 % interval over patients, s are seconds of one processor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

from figures import data_root, print_header
from scanwright.data.recipe import read_recipe
from scanwright.data.volume import Volume
from scanwright.io.dataset import open_inputs
from scanwright.io.image import read_image
from scanwright.recipes.comparison import compare, summarise
from scanwright.transforms.enhancement.enhanced import follow
from scanwright.types import FloatArray

STEPS = ("median=1", "gaussian=0.7", "bilateral=1:25", "diffusion=5", "nlm", "wavelet")
TOP = 255.0
Noise = Callable[[FloatArray, np.random.Generator], FloatArray]


def gaussian(clean: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Of 5 % of the range."""
    return clean + rng.normal(0, 0.05 * TOP, clean.shape)


def strong(clean: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Gaussian, of 10 %."""
    return clean + rng.normal(0, 0.1 * TOP, clean.shape)


def rician(clean: FloatArray, rng: np.random.Generator) -> FloatArray:
    """As in magnitude images of MR, 5 %."""
    return np.hypot(clean + rng.normal(0, 0.05 * TOP, clean.shape), rng.normal(0, 0.05 * TOP, clean.shape))


def salt(clean: FloatArray, rng: np.random.Generator) -> FloatArray:
    """3 % of the voxels black or white."""
    hit = rng.random(clean.shape) < 0.03
    return np.where(hit, TOP * rng.integers(0, 2, clean.shape), clean)


NOISES: tuple[Noise, ...] = (gaussian, strong, rician, salt)


def images(only: str) -> Iterator[tuple[str, list[Volume]]]:
    """Name → images. Constants of the steps were chosen on others, but for open-ms and CT."""
    root = data_root()
    if only in ("all", "hippocampus"):
        files = sorted((root / "msd-hippocampus" / "imagesTr").glob("*.nii.gz"))[5::10]
        yield "hippocampus, MR 1 mm", [read_image(file) for file in files]
    if only in ("all", "open-ms"):
        files = sorted((root / "open-ms-data" / "longitudinal").glob("*/study?_FLAIR.nii.gz"))
        yield "open-ms, FLAIR 0.7 × 0.7 × 3 to 4 mm", [cut(read_image(file)) for file in files]
    if only in ("all", "ct"):
        file = root / "ibsi-sts-dicom" / "nifti_reference" / "nifti" / "STS_025" / "CT_image.nii.gz"
        yield "STS, CT 1 × 1 × 3.3 mm", [cut(read_image(file))]
    if only in ("all", "busi"):
        cases = open_inputs(root / "busi-breast-ultrasound" / "malignant").cases[5::10]
        yield "BUSI, ultrasound PNG", [case.image.read() for case in cases]


def cut(image: Volume) -> Volume:
    """The middle: what is done to all of it takes long and tells nothing more."""
    box = tuple(slice(max(0, n // 2 - h), n // 2 + h) for n, h in zip(image.shape, (96, 96, 8), strict=True))
    return Volume(image.array[(slice(None), *box)], image.affine_ras, image.modality)


def scaled(image: Volume) -> Volume:
    """One channel, 0 … 255."""
    array = image.array[:1].astype(np.float32)
    array = (array - array.min()) * (TOP / (np.percentile(array, 99.8) - array.min()))
    return Volume(array.clip(0, TOP), image.affine_ras, image.modality)


def measure(clean: list[Volume], noise: Noise, seed: int) -> list[tuple[float, str]]:
    """(change of PSNR, line) of each step."""
    rng = np.random.default_rng(seed)
    noisy = [Volume(noise(one.array, rng).astype(np.float32), one.affine_ras, one.modality) for one in clean]
    rows = []
    for step in STEPS:
        recipe = read_recipe(step)
        started = time.process_time()
        made = [follow(recipe, one, {}) for one in noisy]
        seconds = (time.process_time() - started) / sum(one.array.size for one in noisy) * 1e6
        records = [
            compare(before, after.image, after.scale, truth)
            for before, after, truth in zip(noisy, made, clean, strict=True)
        ]
        numbers = summarise(records, [str(n) for n in range(len(clean))])
        texts = []
        for name in ("psnr", "ssim"):
            before, after, change = (numbers[name, group] for group in ("before", "after", "change"))
            digits = 1 if name == "psnr" else 3
            bounds = (
                "" if np.isnan(change.low) else f" [{change.low:+.{digits}f} to {change.high:+.{digits}f}]"
            )
            worst = min(one[name]["after"] - one[name]["before"] for one in records)
            texts.append(
                f"{before.value:.{digits}f} → {after.value:.{digits}f}, change {change.value:+.{digits}f}"
                f"{bounds}, worst {worst:+.{digits}f}"
            )
        line = f"  {step:14} PSNR {texts[0]} dB; SSIM {texts[1]}; {seconds:.2f} s a megavoxel"
        rows.append((numbers["psnr", "change"].value, line))
    return sorted(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="all", help="hippocampus, open-ms, ct, busi or all")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print_header("Denoising steps on real images with noise", seed=arguments.seed)
    for name, found in images(arguments.data):
        clean = [scaled(one) for one in found]
        for noise in NOISES:
            print(f"{name}, n = {len(clean)}; {noise.__name__}: {noise.__doc__}", flush=True)
            for _, line in measure(clean, noise, arguments.seed):
                print(line, flush=True)


if __name__ == "__main__":
    main()
