"""The table of networks: a family's name in the plan → the class that builds it from the plan alone."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from scanwright.data.plan import Plan
from scanwright.errors import SettingsError
from scanwright.networks.resnet import ResidualClassifier
from scanwright.networks.unet import UNet

NETWORKS: dict[str, Callable[[Plan], nn.Module]] = {"unet": UNet, "resnet": ResidualClassifier}


def build_network(plan: Plan) -> nn.Module:
    """The plan's network, with fresh weights.

    Raises:
        SettingsError: the plan's widths, strides and kernels do not make one.
    """
    try:
        return NETWORKS[plan.network.family](plan)
    except (ValueError, RuntimeError, IndexError, TypeError) as error:
        raise SettingsError(
            f"the plan's network can't be built: {str(error).splitlines()[0]}",
            do="Correct 'network' in plan.json, or make the plan again.",
        ) from error
