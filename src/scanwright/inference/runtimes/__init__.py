"""Runtimes: what runs a network. Each is loaded only when used."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from scanwright.data.memory import write_memory
from scanwright.data.plan import Plan
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.extras import require
from scanwright.inference.members import split_members
from scanwright.inference.predict import Runtime
from scanwright.types import AnyArray, FloatArray


def open_runtime(
    plan: Plan, weights: Mapping[str, AnyArray], device: str = "auto", threads: int | None = None
) -> Runtime:
    """The network of a plan with its weights, ready to be called; of an ensemble, the mean of its networks.

    Raises:
        MissingExtraError: torch is not installed.
        SettingsError: the device is not there.
        ModelError: the weights do not fit the plan.
    """
    torch = require("torch", extra="train", feature="Running a model")
    require("monai", extra="train", feature="Running a model")
    from scanwright.inference.runtimes.torch_runtime import TorchRuntime

    if threads is not None:
        torch.set_num_threads(threads)
    runs = [TorchRuntime(plan, member, device) for member in split_members(weights) or [{}]]
    return runs[0] if len(runs) == 1 else partial(_mean, runs)


def open_dropout(
    plan: Plan, weights: Mapping[str, AnyArray], device: str = "auto", threads: int | None = None
) -> Runtime:
    """As :func:`open_runtime`, with features left out at random as in training (Gal and Ghahramani 2016), the
    same ones in each process.

    Raises:
        MissingExtraError, SettingsError, ModelError: see there.
    """
    torch = require("torch", extra="train", feature="Running a model")
    require("monai", extra="train", feature="Running a model")
    from scanwright.inference.runtimes.torch_runtime import TorchRuntime

    if threads is not None:
        torch.set_num_threads(threads)
    torch.manual_seed(plan.seed)
    members = split_members(weights) or [{}]
    return partial(_mean, [TorchRuntime(plan, member, device, dropout=True) for member in members])


def _mean(runs: Sequence[Runtime], images: FloatArray) -> FloatArray:
    """One network after another, so that only one at a time needs memory for its features."""
    total = runs[0](images)
    for run in runs[1:]:
        total = total + run(images)
    return total / np.float32(len(runs))


def memory_check(plan: Plan, cap: int | None) -> Callable[[str, Volume], None]:
    """What refuses an image (its case and itself) that can't be predicted in so many bytes.

    Raises:
        MissingExtraError: torch is not installed.
        SettingsError: the bytes are too few for any image.
    """
    if cap is None:
        return lambda case, image: None
    require("torch", extra="train", feature="Running a model")
    require("monai", extra="train", feature="Running a model")
    from scanwright.networks.memory import (
        MARGIN,
        PROGRAM_PREDICTING,
        check_floor,
        count_features,
        predicting_bytes,
        working_voxels,
    )

    check_floor(cap, PROGRAM_PREDICTING)
    features = count_features(plan)

    def check(case: str, image: Volume) -> None:
        working = working_voxels(plan, image.shape, image.spacing_mm)
        need = MARGIN * predicting_bytes(plan, math.prod(image.shape), working, features)
        if need > cap:
            raise DataError(
                "the image can't be predicted in the memory",
                subject=case,
                expected=f"--memory {write_memory(need)} or more",
                received=f"--memory {write_memory(cap)}",
            )

    return check
