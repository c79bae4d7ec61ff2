"""Networks: what the contract of all families does not say: uneven grids, parts, limits, and MONAI's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
import torch
from monai.networks.nets import SwinUNETR
from monai.networks.nets.densenet import _DenseBlock
from monai.networks.nets.segresnet import SegResNet
from torch.nn import functional as F
from torch.utils._pytree import tree_leaves

from scanwright.data.plan import NetworkPlan, Plan
from scanwright.errors import SettingsError
from scanwright.networks.catalogue import MOST_WEIGHTS, build_network, count_cost
from tiny_networks import KINDS, images, tiny_plan


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("family", ["unet", "residual_unet", "segresnet", "swin_unetr"])
@pytest.mark.parametrize("deep", [0, 1, 2, 4])
def test_coarser_sizes_are_answered_while_training(family: str, deep: int) -> None:
    four = {"blocks": (0, 1, 1, 0), "heads": (0, 1, 2, 0), "inner": (0, 8, 8, 0)}
    more = four if family == "swin_unetr" else {"blocks": (1,) * 4}
    made = tiny_plan(family, 2, patch=(16, 24, 1), widths=(4, 6, 8, 10), deep_supervision=deep, **more)
    network = build_network(made)
    sizes = [(16 // 2**level, 24 // 2**level) for level in range(min(deep, 2) + 1)]
    assert [tuple(out.shape[2:]) for out in network(images(made))] == sizes
    assert [tuple(out.shape[2:]) for out in network.eval()(images(made))] == sizes[:1]


@pytest.mark.parametrize("family", ["unet", "residual_unet", "segresnet", "swin_unetr"])
@pytest.mark.parametrize("dims", [2, 3])
def test_a_shortcut_adds_to_the_finest_answer_alone(family: str, dims: int) -> None:
    made = tiny_plan(family, dims, shortcut=4)
    network, seen = build_network(made), images(made)
    with torch.no_grad():
        together, added = network(seen), network.shortcut(seen)  # type: ignore[operator]
        network.shortcut = None
        finest, coarser = network(seen)
    assert torch.allclose(together[0], finest + added)
    assert torch.equal(together[1], coarser)


@pytest.mark.parametrize(("width", "sees"), [(0, False), (4, True)])
def test_past_the_norms_a_network_sees_how_bright_a_window_is(width: int, sees: bool) -> None:
    made = tiny_plan("unet", 3, shortcut=width)
    network, seen = build_network(made).eval(), images(made)
    with torch.no_grad():
        assert torch.allclose(network(seen)[0], network(3 * seen)[0], atol=1e-3) != sees


CLASSIFIERS = {
    "cnn": tiny_plan("cnn", 2),
    "resnet in volumes": tiny_plan("resnet", 3, widths=(4, 6, 8), blocks=(1, 1, 1)),
    "resnet by parts": tiny_plan("resnet", 2, pool_grid=2),
    "se_resnet": tiny_plan("se_resnet", 2),
    "densenet": tiny_plan("densenet", 3),
    "scattering by parts": tiny_plan("scattering", 2, pool_grid=4),
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
        made = tiny_plan("resnet", 2, widths=(4,), blocks=(1,), pool_grid=n_parts)
        network = build_network(made).eval()
        features = network.pool(left)  # type: ignore[operator, union-attr]
        mirrored = network.pool(right)  # type: ignore[operator, union-attr]
        assert torch.allclose(features, mirrored) == same


@pytest.mark.parametrize("family", ["unet", "residual_unet", "segresnet", "swin_unetr"])
@pytest.mark.parametrize(
    ("kernels", "strides", "patch"),
    [
        (((1, 3, 3), (3, 3, 3), (3, 3, 3)), ((1, 1, 1), (1, 2, 2), (1, 2, 2)), (5, 8, 8)),
        (((3, 3, 1), (3, 3, 1), (3, 3, 3)), ((1, 1, 1), (2, 2, 1), (2, 2, 1)), (8, 12, 3)),
        (((5, 5, 5), (3, 3, 3), (1, 1, 1)), ((1, 1, 1), (2, 2, 2), (2, 2, 2)), (8, 4, 4)),
        (((3, 3, 3), (7, 5, 3), (3, 3, 3)), ((1, 1, 1), (4, 2, 2), (3, 1, 1)), (24, 4, 4)),
    ],
)
def test_flat_kernels_and_uneven_strides_fit(
    family: str,
    kernels: tuple[tuple[int, ...], ...],
    strides: tuple[tuple[int, ...], ...],
    patch: tuple[int, int, int],
) -> None:
    fields = {"kernels": kernels, "strides": strides, "patch": patch}
    if family == "residual_unet" and max(map(max, strides)) > 2:  # its shortcuts step by two at most
        with pytest.raises(SettingsError, match="must be 1 or 2"):
            tiny_plan(family, 3, **fields)
        return
    made = tiny_plan(family, 3, **fields)
    assert tuple(build_network(made)(images(made))[0].shape) == (2, 3, *patch)


@pytest.mark.parametrize("family", ["cnn", "resnet", "se_resnet", "densenet", "vit"])
def test_images_are_halved_along_some_axes_only(family: str) -> None:
    strides = ((4, 4, 1),) if family == "vit" else ((2, 2, 1), (2, 2, 1))
    made = tiny_plan(family, 3, strides=strides, patch=(8, 8, 3))
    network = build_network(made).eval()
    assert tuple(network.levels(network.stem(images(made))).shape[2:]) == (2, 2, 3)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("family", "fields"),
    [
        ("unet", {"widths": (4096,) * 3, "kernels": ((9, 9),) * 3}),
        ("residual_unet", {"widths": (4096,) * 3, "blocks": (64,) * 3}),
        ("segresnet", {"widths": (4096,) * 3, "blocks": (1, 64, 64)}),
        ("swin_unetr", {"widths": (4096,) * 3, "inner": (0, 16384, 0)}),
        ("vit", {"widths": (4096,), "heads": (1,), "blocks": (64,)}),
        ("cnn", {"widths": (4096,) * 2, "blocks": (64,) * 2}),
        ("resnet", {"widths": (4096,) * 2, "blocks": (64,) * 2}),
        ("densenet", {"inner": (16384,) * 2, "growth": (1024,) * 2}),
    ],
)
def test_what_no_memory_holds_is_refused_before_it_is_built(family: str, fields: dict[str, object]) -> None:
    made = tiny_plan(family, 2, patch=(16, 16, 1), **fields)
    with pytest.raises(SettingsError, match=r"too large to train.*at most 4e\+08 weights"):
        build_network(made)


def test_the_largest_network_is_just_allowed() -> None:
    # 4096 × 4096 × 9 weights a convolution: two fit below the limit, three do not.
    for n, fits in ((2, True), (3, False)):
        made = tiny_plan("cnn", 2, widths=(4096,), blocks=(n + 1,), kernels=((3, 3),))
        expected = 2 * 4096 * 9 + n * 4096**2 * 9 + (n + 1) * 2 * 4096 + 3 * 4096 + 3
        assert fits == (expected < MOST_WEIGHTS)
        if fits:
            assert count_cost(made).weights == expected
        else:
            with pytest.raises(SettingsError, match="too large"):
                count_cost(made)


def test_an_undecided_network_is_not_built() -> None:
    made = tiny_plan("unet", 2)
    with pytest.raises(SettingsError, match="not decided yet"):
        build_network(replace(made, network=NetworkPlan("unet")))


def test_levels_without_blocks_are_left_out() -> None:
    made = tiny_plan("scattering", 2, blocks=(0, 0))
    assert tuple(build_network(made).eval()(images(made))[0].shape) == (2, 3)


@pytest.mark.parametrize(
    ("dims", "strides"),
    [(3, ((4, 4, 4), (2, 2, 2))), (2, ((4, 2), (2, 2))), (2, ((3, 3), (2, 2))), (2, ((1, 1), (2, 2)))],
)
def test_scattering_refuses_what_it_has_no_wavelets_for(
    dims: int, strides: tuple[tuple[int, ...], ...]
) -> None:
    with pytest.raises(SettingsError, match="scattering takes planes"):
        build_network(tiny_plan("scattering", dims, strides=strides))


def test_the_multiply_adds_of_a_small_plain_network_are_those_on_paper() -> None:
    made = tiny_plan("cnn", 2, widths=(4, 8), blocks=(1, 2), patch=(16, 8, 1))
    first, second = 16 * 8 * 9 * 2 * 4, 8 * 4 * 9 * (4 * 8 + 8 * 8)
    assert count_cost(made).multiply_adds == first + second + 8 * 3


def test_the_norm_of_a_unet_is_instance_norm_for_volumes_with_channels_last() -> None:
    made = tiny_plan("unet", 3, patch=(16, 16, 16))
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


def _share_numbers(pairs: Iterable[tuple[torch.nn.Module, torch.nn.Module]]) -> None:
    """Give each pair of modules the same random weights; their names need only sort alike."""
    for own, other in pairs:
        rows = zip(sorted(own.named_parameters()), sorted(other.named_parameters()), strict=True)
        for (name, ours), (_, theirs) in rows:
            assert ours.shape == theirs.shape, name
            ours.data = torch.randn_like(ours) * 0.3
            theirs.data = ours.data.clone()


def _move_channels(x: torch.Tensor, pattern: str) -> torch.Tensor:
    """What MONAI's Swin UNETR asks of einops: "n c d h w -> n d h w c", or back."""
    return x.movedim(1, -1) if pattern.split()[1] == "c" else x.movedim(-1, 1)


