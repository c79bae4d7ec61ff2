"""Pruning: which channels a narrower network of the same family keeps, and their weights.

The trained network is traced, and every channel followed to all weights that make it or take it: what is
added must be kept or dropped together (Fang et al., DepGraph, CVPR 2023). Of the channels of a layer those
with the largest weights stay, each weight measured against the others of its tensor.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import fx

from scanwright.data.plan import Plan
from scanwright.extras import quietly
from scanwright.networks.catalogue import build_network, sketch_network
from scanwright.types import FloatArray, IntArray

Tensors = dict[str, torch.Tensor]
aten = torch.ops.aten

# Output channels, input channels of the weights of each kind of layer.
LAYERS = {
    aten.conv1d.default: (0, 1),
    aten.conv2d.default: (0, 1),
    aten.conv2d.padding: (0, 1),
    aten.conv3d.default: (0, 1),
    aten.conv3d.padding: (0, 1),
    aten.conv_transpose2d.input: (1, 0),
    aten.conv_transpose3d.input: (1, 0),
    aten.linear.default: (0, 1),
}
NORMS = (aten.batch_norm.default, aten.group_norm.default, aten.instance_norm.default)
SAME = (
    *(aten.relu.default, aten.relu_.default, aten.leaky_relu.default, aten.leaky_relu_.default),
    *(aten.prelu.default, aten.gelu.default, aten.sigmoid.default, aten.exp.default, aten.clamp.default),
    *(aten.add.Tensor, aten.add_.Tensor, aten.mul.Tensor, aten.mul_.Tensor, aten.dropout.default),
    *(aten.to.dtype, aten._to_copy.default, aten.contiguous.default, aten.clone.default),
    *(aten.adaptive_avg_pool2d.default, aten.adaptive_avg_pool3d.default),
    *(aten.avg_pool2d.default, aten.avg_pool3d.default, aten.max_pool2d.default, aten.max_pool3d.default),
    *(aten.upsample_nearest2d.vec, aten.upsample_nearest3d.vec),
    *(aten.upsample_bilinear2d.vec, aten.upsample_trilinear3d.vec),
    *(aten.constant_pad_nd.default, aten.pad.default),
)
"""What takes each channel by itself, or adds those of the same place."""
SHAPES = (aten.flatten.using_ints, aten.view.default, aten.reshape.default, aten.unsqueeze.default)


class UnknownLayerError(Exception):
    """The network does something with its channels that is not followed here."""


@dataclass
class Ties:
    """Which channels stand or fall together.

    Attributes:
        parent: of each channel another of its set, up to one that is its own parent.
        axes: name of a tensor → axis → the channel of each of its entries.
        made: name of a tensor of weights → its axis of output channels, and these.
    """

    parent: list[int] = field(default_factory=list)
    axes: dict[str, dict[int, IntArray]] = field(default_factory=dict)
    made: dict[str, tuple[int, IntArray]] = field(default_factory=dict)

    def new(self, n: int) -> IntArray:
        """So many fresh channels."""
        first = len(self.parent)
        self.parent.extend(range(first, first + n))
        return np.arange(first, first + n)

    def root(self, channel: int) -> int:
        """What stands for the set of a channel."""
        while self.parent[channel] != channel:
            self.parent[channel] = self.parent[self.parent[channel]]
            channel = self.parent[channel]
        return channel

    def tie(self, one: IntArray, other: IntArray) -> None:
        """Each channel with the one at the same place."""
        if len(one) != len(other):
            raise UnknownLayerError
        for a, b in zip(one.tolist(), other.tolist(), strict=True):
            self.parent[self.root(a)] = self.root(b)

    def roots(self, channels: IntArray) -> IntArray:
        """Of each channel."""
        return np.array([self.root(one) for one in channels.tolist()], dtype=np.int64)


def prune(plan: Plan, weights: Tensors, narrow: Plan) -> Tensors | None:
    """The weights of the channels that the narrower network keeps; ``None`` where its family can't be pruned.

    Args:
        plan: of the trained network.
        weights: of it, by name.
        narrow: the same plan with smaller widths.
    """
    try:
        ties = follow_channels(plan)
    except UnknownLayerError:
        return None
    wanted = {name: tuple(value.shape) for name, value in sketch_network(narrow).state_dict().items()}
    if wanted.keys() != weights.keys():  # a projection that equal widths do without
        return None
    kept = _choose(ties, weights, wanted)
    pruned: Tensors = {}
    for name, shape in wanted.items():
        value = weights[name]
        for axis, channels in ties.axes.get(name, {}).items():
            places = [n for n, root in enumerate(ties.roots(channels).tolist()) if root in kept]
            value = value.index_select(axis, torch.tensor(places, dtype=torch.long))
        if tuple(value.shape) != shape:
            return None
        pruned[name] = value.clone()
    return pruned


def follow_channels(plan: Plan) -> Ties:
    """Every channel of the plan's network, and the tensors that it goes through.

    Raises:
        UnknownLayerError: one of them is lost on its way.
    """
    network = build_network(plan).eval()
    network.training = True  # of it alone: coarser outputs that are also trained are followed too
    images = torch.zeros(2, len(plan.channels), *plan.patch_voxels[: plan.dims])
    with quietly("torch.export"), torch.no_grad():
        program = torch.export.export(network, (images,), strict=False)
    signature = program.graph_signature
    names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    ties = Ties()
    channels: dict[fx.Node, IntArray] = {}
    for node in program.graph.nodes:
        if node.op == "call_function" and (found := _follow(ties, node, channels, names)) is not None:
            channels[node] = found
    return ties


def _follow(
    ties: Ties, node: fx.Node, channels: Mapping[fx.Node, IntArray], names: Mapping[str, str]
) -> IntArray | None:
    """The channels of what a step gives; ``None`` where it gives none that could be dropped."""
    target: Any = node.target
    weights = names.get(str(node.args[1])) if len(node.args) > 1 else None
    if target in LAYERS and weights is not None:
        return _layer(ties, node, channels, names, LAYERS[target])
    seen = [channels[one] for one in node.all_input_nodes if one in channels]
    if not seen or not isinstance(node.meta.get("val"), torch.Tensor):
        return None
    if target in NORMS:
        for one in node.all_input_nodes[1:]:
            if str(one) in names:
                ties.axes.setdefault(names[str(one)], {})[0] = seen[0]
        return seen[0]
    if target is aten.cat.default and (node.args[1:] or (0,))[0] == 1:
        parts = [channels[one] for one in node.all_input_nodes if one in channels]
        if len(parts) != len(node.args[0]):  # type: ignore[arg-type]
            raise UnknownLayerError
        return np.concatenate(parts)
    if target in SAME:
        for other in seen[1:]:
            ties.tie(seen[0], other)
        return seen[0]
    if target in SHAPES:
        n = node.meta["val"].shape[1]
        if n % len(seen[0]):
            raise UnknownLayerError
        return np.repeat(seen[0], n // len(seen[0]))
    if target in (aten.sym_size.int, operator.getitem):
        return None
    raise UnknownLayerError(str(target))


def _layer(
    ties: Ties,
    node: fx.Node,
    channels: Mapping[fx.Node, IntArray],
    names: Mapping[str, str],
    axes: tuple[int, int],
) -> IntArray:
    taken, weights, *rest = node.args
    out_axis, in_axis = axes
    name, shape = names[str(weights)], weights.meta["val"].shape  # type: ignore[union-attr]
    value = node.meta["val"]
    made = ties.new(shape[out_axis])
    if isinstance(taken, fx.Node) and taken in channels:
        if len(channels[taken]) != shape[in_axis]:  # convolutions in groups
            raise UnknownLayerError
        ties.axes.setdefault(name, {})[in_axis] = channels[taken]
    if name in ties.made or (node.target is aten.linear.default and value.ndim != 2):
        raise UnknownLayerError
    ties.axes.setdefault(name, {})[out_axis] = made
    ties.made[name] = (out_axis, made)
    if rest and str(rest[0]) in names:
        ties.axes.setdefault(names[str(rest[0])], {})[0] = made
    return made


def _choose(ties: Ties, weights: Tensors, wanted: Mapping[str, tuple[int, ...]]) -> set[int]:
    """The channels that stay: of each set of layers that belong together as many as the narrow one has."""
    importance = _importance(ties, weights)
    kept: set[int] = set()
    for name, (axis, made) in ties.made.items():
        roots = ties.roots(made)
        order = sorted(roots.tolist(), key=lambda root: -importance[root])
        kept.update(order[: wanted[name][axis]])
    return kept


def _importance(ties: Ties, weights: Tensors) -> FloatArray:
    """Of each set of channels: squared weights, as multiples of the mean of their tensor, summed."""
    total = np.zeros(len(ties.parent))
    for name, axes in ties.axes.items():
        value = weights[name]
        # What is counted and not learnt (running means) says nothing about how much a channel tells.
        if not value.is_floating_point() or name.endswith(("running_mean", "running_var")):
            continue
        for axis, channels in axes.items():
            others = tuple(other for other in range(value.ndim) if other != axis)
            squares = value.double().square()
            of_each = (squares.sum(others) if others else squares).numpy()
            np.add.at(total, ties.roots(channels), of_each / max(float(of_each.mean()), 1e-30))
    return total
