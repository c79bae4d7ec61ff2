"""The table of optimisers: a name in the plan → what is built for a network's weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn, optim

from scanwright.data.plan import Plan
from scanwright.training.muon import Muon

MEMORY = (0.9, 0.95)
"""Of the means of gradients and of their squares, what Adam keeps from step to step. With torch's 0.999 the
squares are a mean over a thousand steps, as many as a short training has: those of the first, far larger
ones hold all others down."""

OPTIMISERS: dict[str, Callable[[list[dict[str, Any]], Plan], optim.Optimizer]] = {
    "muon": lambda groups, plan: Muon(groups, plan.learning_rate, plan.momentum, MEMORY),
    "adamw": lambda groups, plan: optim.AdamW(groups, lr=plan.learning_rate, betas=MEMORY),
    "adam": lambda groups, plan: optim.Adam(groups, lr=plan.learning_rate, betas=MEMORY),
    "rmsprop": lambda groups, plan: optim.RMSprop(groups, lr=plan.learning_rate),
    "adagrad": lambda groups, plan: optim.Adagrad(groups, lr=plan.learning_rate),
    "sgd": lambda groups, plan: optim.SGD(groups, lr=plan.learning_rate),
    "momentum": lambda groups, plan: optim.SGD(groups, lr=plan.learning_rate, momentum=plan.momentum),
    "nesterov": lambda groups, plan: optim.SGD(
        groups, lr=plan.learning_rate, momentum=plan.momentum, nesterov=True
    ),
}


def build_optimiser(plan: Plan, network: nn.Module) -> optim.Optimizer:
    """The plan's optimiser; norms and biases are not decayed."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    free = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": free, "weight_decay": 0.0}]
    return OPTIMISERS[plan.optimiser](groups, plan)
