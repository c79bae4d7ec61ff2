"""Export: from a model to a package that is proven to answer as the model does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TypeAlias

from scanwright.data.plan import Plan
from scanwright.errors import ModelError, SettingsError
from scanwright.inference.golden import TOLERANCE, answer_golden, how_far
from scanwright.inference.graphs import Graphs
from scanwright.inference.members import split_members
from scanwright.inference.model import EXPORTED_FROM, Model
from scanwright.inference.runtimes import count_footprint
from scanwright.inference.runtimes.torch_runtime import choose_device, computes_in_bf16
from scanwright.packaging.targets import TARGETS, Target
from scanwright.types import AnyArray, FloatArray, Progress, silent

Convert: TypeAlias = Callable[[Plan, Mapping[str, AnyArray], str], dict[str, bytes]]


@dataclass(frozen=True, eq=False)
class Exported:
    """What ``export`` gave.

    Attributes:
        model: with graphs instead of weights.
        golden: what it answers to its golden cases.
        difference: how far that is from the model's own answers to them in 32 bit, see ``golden.how_far``.
        coarser_run: whether the model itself answers in 16 bit on this processor, and the graphs in 32.
    """

    model: Model
    golden: dict[str, FloatArray]
    difference: float
    coarser_run: bool = False


def find_target(name: str, precision: str) -> Target:
    """The target of that name.

    Raises:
        SettingsError: there is none, or it can't compute in that precision.
    """
    if name not in TARGETS:
        raise SettingsError("no such target", expected=" or ".join(TARGETS), received=f"to={name}")
    target = TARGETS[name]
    if precision not in target.precisions:
        raise SettingsError(
            f"{name} can't be computed in that precision",
            expected=" or ".join(target.precisions),
            received=f"precision={precision}",
        )
    return target


def export_model(
    model: Model, target: Target, precision: str = "fp32", progress: Progress = silent
) -> Exported:
    """Graphs of a model's networks, and their answers to the golden cases beside the model's own.

    Args:
        model: with weights.
        target: a row of the table.
        precision: one of the target's.
        progress: told of every network.

    Raises:
        ModelError: it is a package already, or the graphs answer otherwise than the model.
    """
    if model.graphs is not None:
        raise ModelError("this is a package already", do="Name the run that it was made from.")
    convert: Convert = import_module(target.made_by).convert
    members = split_members(model.weights)
    graphs = []
    for n, weights in enumerate(members):
        progress("Exporting", n, len(members), f"network {n + 1} of {len(members)}")
        graphs.append(convert(model.plan, weights, precision))
    progress("Exporting", len(members), len(members))
    exported = pack_model(model, target.name, precision, graphs)
    difference = exported.difference
    if not difference <= TOLERANCE[precision]:
        raise ModelError(
            f"the graphs for {target.name} do not answer as the model does",
            expected=f"numbers within {TOLERANCE[precision]:g}",
            received=f"off by {difference:.2g}",
            do="This is a fault of the program that makes graphs, or of ours: please report it. The run "
            "itself is as good as before.",
        )
    return exported


def pack_model(model: Model, target: str, precision: str, graphs: Sequence[Mapping[str, bytes]]) -> Exported:
    """A model with graphs instead of weights, and its answers to the golden cases beside the model's own.

    Args:
        model: with weights.
        target, precision: what the graphs are for, and computed in.
        graphs: the files of each network.
    """
    footprint = count_footprint(model.plan)
    packed = replace(
        model,
        weights={},
        folder=None,
        graphs=Graphs(target, precision, tuple(graphs), footprint),
        provenance={**model.provenance, EXPORTED_FROM: model.sha256},
    )
    golden = answer_golden(packed.open("cpu"), model.plan)
    # Graphs are proven against the network in 32 bit: some processors run it in 16, which is further off.
    exact = replace(model, plan=replace(model.plan, precision="32-true"))
    own = answer_golden(exact.open("cpu"), model.plan)
    difference = how_far(golden, own, precision)
    coarser = precision == "fp32" and computes_in_bf16(model.plan, choose_device("cpu"))
    return Exported(packed, golden, difference, coarser)
