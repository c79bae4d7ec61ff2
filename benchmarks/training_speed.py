"""Voxels a second through a training step, beside MONAI's DynUNet of the same widths in the same run.

The plan's rules (planning/rules.py, VOXELS_PER_SECOND) rest on the order of magnitude of these numbers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from monai.networks.nets import DynUNet
from torch.nn import functional as F

from figures import print_header
from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.inference.runtimes.torch_runtime import has_bf16
from scanwright.networks.catalogue import build_network
from scanwright.training.losses import overlap_loss

CASES = [(3, (40, 56, 40), 2, 4), (3, (64, 64, 32), 2, 4), (2, (256, 256, 1), 4, 6)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--steps", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    precision = "bf16 autocast" if has_bf16(torch.device("cpu")) else "32 bit"
    print_header(f"Training step, {precision}, forward and backward", threads=options.threads)
    for dims, patch, batch, levels in CASES:
        widths = tuple(options.width * 2**level for level in range(levels))
        strides = ((1,) * dims, *((2,) * dims for _ in range(levels - 1)))
        plan = Plan(
            task="segmentation",
            dims=dims,
            channels=(ChannelPlan("image"),),
            classes=("background", "lesion"),
            label_values=(0, 1),
            patch_voxels=patch,
            batch_size=batch,
            network=NetworkPlan("unet", widths, strides, ((3,) * dims,) * levels),
        )
        peer = DynUNet(
            dims,
            1,
            2,
            [[3] * dims] * levels,
            [list(s) for s in strides],
            [[2] * dims] * (levels - 1),
            list(widths),
        )
        images = torch.randn(batch, 1, *patch[:dims])
        targets = torch.randint(0, 2, (batch, *patch[:dims]))
        ours = build_network(plan).train()
        # In turn, so that a change of the machine's speed meets both.
        pairs = [
            (_step(lambda: ours(images)[0], targets), _step(lambda: peer(images), targets))  # noqa: B023
            for _ in range(options.steps)
        ]
        own, other = np.median(np.array(pairs), axis=0)
        voxels = batch * np.prod(patch)
        print(
            f"{dims}-D {batch} × {patch}, widths {widths}: {own * 1e3:.0f} ms, "
            f"{voxels / own / 1e6:.2f} M voxels/s; DynUNet {other * 1e3:.0f} ms"
        )


def _step(forward: Callable[[], torch.Tensor], targets: torch.Tensor) -> float:
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16(torch.device("cpu"))):
        logits = forward()
    (F.cross_entropy(logits.float(), targets) + overlap_loss(logits.float(), targets)).backward()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
