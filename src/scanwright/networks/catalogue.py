"""The table of networks: a family's name in the plan → the class that builds it from the plan alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from scanwright.data.plan import NetworkPlan, Plan
from scanwright.errors import SettingsError
from scanwright.networks.resnet import ResidualClassifier
from scanwright.networks.unet import UNet

NETWORKS: dict[str, Callable[[Plan], nn.Module]] = {
    "unet": UNet,
    "resnet": ResidualClassifier,
    "scattering": ResidualClassifier,
}
# Weights, gradients, both moments of AdamW, the average and the best: 24 bytes a weight, 10 GB in all.
MOST_WEIGHTS = 4e8


def build_network(plan: Plan) -> nn.Module:
    """The plan's network, with fresh weights.

    Raises:
        SettingsError: the plan's widths, strides and kernels do not make one, or one that no memory holds.
    """
    n_weights = estimate_weights(plan.network, plan.dims)
    if n_weights > MOST_WEIGHTS:
        raise SettingsError(
            "the plan's network is too large to train",
            expected=f"at most {MOST_WEIGHTS:.0e} weights",
            received=f"about {n_weights:.0e}, with network.widths={list(plan.network.widths)}",
            do="Make network.widths smaller.",
        )
    try:
        network = NETWORKS[plan.network.family](plan)
    # MONAI asserts that its paddings come out right.
    except (ValueError, RuntimeError, IndexError, TypeError, AssertionError) as error:
        raise SettingsError(
            f"the plan's network can't be built: {str(error).splitlines()[0]}",
            do="Correct 'network' in plan.json, or make the plan again.",
        ) from error
    if plan.dims == 3:  # a fifth faster on processors; planes are not (decision note 16)
        network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return network


def estimate_weights(network: NetworkPlan, dims: int) -> float:
    """About how many weights a network has: two convolutions a block, and as many on the way back."""
    total = 0.0
    for level, width in enumerate(network.widths):
        kernel = math.prod(network.kernels[level]) if level < len(network.kernels) else 3**dims
        blocks = network.blocks[level] if level < len(network.blocks) else 2
        narrower = network.widths[max(0, level - 1)]
        total += kernel * width * (narrower + width * (2 * blocks - 1))
    return total
