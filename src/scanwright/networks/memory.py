"""How much resident memory training and predicting take, estimated before anything is allocated.

What a step keeps for its backward pass is counted exactly, on a network without numbers; the rest are
proportions measured on Linux with one process on a processor (``benchmarks/memory.py``). Networks compute in
32 bit here; where the processor has bf16 they need less. Pages of the prepared cases, which the system takes
back when others want them, are not counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from scanwright.data.memory import write_memory
from scanwright.data.plan import Plan
from scanwright.data.settings import Settings
from scanwright.errors import SettingsError
from scanwright.networks.catalogue import sketch_network
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.memory import fit_under

# Python with torch, MONAI and Lightning loaded, and what torch sets up at its first step.
PROGRAM = 690e6
# Without Lightning, and without an optimiser.
PROGRAM_PREDICTING = 560e6
# Weights, gradients, two moments, the average, the best, and those of the network that validates.
BYTES_A_WEIGHT = 28
# A weight, and the array that it was read into.
BYTES_A_WEIGHT_PREDICTING = 8
# Gradients of the largest features.
LARGEST_AT_ONCE = 2.0
# Of what a training step keeps of as many patches, predicting has so much at once.
SHARE_AT_ONCE = 0.35
# Estimates were up to an eighth too low; a cap is kept all the same.
MARGIN = 1.15
# Numbers for a voxel of an image: as read, clipped, resampled, and what lies between.
ARRAYS_PREPARED = 10
# For a voxel of the loss, or of an answer, and class: logits, probabilities, blended, brought back.
ARRAYS_A_CLASS = 5
# For a voxel and channel: cut out, warped, brightened, and padded.
ARRAYS_A_CHANNEL = 8
# As inference/predict.py answers at once.
PATCHES_ANSWERED = 4
FLOAT = 4


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
    validating = _answer_bytes(plan, working_voxels) + features.largest
    return PROGRAM + BYTES_A_WEIGHT * _weights(plan) + max(step, preparing, validating)


def predicting_bytes(
    plan: Plan, source_voxels: int, working_voxels: int, features: Features | None = None
) -> float:
    """Resident memory that predicting an image takes at its peak, read and answered on its own grid.

    Args:
        plan: of the model.
        source_voxels, working_voxels: of the image, see ``training_bytes``.
        features: of the plan, where they were counted before.
    """
    features = features or count_features(plan)
    arrays = FLOAT * ARRAYS_PREPARED * len(plan.channels) * max(source_voxels, working_voxels)
    at_once = PATCHES_ANSWERED * SHARE_AT_ONCE * features.kept / plan.batch_size
    answer = _answer_bytes(plan, working_voxels) + at_once
    return PROGRAM_PREDICTING + BYTES_A_WEIGHT_PREDICTING * _weights(plan) + max(arrays, answer)


def _answer_bytes(plan: Plan, voxels: int) -> float:
    if not plan.is_tiled:
        return 0.0
    if plan.answer == "boxes":  # findings are few: the image and its padded copy
        return FLOAT * voxels * 2 * len(plan.channels)
    return FLOAT * voxels * (2 * len(plan.channels) + ARRAYS_A_CLASS * len(plan.classes) / 2 + 2)


def _weights(plan: Plan) -> int:
    return sum(value.numel() for value in sketch_network(plan).parameters())


def working_voxels(plan: Plan, shape: Sequence[int], spacing_mm: Sequence[float] | None) -> int:
    """Voxels that an image has where the plan works on it."""
    if not plan.is_tiled:
        return math.prod(plan.patch_voxels)
    size = np.array(shape, dtype=float)
    if plan.spacing_mm is not None and spacing_mm is not None:
        size = size * np.array(spacing_mm) / np.array(plan.spacing_mm)
    elif plan.longest_side is not None:
        size = size * min(1.0, plan.longest_side / size.max())
    return int(np.prod(np.maximum(np.ceil(size), plan.patch_voxels)))


def check_floor(cap: int | None, program: float = PROGRAM) -> None:
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
