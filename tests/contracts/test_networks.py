"""The contract that every family of networks keeps, in planes and in volumes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import nn
from torch.nn import functional as F

from scanwright.data.families import FAMILIES
from scanwright.data.plan import Plan
from scanwright.inference.predict import predict_array
from scanwright.inference.runtimes.torch_runtime import TorchRuntime
from scanwright.networks.catalogue import NETWORKS, build_network, count_cost
from scanwright.planning.networks import RULES
from tiny_networks import KINDS, images, tiny_plan

MOST_STEPS = 40
every_network = pytest.mark.parametrize(("family", "dims"), KINDS)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def built(plan: Plan, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return build_network(plan)


def truth(plan: Plan, batch: torch.Tensor) -> torch.Tensor:
    """Of voxels, or of the places that boxes are looked for from: how bright; of images: which one it is."""
    if plan.answer == "boxes":
        coarse = batch[(slice(None), slice(None), *(slice(None, None, 2),) * plan.dims)]
        return truth(tiny_plan("unet", plan.dims), coarse)
    if plan.label_values:
        return (batch[:, 0] > 0).long() + (batch[:, 0] > 0.7).long()
    return torch.arange(len(batch)) % len(plan.classes)


def loss(plan: Plan, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Of the classes; and where there are boxes, of their sides, which shall be two voxels long."""
    n_classes = len(plan.classes)
    sides = (output[:, n_classes:] - 2).abs().mean() if plan.answer == "boxes" else output.new_zeros(())
    return F.cross_entropy(output[:, :n_classes], target) + sides


def test_every_family_has_a_row_in_each_table() -> None:
    assert set(NETWORKS) == set(FAMILIES) == set(RULES) == {family for family, _ in KINDS}


