"""Voxels a second through a training step, beside MONAI's DynUNet of the same widths in the same run.

The peer runs as its documentation has it: 32 bit, eager, features in torch's usual order. What share of the
processor's peak is reached is measured against a product of large matrices in the precision that is trained
in. The plan's rules (planning/rules.py, VOXELS_PER_SECOND) rest on the order of magnitude of these numbers.
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
from scanwright.networks.catalogue import build_network, count_cost
from scanwright.training.losses import overlap_loss

CASES = [(3, (40, 56, 40), 2, 4), (3, (96, 96, 96), 2, 4), (2, (256, 256, 1), 4, 6)]
N_MATRIX = 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--steps", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    bf16 = has_bf16(torch.device("cpu"))
    precision = "bf16 autocast" if bf16 else "32 bit"
    print_header(
        f"Training step, {precision}, forward and backward; the peer in 32 bit", threads=options.threads
    )
    peak = _measure_peak(torch.bfloat16 if bf16 else torch.float32)
    print(f"product of matrices of {N_MATRIX}: {peak / 1e9:.0f} GFLOP/s")
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
            (
                _step(lambda: ours(images)[0], targets, bf16=bf16),  # noqa: B023
                _step(lambda: peer(images), targets, bf16=False),  # noqa: B023
            )
            for _ in range(options.steps)
        ]
        own, other = np.median(np.array(pairs), axis=0)
        voxels, floats = batch * np.prod(patch), 2 * 3 * batch * count_cost(plan).multiply_adds
        print(
            f"{dims}-D {batch} × {patch}, widths {widths}: {own * 1e3:.0f} ms, "
            f"{voxels / own / 1e6:.2f} M voxels/s, {100 * floats / own / peak:.0f} % of the peak; "
            f"DynUNet {other * 1e3:.0f} ms, {other / own:.2f} × as long",
            flush=True,
        )


def _measure_peak(dtype: torch.dtype) -> float:
    """Floating-point operations a second in the product of two large matrices, the best of several."""
    one = torch.randn(N_MATRIX, N_MATRIX).to(dtype)
    seconds = []
    with torch.inference_mode():
        for _ in range(5):
            start = time.perf_counter()
            one @ one
            seconds.append(time.perf_counter() - start)
    return float(2 * N_MATRIX**3 / min(seconds))


def _step(forward: Callable[[], torch.Tensor], targets: torch.Tensor, *, bf16: bool) -> float:
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        logits = forward()
    (F.cross_entropy(logits.float(), targets) + overlap_loss(logits.float(), targets)).backward()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
