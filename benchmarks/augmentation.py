"""Time of the whole chain of augmentations on 96³ patches with labels, beside TorchIO and batchgeneratorsv2.

Every operation is applied to every sample, and all do the same kinds: mirroring, turning and scaling, elastic
bending, gamma, blur and noise; beside TorchIO also a bias field, beside batchgeneratorsv2 also contrast,
brightness and a coarser grid. All have the same threads. The peers run in an environment of their own
(``pip install torchio batchgeneratorsv2``): ``--peers PYTHON`` names its interpreter.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SIDE, MARGIN, BATCH, CLASSES = 96, 10, 2, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="Python of an environment that holds the peers")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--as-peer", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_peer:
        print(json.dumps(_seconds(PEERS[options.as_peer](), options)))
        return
    from figures import print_header

    print_header("Augmentation, one sample of 96³ with labels", threads=options.threads)
    for peer, ranges in BESIDE.items():
        own = _seconds(_own(ranges), options)
        print(f"scanwright, the operations of {peer}: {_said(own)}")
        if options.peers is None:
            print(f"{peer}: not measured; name an interpreter that has it with --peers")
            continue
        command = [options.peers, __file__, "--as-peer", peer, "--threads", options.threads]
        command += ["--repeats", options.repeats]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{peer}: failed: {done.stderr.strip().splitlines()[-1:]}")
            continue
        other = json.loads(done.stdout.splitlines()[-1])
        print(f"{peer}: {_said(other)}; {min(other) / min(own):.1f} × scanwright's time")


def _said(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    middle = ordered[len(ordered) // 2]
    return f"{1e3 * ordered[0]:.0f} ms at best, {1e3 * middle:.0f} ms in the middle of {len(ordered)}"


def _seconds(run: Callable[[], object], options: argparse.Namespace) -> list[float]:
    """Seconds a sample, after one round that is not counted."""
    import torch

    torch.set_num_threads(options.threads)
    run()
    seconds = []
    for _ in range(options.repeats):
        start = time.perf_counter()
        run()
        seconds.append((time.perf_counter() - start) / BATCH)
    return seconds


COMMON = {
    "flip_axes": (0,),
    "rotate_degrees": 15.0,
    "scale": 0.15,
    "elastic": 0.3,
    "gamma": 0.2,
    "blur": 1.0,
    "noise": 0.1,
}
BESIDE = {
    "torchio": {**COMMON, "bias_field": 0.3},
    "batchgeneratorsv2": {**COMMON, "contrast": 0.1, "brightness": 0.1, "low_resolution": 1.0},
}


def _own(ranges: dict[str, object]) -> Callable[[], object]:
    import numpy as np
    import torch

    from scanwright.data.plan import AugmentationPlan
    from scanwright.training.augment.intensity import vary_intensities
    from scanwright.training.augment.spatial import draw_grid, warp, warp_labels

    plan = AugmentationPlan(**ranges)  # type: ignore[arg-type]
    source = (SIDE + 2 * MARGIN,) * 3
    images = torch.rand(BATCH, 1, *source)
    labels = torch.randint(0, CLASSES, (BATCH, *source))
    rng = np.random.default_rng(0)

    def run() -> object:
        grid = draw_grid(plan, (1.0,) * 3, images, (SIDE,) * 3, rng)
        return vary_intensities(warp(images, grid), plan, rng), warp_labels(labels, grid)

    return run


def _torchio() -> Callable[[], object]:
    import torch
    import torchio as tio

    chain = tio.Compose(
        [
            tio.RandomFlip(axes=(0,), flip_probability=0.5),
            tio.RandomAffine(scales=0.15, degrees=15),
            tio.RandomElasticDeformation(num_control_points=8, max_displacement=5.0),
            tio.RandomBiasField(coefficients=0.3),
            tio.RandomGamma(log_gamma=0.2),
            tio.RandomBlur(std=(0.4, 1.2)),
            tio.RandomNoise(std=(0, 0.1)),
        ]
    )
    subjects = [
        tio.Subject(
            image=tio.ScalarImage(tensor=torch.rand(1, SIDE, SIDE, SIDE)),
            labels=tio.LabelMap(tensor=torch.randint(0, CLASSES, (1, SIDE, SIDE, SIDE))),
        )
        for _ in range(BATCH)
    ]
    return lambda: [chain(subject) for subject in subjects]


def _batchgenerators() -> Callable[[], object]:
    import torch
    from batchgeneratorsv2.transforms.intensity.brightness import MultiplicativeBrightnessTransform
    from batchgeneratorsv2.transforms.intensity.contrast import BGContrast, ContrastTransform
    from batchgeneratorsv2.transforms.intensity.gamma import GammaTransform
    from batchgeneratorsv2.transforms.intensity.gaussian_noise import GaussianNoiseTransform
    from batchgeneratorsv2.transforms.noise.gaussian_blur import GaussianBlurTransform
    from batchgeneratorsv2.transforms.spatial.low_resolution import SimulateLowResolutionTransform
    from batchgeneratorsv2.transforms.spatial.mirroring import MirrorTransform
    from batchgeneratorsv2.transforms.spatial.spatial import SpatialTransform
    from batchgeneratorsv2.transforms.utils.compose import ComposeTransforms

    chain = ComposeTransforms(
        [
            SpatialTransform(
                (SIDE,) * 3,
                patch_center_dist_from_border=0,
                random_crop=False,
                p_elastic_deform=1,
                p_rotation=1,
                rotation=(-0.26, 0.26),
                p_scaling=1,
                scaling=(0.87, 1.15),
                mode_seg="nearest",
            ),
            GaussianNoiseTransform(noise_variance=(0, 0.1), p_per_channel=1),
            GaussianBlurTransform(blur_sigma=(0.5, 1.0), p_per_channel=1),
            MultiplicativeBrightnessTransform(
                BGContrast((0.75, 1.25)), synchronize_channels=False, p_per_channel=1
            ),
            ContrastTransform(
                BGContrast((0.75, 1.25)), preserve_range=True, synchronize_channels=False, p_per_channel=1
            ),
            SimulateLowResolutionTransform(
                scale=(0.5, 1),
                synchronize_channels=False,
                synchronize_axes=True,
                ignore_axes=(),
                allowed_channels=None,
                p_per_channel=1,
            ),
            GammaTransform(
                gamma=BGContrast((0.7, 1.5)),
                p_invert_image=0,
                synchronize_channels=False,
                p_per_channel=1,
                p_retain_stats=0,
            ),
            MirrorTransform(allowed_axes=(0,)),
        ]
    )
    side = SIDE + 2 * MARGIN
    samples = [
        (torch.rand(1, side, side, side), torch.randint(0, CLASSES, (1, side, side, side)).to(torch.int16))
        for _ in range(BATCH)
    ]
    return lambda: [chain(image=image, segmentation=labels) for image, labels in samples]


PEERS: dict[str, Callable[[], Callable[[], object]]] = {
    "torchio": _torchio,
    "batchgeneratorsv2": _batchgenerators,
}

if __name__ == "__main__":
    main()
