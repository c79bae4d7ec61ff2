"""Memory: a plan that fits under a cap, by a smaller batch and then a smaller patch. No torch.

How much training by a plan needs is estimated in ``networks/memory.py``, and predicting in
``inference/memory.py``; what both go by is here.
"""

from __future__ import annotations

import bisect
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from scanwright.data.families import FAMILIES
from scanwright.data.memory import write_memory
from scanwright.data.plan import MisfitError, Plan
from scanwright.errors import SettingsError
from scanwright.planning.rules import LEAST_PATCH_VOXELS
from scanwright.types import FloatArray

Need = Callable[[Plan], float]
"""Plan → bytes of resident memory that training by it takes at most."""
# Estimates were up to an eighth too low; a cap is kept all the same.
MARGIN = 1.15
# Numbers for a voxel of an image: as read, clipped, resampled, and what lies between.
ARRAYS_PREPARED = 10
# For a voxel of the loss, or of an answer, and class: logits, probabilities, blended, brought back.
ARRAYS_A_CLASS = 5
FLOAT = 4
# Gradients of a single example are too noisy, and batch norm needs two.
LEAST_BATCH = 2
SMALLEST_SIDE, SIDE_STEP = 32, 8
# Of the channels, and of the places along each axis, that are tried where nothing milder fits.
CHEAPER = (0.5, 0.25)


def fit_under(plan: Plan, cap: float, need: Need, *, fixed: Sequence[str] = ()) -> Plan:
    """The plan, or the first smaller one that fits.

    Args:
        plan: as it would be without a cap.
        cap: bytes.
        need: see there.
        fixed: fields that must stay as they are ("batch_size", "patch_voxels").

    Raises:
        SettingsError: none fits; it names the smallest cap that would do.
    """
    plans = [plan, *_smaller(plan, fixed)]
    n = bisect.bisect_left(plans, True, key=lambda smaller: need(smaller) <= cap)
    if n == len(plans):
        raise SettingsError(
            "training does not fit into the memory",
            expected=f"--memory {write_memory(need(plans[-1]))} or more",
            received=f"--memory {write_memory(cap)}",
            do=f"{_advise(plan, cap, need, fixed)}; {_kept(fixed)}.",
        )
    reasons = dict(plan.reasons)
    for name in ("batch_size", "patch_voxels"):
        if getattr(plans[n], name) != getattr(plan, name):
            was = getattr(plan, name)
            reasons[name] = (
                f"{reasons.get(name, '')}; made smaller (was {was}) for memory {write_memory(cap)}"
            )
    return replace(plans[n], reasons=reasons)


def _kept(fixed: Sequence[str]) -> str:
    if not fixed:
        return "batch and patch are at their smallest"
    return f"{' and '.join(fixed)} {'stands as it is' if len(fixed) == 1 else 'stand as they are'}"


def _advise(plan: Plan, cap: float, need: Need, fixed: Sequence[str]) -> str:
    """What to do so that it fits: the first of the possible changes after which it does."""
    if fixed and _least(plan, need) <= cap:
        return f"Leave {' and '.join(fixed)} to the rules, or give it more memory"
    for said, changed in _cheaper(plan):
        if _least(changed, need, fixed) <= cap:
            return f"Give it more memory, or {said}"
    return "Give it more memory: neither a smaller network nor a coarser grid makes it fit"


def _least(plan: Plan, need: Need, fixed: Sequence[str] = ()) -> float:
    """Bytes of the smallest plan, by batch and patch, that this may become."""
    return need([plan, *_smaller(plan, fixed)][-1])


