"""OpenVINO: a graph, its own or one of ONNX, behind plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import numpy as np
import openvino as ov
import openvino.properties as properties
import openvino.properties.hint as hint

from scanwright.errors import ModelError, SettingsError
from scanwright.types import FloatArray

PRECISION = {"fp32": ov.Type.f32, "bf16": ov.Type.bf16, "int8": ov.Type.f32}
"""What is computed in where a graph does not say: of graphs in 8 bits that is what was left as it was."""


class OpenVinoRuntime:
    """As ``TorchRuntime``, for one network."""

    def __init__(self, files: Mapping[str, bytes], precision: str, device: str, threads: int | None) -> None:
        if device == "cuda":
            raise SettingsError("OpenVINO knows no CUDA", received="device=cuda", do="Use --device cpu.")
        core = ov.Core()
        wishes = {hint.inference_precision(): PRECISION[precision], hint.performance_mode(): "LATENCY"}
        if threads:
            wishes[properties.inference_num_threads()] = threads
        try:
            if "graph.onnx" in files:
                graph = core.read_model(BytesIO(files["graph.onnx"]))
            else:
                weights = ov.Tensor(np.frombuffer(files["graph.bin"], dtype=np.uint8))
                graph = core.read_model(files["graph.xml"], weights)
            self.network = core.compile_model(graph, "CPU", wishes)
        except RuntimeError as error:
            raise _broken("read", error) from error
        self.request = self.network.create_infer_request()

    def __call__(self, images: FloatArray) -> FloatArray:
        try:
            # Its answer lies in memory that the next call writes into.
            return np.concatenate([np.array(self.request.infer([image[None]])[0]) for image in images])
        except RuntimeError as error:
            raise _broken("run", error) from error


def _broken(what: str, error: Exception) -> ModelError:
    return ModelError(
        f"OpenVINO can't {what} the package's graph",
        received=str(error).strip().splitlines()[-1][:120],
        do="Export the package again.",
    )
