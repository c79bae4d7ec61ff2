"""The families of networks: what each answers, and what it needs of the plan. ``networks/`` builds them.

It is judged here, without torch, whether a plan's network could be built and would pass its first step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanwright.data.plan import NetworkPlan, Plan

MOST_LEVELS = 12
# A window of attention compares each of its places with each other.
MOST_PLACES = 1024


@dataclass(frozen=True)
class Family:
    """What a family is.

    Attributes:
        answers: "image" (one answer for the whole), "voxels" (one for each) or "boxes" (the objects).
        needs: fields of NetworkPlan that hold one number, or one for each axis, a level.
        batch_norm: whether a batch is normalised together, and so must hold more than one value.
    """

    answers: str
    needs: tuple[str, ...]
    batch_norm: bool = False


FAMILIES = {
    "cnn": Family("image", ("kernels", "blocks"), batch_norm=True),
    "resnet": Family("image", ("blocks",), batch_norm=True),
    "se_resnet": Family("image", ("blocks",), batch_norm=True),
    "densenet": Family("image", ("blocks", "growth", "inner"), batch_norm=True),
    "vit": Family("image", ("blocks", "heads", "inner")),
    "scattering": Family("image", ("blocks",), batch_norm=True),
    "unet": Family("voxels", ("kernels",)),
    "residual_unet": Family("voxels", ("kernels", "blocks")),
    "segresnet": Family("voxels", ("kernels", "blocks")),
    "swin_unetr": Family("voxels", ("kernels", "blocks", "heads", "inner")),
    "fpn": Family("boxes", ("blocks", "inner"), batch_norm=True),
}
# Families with levels that may go without a block: wavelets are a level by themselves, attention begins below
# the finest level and ends above the coarsest, and a pyramid does not reach the finest.
_MAY_LACK_BLOCKS = ("scattering", "swin_unetr", "fpn")


def network_misfits(plan: Plan) -> Iterator[str]:
    """Why the plan's network could not be built, or would fail at the first step."""
    network = plan.network
    if network.is_open:
        return
    problems = list(_level_misfits(network, plan.dims))
    if not problems:
        family = FAMILIES[network.family]
        problems = list(_MISFITS[family.answers](plan))
        problems += _attention_misfits(plan)
    yield from problems


def _level_misfits(network: NetworkPlan, dims: int) -> Iterator[str]:
    """What does not go with the number of levels and of axes."""
    levels, needs = len(network.widths), FAMILIES[network.family].needs
    if not levels or len(network.strides) != levels:
        yield "network.strides must have one entry for each of network.widths"
        return
    if levels > MOST_LEVELS:
        yield f"network.widths must have at most {MOST_LEVELS} levels"
    if any(len(s) != dims or min(s) < 1 for s in (*network.strides, *network.kernels)):
        yield f"network.strides and network.kernels must have {dims} positive numbers a level"
    if "kernels" in needs and (
        len(network.kernels) != levels or any(n % 2 == 0 for kernel in network.kernels for n in kernel)
    ):
        yield "network.kernels must have one entry of odd numbers for each of network.widths"
    for name in (name for name in needs if name != "kernels"):
        numbers = getattr(network, name)
        least = 0 if network.family in _MAY_LACK_BLOCKS else 1
        if len(numbers) != levels or min(numbers) < least:
            number = "positive number" if least else "number"
            yield (
                f"network.{name} must have one {number} for each of network.widths "
                "(leave of network nothing but its family, and the rest is decided anew)"
            )


def _image_misfits(plan: Plan) -> Iterator[str]:
    """Networks that answer once for an image."""
    network = plan.network
    if plan.label_values or plan.answer == "boxes":
        others = f"for masks, network.family is {_names('voxels')}; for boxes {_names('boxes')}"
        yield f"a {network.family} answers once for an image; {others}"
    yield from _norm_misfits(plan)