@every_network
class TestEveryFamilyInPlanesAndVolumes:
    def test_it_is_built_from_the_plan_alone(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
        assert again == plan
        one, same, other = built(plan), built(again), built(plan, seed=1)
        states = [network.state_dict() for network in (one, same, other)]
        assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
        assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])
        x = images(plan)
        assert torch.equal(one.eval()(x)[0], same.eval()(x)[0])

    def test_it_answers_at_the_right_sizes(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        network, n_outputs = build_network(plan), plan.n_outputs
        outputs, final = network(images(plan)), network.eval()(images(plan))
        size = plan.patch_voxels[:dims] if plan.label_values else ()
        size = tuple(n // 2 for n in plan.patch_voxels[:dims]) if plan.answer == "boxes" else size
        sizes = [size, tuple(n // 2 for n in size)] if plan.label_values else [size]
        assert [tuple(out.shape) for out in outputs] == [(2, n_outputs, *s) for s in sizes]
        assert [tuple(out.shape) for out in final] == [(2, n_outputs, *size)]

    def test_it_learns_one_batch_by_heart(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        network, batch = built(plan), images(plan, 3)
        target = truth(plan, batch)
        optimiser = torch.optim.AdamW(network.parameters(), lr=0.03)
        for _ in range(MOST_STEPS):
            optimiser.zero_grad()
            loss(plan, network(batch)[0], target).backward()
            optimiser.step()
        assert loss(plan, network(batch)[0], target).item() < 0.25

    def test_every_weight_learns_and_has_one_name(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        network, batch = built(plan), images(plan, 3)
        losses = []
        for output in network(batch):
            target = truth(plan, batch)
            if output.ndim > 2:
                target = F.interpolate(target[:, None].float(), output.shape[2:])[:, 0].long()
            losses.append(loss(plan, output, target))
        torch.stack(losses).sum().backward()
        idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
        assert not idle
        places = [value.data_ptr() for value in network.state_dict().values()]
        assert len(places) == len(set(places))

    def test_it_always_answers_the_same_once_trained(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims, dropout=0.5)
        network, x = build_network(plan).eval(), images(plan)
        with torch.inference_mode():
            first, again, one = network(x)[0], network(x)[0], network(x[:1])[0]
        assert torch.equal(first, again)
        torch.testing.assert_close(one, first[:1], rtol=1e-4, atol=1e-5)

    def test_an_image_of_any_size_is_answered(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        weights = {name: value.numpy() for name, value in build_network(plan).state_dict().items()}
        tiled = plan.is_tiled
        odd = (19, 7, 11 if dims == 3 else 1) if tiled else plan.patch_voxels
        image = np.random.default_rng(0).normal(size=(2, *odd)).astype(np.float32)
        answer = predict_array(TorchRuntime(plan, weights, "cpu"), image, plan)
        if plan.answer == "boxes":
            assert answer.shape[1:] == (8,)
            assert np.isfinite(answer).all()
            return
        assert answer.shape == (3, *(odd if plan.label_values else (1, 1, 1)))
        np.testing.assert_allclose(answer.sum(axis=0), 1, rtol=1e-4)

    def test_the_order_in_memory_changes_no_answer(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        network, x = build_network(plan).eval(), images(plan)
        with torch.no_grad():
            before = network(x)[0]
            after = network.to(memory_format=torch.contiguous_format)(x)[0]  # type: ignore[call-overload]
        torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-5)

    def test_its_weights_come_back_from_a_file(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        network, other = built(plan), built(plan, seed=1)
        network(images(plan))  # running means are kept as well
        other.load_state_dict(load(save({k: v.contiguous() for k, v in network.state_dict().items()})))
        x = images(plan)
        assert torch.equal(network.eval()(x)[0], other.eval()(x)[0])
        assert all(value.is_floating_point() or value.numel() == 1 for value in network.state_dict().values())

    def test_a_narrower_plan_makes_a_narrower_network(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        network = plan.network
        pruned = replace(
            network,
            widths=tuple(
                n - (network.heads[k] or 1 if network.heads else 1) for k, n in enumerate(network.widths)
            ),
            inner=tuple(max(0, n - 3) for n in network.inner),
            growth=tuple(n - 1 for n in network.growth),
        )
        narrower = replace(plan, network=pruned)
        assert build_network(narrower).eval()(images(plan))[0].shape[1] == plan.n_outputs
        assert count_cost(narrower).weights < count_cost(plan).weights

    def test_its_cost_is_stated(self, family: str, dims: int) -> None:
        plan = tiny_plan(family, dims)
        network = build_network(plan).eval()
        cost = count_cost(plan)
        assert cost.weights == sum(value.numel() for value in network.parameters())
        # Every module that multiplies, by what it was seen to give; and what no module stands for.
        seen: list[int] = []
        for module in network.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.ConvTranspose3d)):
                module.register_forward_hook(lambda m, x, y: seen.append(_multiply_adds(m, x[0], y)))
        # With gradients, as torch computes a layer of attention as one without them.
        network(images(plan, 1))
        assert cost.multiply_adds == sum(seen) + _beside_modules(plan)


def _multiply_adds(module: nn.Module, x: torch.Tensor, y: torch.Tensor) -> int:
    if isinstance(module, nn.Linear):
        return y.numel() * module.in_features
    kernel = math.prod(module.kernel_size)  # type: ignore[arg-type]
    if isinstance(module, (nn.ConvTranspose2d, nn.ConvTranspose3d)):
        return x.numel() * kernel * module.out_channels
    return y.numel() * kernel * module.in_channels  # type: ignore[operator]


def _beside_modules(plan: Plan) -> int:
    """Multiply-adds of wavelets, and of attention between places."""
    network = plan.network
    size = plan.patch_voxels[: plan.dims]
    if network.family == "scattering":
        # Eight waves, even and odd, of 7 × 7 over each map, and blurs of 5 × 5 to half the size.
        n, pixels = len(plan.channels), math.prod(size)
        waves = n * 16 * 49 * pixels + (n + 8 * n) * 16 * 49 * pixels // 4
        blurs = (n + n + 8 * n) * 25 * pixels // 4 + (n + n + 16 * n + 64 * n) * 25 * pixels // 16
        return waves + blurs
    if network.family == "vit":
        n, width = math.prod(size) // math.prod(network.strides[0]), network.widths[0]
        return network.blocks[0] * (4 * n * width**2 + 2 * n**2 * width)
    if network.family == "swin_unetr":
        places, width = math.prod(n // 2 for n in size), network.widths[1]
        return network.blocks[1] * 2 * places * math.prod(network.window) * width
    return 0
