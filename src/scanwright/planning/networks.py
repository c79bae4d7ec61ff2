"""Networks: one rule a family, from what the network is to see to all of its numbers.

A rule gives widths, strides, blocks and heads that fit each other, and the patch that fits them. Rules are
for a processor and minutes: of the same images, all families cost about as much as the default (tested).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scanwright.data.families import FAMILIES
from scanwright.data.plan import NetworkPlan
from scanwright.errors import SettingsError
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.rules import Choice, are_few, choose_topology, choose_widths

# Channels that one head of attention looks at: of whole images, and within windows.
WIDE_HEAD, HEAD = 32, 16
_WANTED = {
    "image": "gives an answer for a whole image",
    "voxels": "gives an answer for each voxel",
    "boxes": "finds objects",
}
# Places, from which a network looks for objects, along a side of a small one; channels of a pyramid.
PLACES_ACROSS = 2.0
PYRAMID_WIDTH = {2: 64, 3: 32}
# Enough to tell tissues apart by their values, and little beside the finest level (docs/decisions/0063).
SHORTCUT_WIDTH = 8


@dataclass(frozen=True)
class Scene:
    """What a network is to see.

    Attributes:
        size_voxels: (i, j, k) of the median image on the working grid; where images are seen whole, the size
            they are fitted into.
        spacing_mm: of the grid; ``None`` counts as cubes.
        dims: axes of the network.
        minutes: of training.
        small_voxels: mean side of the small objects that are to be found.
        absolute: whether a value means the same everywhere, as Hounsfield units do.
    """

    size_voxels: tuple[int, int, int]
    spacing_mm: Sequence[float] | None
    dims: int
    minutes: float
    small_voxels: float = 16.0
    absolute: bool = False


@dataclass(frozen=True)
class Design:
    """A network, and the (i, j, k) that it sees at once."""

    network: Choice[NetworkPlan]
    patch_voxels: Choice[tuple[int, int, int]]


def choose_family(facts: Fingerprint, answers: str, asked: str | None) -> Choice[str]:
    """Which family of networks.

    Args:
        facts: of the data.
        answers: "image", "voxels" or "boxes": what the task needs.
        asked: a family that the user wants.

    Raises:
        SettingsError: the one that is asked for answers something else.
    """
    if asked is not None:
        fitting = [name for name, family in FAMILIES.items() if family.answers == answers]
        if asked not in fitting:
            raise SettingsError(
                f"a network that {_WANTED[answers]} is needed",
                expected=" or ".join(fitting),
                received=f"network.family={asked}",
            )
        return Choice(asked, "asked for")
    if answers == "boxes":
        return Choice("fpn", "a feature pyramid without anchors: nothing to tune to the sizes of objects")
    if answers == "voxels":
        return Choice("unet", "U-Nets are hard to beat in fair comparisons (nnU-Net Revisited, 2024)")
    if are_few(facts):
        return Choice("scattering", f"{facts.n_train} images are too few to learn to see from")
    return Choice("resnet", "residual networks learn from fewer images than transformers need")


def design_network(family: Choice[str], scene: Scene) -> Design:
    """The family's network for what it is to see.

    Raises:
        SettingsError: the family can't see that.
    """
    made = RULES[family.value](scene)
    return replace(made, network=Choice(made.network.value, f"{family.reason}: {made.network.reason}"))


def _levels_of(scene: Scene) -> tuple[bool, int, int]:
    """Of a network for whole images: whether they are small, how many levels, channels of the first."""
    longest = max(scene.size_voxels)
    small = longest <= 48
    return small, 3 if small else 4 if longest <= 96 else 5, 32 if scene.dims == 2 else 16


def _resnet(scene: Scene) -> Design:
    return _whole(scene, _residual("resnet", scene), "a residual network, its depth from the image size")


def _se_resnet(scene: Scene) -> Design:
    reason = "a residual network that weighs its channels, its depth from the image size"
    return _whole(scene, _residual("se_resnet", scene), reason)


def _residual(family: str, scene: Scene) -> NetworkPlan:
    small, n_levels, base = _levels_of(scene)
    one, two = (1,) * scene.dims, (2,) * scene.dims
    return NetworkPlan(
        family,
        tuple(min(256, base * 2**level) for level in range(n_levels)),
        (one if small else two, *(two for _ in range(n_levels - 1))),
        blocks=(2,) * n_levels if small else (1,) * n_levels,
        dropout=0.2,
    )


def _cnn(scene: Scene) -> Design:
    network = _residual("cnn", scene)
    n_levels = len(network.widths)
    network = replace(network, kernels=((3,) * scene.dims,) * n_levels, blocks=(2, 2, 3, 3, 3)[:n_levels])
    return _whole(scene, network, "plain convolutions, two or three a level; their depth from the image size")


def _densenet(scene: Scene) -> Design:
    network = _residual("densenet", scene)
    n_levels, growth = len(network.widths), network.widths[0] // 2
    widths, blocks = [2 * growth], (3, 6, 8, 8, 8)[:n_levels]
    for n in range(1, n_levels):
        widths.append((widths[-1] + blocks[n - 1] * growth) // 2)
    network = replace(
        network,
        widths=tuple(widths),
        blocks=blocks,
        growth=(growth,) * n_levels,
        inner=(4 * growth,) * n_levels,
    )
    reason = f"{' + '.join(map(str, blocks))} dense layers, each with {growth} channels more"
    return _whole(scene, network, reason)


def _vit(scene: Scene) -> Design:
    longest = max(scene.size_voxels)
    step = 4 if longest <= 32 else 8 if longest <= 112 else 16
    # An axis shorter than a patch has patches as short as itself, or nearly so.
    patch = tuple(min(step, 2 ** int(math.log2(n))) for n in scene.size_voxels[: scene.dims])
    width, blocks = 128 if longest <= 112 else 192, 6 if scene.minutes <= 60 else 8
    network = NetworkPlan(
        "vit",
        (width,),
        (patch,),
        blocks=(blocks,),
        inner=(4 * width,),
        heads=(width // WIDE_HEAD,),
        dropout=0.2,
    )
    reason = f"patches of {' × '.join(map(str, patch))} voxels, {blocks} blocks of attention between them"
    return _whole(scene, network, reason)


def _scattering(scene: Scene) -> Design:
    if scene.dims == 3 or min(scene.size_voxels[:2]) < 24:
        raise SettingsError(
            "scattering sees planes of 24 pixels or more",
            expected="another family, such as resnet",
            received="network.family=scattering",
        )
    network = NetworkPlan("scattering", (64, 128), ((8, 8), (2, 2)), blocks=(0, 1), dropout=0.2, pool_grid=4)
    reason = "fixed wavelets see, and a small residual network learns what that means, and where"
    return _whole(scene, network, reason)


def _whole(scene: Scene, network: NetworkPlan, reason: str) -> Design:
    """A network that sees whole images, and the size that they are fitted into."""
    steps = (*network.strides[0], 1)[:3] if network.family == "vit" else (1, 1, 1)
    i, j, k = (-(-n // step) * step for n, step in zip(scene.size_voxels, steps, strict=True))
    why = "" if (i, j, k) == scene.size_voxels else "rounded up to whole patches"
    return Design(Choice(network, reason), Choice((i, j, k), why))


def _unet(scene: Scene) -> Design:
    return _voxelwise(scene, "unet", "U-Net")


def _residual_unet(scene: Scene) -> Design:
    # Those of nnU-Net's ResEnc, where there is time for them.
    blocks = (1, 3, 4, 6, 6, 6) if scene.minutes > 60 else (1, 2, 2, 2, 2, 2)
    return _voxelwise(scene, "residual_unet", "U-Net with a residual encoder", blocks)


def _segresnet(scene: Scene) -> Design:
    blocks = (1, 2, 2, 4, 4, 4) if scene.minutes > 60 else (1, 2, 2, 2, 2, 2)
    return _voxelwise(scene, "segresnet", "SegResNet", blocks)


def _swin_unetr(scene: Scene) -> Design:
    made = _voxelwise(scene, "swin_unetr", "Swin UNETR")
    network, dims = made.network.value, scene.dims
    n_levels = len(network.widths)
    if n_levels < 3:
        raise SettingsError(
            "the images are too small for a Swin UNETR, which needs three levels",
            expected="another family, such as unet",
            received="network.family=swin_unetr",
        )
    attends = [0 < n < n_levels - 1 for n in range(n_levels)]
    network = replace(
        network,
        blocks=tuple(2 if here else 0 for here in attends),
        heads=tuple(
            width // HEAD if here else 0 for width, here in zip(network.widths, attends, strict=True)
        ),
        inner=tuple(4 * width if here else 0 for width, here in zip(network.widths, attends, strict=True)),
        window=(7, 7) if dims == 2 else (4, 4, 4),
    )
    return replace(made, network=Choice(network, made.network.reason))


def _voxelwise(scene: Scene, family: str, name: str, blocks: tuple[int, ...] = ()) -> Design:
    """A network that answers for each voxel: one topology and one row of widths for all families."""
    topology = choose_topology(scene.size_voxels, scene.spacing_mm, scene.dims, scene.minutes)
    n_levels = len(topology.value.strides)
    widths = choose_widths(n_levels, scene.minutes, scene.dims)
    network = NetworkPlan(
        family,
        widths.value,
        topology.value.strides,
        topology.value.kernels,
        blocks[:n_levels],
        deep_supervision=max(0, min(2, n_levels - 2)),
        shortcut=SHORTCUT_WIDTH if scene.absolute else 0,
    )
    reason = f"{name} with {n_levels} levels; {widths.reason}"
    if scene.absolute:
        reason += "; a shortcut past the norms, which take from a window how bright all of it is"
    return Design(Choice(network, reason), Choice(topology.value.patch_voxels, topology.reason))


def _fpn(scene: Scene) -> Design:
    """Steps of one voxel see no object: the stem halves at once, where a network for voxels would begin."""
    topology = choose_topology(scene.size_voxels, scene.spacing_mm, scene.dims, scene.minutes)
    strides = topology.value.strides[1:] or topology.value.strides
    n_levels = len(strides)
    base = {2: 24 if scene.minutes <= 20 else 32, 3: 16}[scene.dims]
    steps = [
        max(math.prod(stride[axis] for stride in strides[: n + 1]) for axis in range(scene.dims))
        for n in range(n_levels)
    ]
    finest = max([n for n in range(n_levels) if steps[n] * PLACES_ACROSS <= scene.small_voxels], default=0)
    network = NetworkPlan(
        "fpn",
        tuple(min(256, base * 2**level) for level in range(n_levels)),
        strides,
        blocks=(0, *(1,) * (n_levels - 1)) if n_levels > 1 else (1,),
        inner=tuple(PYRAMID_WIDTH[scene.dims] if n >= finest else 0 for n in range(n_levels)),
    )
    reason = (
        f"{n_levels} levels; it looks from places {steps[finest]} voxels apart, where small objects are "
        f"{scene.small_voxels:.2g} voxels wide"
    )
    return Design(Choice(network, reason), Choice(topology.value.patch_voxels, topology.reason))


Rule = Callable[[Scene], Design]
RULES: dict[str, Rule] = {
    "cnn": _cnn,
    "resnet": _resnet,
    "se_resnet": _se_resnet,
    "densenet": _densenet,
    "vit": _vit,
    "scattering": _scattering,
    "unet": _unet,
    "residual_unet": _residual_unet,
    "segresnet": _segresnet,
    "swin_unetr": _swin_unetr,
    "fpn": _fpn,
}
