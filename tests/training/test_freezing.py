"""What is held stays as it is, and costs no gradient; then all learns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from scanwright.networks.catalogue import build_network
from scanwright.training.freezing import Frozen, choose_frozen
from scanwright.training.optimisers import build_optimiser
from tiny_networks import KINDS, images, tiny_plan

HEADS = ("head.", "heads.")


def held_network(family: str, dims: int = 2) -> tuple[torch.nn.Module, Frozen]:
    """A network in training mode whose every layer but the last was loaded."""
    plan = tiny_plan(family, dims)
    torch.manual_seed(0)
    network = build_network(plan).train()
    loaded = {name for name in network.state_dict() if not name.startswith(HEADS)}
    return network, choose_frozen(network, loaded, 0.3)


def backward(network: torch.nn.Module, seen: torch.Tensor) -> None:
    torch.manual_seed(1)
    sum(output.square().mean() for output in network(seen)).backward()


def state(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize(("family", "dims"), KINDS)
def test_while_held_only_the_last_layer_changes(family: str, dims: int) -> None:
    plan = tiny_plan(family, dims)
    network, frozen = held_network(family, dims)
    optimiser, before = build_optimiser(plan, network), state(network)
    frozen.follow(0.0)
    backward(network, images(plan))
    optimiser.step()
    changed = {name for name, value in state(network).items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith(HEADS) for name in changed)
    assert {n for n, p in network.named_parameters() if p.grad is not None} == changed


@pytest.mark.parametrize("family", ["resnet", "unet"])
def test_once_let_go_all_layers_learn(family: str) -> None:
    plan = tiny_plan(family, 2)
    network, frozen = held_network(family)
    optimiser, before = build_optimiser(plan, network), state(network)
    frozen.follow(0.0)
    frozen.follow(0.3)
    backward(network, images(plan))
    optimiser.step()
    same = {n for n, v in state(network).items() if v.is_floating_point() and torch.equal(v, before[n])}
    assert same == set()


def test_a_held_step_computes_no_gradient_of_what_is_held() -> None:
    plan = tiny_plan("unet", 2)
    network, frozen = held_network("unet")
    seen = images(plan)
    with torch.no_grad(), FlopCounterMode(display=False) as forward:
        network(seen)
    counts = []
    for progress in (0.0, 0.3):
        frozen.follow(progress)
        with FlopCounterMode(display=False) as counter:
            backward(network, seen)
        counts.append(counter.get_total_flops() / forward.get_total_flops())
    assert counts[0] < 1.2  # forward, and the gradient of the last layers
    assert counts[1] > 2.5  # forward, and twice as much backward


def test_held_norms_keep_their_statistics_though_the_network_trains() -> None:
    network, frozen = held_network("resnet")
    before = state(network)
    for progress, moves in ((0.29, False), (0.3, True)):
        network.train()
        frozen.follow(progress)
        network(images(tiny_plan("resnet", 2)))
        moved = not torch.equal(network.state_dict()["stem.1.running_mean"], before["stem.1.running_mean"])
        assert moved == moves


def test_nothing_is_held_where_no_layer_is_new_or_no_share_is_planned() -> None:
    network = build_network(tiny_plan("resnet", 2))
    names = set(network.state_dict())
    assert choose_frozen(network, names, 0.3) == Frozen()
    assert choose_frozen(network, names - {"head.weight"}, 0.0) == Frozen()
    assert choose_frozen(network, (), 0.3).parameters == ()


def test_a_new_input_layer_learns_through_those_that_are_held() -> None:
    plan = tiny_plan("unet", 2)
    network = build_network(plan).train()
    first = "encoder.0.conv1.conv.weight"
    frozen = choose_frozen(network, set(network.state_dict()) - {first}, 0.3)
    frozen.follow(0.0)
    backward(network, images(replace(plan)))
    assert {n for n, p in network.named_parameters() if p.grad is not None} == {first}