def _cheaper(plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Plans that answer less finely, each with the words of how to ask for it, the mildest first."""
    for share in CHEAPER:
        network = plan.network
        widths = tuple(max(1, int(width * share)) for width in network.widths)
        changes: list[tuple[str, Any, Any]] = [
            ("network.widths", widths, replace(network, widths=widths)),
        ]
        if plan.spacing_mm is not None:
            coarser = tuple(float(f"{step / share:.3g}") for step in plan.spacing_mm)
            changes.append(("spacing_mm", coarser, coarser))
        elif plan.longest_side is not None:
            side = int(plan.longest_side * share)
            changes.append(("longest_side", side, side))
        for name, said, value in changes:
            with suppress(MisfitError):
                yield (
                    f"--set {name}={json.dumps(said, separators=(',', ':'))}",
                    replace(plan, **{name.partition(".")[0]: value}),
                )


def _smaller(plan: Plan, fixed: Sequence[str]) -> Iterator[Plan]:
    """Plans that need less and less: half the batch again and again, then shorter patches."""
    while "batch_size" not in fixed and plan.batch_size > LEAST_BATCH:
        plan = replace(plan, batch_size=max(LEAST_BATCH, plan.batch_size // 2))
        yield plan
    if "patch_voxels" in fixed:
        return
    shorten = _shorter_patch if FAMILIES[plan.network.family].answers == "voxels" else _smaller_image
    while (patch := shorten(plan)) is not None:
        try:
            plan = replace(plan, patch_voxels=patch)
        except MisfitError:
            return
        yield plan


def _shorter_patch(plan: Plan) -> tuple[int, int, int] | None:
    """The patch without one step of its longest axis in mm, as long as it shows enough."""
    if math.prod(plan.patch_voxels) <= LEAST_PATCH_VOXELS[plan.dims]:
        return None
    factor = np.prod(np.array(plan.network.strides), axis=0)
    patch = np.array(plan.patch_voxels)
    extent = (patch * np.array(plan.spacing_mm or (1.0, 1.0, 1.0)))[: plan.dims]
    # No axis becomes shorter than two steps, or nothing would be left to halve.
    extent = np.where(patch[: plan.dims] >= 3 * factor, extent, 0.0)
    if not extent.any():
        return None
    axis = int(np.argmax(extent))
    patch[axis] -= factor[axis]
    i, j, k = (int(n) for n in patch)
    return i, j, k


def _smaller_image(plan: Plan) -> tuple[int, int, int] | None:
    """The size that images are fitted into, one step less along every axis that is long."""
    steps = plan.network.strides[0] if plan.network.family == "vit" else (SIDE_STEP,) * plan.dims
    sides = [
        n - step if n > max(SMALLEST_SIDE, step) else n
        for n, step in zip(plan.patch_voxels, steps, strict=False)
    ]
    i, j, k = (*sides, 1)[:3]
    return None if (i, j, k) == plan.patch_voxels else (i, j, k)


def answer_bytes(plan: Plan, voxels: int) -> float:
    """Bytes of an image on the working grid, and of the answer to it."""
    if not plan.is_tiled:
        return 0.0
    if plan.answer == "boxes":  # findings are few: the image and its padded copy
        return FLOAT * voxels * 2 * len(plan.channels)
    return FLOAT * voxels * (2 * len(plan.channels) + ARRAYS_A_CLASS * len(plan.classes) / 2 + 2)


def working_voxels(plan: Plan, shape: Sequence[int], spacing_mm: Sequence[float] | None) -> int:
    """Voxels that an image has where the plan works on it."""
    return int(np.prod(working_size(plan, shape, spacing_mm)))


def working_size(plan: Plan, shape: Sequence[int], spacing_mm: Sequence[float] | None) -> FloatArray:
    """The same along each axis; not less than a patch."""
    if not plan.is_tiled:
        return np.array(plan.patch_voxels, dtype=float)
    size = np.array(shape, dtype=float)
    if plan.spacing_mm is not None and spacing_mm is not None:
        size = size * np.array(spacing_mm) / np.array(plan.spacing_mm)
    elif plan.longest_side is not None:
        size = size * min(1.0, plan.longest_side / size.max())
    return np.asarray(np.maximum(np.ceil(size), plan.patch_voxels))


def check_floor(cap: int | None, program: float) -> None:
    """Raise when a cap is too small for the program itself, whatever it is to work on.

    Args:
        cap: bytes; ``None`` for none.
        program: bytes that it takes with nothing to work on.

    Raises:
        SettingsError: naming the smallest that is not; data and network come on top.
    """
    if cap is not None and cap < MARGIN * program:
        raise SettingsError(
            "the memory is too small for the program itself",
            expected=f"--memory {write_memory(MARGIN * program)} or more; data and network need more on top",
            received=f"--memory {write_memory(cap)}",
        )