def test_a_swin_unetr_is_monais_where_monai_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monai.networks.nets.swin_unetr.rearrange", _move_channels)
    torch.manual_seed(0)
    theirs = SwinUNETR(
        2,
        3,
        num_heads=(1, 2, 4, 8),
        window_size=2,
        feature_size=12,
        norm_name=("instance", {"affine": True}),
        downsample="mergingv2",
    )
    widths, attends = (12, 12, 24, 48, 96, 192), (0, 2, 2, 2, 2, 0)
    made = tiny_plan(
        "swin_unetr",
        3,
        patch=(32, 32, 64),
        widths=widths,
        blocks=attends,
        heads=(0, 1, 2, 4, 8, 0),
        inner=tuple(4 * w if n else 0 for w, n in zip(widths, attends, strict=True)),
    )
    ours = build_network(made).eval()
    encoder, swin = ours.encoder, theirs.swinViT
    convolved = [encoder.bridges[n] for n in (0, 1, 2, 3, 5)]
    _share_numbers(
        [
            (encoder.embed, swin.patch_embed),
            *zip(encoder.levels, (swin.layers1, swin.layers2, swin.layers3, swin.layers4), strict=True),
            *zip(convolved, [getattr(theirs, f"encoder{n}") for n in (1, 2, 3, 4, 10)], strict=True),
            *zip(ours.decoder, [getattr(theirs, f"decoder{n}") for n in (5, 4, 3, 2, 1)], strict=True),
            (ours.heads[0], theirs.out),
        ]
    )
    x = images(made, 1)
    with torch.no_grad():
        torch.testing.assert_close(ours(x)[0], theirs.eval()(x), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_segresnet_is_monais_where_monai_has_it(dims: int) -> None:
    torch.manual_seed(0)
    theirs = SegResNet(dims, 8, 2, 3, blocks_down=(1, 2, 2), blocks_up=(1, 1))
    made = tiny_plan("segresnet", dims, widths=(8, 16, 32), blocks=(1, 2, 2))
    ours = build_network(made).eval()
    _share_numbers(
        [
            (ours.encoder[0][0], theirs.convInit),
            (ours.encoder[0][1:], theirs.down_layers[0]),
            *zip(ours.encoder[1:], theirs.down_layers[1:], strict=True),
            *zip([level.narrow for level in ours.decoder], theirs.up_samples, strict=True),
            *zip([level.block for level in ours.decoder], theirs.up_layers, strict=True),
            (ours.heads[0], theirs.conv_final),
        ]
    )
    x = images(made)
    with torch.no_grad():
        torch.testing.assert_close(ours(x)[0], theirs.eval()(x), rtol=1e-4, atol=1e-4)


def test_the_levels_of_a_densenet_are_monais() -> None:
    torch.manual_seed(0)
    theirs = _DenseBlock(2, 3, 6, 2, 4, 0.0)
    made = tiny_plan("densenet", 2, widths=(6,), blocks=(3,), growth=(4,), inner=(8,))
    ours = build_network(made).levels[:3]
    for own, other in zip(ours, theirs, strict=True):
        _share_numbers(
            [
                (own.norm, other.layers.norm1),
                (own.narrow.conv, other.layers.conv1),
                (own.narrow.adn, other.layers.norm2),
                (own.look, other.layers.conv2),
            ]
        )
    x = torch.randn(2, 6, 8, 8)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("family", "dims"), KINDS)
@pytest.mark.parametrize("bits", [32, 16])
def test_an_image_teaches_the_same_alone_as_twice(family: str, dims: int, bits: int) -> None:
    """Torch has had other, wrong ways back for batches of one."""
    made = tiny_plan(family, dims)
    torch.manual_seed(0)
    network, seen = build_network(made).train(), images(made, 1)
    slopes: dict[int, torch.Tensor] = {}
    for times in (1, 2):
        network.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bits == 16):
            answers = tree_leaves(network(seen.repeat(times, *[1] * (seen.ndim - 1))))
        weights = [torch.linspace(-1, 1, answer[0].numel()).reshape(answer[0].shape) for answer in answers]
        pairs = zip(answers, weights, strict=True)
        torch.stack([(answer.float() * weight).sum() / times for answer, weight in pairs]).sum().backward()
        found = [value.grad for value in network.parameters() if value.grad is not None]
        slopes[times] = torch.cat([value.flatten() for value in found])
    assert F.cosine_similarity(slopes[1], slopes[2], dim=0) > (0.99999 if bits == 32 else 0.99)
