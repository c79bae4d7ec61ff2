"""Tiny plans of every family of networks, in planes and volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from scanwright.data.families import FAMILIES
from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.inference.model import Model
from scanwright.networks.catalogue import build_network

# Widths of each level, and what else a family needs.
TINY: dict[str, dict[str, Any]] = {
    "cnn": {"widths": (4, 8), "blocks": (1, 2)},
    "resnet": {"widths": (4, 8), "blocks": (1, 2)},
    "se_resnet": {"widths": (4, 8), "blocks": (1, 2)},
    "densenet": {"widths": (4, 6), "blocks": (2, 2), "growth": (4, 4), "inner": (8, 8)},
    "vit": {"widths": (16,), "blocks": (2,), "heads": (2,), "inner": (32,)},
    "scattering": {"widths": (8, 8), "blocks": (0, 1), "pool_grid": 2},
    "unet": {"widths": (4, 6, 8)},
    "residual_unet": {"widths": (4, 6, 8), "blocks": (1, 2, 1)},
    "segresnet": {"widths": (4, 8, 12), "blocks": (1, 1, 2)},
    "swin_unetr": {"widths": (4, 8, 12), "blocks": (0, 2, 0), "heads": (0, 2, 0), "inner": (0, 16, 0)},
    "fpn": {"widths": (4, 8, 12), "blocks": (0, 1, 1), "inner": (0, 8, 8)},
}
FIRST_STRIDE = {"vit": 4, "scattering": 4}
TASKS = {
    "image": {"task": "classification"},
    "voxels": {"task": "segmentation", "label_values": (0, 1, 2)},
    "boxes": {"task": "detection", "answer": "boxes", "loss": "focal"},
}
"""What a family answers → fields of a plan that asks for it."""
KINDS = [(family, dims) for family in TINY for dims in (2, 3) if (family, dims) != ("scattering", 3)]


def tiny_plan(family: str, dims: int, *, patch: tuple[int, int, int] | None = None, **changed: Any) -> Plan:
    """A plan with a tiny network of that family, of two channels and three classes.

    Args:
        family: row of the table.
        dims: 2 or 3.
        patch: (i, j, k); by default 16 × 8 (× 8).
        changed: fields of the network.
    """
    fields = {**TINY[family], **changed}
    n_levels = len(fields["widths"])
    first = FIRST_STRIDE.get(family, 1)
    network = NetworkPlan(
        family,
        strides=((first,) * dims, *((2,) * dims,) * (n_levels - 1)),
        kernels=((3,) * dims,) * n_levels,
        window=(2,) * dims if family == "swin_unetr" else (),
        deep_supervision=1,
    )
    return Plan(
        **TASKS[FAMILIES[family].answers],
        dims=dims,
        channels=(ChannelPlan("first"), ChannelPlan("second")),
        classes=("background", "anterior", "posterior"),
        patch_voxels=patch or ((16, 8, 1) if dims == 2 else (16, 8, 8)),
        batch_size=2,
        network=replace(network, **fields),
        precision="32-true",
    )


def tiny_model(plan: Plan) -> Model:
    """A model of that plan as if it had learnt something: no layer is nought."""
    torch.manual_seed(0)
    network = build_network(plan).eval()
    with torch.no_grad():
        for value in network.parameters():
            value.add_(0.1 * torch.randn_like(value))
    return Model(plan, {name: value.numpy().copy() for name, value in network.state_dict().items()})


def images(plan: Plan, n: int = 2) -> torch.Tensor:
    """Noise of the plan's size, always the same."""
    shape = (n, len(plan.channels), *plan.patch_voxels[: plan.dims])
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))
