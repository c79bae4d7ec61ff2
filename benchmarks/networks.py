"""Every family of networks in planes and volumes: weights, multiply-adds, milliseconds a training step and an
answer, beside MONAI's own network of the same widths where there is one, in the same run.

Goal: not slower than 0.9 times MONAI's. MONAI's ViT and Swin UNETR need einops, which scanwright does
without; where it is not installed, they are left out. MONAI's SE-ResNet has fixed widths, and it has no plain
network and no wavelets: nothing to stand beside them.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from monai.networks.blocks import Convolution
from monai.networks.nets import DenseNet, DynUNet, ResNet, SegResNet, SwinUNETR, ViT
from torch import nn
from torch.nn import functional as F

from figures import print_header
from scanwright.data.families import FAMILIES
from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.inference.runtimes.torch_runtime import has_bf16
from scanwright.networks.catalogue import NETWORKS, build_network, count_cost

SEEN = {("image", 2): (16, (64, 64, 1)), ("image", 3): (4, (48, 48, 48)),
        ("voxels", 2): (4, (128, 128, 1)), ("voxels", 3): (2, (64, 64, 32))}  # fmt: skip
# Widths of each level, and what else a family needs; such that MONAI has the same.
FOUR, SIX = (16, 32, 64, 128), (12, 12, 24, 48, 96, 192)
FIELDS: dict[str, dict[str, Any]] = {
    "cnn": {"widths": FOUR, "blocks": (2, 2, 3, 3)},
    "resnet": {"widths": FOUR, "blocks": (1, 1, 1, 1)},
    "se_resnet": {"widths": FOUR, "blocks": (1, 1, 1, 1)},
    "densenet": {"widths": (16, 20, 34, 49), "blocks": (3, 6, 8, 8), "growth": (8,) * 4, "inner": (32,) * 4},
    "vit": {"widths": (128,), "blocks": (6,), "heads": (4,), "inner": (512,)},
    "scattering": {"widths": (64, 128), "blocks": (0, 1), "pool_grid": 4},
    "unet": {"widths": FOUR},
    "residual_unet": {"widths": FOUR, "blocks": (1, 1, 1, 1)},
    "segresnet": {"widths": FOUR, "blocks": (1, 2, 2, 2)},
    "swin_unetr": {"widths": SIX, "blocks": (0, 2, 2, 2, 2, 0), "heads": (0, 1, 2, 4, 8, 0),
                   "inner": (0, 48, 96, 192, 384, 0)},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--family", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    precision = "bf16 autocast" if has_bf16(torch.device("cpu")) else "32 bit"
    print_header(f"Networks, {precision}, fastest of {options.steps}", threads=options.threads)
    print(
        f"{'':17}{'weights':>9}{'madds':>9}{'step':>9}{'MONAI':>9}{'ratio':>7}{'answer':>9}{'MONAI':>9}{'ratio':>7}"
    )
    for family in options.family:
        for dims in (2, 3):
            if (family, dims) != ("scattering", 3):
                _compare(family, dims, options.steps)


def _compare(family: str, dims: int, steps: int) -> None:
    """One line: ours and MONAI's in turn, so that a change of the machine's speed meets both."""
    torch.manual_seed(0)
    plan = _plan(family, dims)
    cost = count_cost(plan)
    networks: list[nn.Module] = [build_network(plan)]
    peer = _peer(plan)
    if peer is not None:
        networks.append(peer)
    images = torch.randn(plan.batch_size, 1, *plan.patch_voxels[:dims])
    size = plan.patch_voxels[:dims] if plan.label_values else ()
    targets = torch.randint(0, 2, (plan.batch_size, *size))
    rows = []
    for _ in range(steps):
        rows.append([[_step(n, images, targets), _answer(n, images)] for n in networks])
    fastest = 1e3 * np.min(np.array(rows), axis=0)
    text = f"{family:14}{dims}-D{cost.weights / 1e6:7.2f} M{cost.multiply_adds / 1e6:7.0f} M"
    for column in (0, 1):
        ours = fastest[0, column]
        text += f"{ours:6.0f} ms"
        theirs = fastest[1, column] if len(networks) > 1 else None
        text += f"{'–':>9}{'':>7}" if theirs is None else f"{theirs:6.0f} ms{theirs / ours:7.2f}"
    print(text, flush=True)


def _plan(family: str, dims: int) -> Plan:
    answers, fields = FAMILIES[family].answers, FIELDS[family]
    batch, patch = SEEN[answers, dims]
    levels = len(fields["widths"])
    first = {"vit": 8, "scattering": 8}.get(family, 1 if answers == "voxels" else 2)
    return Plan(
        task="segmentation" if answers == "voxels" else "classification",
        dims=dims,
        channels=(ChannelPlan("image"),),
        classes=("background", "lesion"),
        label_values=(0, 1) if answers == "voxels" else (),
        patch_voxels=patch,
        batch_size=batch,
        network=NetworkPlan(
            family,
            strides=((first,) * dims, *((2,) * dims,) * (levels - 1)),
            kernels=((3,) * dims,) * levels,
            window=((4,) * dims) if family == "swin_unetr" else (),
            **fields,
        ),
    )


def _peer(plan: Plan) -> nn.Module | None:
    """MONAI's network of the same widths."""
    network, dims, patch = plan.network, plan.dims, plan.patch_voxels[: plan.dims]
    widths = list(network.widths)
    family = network.family
    if family in ("vit", "swin_unetr") and not importlib.util.find_spec("einops"):
        return None
    if family == "resnet":
        return ResNet("basic", list(network.blocks), widths, dims, 1, 3, 2, True, num_classes=2)
    if family == "densenet":
        peer = DenseNet(dims, 1, 2, widths[0], network.growth[0], network.blocks, 4)
        # Its stem halves twice with a wide kernel; the same stem for both.
        peer.features.conv0 = Convolution(dims, 1, widths[0], 2, bias=False, conv_only=True)
        peer.features.pool0 = nn.Identity()
        return peer
    if family == "vit":
        return _First(
            ViT(1, patch, 8, widths[0], network.inner[0], 6, 4, classification=True, spatial_dims=dims)
        )
    if family in ("unet", "residual_unet"):
        ups = list(network.strides[1:])
        residual = family == "residual_unet"
        return DynUNet(dims, 1, 2, network.kernels, network.strides, ups, widths, res_block=residual)
    if family == "segresnet":
        return SegResNet(dims, widths[0], 1, 2, blocks_down=network.blocks, blocks_up=(1, 1, 1))
    if family == "swin_unetr":
        return SwinUNETR(
            1, 2, num_heads=network.heads[1:-1], window_size=4, feature_size=12, spatial_dims=dims
        )
    return None


class _First(nn.Module):
    """The first of what a network gives."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images)[0]


def _logits(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16(torch.device("cpu"))):
        out = network(images)
    return (out[0] if isinstance(out, list) else out).float()


def _step(network: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> float:
    network.train()
    return _seconds(lambda: F.cross_entropy(_logits(network, images), targets).backward())


def _answer(network: nn.Module, images: torch.Tensor) -> float:
    network.eval()
    with torch.inference_mode():
        return _seconds(lambda: _logits(network, images))


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
