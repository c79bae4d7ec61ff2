"""Graphs of ONNX, traced from the network of torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx_ir as ir
import torch
from torch import nn

from scanwright.data.choices import ANSWERS
from scanwright.data.plan import Plan
from scanwright.extras import quietly
from scanwright.inference.runtimes.torch_runtime import ACTIVATIONS
from scanwright.networks.catalogue import build_network
from scanwright.types import AnyArray

OPSET = 20


class Answer(nn.Module):
    """A network from one patch (1, channel, i, j, k) to its answer (1, class, i, j, k), as ``TorchRuntime``
    gives it."""

    def __init__(self, plan: Plan, weights: Mapping[str, AnyArray]) -> None:
        super().__init__()
        self.network = build_network(plan).eval()
        state = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
        self.network.load_state_dict(state)
        self.activation = ACTIVATIONS[ANSWERS[plan.answer].activation]
        self.n_classes = len(plan.classes)
        self.dims = plan.dims

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        raw = self.network(images[..., 0] if self.dims == 2 else images)[0]
        outputs = self.activation(raw, self.n_classes)
        return outputs.reshape(*outputs.shape, *(1,) * (images.ndim - outputs.ndim))


def convert(plan: Plan, weights: Mapping[str, AnyArray], precision: str) -> dict[str, bytes]:
    """The files of one network.

    The shape of a patch is fixed in them, so that a runtime can plan its memory once and choose the fastest
    kernels. What tells of the machine they were made on (paths, lines of code) is taken out.
    """
    patch = torch.zeros(1, len(plan.channels), *plan.patch_voxels)
    # Torch notes what it misses for other networks than ours.
    with quietly("torch.onnx"), torch.inference_mode():
        program = torch.onnx.export(
            Answer(plan, weights).eval(),
            (patch,),
            dynamo=True,
            input_names=["images"],
            output_names=["answers"],
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:  # pragma: no cover - only where a file was asked for
        raise RuntimeError
    model = program.model
    for graph in (model.graph, *model.functions.values()):
        for node in graph.all_nodes():
            node.metadata_props.clear()
            node.doc_string = None
            for value in node.outputs:
                value.metadata_props.clear()
                value.doc_string = None
    for part in (model, model.graph, *model.graph.inputs, *model.graph.initializers.values()):
        part.metadata_props.clear()
        part.doc_string = None
    return {"graph.onnx": ir.to_proto(model).SerializeToString()}
