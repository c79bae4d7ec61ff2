"""Prediction from files to files, back on the image's own grid: scanwright's model and packages beside MONAI.

Two jobs: a CT of 512 × 512 × 300 voxels with five classes at 1.5 mm, and the held-out hippocampus volumes. A
3-D U-Net of 4 to 5 million weights is trained for a few minutes, so that there is something to agree on; all
sides then run it over the same windows with the same overlap, blending and spacing. MONAI runs it eagerly in
32 bit: LoadImage, Orientation, Spacing, sliding_window_inference, Invert, argmax, SaveImage. scanwright runs
the model, its packages in 32 bit, and those that ``compress`` made smaller and judged on validation patients;
all are judged again on the held-out ones.
Each side has a process of its own, in turn; the clock starts when its libraries are imported, and stops when
the last mask is written. Preprocessing alone is also timed, beside nnU-Net's way of resampling (skimage's
resize, order 3).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nibabel as nib
import numpy as np

from figures import data_root, print_header, progress, splits
from scanwright.data.plan import Plan
from scanwright.data.volume import Volume
from scanwright.phantoms import PhantomSettings
from scanwright.phantoms.phantom import Phantom, draw_acquisition, draw_patient, image_patient

ORGANS = ("background", "body", "lung", "liver", "spine")
WIDTHS = (0.65, 0.5)
N_PHANTOMS = 80
ENLARGED = 3
"""Phantoms are a hand wide; an adult fills the plane of a CT, and organs are more than their surface."""
EXPORTED = (("onnx", "fp32"), ("openvino", "fp32"), ("openvino", "bf16"))
N_LEARNT = 100


@dataclass(frozen=True)
class Job:
    """A data set, how its model is trained, the cap on memory, whether smaller ones are judged too, and the
    folder of the true masks of the images, if there are any."""

    name: str
    window: tuple[int, int, int]
    batch: int
    widths: tuple[int, ...]
    memory: str | None
    judged: bool
    spacing_mm: tuple[float, float, float]
    make: Callable[[Path], None]
    truths: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--minutes", type=float, default=4, help="of training, and of tuning each smaller one"
    )
    parser.add_argument("--only", choices=JOBS, help="one of the jobs")
    parser.add_argument("--folder", type=Path, help="where data and models are kept; default: forgotten")
    parser.add_argument("--init-from", help="a run whose network goes on to learn")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        _report(options)
        return
    with tempfile.TemporaryDirectory() as forgotten:
        for job in (job for job in JOBS.values() if options.only in (None, job.name)):
            folder = (options.folder or Path(forgotten)) / job.name
            sides = _make(job, folder, options)
            _compare(job, folder, sides, options)
            if job.name == "ct":
                _compare_resampling(folder, job)


def _make(job: Job, folder: Path, options: argparse.Namespace) -> dict[str, Path]:
    """Images, the trained model and its packages: side → what it runs."""
    import scanwright as sw

    run, small = folder / "run", folder / "small"
    if not (folder / "images").is_dir():
        job.make(folder)
    with progress() as tell:
        if not (run / "model").is_dir():
            fixed = {
                "spacing_mm": list(job.spacing_mm),
                "mirror_axes": [],
                "patch_voxels": list(job.window),
                "batch_size": job.batch,
                "network.widths": list(job.widths),
                "network.strides": [[1, 1, 1], *[[2, 2, 2]] * (len(job.widths) - 1)],
                "network.kernels": [[3, 3, 3]] * len(job.widths),
            }
            # Phantoms are so alike that training takes them for copies of one patient. Here a network is only
            # made to agree on, and not judged.
            with patch("scanwright.planning.fingerprint.same_pictures", lambda facts: []):
                sw.train(
                    folder / "data",
                    run,
                    minutes=options.minutes,
                    threads=options.threads,
                    init_from=options.init_from,
                    overrides=fixed,
                    overwrite=True,
                    progress=tell,
                )
        for target, precision in EXPORTED:
            package = folder / f"{target}-{precision}.scanwright"
            if not package.is_file():
                sw.export(run, package, to=target, precision=precision)
        if job.judged and not (small / "compression.json").is_file():
            sw.compress(
                run,
                small,
                widths=list(WIDTHS),
                minutes=options.minutes * len(WIDTHS),
                everything=True,
                resume=True,
                threads=options.threads,
                progress=tell,
            )
    sides = {"monai": run, "model": run}
    sides |= {f"{target} {kind}": folder / f"{target}-{kind}.scanwright" for target, kind in EXPORTED}
    if not job.judged:  # phantoms are so alike that too few patients are left to judge by
        return sides
    for row in json.loads((small / "compression.json").read_text())["candidates"][1:]:
        if (small / "packages" / f"{row['name']}.scanwright").is_file():
            lost = row["checks"][0]
            most = "too few to say" if lost["high"] is None else f"at most {lost['high']:+.4f}"
            told = f"{row['name']} ({row['verdict']}: worse by {lost['loss']:+.4f}, {most})"
            sides[told] = small / "packages" / f"{row['name']}.scanwright"
    return sides


def _compare(job: Job, folder: Path, sides: dict[str, Path], options: argparse.Namespace) -> None:
    plan = json.loads((folder / "run" / "plan.json").read_text())
    images = sorted((folder / "images").iterdir())
    print_header(
        f"From files to files: {job.name}",
        images=len(images),
        shape=nib.load(images[0]).shape,
        window=plan["patch_voxels"],
        overlap=plan["overlap"],
        widths=plan["network"]["widths"],
        threads=options.threads,
        memory=job.memory,
    )
    found: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    for _ in range(options.rounds):
        for side, what in sides.items():
            asked = json.dumps([job.name, side, *map(str, (what, folder / "images", _place(folder, side)))])
            command = [sys.executable, __file__, "--side", asked, "--threads", str(options.threads)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{side} failed:\n{done.stderr[-2000:]}")
            found[side].append(json.loads(done.stdout.splitlines()[-1]))
    slowest = min(one["total_s"] for one in found["monai"])
    masks = {side: _masks(_place(folder, side)) for side in sides}
    for side, rounds in found.items():
        best = min(rounds, key=lambda one: one["total_s"])
        total = best["total_s"]
        shares = ", ".join(
            f"{name[:-2]} {value:.2f} s ({100 * value / total:.0f} %)"
            for name, value in best.items()
            if name.endswith("_s") and name != "total_s"
        )
        line = f"{side}: {total:.2f} s, {slowest / total:.2f} x; {shares}; {best['gigabytes']:.2f} GB"
        for other in ("monai", "model"):
            if side != other:
                line += f"; Dice with {other}, the worst class: {_agreement(masks[side], masks[other]):.4f}"
        if job.truths and side != "model":
            truths = [np.asarray(nib.load(data_root() / job.truths / image.name).dataobj) for image in images]
            line += f"; {_lost(masks[side], masks['model'], truths)}"
        print(line, flush=True)


def _place(folder: Path, side: str) -> Path:
    return folder / "masks" / side.partition(" (")[0].replace(" ", "-")


def _masks(folder: Path) -> list[np.ndarray]:
    return [np.asarray(nib.load(file).dataobj) for file in sorted(folder.rglob("*.nii.gz"))]


def _agreement(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """The least Dice of a class over all voxels of all volumes."""
    if not len(one) == len(other) > 0:
        sys.exit("a side left masks out")
    classes = sorted({int(v) for mask in other for v in np.unique(mask)} - {0})
    least = 1.0
    for c in classes:
        both = sum(int(((a == c) & (b == c)).sum()) for a, b in zip(one, other, strict=True))
        all_of = sum(int((a == c).sum() + (b == c).sum()) for a, b in zip(one, other, strict=True))
        least = min(least, 2 * both / max(1, all_of))
    return least


def _lost(one: list[np.ndarray], other: list[np.ndarray], truths: list[np.ndarray]) -> str:
    """By how much the Dice of one falls behind the other's, mean of the classes, paired by patient."""

    def dice(masks: list[np.ndarray]) -> np.ndarray:
        """(volume,)"""
        pairs = zip(masks, truths, strict=True)
        return np.array(
            [np.mean([_agreement([m == c], [t == c]) for c in np.unique(t)[1:]]) for m, t in pairs]
        )

    lost = dice(other) - dice(one)
    drawn = np.random.default_rng(0).integers(len(lost), size=(4000, len(lost)))
    low, high = np.quantile(lost[drawn].mean(axis=1), (0.025, 0.975))
    return f"Dice lost against the model {lost.mean():+.4f} [{low:+.4f}, {high:+.4f}], n = {len(lost)}"


