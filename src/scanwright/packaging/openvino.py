"""Graphs of OpenVINO, made from those of ONNX."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import openvino as ov

from scanwright.data.plan import Plan
from scanwright.inference.graphs import FILES
from scanwright.packaging import onnx
from scanwright.types import AnyArray


def convert(plan: Plan, weights: Mapping[str, AnyArray], precision: str) -> dict[str, bytes]:
    """The files of one network; weights stay in 32 bit, whatever they are computed in."""
    source = onnx.convert(plan, weights, precision)["graph.onnx"]
    return write_graph(ov.Core().read_model(BytesIO(source)))


def write_graph(graph: ov.Model) -> dict[str, bytes]:
    """A graph as the files of a package."""
    with tempfile.TemporaryDirectory() as folder:
        description = Path(folder) / FILES["openvino"][0]
        ov.save_model(graph, description, compress_to_fp16=False)
        return {name: (Path(folder) / name).read_bytes() for name in FILES["openvino"]}