def _norm_misfits(plan: Plan) -> Iterator[str]:
    network = plan.network
    left = [
        math.ceil(n / math.prod(stride[axis] for stride in network.strides))
        for axis, n in enumerate(plan.patch_voxels[: plan.dims])
    ]
    if FAMILIES[network.family].batch_norm and plan.batch_size * math.prod(left) == 1:
        yield "batch_size must be 2 or more where network.strides leave one voxel at the last level"


def _voxel_misfits(plan: Plan) -> Iterator[str]:
    """Networks that answer for each voxel."""
    network, patch = plan.network, plan.patch_voxels[: plan.dims]
    if not plan.label_values:
        yield (
            "label_values must say which value of a mask stands for each of the classes; "
            f"for one answer a whole image, network.family is {_names('image')}"
        )
    if max(network.strides[0]) > 1:
        yield "the first of network.strides must be 1 along each axis, or voxels have no answer"
    rows = zip(network.strides, network.kernels, strict=True)
    if any(s > k + 1 for stride, kernel in rows for s, k in zip(stride, kernel, strict=True)):
        yield "network.strides must not step over voxels that no kernel sees (at most one more than it)"
    if network.family == "residual_unet" and max(map(max, network.strides)) > 2:
        yield "network.strides of a residual_unet must be 1 or 2"
    factors = [math.prod(stride[axis] for stride in network.strides) for axis in range(plan.dims)]
    if any(n % factor for n, factor in zip(patch, factors, strict=True)):
        yield f"patch_voxels must be multiples of {factors}, the product of network.strides"
    elif math.prod(patch) == math.prod(factors):
        yield "network.strides must leave more than one voxel of patch_voxels at the last level"


def _box_misfits(plan: Plan) -> Iterator[str]:
    """Networks that find objects."""
    network, patch = plan.network, plan.patch_voxels[: plan.dims]
    yield from _norm_misfits(plan)
    if plan.answer != "boxes":
        yield f"a {network.family} finds boxes, and the answer is {plan.answer}"
    if not all(network.blocks[1:]):
        yield "network.blocks of a fpn must be positive but for the first level, which the stem may be alone"
    reached = [width > 0 for width in network.inner]
    if not reached[-1] or sorted(reached) != reached:
        yield "network.inner must be above 0 from the pyramid's finest level to the coarsest, and 0 before"
    factors = [math.prod(stride[axis] for stride in network.strides) for axis in range(plan.dims)]
    if any(n % factor for n, factor in zip(patch, factors, strict=True)):
        yield f"patch_voxels must be multiples of {factors}, the product of network.strides"


_MISFITS = {"image": _image_misfits, "voxels": _voxel_misfits, "boxes": _box_misfits}


def _attention_misfits(plan: Plan) -> Iterator[str]:
    """Transformers."""
    network = plan.network
    if network.family == "vit":
        if len(network.widths) != 1:
            yield "a vit has one level: one entry in network.widths"
        if any(n % step for n, step in zip(plan.patch_voxels, network.strides[0], strict=False)):
            yield f"patch_voxels must be multiples of network.strides {list(network.strides[0])}"
    if network.family == "swin_unetr":
        if len(network.widths) < 3 or network.blocks[0] or network.blocks[-1]:
            yield "a swin_unetr has three levels or more; the first and the last of network.blocks are 0"
        if len(network.window) != plan.dims or math.prod(network.window) > MOST_PLACES:
            yield f"network.window must have {plan.dims} lengths, at most {MOST_PLACES} places in all"
    if "heads" in FAMILIES[network.family].needs:
        for width, blocks, heads, inner in zip(
            network.widths, network.blocks, network.heads, network.inner, strict=True
        ):
            if blocks and (not heads or not inner or width % heads):
                yield "network.widths must be multiples of network.heads, and network.inner positive"
                return


def _names(answers: str) -> str:
    return " or ".join(name for name, family in FAMILIES.items() if family.answers == answers)
