"""The table of networks: a family's name in the plan → what builds it from the plan alone.

What a family needs of the plan stands in ``data/families.py``, how its numbers are chosen in
``planning/networks.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from scanwright.data.plan import Plan
from scanwright.errors import SettingsError
from scanwright.networks.cnn import cnn
from scanwright.networks.densenet import densenet
from scanwright.networks.fpn import fpn
from scanwright.networks.resnet import resnet, se_resnet
from scanwright.networks.segresnet import segresnet
from scanwright.networks.swin_unetr import swin_unetr
from scanwright.networks.unet import residual_unet, unet
from scanwright.networks.vit import vit

NETWORKS: dict[str, Callable[[Plan], nn.Module]] = {
    "cnn": cnn,
    "resnet": resnet,
    "se_resnet": se_resnet,
    "densenet": densenet,
    "vit": vit,
    "scattering": resnet,
    "unet": unet,
    "residual_unet": residual_unet,
    "segresnet": segresnet,
    "swin_unetr": swin_unetr,
    "fpn": fpn,
}
# Weights, gradients, both moments of AdamW, the average and the best: 24 bytes a weight, 10 GB in all.
MOST_WEIGHTS = 4e8


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        weights: numbers that are learnt.
        multiply_adds: of convolutions and matrix products, for one patch to be answered; a training step
            takes about three times as many for each patch of its batch.
    """

    weights: int
    multiply_adds: int


def build_network(plan: Plan) -> nn.Module:
    """The plan's network, with fresh weights.

    Raises:
        SettingsError: the plan's widths, strides and kernels do not make one, or one that no memory holds.
    """
    sketch_network(plan)
    network = _build(plan)
    if plan.dims == 3:  # a fifth faster on processors; planes are not (decision note 16)
        network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return network


def count_cost(plan: Plan) -> Cost:
    """Weights and multiply-adds of the plan's network, counted on a network without numbers.

    Raises:
        SettingsError: see ``build_network``.
    """
    network = sketch_network(plan).eval()
    image = torch.empty(1, len(plan.channels), *plan.patch_voxels[: plan.dims], device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(image)
    return Cost(_count_weights(network), counter.get_total_flops() // 2)


def sketch_network(plan: Plan) -> nn.Module:
    """The plan's network without numbers, which takes no memory.

    Raises:
        SettingsError: see ``build_network``.
    """
    with torch.device("meta"):
        network = _build(plan).to("meta")
    weights = _count_weights(network)
    if weights > MOST_WEIGHTS:
        raise SettingsError(
            "the plan's network is too large to train",
            expected=f"at most {MOST_WEIGHTS:.0e} weights",
            received=f"{weights:.1e}, with network.widths={list(plan.network.widths)}",
            do="Make network.widths smaller.",
        )
    return network


def _build(plan: Plan) -> nn.Module:
    if plan.network.is_open:
        raise SettingsError(
            "the plan's network is not decided yet: it names nothing but a family",
            do="Train with this plan.json: the rest is decided from the data.",
        )
    try:
        return NETWORKS[plan.network.family](plan)
    # MONAI asserts that its paddings come out right.
    except (ValueError, RuntimeError, IndexError, TypeError, AssertionError) as error:
        raise SettingsError(
            f"the plan's network can't be built: {str(error).splitlines()[0]}",
            do="Correct 'network' in plan.json, or make the plan again.",
        ) from error


def _count_weights(network: nn.Module) -> int:
    return sum(value.numel() for value in network.parameters())
