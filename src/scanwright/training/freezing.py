"""Freezing: at first only the new layers learn, while those that start with learnt weights stay as they are.

Kumar et al., Fine-tuning can distort pretrained features, ICLR 2022.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase


@dataclass(frozen=True)
class Frozen:
    """The parts of a network that are held for a share of the training.

    Attributes:
        parameters: get no gradient while held, and none is computed where only they would need it.
        norms: layers whose running means and variances stay as they are while held.
        until: progress at which they are let go.
    """

    parameters: tuple[nn.Parameter, ...] = ()
    norms: tuple[nn.Module, ...] = ()
    until: float = 0.0

    def follow(self, progress: float) -> None:
        """Hold or let go, as the progress says. To be called before every step: the network in training mode
        has forgotten which norms are held."""
        held = progress < self.until
        for parameter in self.parameters:
            parameter.requires_grad_(not held)
        for norm in self.norms:
            norm.train(not held)


def choose_frozen(network: nn.Module, loaded: Collection[str], share: float) -> Frozen:
    """Hold all that was loaded; nothing where there is no new layer that could learn meanwhile.

    Args:
        network: as the plan builds it.
        loaded: names of the tensors that it starts with.
        share: of the training.
    """
    held = tuple(value for name, value in network.named_parameters() if name in loaded)
    if not share or len(held) == len(list(network.parameters())):
        return Frozen()
    norms = tuple(
        module
        for name, module in network.named_modules()
        if isinstance(module, _NormBase) and f"{name}.running_mean" in loaded
    )
    for module in network.modules():
        if isinstance(module, nn.GroupNorm) and not any(module.weight is value for value in held):
            module.register_forward_pre_hook(_with_gradient)
    return Frozen(held, norms, share)


def _with_gradient(norm: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Features that ask for a gradient, which goes nowhere: without it, the backward pass of a group norm of
    channels-last features on a processor ends the whole process (torch 2.13)."""
    (features,) = inputs
    if features.requires_grad or not torch.is_grad_enabled():
        return inputs
    return (features.detach().requires_grad_(),)
