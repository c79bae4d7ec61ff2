"""Muon: steps of kernels are made orthogonal, so that every direction of a layer learns as fast.

The gradient of a kernel is mostly a few strong directions, and Adam, which divides number by number, follows
these. Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon) takes the momentum of a kernel as
one matrix and sets its singular values to about 1. What is no matrix, such as biases and norms, and layers of
few inputs or outputs, take the steps of AdamW.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor, optim

LEAST_SIDE = 8
"""Of a matrix. Below, as in layers that end in the classes, there are no directions to speak of."""
QUINTIC = (3.4445, -4.7750, 2.0315)
"""Of a singular value s, each pass makes a·s + b·s³ + c·s⁵ (Jordan et al.): far up where it is small, about 1
where it is large."""
PASSES = 5
ADAM_STEP = 0.2
"""Root mean square of AdamW's steps, to be scaled to: so both learn at the same rate and the same decay (Liu
et al. 2025, arXiv:2502.16982)."""
ADAM_LEAST = 1e-8


class Muon(optim.Optimizer):
    """Muon for kernels, AdamW for the rest; its decay is taken off the weights.

    Args:
        parameters: or groups of them, which may hold any of the others.
        lr: of both.
        momentum: Nesterov's, of kernels.
        betas: of AdamW.
        weight_decay: of both.
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.95),
        weight_decay: float = 0.0,
    ) -> None:
        usual = {"lr": lr, "momentum": momentum, "betas": betas, "weight_decay": weight_decay}
        super().__init__(parameters, usual)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One step; parameters without a gradient stay as they are."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    step = _kernel_step if is_kernel(weight) else _adam_step
                    change = step(weight.grad, self.state[weight], group)
                    weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(change, alpha=-group["lr"])
        return loss


def is_kernel(weight: Tensor) -> bool:
    """Whether a weight, with all but its first axis taken as one, is a matrix worth the name."""
    return weight.ndim > 1 and min(len(weight), weight[0].numel()) >= LEAST_SIDE


def orthogonalise(matrix: Tensor) -> Tensor:
    """A matrix (m, n) with its singular values brought near 1 (0.7 to 1.2; tiny ones stay below), by Newton
    and Schulz.

    All passes are products of the smaller square, m × m or n × n, and only one is with the matrix: for flat
    kernels a quarter of the work, and in 32 bit, closer than passes over the matrix in bf16.
    """
    if len(matrix) > matrix.shape[1]:
        return orthogonalise(matrix.T).T
    a, b, c = QUINTIC
    length = matrix.norm().clamp_min(1e-12)
    square = matrix / length
    square = square @ square.T
    total = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    for _ in range(PASSES):
        factor = torch.addmm(square, square, square, beta=b, alpha=c)
        factor.diagonal().add_(a)
        total = factor @ total
        square = factor @ square @ factor
    orthogonal: Tensor = total @ matrix / length
    return orthogonal


def _kernel_step(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    if not state:
        state["momentum_buffer"] = torch.zeros_like(gradient)
    mean: Tensor = state["momentum_buffer"].lerp_(gradient, 1 - group["momentum"])
    matrix = gradient.lerp(mean, group["momentum"]).flatten(1)
    length: float = ADAM_STEP * max(matrix.shape) ** 0.5
    return orthogonalise(matrix).reshape(gradient.shape) * length


def _adam_step(gradient: Tensor, state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    if not state:
        state |= {"step": torch.zeros(()), "exp_avg": torch.zeros_like(gradient)}
        state["exp_avg_sq"] = torch.zeros_like(gradient)
    first, second = group["betas"]
    state["step"] += 1
    mean: Tensor = state["exp_avg"].lerp_(gradient, 1 - first)
    square: Tensor = state["exp_avg_sq"].lerp_(gradient.square(), 1 - second)
    steps = float(state["step"])
    root = (square / (1 - second**steps)).sqrt_().add_(ADAM_LEAST)
    change: Tensor = mean / root / (1 - first**steps)
    return change
