"""Prediction of a whole CT of 512 × 512 × 300 voxels, five classes, back on its own grid: beside MONAI.

Both read the same NIfTI file, bring it to 1.5 mm, run the same network over the same windows with the same
overlap and blending, and bring the answer back to the grid of the file: scanwright by ``Model``, MONAI by
Spacingd, sliding_window_inference and Invertd. Each runs in a process of its own, in turn; the time is from
the file to the array of labels, the memory the most of the process. The network is trained for two minutes on
the organs of smaller phantoms, so that there is something to agree on. Preprocessing alone is also timed,
beside nnU-Net's way of resampling (skimage's resize, order 3, as in its default configuration).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from figures import print_header
from scanwright.phantoms import PhantomSettings
from scanwright.phantoms.phantom import Phantom, draw_acquisition, draw_patient, image_patient

SPACING_MM = (1.5, 1.5, 1.5)
ORGANS = ("background", "body", "lung", "liver", "spine")
CLASSES = len(ORGANS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where phantom and model are kept; default: forgotten")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        _report(options)
        return
    with tempfile.TemporaryDirectory() as forgotten:
        folder = options.folder or Path(forgotten)
        if not (folder / "run").is_dir():
            _make(folder, options.threads)
        _compare(folder, options)


def _compare(folder: Path, options: argparse.Namespace) -> None:
    shape = nib.load(folder / "ct.nii").shape
    plan = json.loads((folder / "run" / "plan.json").read_text())
    window, widths = plan["patch_voxels"], plan["network"]["widths"]
    print_header(
        "Whole volume",
        shape=shape,
        window=window,
        overlap=plan["overlap"],
        widths=widths,
        threads=options.threads,
    )
    results: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(options.rounds):
        for side, found in results.items():
            command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
            command += ["--threads", str(options.threads)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{side} failed:\n{done.stderr[-2000:]}")
            found.append(json.loads(done.stdout.splitlines()[-1]))
    for side, found in results.items():
        best = min(found, key=lambda one: one["total_s"])
        stages = ", ".join(
            f"{name[:-2]} {value:.1f} s" for name, value in best.items() if name.endswith("_s")
        )
        print(f"{side}: {stages}; most memory {best['gigabytes']:.2f} GB")
    own, other = (min(one["total_s"] for one in results[side]) for side in ("scanwright", "monai"))
    labels = [np.load(folder / f"{side}.npy") for side in ("scanwright", "monai")]
    dice = [
        2
        * ((labels[0] == c) & (labels[1] == c)).sum()
        / max(1, (labels[0] == c).sum() + (labels[1] == c).sum())
        for c in range(1, CLASSES)
    ]
    print(
        f"MONAI's time / scanwright's: {other / own:.2f}; Dice of the two, the worst class: {min(dice):.4f}"
    )
    _compare_resampling(folder)


def _make(folder: Path, threads: int) -> None:
    """A large phantom as a file, and a model of its organs trained on small ones."""
    import scanwright as sw

    folder.mkdir(parents=True, exist_ok=True)
    image = _phantom(0, (512, 512, 300), (0.74, 0.62, 1.2))
    nib.save(nib.Nifti1Image(image.image.array[0], image.image.affine_ras), folder / "ct.nii")
    for part in ("imagesTr", "labelsTr"):
        (folder / "data" / part).mkdir(parents=True, exist_ok=True)
    for number in range(1, 9):
        small = _phantom(number, (128, 128, 90), (2.96, 2.48, 4.0))
        affine = small.image.affine_ras
        nib.save(
            nib.Nifti1Image(small.image.array[0], affine), folder / "data/imagesTr" / f"p{number}_0000.nii.gz"
        )
        nib.save(
            nib.Nifti1Image(small.organs.array[0], affine), folder / "data/labelsTr" / f"p{number}.nii.gz"
        )
    labels = {name: value for value, name in enumerate(ORGANS)}
    described = {"channel_names": {"0": "CT"}, "labels": labels}
    (folder / "data" / "dataset.json").write_text(json.dumps(described))
    sw.train(
        folder / "data",
        folder / "run",
        minutes=2.0,
        threads=threads,
        overrides={"spacing_mm": list(SPACING_MM), "mirror_axes": [], "patch_voxels": [64, 64, 64]},
    )


def _phantom(seed: int, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Phantom:
    patient, acquisition = np.random.SeedSequence(seed).spawn(2)
    settings = PhantomSettings()
    drawn = draw_acquisition(acquisition, settings)
    return image_patient(draw_patient(patient, settings), replace(drawn, shape=shape, spacing_mm=spacing_mm))


def _report(options: argparse.Namespace) -> None:
    """One side, in its own process: seconds of the stages and the most memory, as JSON."""
    import torch

    torch.set_num_threads(options.threads)
    seconds, labels = SIDES[options.side](options.folder)
    np.save(options.folder / f"{options.side}.npy", labels.astype(np.uint8))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({**seconds, "total_s": sum(seconds.values()), "gigabytes": peak}))


def _scanwright(folder: Path) -> tuple[dict[str, float], np.ndarray]:
    import scanwright as sw

    model = sw.load(folder / "run")
    start = time.perf_counter()
    (prediction,) = model.predict(folder / "ct.nii")
    return {"all_s": time.perf_counter() - start}, prediction.mask.array[0]


def _monai(folder: Path) -> tuple[dict[str, float], np.ndarray]:
    import torch
    from monai.inferers import sliding_window_inference
    from monai.transforms import (
        Compose,
        EnsureChannelFirstd,
        Invertd,
        LoadImaged,
        NormalizeIntensityd,
        Orientationd,
        ScaleIntensityRanged,
        Spacingd,
    )

    import scanwright as sw
    from scanwright.inference.runtimes.torch_runtime import TorchRuntime

    model = sw.load(folder / "run")
    plan = model.plan
    network = TorchRuntime(plan, model.weights, "cpu").network
    (channel,) = plan.channels
    before = Compose(
        [
            LoadImaged("image"),
            EnsureChannelFirstd("image"),
            Orientationd("image", axcodes="RAS"),
            Spacingd("image", pixdim=SPACING_MM, mode="bilinear"),
            ScaleIntensityRanged("image", channel.low, channel.high, channel.low, channel.high, clip=True),
            NormalizeIntensityd("image", subtrahend=channel.mean, divisor=channel.deviation),
        ]
    )
    after = Invertd("pred", transform=before, orig_keys="image", nearest_interp=False, to_tensor=True)
    start = time.perf_counter()
    found = before({"image": str(folder / "ct.nii")})
    prepared = time.perf_counter()
    with torch.inference_mode():
        found["pred"] = sliding_window_inference(
            found["image"][None],
            plan.patch_voxels,
            4,
            lambda patches: network(torch.as_tensor(patches))[0].softmax(dim=1),
            overlap=plan.overlap,
            mode="gaussian",
        )[0]
    predicted = time.perf_counter()
    labels = after(found)["pred"].argmax(dim=0).numpy()
    done = time.perf_counter()
    return {
        "prepare_s": prepared - start,
        "network_s": predicted - prepared,
        "restore_s": done - predicted,
    }, labels


def _compare_resampling(folder: Path) -> None:
    """From 512 × 512 × 300 to 1.5 mm: scanwright's linear, antialiased resampling beside nnU-Net's."""
    from skimage.transform import resize

    from scanwright.core.geometry import resample, resampled_shape

    file = nib.load(folder / "ct.nii")
    array = np.asarray(file.dataobj).astype(np.float32)
    shape = resampled_shape(array.shape, [float(z) for z in file.header.get_zooms()], SPACING_MM)
    start = time.perf_counter()
    own = resample(array[None], shape)[0]
    middle = time.perf_counter()
    other = resize(array, shape, order=3, mode="edge", clip=True, anti_aliasing=False)
    end = time.perf_counter()
    inside = (slice(4, -4),) * 3
    off = np.abs(own[inside] - other[inside])
    print(
        f"Resampling to {shape}: scanwright {middle - start:.2f} s, as nnU-Net does {end - middle:.2f} s, "
        f"{(end - middle) / (middle - start):.1f} ×; median difference {np.median(off):.1f} HU"
    )


SIDES: dict[str, Any] = {"scanwright": _scanwright, "monai": _monai}

if __name__ == "__main__":
    main()
