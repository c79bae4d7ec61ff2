"""Pruning keeps what matters: without channels that do nothing, a network answers the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from scanwright.compression.narrowing import WIDTHS, narrow_plan
from scanwright.compression.pruning import UnknownLayerError, follow_channels, prune
from scanwright.data.plan import Plan
from scanwright.networks.catalogue import build_network
from tiny_networks import images, tiny_plan

# Every family but those with attention; a norm of groups changes with every channel that is left out.
EXACT = ("cnn", "resnet", "se_resnet", "densenet", "scattering", "unet", "residual_unet", "fpn")
WIDER = {"residual_unet": {"widths": (8, 12, 16)}, "scattering": {"widths": (8, 12)}}


def _network(plan: Plan) -> torch.nn.Module:
    torch.manual_seed(3)
    network = build_network(plan)
    with torch.no_grad():  # running means as after some training
        for part in network.modules():
            if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
                part.running_mean.uniform_(-0.2, 0.2)  # type: ignore[union-attr,operator]
                part.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr,operator]
    return network.eval()


@pytest.mark.parametrize(("family", "shortcut"), [*((family, 0) for family in EXACT), ("unet", 4)])
def test_channels_that_do_nothing_are_those_that_go(family: str, shortcut: int) -> None:
    plan = tiny_plan(family, 2, **WIDER.get(family, {}), shortcut=shortcut)
    narrow = narrow_plan(plan, 0.5, 1.0)
    network = _network(plan)
    weights = dict(network.state_dict())
    ties = follow_channels(plan)
    wanted = {name: value.shape for name, value in build_network(narrow).state_dict().items()}
    rng = np.random.default_rng(0)
    idle: set[int] = set()
    seen: set[int] = set()
    for name, (axis, made) in ties.made.items():
        roots = ties.roots(made)
        if not seen & set(roots.tolist()):
            idle |= set(rng.choice(roots, len(roots) - wanted[name][axis], replace=False).tolist())
        seen |= set(roots.tolist())
    for name, axes in ties.axes.items():
        for axis, channels in axes.items():
            places = torch.from_numpy(np.isin(ties.roots(channels), list(idle)))
            if weights[name].is_floating_point() and "running_var" not in name and places.any():
                weights[name].index_fill_(axis, places.nonzero()[:, 0], 0.0)
    pruned = prune(plan, weights, narrow)
    assert pruned is not None
    small = build_network(narrow).eval()
    small.load_state_dict(pruned)
    shown = images(plan)
    with torch.no_grad():
        torch.testing.assert_close(small(shown)[0], network(shown)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("family", "dims"), [("unet", 3), ("segresnet", 3), ("cnn", 3)])
def test_volumes_and_norms_of_groups_are_pruned_too(family: str, dims: int) -> None:
    plan = tiny_plan(family, dims)
    narrow = narrow_plan(plan, 0.5, 1.0)
    pruned = prune(plan, dict(_network(plan).state_dict()), narrow)
    assert pruned is not None
    build_network(narrow).load_state_dict(pruned)


@pytest.mark.parametrize("family", ["vit", "swin_unetr"])
def test_attention_is_not_pruned_but_made_narrower(family: str) -> None:
    plan = tiny_plan(family, 2)
    with pytest.raises(UnknownLayerError):
        follow_channels(plan)
    narrow = narrow_plan(plan, 0.5, 1.0)
    assert prune(plan, dict(build_network(plan).state_dict()), narrow) is None
    assert build_network(narrow)(images(narrow))[0].shape == build_network(plan)(images(plan))[0].shape


def test_the_strongest_filters_stay() -> None:
    plan = tiny_plan("cnn", 2)
    weights = dict(_network(plan).state_dict())
    first = next(name for name in weights if name.startswith("stem") and weights[name].ndim == 4)
    weights[first][[0, 3]] *= 10
    pruned = prune(plan, weights, narrow_plan(plan, 0.5, 1.0))
    assert pruned is not None
    assert torch.equal(pruned[first], weights[first][[0, 3]])


def test_a_narrower_plan_is_one_that_can_be_trained() -> None:
    plan = replace(tiny_plan("unet", 3), pace=((3, 1.0),), init_from="abc", frozen_share=0.2)
    for share in WIDTHS:
        narrow = narrow_plan(plan, share, 2.0)
        assert (narrow.minutes, narrow.pace, narrow.init_from, narrow.frozen_share) == (2.0, (), "", 0.0)
        assert all(0 < a <= b for a, b in zip(narrow.network.widths, plan.network.widths, strict=True))
        assert f"{share:g} of its channels" in narrow.reasons["network"]
        assert Plan.from_json(narrow.to_json()) == narrow
