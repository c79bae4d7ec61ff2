"""Runtimes: what runs a network. Each is loaded only when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from scanwright.data.plan import Plan
from scanwright.extras import is_installed, require
from scanwright.inference.graphs import Footprint, Graphs
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


def open_graphs(graphs: Graphs, device: str = "auto", threads: int | None = None) -> Runtime:
    """The networks of a package, ready to be called; of several, their mean.

    Graphs of ONNX are run by ONNX Runtime, or by OpenVINO where only that is installed.

    Raises:
        MissingExtraError: the runtime is not installed.
        SettingsError: the device is not there.
        ModelError: the runtime can't read them.
    """
    if graphs.target == "onnx" and (is_installed("onnxruntime") or not is_installed("openvino")):
        require("onnxruntime", extra="run", feature="Running a package")
        from scanwright.inference.runtimes.onnx_runtime import OnnxRuntime

        opener: Callable[..., Runtime] = OnnxRuntime
    else:
        require("openvino", extra="openvino", feature="Running a package for OpenVINO")
        from scanwright.inference.runtimes.openvino_runtime import OpenVinoRuntime

        opener = OpenVinoRuntime
    runs = [opener(files, graphs.precision, device, threads) for files in graphs.members]
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


def count_footprint(plan: Plan) -> Footprint:
    """What the plan's network takes, as torch runs it.

    Raises:
        MissingExtraError: torch is not installed.
    """
    require("torch", extra="train", feature="Running a model")
    require("monai", extra="train", feature="Running a model")
    from scanwright.networks.catalogue import count_cost
    from scanwright.networks.memory import count_features

    one = replace(plan, batch_size=1)
    features = count_features(one)
    return Footprint(count_cost(one).weights, features.kept, features.largest)
