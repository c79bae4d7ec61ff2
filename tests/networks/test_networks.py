"""Networks come from the plan alone, give an answer of the right shape, can learn, and refuse nonsense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.errors import SettingsError
from scanwright.networks.catalogue import build_network, estimate_weights

CLASSES = ("background", "anterior", "posterior")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def plan(
    dims: int,
    family: str = "unet",
    *,
    widths: tuple[int, ...] = (6, 12),
    strides: tuple[tuple[int, ...], ...] | None = None,
    kernels: tuple[tuple[int, ...], ...] | None = None,
    patch: tuple[int, int, int] | None = None,
    n_channels: int = 2,
    **network: object,
) -> Plan:
    levels = len(widths)
    return Plan(
        task="segmentation" if family == "unet" else "classification",
        dims=dims,
        channels=tuple(ChannelPlan(f"c{n}") for n in range(n_channels)),
        classes=CLASSES,
        label_values=(0, 1, 2),
        patch_voxels=patch or ((16, 8, 1) if dims == 2 else (16, 8, 8)),
        batch_size=2,
        network=NetworkPlan(
            family,
            widths,
            strides or ((1,) * dims, *((2,) * dims,) * (levels - 1)),
            kernels or ((3,) * dims,) * levels,
            blocks=(1,) * levels,
            **network,  # type: ignore[arg-type]
        ),
    )


def scattering(widths: tuple[int, ...] = (6, 12), **network: object) -> Plan:
    return plan(
        2, "scattering", widths=widths, strides=((4, 4), (2, 2))[: len(widths)], patch=(32, 24, 1), **network
    )


def images(plan: Plan, n: int = 2) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(n, len(plan.channels), *plan.patch_voxels[: plan.dims])


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("deep", [0, 1, 2])
def test_a_unet_answers_for_every_voxel_and_at_coarser_sizes_while_training(dims: int, deep: int) -> None:
    made = plan(dims, widths=(4, 6, 8, 10), deep_supervision=deep, patch=(16, 16, 16 if dims == 3 else 1))
    network = build_network(made)
    size = torch.tensor(made.patch_voxels[:dims])
    outputs = network(images(made))
    assert [tuple(out.shape) for out in outputs] == [
        (2, 3, *(size // 2**level).tolist()) for level in range(deep + 1)
    ]
    assert [tuple(out.shape) for out in network.eval()(images(made))] == [(2, 3, *size.tolist())]


CLASSIFIERS = {
    "resnet 2-D": plan(2, "resnet", widths=(4, 6, 8)),
    "resnet 3-D": plan(3, "resnet", widths=(4, 6, 8)),
    "resnet by parts": plan(2, "resnet", pool_grid=2),
    "scattering": scattering(),
    "scattering by parts": scattering(pool_grid=4),
}
every_classifier = pytest.mark.parametrize("made", CLASSIFIERS.values(), ids=CLASSIFIERS.keys())


@every_classifier
def test_a_classifier_answers_once_for_an_image_of_any_size(made: Plan) -> None:
    network = build_network(made).eval()
    for side in (8, 13, 32):
        answers = network(torch.randn(2, 2, *(side,) * made.dims))
        assert [tuple(answer.shape) for answer in answers] == [(2, 3)]


def test_with_parts_a_classifier_knows_where_something_is() -> None:
    left = torch.zeros(1, 2, 32, 32)
    left[:, :, 8:16, 8:16] = torch.randn(8, 8)
    right = left.flip(2)
    for n_parts, same in ((1, True), (2, False)):
        torch.manual_seed(0)
        made = plan(2, "resnet", widths=(4,), kernels=((3, 3),), pool_grid=n_parts)
        network = build_network(made).eval()
        features = network.pool(left)  # type: ignore[operator, union-attr]
        mirrored = network.pool(right)  # type: ignore[operator, union-attr]
        assert torch.allclose(features, mirrored) == same


@pytest.mark.parametrize(
    ("kernels", "strides", "patch"),
    [
        (((1, 3, 3), (3, 3, 3)), ((1, 1, 1), (1, 2, 2)), (5, 8, 8)),
        (((3, 3, 1), (3, 3, 1), (3, 3, 3)), ((1, 1, 1), (2, 2, 1), (2, 2, 1)), (8, 12, 3)),
        (((5, 5, 5), (3, 3, 3)), ((1, 1, 1), (3, 3, 3)), (9, 6, 6)),
        (((3, 3, 3),), ((1, 1, 1),), (5, 7, 3)),
        (((3, 3, 3), (7, 5, 3)), ((1, 1, 1), (4, 2, 2)), (8, 8, 8)),
    ],
)
def test_flat_kernels_and_uneven_strides_fit(
    kernels: tuple[tuple[int, ...], ...],
    strides: tuple[tuple[int, ...], ...],
    patch: tuple[int, int, int],
) -> None:
    made = plan(3, widths=(4, 6, 8)[: len(kernels)], kernels=kernels, strides=strides, patch=patch)
    assert tuple(build_network(made)(images(made))[0].shape) == (2, 3, *patch)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_unet_learns_one_batch_by_heart(dims: int) -> None:
    torch.manual_seed(0)
    made = plan(dims)
    network, batch = build_network(made), images(made)
    # The class follows the brightness, which every network must be able to tell.
    truth = (batch[:, 0] > 0).long() + (batch[:, 0] > 0.7).long()
    assert _learn(network, batch, truth) < 0.1


@every_classifier
def test_a_classifier_learns_one_batch_by_heart(made: Plan) -> None:
    torch.manual_seed(0)
    assert _learn(build_network(made), images(made, 6), torch.tensor([0, 1, 2, 0, 1, 2])) < 0.05


def _learn(network: torch.nn.Module, batch: torch.Tensor, truth: torch.Tensor) -> float:
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.02)
    loss = torch.tensor(0.0)
    for _ in range(80):
        optimiser.zero_grad()
        loss = F.cross_entropy(network(batch)[0], truth)
        loss.backward()
        optimiser.step()
    return loss.item()


def test_the_same_seed_gives_the_same_network() -> None:
    states = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        states.append(build_network(plan(2)).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_no_weight_stands_under_two_names() -> None:
    for family in ("unet", "resnet"):
        places = [value.data_ptr() for value in build_network(plan(3, family)).parameters()]
        assert len(places) == len(set(places))


@pytest.mark.parametrize(
    ("widths", "strides", "kernels"),
    [
        ((4, 8), ((2, 2), (2, 2)), None),  # voxels without an answer
        ((4, 8), ((1, 1), (8, 8)), None),  # strides far beyond the kernel
        ((4096, 4096, 4096), None, ((9, 9), (9, 9), (9, 9))),  # more weights than memory
    ],
)
def test_nonsense_is_refused_in_words(
    widths: tuple[int, ...],
    strides: tuple[tuple[int, ...], ...] | None,
    kernels: tuple[tuple[int, ...], ...] | None,
) -> None:
    with pytest.raises(SettingsError, match="network"):
        build_network(plan(2, widths=widths, strides=strides, kernels=kernels, patch=(16, 16, 1)))


def test_levels_without_blocks_are_left_out() -> None:
    made = scattering()
    made = replace(made, network=replace(made.network, blocks=(0, 0)))
    assert tuple(build_network(made).eval()(images(made))[0].shape) == (2, 3)


@pytest.mark.parametrize(
    ("dims", "strides"),
    [(3, ((4, 4, 4), (2, 2, 2))), (2, ((4, 2), (2, 2))), (2, ((3, 3), (2, 2))), (2, ((1, 1), (2, 2)))],
)
def test_scattering_refuses_what_it_has_no_wavelets_for(
    dims: int, strides: tuple[tuple[int, ...], ...]
) -> None:
    with pytest.raises(SettingsError, match="scattering takes planes"):
        build_network(plan(dims, "scattering", strides=strides))


@pytest.mark.parametrize(
    ("dims", "family"), [(2, "unet"), (3, "unet"), (2, "resnet"), (3, "resnet"), (2, "scattering")]
)
def test_the_estimate_of_weights_is_of_the_right_size(dims: int, family: str) -> None:
    made = plan(dims, family, widths=(16, 32, 64))
    made = scattering((16, 32)) if family == "scattering" else made
    true = sum(value.numel() for value in build_network(made).parameters())
    assert 0.4 < estimate_weights(made.network, dims) / true < 2.5


def test_the_norm_of_a_unet_is_instance_norm_for_volumes_with_channels_last() -> None:
    made = plan(3, widths=(4, 6, 8), patch=(16, 16, 16))
    network = build_network(made).eval()
    first = next(p for p in network.parameters() if p.ndim == 5 and p.shape[1] > 1 and p.shape[-1] > 1)
    assert first.is_contiguous(memory_format=torch.channels_last_3d)
    x = images(made)
    with torch.no_grad():
        for norm in [m for m in network.modules() if isinstance(m, torch.nn.GroupNorm)]:
            torch.nn.init.normal_(norm.weight)
            torch.nn.init.normal_(norm.bias)
        before = network(x)[0]
        for parent in list(network.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, torch.nn.GroupNorm):
                    instance = torch.nn.InstanceNorm3d(child.num_channels, affine=True)
                    instance.load_state_dict(child.state_dict())
                    setattr(parent, name, instance)
        torch.testing.assert_close(network(x)[0], before, rtol=1e-4, atol=1e-4)
