"""How much resident memory training and predicting take, estimated before anything is allocated.

What a step keeps for its backward pass is counted exactly, on a network without numbers; the rest are
proportions measured on Linux with one process on a processor (``benchmarks/memory.py``). Networks compute in
32 bit here; where the processor has bf16 they need less. Pages of the prepared cases, which the system takes
back when others want them, are not counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from scanwright.data.plan import Plan
from scanwright.data.settings import Settings
from scanwright.networks.catalogue import sketch_network
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.memory import (
    ARRAYS_A_CLASS,
    ARRAYS_PREPARED,
    FLOAT,
    MARGIN,
    answer_bytes,
    fit_under,
    working_voxels,
)

# Python with torch, MONAI and Lightning loaded, and what torch sets up at its first step.
PROGRAM = 690e6
# Weights, gradients, two moments, the average, the best, and those of the network that validates.
BYTES_A_WEIGHT = 28
# Gradients of the largest features.
LARGEST_AT_ONCE = 2.0
# For a voxel and channel: cut out, warped, brightened, and padded.
ARRAYS_A_CHANNEL = 8


@dataclass(frozen=True)
class Features:
    """Bytes of the features of a batch.

    Attributes:
        kept: all that a training step keeps until its backward pass.
        largest: the largest of them.
    """

    kept: int
    largest: int


def count_features(plan: Plan) -> Features:
    """What a batch of the plan's patches makes of itself in a training step.

    Raises:
        SettingsError: the plan's network can't be built.
    """
    network = sketch_network(plan).train()
    batch = torch.empty(plan.batch_size, len(plan.channels), *plan.patch_voxels[: plan.dims], device="meta")
    n_places = _places_in_attention(plan)
    # By its storage: what is kept twice, or as a view, takes its place once.
    kept: dict[int, torch.Tensor] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        if value.ndim < 3 or value.shape[-2:] != (n_places, n_places):
            kept[value.untyped_storage()._cdata] = value
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        network(batch)
    for value in network.parameters():
        kept.pop(value.untyped_storage()._cdata, None)
    sizes = [value.untyped_storage().nbytes() for value in kept.values()]
    return Features(sum(sizes), max(sizes, default=0))


def _places_in_attention(plan: Plan) -> int:
    """Patches of a ViT, whose attention (torch's own) keeps no table of each against each other where there
    are numbers, as it does here; 0 for others, and where such a table looks like the features of a head."""
    network = plan.network
    if network.family != "vit":
        return 0
    sides = zip(plan.patch_voxels, network.strides[0], strict=False)
    n_places = math.prod(n // step for n, step in sides)
    return 0 if n_places == network.widths[0] // network.heads[0] else n_places


def training_bytes(plan: Plan, source_voxels: int, working_voxels: int) -> float:
    """Resident memory that training takes at its peak.

    Args:
        plan: the decisions.
        source_voxels: of the largest image as it comes.
        working_voxels: of the largest image on the working grid; of the patch where images are seen whole.
    """
    features = count_features(plan)
    patches = plan.batch_size * math.prod(plan.patch_voxels)
    drawn = patches * FLOAT * (ARRAYS_A_CHANNEL * len(plan.channels) + ARRAYS_A_CLASS * len(plan.classes))
    step = features.kept + LARGEST_AT_ONCE * features.largest + drawn
    preparing = FLOAT * ARRAYS_PREPARED * len(plan.channels) * max(source_voxels, working_voxels)
    validating = answer_bytes(plan, working_voxels) + features.largest
    return PROGRAM + BYTES_A_WEIGHT * _weights(plan) + max(step, preparing, validating)


def _weights(plan: Plan) -> int:
    return sum(value.numel() for value in sketch_network(plan).parameters())


def under_cap(plan: Plan, facts: Fingerprint, settings: Settings, *, given: bool) -> Plan:
    """The plan under the memory that the settings allow; as it is where they name none.

    Args:
        plan: the decisions.
        facts: of the data.
        settings: name the memory.
        given: whether the plan is one to use as it is.

    Raises:
        SettingsError: nothing fits; it names the smallest memory that would do.
    """
    if settings.memory_bytes is None:
        return plan
    source = max(math.prod(case.shape) for case in facts.cases)

    def need(smaller: Plan) -> float:
        working = max(working_voxels(smaller, case.shape, case.spacing_mm) for case in facts.cases)
        return MARGIN * training_bytes(smaller, source, working)

    free = ("batch_size", "patch_voxels")
    fixed = free if given else tuple(name for name in free if name in plan.overruled)
    return fit_under(plan, settings.memory_bytes, need, fixed=fixed)
