"""Runtimes: what runs a network. Each is loaded only when used."""

from __future__ import annotations

from collections.abc import Mapping

from scanwright.data.plan import Plan
from scanwright.extras import require
from scanwright.inference.predict import Runtime
from scanwright.types import AnyArray


def open_runtime(
    plan: Plan, weights: Mapping[str, AnyArray], device: str = "auto", threads: int | None = None
) -> Runtime:
    """The network of a plan with its weights, ready to be called.

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
    return TorchRuntime(plan, weights, device)