def _make_ct(folder: Path) -> None:
    """A large phantom as a file, and many others to learn from."""
    for part in ("images", "data/imagesTr", "data/labelsTr"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as workers:
        list(workers.map(partial(_make_patient, folder / "data"), range(1, N_PHANTOMS + 1)))
    labels = {name: value for value, name in enumerate(ORGANS)}
    described = {"channel_names": {"0": "CT"}, "labels": labels}
    (folder / "data" / "dataset.json").write_text(json.dumps(described))
    image = _phantom(0, (512, 512, 300), (0.74, 0.62, 1.2))
    _save(image.image, folder / "images" / "ct.nii.gz")


def _make_patient(folder: Path, number: int) -> None:
    """One patient to learn from, of a scanner as fine in the plane as that of the image, or of a coarse one:
    where 1.5 mm are averaged from finer voxels, noise is less than where they are not, as it is where MONAI
    resamples, and networks go by it."""
    fine = number % 2 == 1
    patient = _phantom(
        number,
        (512, 512, 150) if fine else (256, 256, 300),
        (0.74, 0.62, 2.4) if fine else (1.48, 1.24, 1.2),
    )
    _save(patient.image, folder / "imagesTr" / f"p{number}_0000.nii.gz")
    _save(patient.organs, folder / "labelsTr" / f"p{number}.nii.gz")


def _phantom(seed: int, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Phantom:
    """A phantom that fills the image once it is enlarged."""
    patient, acquisition = np.random.SeedSequence(seed).spawn(2)
    settings = PhantomSettings()
    i, j, k = (step / ENLARGED for step in spacing_mm)
    drawn = replace(draw_acquisition(acquisition, settings), shape=shape, spacing_mm=(i, j, k))
    return image_patient(draw_patient(patient, settings), drawn)


def _save(volume: Volume, path: Path) -> None:
    """A phantom, enlarged."""
    enlarged = np.diag([ENLARGED] * 3 + [1]) @ volume.affine_ras
    nib.save(nib.Nifti1Image(volume.array[0], enlarged), path)


def _make_hippocampus(folder: Path) -> None:
    """The held-out volumes, and others to learn from."""
    root, held_out = data_root() / "msd-hippocampus", set(splits("msd-hippocampus")["held_out"])
    for part in ("data/imagesTr", "data/labelsTr"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    free = [file for file in sorted((root / "imagesTr").glob("*.nii.gz")) if file.name not in held_out]
    for file in free[:N_LEARNT]:
        (folder / "data/imagesTr" / f"{file.name[:-7]}_0000.nii.gz").symlink_to(file.resolve())
        (folder / "data/labelsTr" / file.name).symlink_to((root / "labelsTr" / file.name).resolve())
    labels = {"background": 0, "anterior": 1, "posterior": 2}
    described = {"channel_names": {"0": "MRI"}, "labels": labels}
    (folder / "data" / "dataset.json").write_text(json.dumps(described))
    (folder / "images").mkdir()
    for name in sorted(held_out):
        (folder / "images" / name).symlink_to((root / "imagesTr" / name).resolve())


def _report(options: argparse.Namespace) -> None:
    """One side, in its own process: seconds of the stages and the most memory, as JSON."""
    job, side, *paths = json.loads(options.side)
    what, images, out = map(Path, paths)
    if side == "monai":
        seconds = _monai(what, images, out, options.threads)
    else:
        seconds = _scanwright(what, images, out, options.threads, JOBS[job].memory)
    # What getrusage tells holds the memory of the parent as well, from before ``exec``.
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps({**seconds, "gigabytes": int(peak) / 2**20}))


def _scanwright(what: Path, images: Path, out: Path, threads: int, memory: str | None) -> dict[str, float]:
    import scanwright as sw
    from scanwright.inference import application, predict
    from scanwright.inference.model import Model

    seconds: dict[str, float] = {}

    @contextmanager
    def clock(stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            with clock(stage):
                return function(*arguments, **named)

        return call

    opened = Model.open

    def watched(*given: Any, **named: Any) -> Any:
        return timed("network_s", timed("open_s", opened)(*given, **named))

    setattr(Model, "open", watched)  # noqa: B010
    for module, name, stage in (
        (predict, "preprocess", "prepare_s"),
        (application, "write_mask_result", "write_s"),
    ):
        setattr(module, name, timed(stage, getattr(module, name)))
    start = time.perf_counter()
    sw.predict(what, images, out, overwrite=True, threads=threads, memory=memory, device="cpu")
    total = time.perf_counter() - start
    return {**seconds, "rest_s": total - sum(seconds.values()), "total_s": total}


def _monai(what: Path, images: Path, out: Path, threads: int) -> dict[str, float]:
    import torch
    from monai.inferers import sliding_window_inference
    from monai.transforms import (
        AsDiscreted,
        ClipIntensityPercentilesd,
        Compose,
        EnsureChannelFirstd,
        Invertd,
        LoadImaged,
        NormalizeIntensityd,
        Orientationd,
        SaveImaged,
        ScaleIntensityRanged,
        Spacingd,
    )

    import scanwright as sw

    torch.set_num_threads(threads)
    seconds = dict.fromkeys(("open_s", "prepare_s", "network_s", "restore_s", "write_s"), 0.0)
    start = last = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[stage] += now - last
        last = now

    model = sw.load(what)
    plan = model.plan
    network = _dynunet(plan, model.weights)
    (channel,) = plan.channels
    normalise: list[Any] = [ClipIntensityPercentilesd("image", 0.1, 99.9), NormalizeIntensityd("image")]
    if channel.method == "clip_zscore":
        normalise = [
            ScaleIntensityRanged("image", channel.low, channel.high, channel.low, channel.high, clip=True),
            NormalizeIntensityd("image", subtrahend=channel.mean, divisor=channel.deviation),
        ]
    before = Compose(
        [
            LoadImaged("image"),
            EnsureChannelFirstd("image"),
            Orientationd("image", axcodes="RAS", labels=None),
            Spacingd("image", pixdim=plan.spacing_mm, mode="bilinear"),
            *normalise,
        ]
    )
    after = Compose(
        [
            Invertd("pred", transform=before, orig_keys="image", nearest_interp=False, to_tensor=True),
            AsDiscreted("pred", argmax=True),
        ]
    )
    save = SaveImaged(
        "pred",
        output_dir=out,
        output_postfix="",
        output_dtype=np.uint8,
        separate_folder=False,
        print_log=False,
    )
    lap("open_s")
    for file in sorted(images.iterdir()):
        found = before({"image": str(file)})
        lap("prepare_s")
        with torch.inference_mode():
            found["pred"] = sliding_window_inference(
                found["image"][None],
                plan.patch_voxels,
                4,
                lambda patches: network(patches).softmax(dim=1),
                overlap=plan.overlap,
                mode="gaussian",
            )[0]
        lap("network_s")
        found = after(found)
        lap("restore_s")
        save(found)
        lap("write_s")
    return {**seconds, "total_s": time.perf_counter() - start}


def _dynunet(plan: Plan, weights: Mapping[str, np.ndarray]) -> Any:
    """MONAI's own network of the same widths, with the same weights: scanwright's consists of its blocks. Its
    shortcut from the voxels, which MONAI's has not, is added."""
    import torch
    from monai.networks.nets import DynUNet

    from scanwright.networks.segmenter import shortcut

    strides = [list(step) for step in plan.network.strides]
    kernels = [list(size) for size in plan.network.kernels]
    network = DynUNet(
        plan.dims,
        len(plan.channels),
        len(plan.classes),
        kernels,
        strides,
        strides[1:],
        list(plan.network.widths),
    ).eval()
    encoder = (network.input_block, *network.downsamples, network.bottleneck)
    blocks = {f"encoder.{n}.": block for n, block in enumerate(encoder)}
    blocks |= {f"decoder.{n}.": block for n, block in enumerate(network.upsamples)}
    added = shortcut(plan)
    blocks |= {"heads.0.": network.output_block} | ({"shortcut.": added} if added else {})
    for prefix, block in blocks.items():
        own = {name.removeprefix(prefix): w for name, w in weights.items() if name.startswith(prefix)}
        block.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in own.items()})
    return (lambda patches: network(patches) + added(patches)) if added else network


def _compare_resampling(folder: Path, job: Job) -> None:
    """From 512 × 512 × 300 to 1.5 mm: scanwright's linear, antialiased resampling beside nnU-Net's."""
    from skimage.transform import resize

    from scanwright.core.geometry import resample, resampled_shape

    file = nib.load(folder / "images" / "ct.nii.gz")
    array = np.asarray(file.dataobj).astype(np.float32)
    shape = resampled_shape(array.shape, [float(z) for z in file.header.get_zooms()], job.spacing_mm)
    start = time.perf_counter()
    own = resample(array[None], shape)[0]
    middle = time.perf_counter()
    other = resize(array, shape, order=3, mode="edge", clip=True, anti_aliasing=False)
    end = time.perf_counter()
    inside = (slice(4, -4),) * 3
    off = np.abs(own[inside] - other[inside])
    print(
        f"Resampling to {shape}: scanwright {middle - start:.2f} s, as nnU-Net does {end - middle:.2f} s, "
        f"{(end - middle) / (middle - start):.1f} x; median difference {np.median(off):.1f} HU"
    )


JOBS = {
    job.name: job
    for job in (
        Job("ct", (96, 96, 96), 1, (16, 32, 64, 128, 208), "3G", False, (1.5, 1.5, 1.5), _make_ct),
        Job(
            "hippocampus",
            (40, 48, 40),
            2,
            (16, 48, 112, 240),
            None,
            True,
            (1.0, 1.0, 1.0),
            _make_hippocampus,
            "msd-hippocampus/labelsTr",
        ),
    )
}

if __name__ == "__main__":
    main()
