"""How much resident memory predicting takes, estimated from an image's size before it is worked on. No torch.

What a network makes of a patch is counted exactly; the rest are proportions measured on Linux
(``benchmarks/memory.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from scanwright.data.memory import write_memory
from scanwright.data.plan import Plan
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.inference.graphs import Footprint
from scanwright.planning.memory import (
    ARRAYS_PREPARED,
    FLOAT,
    MARGIN,
    answer_bytes,
    check_floor,
    working_size,
    working_voxels,
)

Check: TypeAlias = Callable[[str, Volume], bool]
"""A case and its image → whether the answer must come plane by plane to fit."""


@dataclass(frozen=True)
class Engine:
    """What runs a network, and what that takes.

    Attributes:
        program: bytes with nothing to work on.
        a_weight: bytes for a weight: itself, and the array or the graph that it was read from.
        at_once: of all features that a patch makes on its way, how much there is at a time, for each patch
            that is answered at once.
        patches: answered at once.
    """

    program: float
    a_weight: float
    at_once: float
    patches: int


TORCH = Engine(program=560e6, a_weight=8, at_once=0.35, patches=4)
GRAPHS = Engine(program=310e6, a_weight=12, at_once=0.55, patches=1)
# Clipping, shifting and scaling each make a copy on the working grid.
COPIES_PREPARED = 4
# Of a streamed answer: patches answered at once, and their batch; planes that wait to be brought back to the
# image's own grid while the network goes on; planes on their way; the mask.
PATCHES_STREAMED = 8
AHEAD = 50e6
SLABS = 80e6
BYTES_OF_MASK = 2
BYTES_OF_PIECES = 5
"""Of each voxel, where specks are looked for: a copy of the mask, and the numbers of its pieces."""


def predicting_bytes(
    plan: Plan, source_voxels: int, working_voxels: int, footprint: Footprint, engine: Engine
) -> float:
    """Resident memory that predicting an image takes at its peak, read and answered on its own grid.

    Args:
        plan: of the model.
        source_voxels: of the image as it comes.
        working_voxels: on the working grid; of the patch where images are seen whole.
        footprint: of the plan's network.
        engine: what runs it.
    """
    arrays = FLOAT * ARRAYS_PREPARED * len(plan.channels) * max(source_voxels, working_voxels)
    return engine.program + max(arrays, answer_bytes(plan, working_voxels) + _running(footprint, engine))


def streamed_bytes(plan: Plan, image: Volume, footprint: Footprint, engine: Engine) -> float:
    """As :func:`predicting_bytes`, where the answer comes plane by plane and is never whole."""
    source, channels, classes = math.prod(image.shape), len(plan.channels), len(plan.classes)
    size = working_size(plan, image.shape, image.spacing_mm)
    working = float(np.prod(size))
    own = image.array.dtype.itemsize * channels * source
    prepared = FLOAT * channels * working
    # The row of patches may lie across the shortest axis, where it is the largest part of the whole.
    row = working * min(1.0, max(plan.patch_voxels) / float(size.min()))
    patches = PATCHES_STREAMED * math.prod(plan.patch_voxels)
    slabs = min(AHEAD + SLABS, 3 * FLOAT * classes * source)
    answering = FLOAT * (classes * (row + patches) + row) + slabs + _running(footprint, engine)
    mask = (BYTES_OF_MASK + (BYTES_OF_PIECES if any(plan.least_pieces) else 0)) * source
    return engine.program + own + max(COPIES_PREPARED * prepared, prepared + answering + mask)


def check_running(cap: int | None, footprint: Footprint, engine: Engine) -> None:
    """Raise when a cap is too small for a network, whatever it is shown.

    Raises:
        SettingsError: naming the smallest that is not.
    """
    check_floor(cap, engine.program + _running(footprint, engine))


def _running(footprint: Footprint, engine: Engine) -> float:
    return engine.a_weight * footprint.weights + engine.patches * engine.at_once * footprint.kept


def memory_check(plan: Plan, cap: int | None, engine: Engine, count: Callable[[], Footprint]) -> Check:
    """What refuses an image that can't be predicted in so many bytes.

    Args:
        plan: of the model.
        cap: bytes; ``None`` for no limit.
        engine: what runs it.
        count: counts what its network takes.

    Raises:
        SettingsError: the bytes are too few for any image.
    """
    if cap is None:
        return lambda case, image: False
    check_floor(cap, engine.program)
    footprint = count()
    can_stream = plan.is_tiled and plan.answer == "class"

    def check(case: str, image: Volume) -> bool:
        working = working_voxels(plan, image.shape, image.spacing_mm)
        need = MARGIN * predicting_bytes(plan, math.prod(image.shape), working, footprint, engine)
        streamed = MARGIN * streamed_bytes(plan, image, footprint, engine) if can_stream else need
        if (least := min(need, streamed)) > cap:
            raise DataError(
                "the image can't be predicted in the memory",
                subject=case,
                expected=f"--memory {write_memory(least)} or more",
                received=f"--memory {write_memory(cap)}",
            )
        return need > cap

    return check
