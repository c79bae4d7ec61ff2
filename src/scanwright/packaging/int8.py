"""Graphs in 8 bits: weights and features rounded to 256 steps, whose size images of the training side tell.

Post-training quantisation by NNCF: per channel of the weights, per tensor of the features; what is small or
sensitive (norms, the last activation) stays in 32 bit.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout

import nncf
import numpy as np
import openvino as ov

from scanwright.data.plan import Plan
from scanwright.extras import quietly
from scanwright.packaging import openvino
from scanwright.types import AnyArray, FloatArray

ATTENTION = ("vit", "swin_unetr")
"""Families whose matrix products and norms NNCF is to treat as those of transformers."""


def quantise(plan: Plan, weights: Mapping[str, AnyArray], patches: Sequence[FloatArray]) -> dict[str, bytes]:
    """The files of one network for OpenVINO, computed in 8 bits.

    Args:
        plan: of the model.
        weights: of the network.
        patches: (channel, i, j, k) as the network sees them, of the training side.
    """
    files = openvino.convert(plan, weights, "fp32")
    graph = ov.Core().read_model(
        files["graph.xml"], ov.Tensor(np.frombuffer(files["graph.bin"], dtype=np.uint8))
    )
    kind = nncf.ModelType.TRANSFORMER if plan.network.family in ATTENTION else None
    with quietly("nncf", logging.CRITICAL), redirect_stdout(io.StringIO()):
        made = nncf.quantize(
            graph,
            nncf.Dataset([patch[None] for patch in patches]),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(patches),
            model_type=kind,
            ignored_scope=nncf.IgnoredScope(names=_wavelets(graph, plan), validate=False),
        )
    return openvino.write_graph(made)


def _wavelets(graph: ov.Model, plan: Plan) -> list[str]:
    """Names of what comes before the first learnt layer of a scattering network, which stays in 32 bit: the
    logarithm of faint detail tells more than 256 steps hold."""
    if plan.network.family != "scattering":
        return []
    names: list[str] = []
    for step in graph.get_ordered_ops():
        if step.get_type_name() == "BatchNormInference":
            return names
        if step.get_type_name() not in ("Constant", "Parameter"):
            names.append(step.get_friendly_name())
    return []
