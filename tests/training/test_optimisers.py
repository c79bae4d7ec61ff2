"""Optimisers: every name that a plan may hold, by its arithmetic, and taken up again where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from builders import classification_plan
from scanwright.data import choices
from scanwright.data.plan import Plan
from scanwright.training.checkpoint import (
    Checkpoint,
    Position,
    flatten_optimiser,
    load_checkpoint,
    restore_optimiser,
    save_checkpoint,
)
from scanwright.training.muon import QUINTIC, Muon, is_kernel, orthogonalise
from scanwright.training.optimisers import OPTIMISERS, build_optimiser

every_optimiser = pytest.mark.parametrize("name", OPTIMISERS)


def plan_with(name: str, **changed: object) -> Plan:
    """A plan with that optimiser, and the values that it brings unless others are given."""
    return classification_plan(**({"optimiser": name} | dict(choices.OPTIMISERS[name]) | changed))


def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))


def take_steps(network: nn.Module, optimiser: torch.optim.Optimizer, n: int) -> None:
    for _ in range(n):
        optimiser.zero_grad(set_to_none=True)
        (network(torch.linspace(-1, 1, 12).reshape(4, 3)) - 1).square().sum().backward()
        optimiser.step()


def test_every_name_of_the_plan_has_its_optimiser() -> None:
    assert set(OPTIMISERS) == set(choices.OPTIMISERS)


@every_optimiser
def test_norms_and_biases_are_not_decayed(name: str) -> None:
    decayed, free = build_optimiser(plan_with(name, weight_decay=0.3), layers()).param_groups
    assert [p.ndim for p in decayed["params"]] == [2, 2]
    assert [p.ndim for p in free["params"]] == [1, 1, 1, 1]
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.3, 0.0)


@every_optimiser
def test_decay_alone_makes_weights_smaller_and_leaves_the_rest(name: str) -> None:
    network = layers()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    optimiser = build_optimiser(plan_with(name, weight_decay=0.3, learning_rate=0.01), network)
    for _ in range(3):
        for parameter in network.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimiser.step()
    for key, value in network.state_dict().items():
        if value.ndim > 1:
            assert value.abs().sum() < before[key].abs().sum()
        else:
            assert torch.equal(value, before[key])


@every_optimiser
def test_it_goes_on_from_a_checkpoint_as_if_nothing_had_happened(name: str, tmp_path: Path) -> None:
    plan, whole, parted = plan_with(name, learning_rate=0.01), layers(), layers()
    optimiser, fresh = build_optimiser(plan, whole), build_optimiser(plan, parted)
    take_steps(whole, optimiser, 2)
    tensors = {"network": whole.state_dict(), "optimiser": flatten_optimiser(optimiser)}
    save_checkpoint(Checkpoint(Position(2), tensors), tmp_path, "key")
    found = load_checkpoint(tmp_path, "key")
    assert found is not None
    parted.load_state_dict(found.tensors["network"])
    restore_optimiser(fresh, dict(found.tensors["optimiser"]))
    take_steps(whole, optimiser, 3)
    take_steps(parted, fresh, 3)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parted.parameters(), strict=True))


@pytest.mark.parametrize(
    ("name", "after"),
    # Of a slope of 1 everywhere, at a rate of 0.1 and with momentum a half.
    [("sgd", -0.2), ("momentum", -(0.1 + 0.15)), ("nesterov", -(0.15 + 0.175))],
)
def test_two_steps_down_a_slope_are_as_worked_out_by_hand(name: str, after: float) -> None:
    weight = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(weight.weight)
    momentum = 0.0 if name == "sgd" else 0.5
    plan = plan_with(name, learning_rate=0.1, weight_decay=0.0, momentum=momentum)
    optimiser = build_optimiser(plan, weight)
    for _ in range(2):
        optimiser.zero_grad()
        weight(torch.ones(1, 1)).sum().backward()
        optimiser.step()
    assert weight.weight.item() == pytest.approx(after)


@pytest.mark.parametrize("name", ["adamw", "adam"])
def test_steps_regain_their_length_once_gradients_have_become_smaller(name: str) -> None:
    weight = nn.Linear(1, 1, bias=False)
    optimiser = build_optimiser(plan_with(name, learning_rate=0.1, weight_decay=0.0), weight)
    for slope in [1.0] * 100 + [0.1] * 100:
        before = weight.weight.item()
        weight.weight.grad = torch.full((1, 1), slope)
        optimiser.step()
    assert before - weight.weight.item() > 0.05


def drawn(*shape: int, falls: float = 0.0) -> torch.Tensor:
    """A matrix whose columns become smaller by that power of ten, from first to last."""
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(3))
    return values * torch.logspace(0, -falls, shape[-1])


@pytest.mark.parametrize("matrix", [drawn(16, 16), drawn(24, 900), drawn(900, 24), drawn(48, 300, falls=1)])
def test_orthogonal_steps_are_as_long_in_every_direction(matrix: torch.Tensor) -> None:
    assert torch.linalg.cond(matrix) > 1.3
    lengths = torch.linalg.svdvals(orthogonalise(matrix))
    assert 0.65 < lengths.min() < lengths.max() < 1.25


@pytest.mark.parametrize("falls", [0, 2, 5])
def test_products_of_squares_do_what_passes_over_the_matrix_do(falls: float) -> None:
    matrix = drawn(32, 864, falls=falls)
    plain = matrix.double() / matrix.double().norm()
    a, b, c = QUINTIC
    for _ in range(5):
        square = plain @ plain.T
        plain = a * plain + (b * square + c * square @ square) @ plain
    assert torch.allclose(orthogonalise(matrix).double(), plain, atol=1e-4)


def test_no_gradient_is_no_step_and_no_number_is_lost() -> None:
    assert torch.equal(orthogonalise(torch.zeros(9, 20)), torch.zeros(9, 20))


def test_muon_steps_kernels_by_matrices_and_the_rest_as_adamw_does() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv3d(8, 16, 3), nn.GroupNorm(4, 16), nn.Flatten(), nn.Linear(1024, 3))
    kernel, *rest = network.parameters()
    assert [is_kernel(weight) for weight in (kernel, *rest)] == [True, False, False, False, False, False]
    twins = [weight.detach().clone().requires_grad_() for weight in rest]
    muon = Muon([{"params": [kernel]}, {"params": rest}], 0.01, weight_decay=0.1)
    adamw = torch.optim.AdamW(twins, lr=0.01, betas=(0.9, 0.95), weight_decay=0.1)
    for _ in range(4):
        before = kernel.detach().clone()
        muon.zero_grad()
        network(torch.rand(8, 8, 6, 6, 6)).square().sum().backward()
        for weight, twin in zip(rest, twins, strict=True):
            twin.grad = weight.grad.clone() if weight.grad is not None else None
        muon.step()
        adamw.step()
        for weight, twin in zip(rest, twins, strict=True):
            assert torch.allclose(weight, twin, atol=1e-7)
        step = (kernel - 0.999 * before).detach() / 0.01
        assert 0.1 < step.square().mean().sqrt() < 0.25
        lengths = torch.linalg.svdvals(step.flatten(1))
        assert lengths.max() < 2 * lengths.min()
