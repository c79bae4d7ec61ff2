"""OpenVINO: a graph, its own or one of ONNX, behind plain arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import openvino as ov
import openvino.properties as properties
import openvino.properties.hint as hint
import openvino.properties.streams as streams

from scanwright.errors import ModelError, SettingsError
from scanwright.types import FloatArray

PRECISION = {"fp32": ov.Type.f32, "bf16": ov.Type.bf16, "int8": ov.Type.f32}
"""What is computed in where a graph does not say: of graphs in 8 bits that is what was left as it was."""
MOST_AT_ONCE = 4
"""Images: each takes the memory of all features on its way."""


class OpenVinoRuntime:
    """As ``TorchRuntime``, for one network.

    One image alone has all threads. Several that come together are worked on at once, each by a part of the
    threads, which then seldom wait for each other.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        precision: str,
        device: str,
        threads: int | None,
        *,
        at_once: bool = True,
    ) -> None:
        """``at_once``: whether several images may take the memory that each needs at the same time."""
        if device == "cuda":
            raise SettingsError("OpenVINO knows no CUDA", received="device=cuda", do="Use --device cpu.")
        self.core = ov.Core()
        self.wishes: dict[str, Any] = {hint.inference_precision(): PRECISION[precision]}
        if threads:
            self.wishes[properties.inference_num_threads()] = threads
        self.most = min(MOST_AT_ONCE, threads or os.cpu_count() or 1) if at_once else 1
        try:
            if "graph.onnx" in files:
                self.graph = self.core.read_model(BytesIO(files["graph.onnx"]))
            else:
                weights = ov.Tensor(np.frombuffer(files["graph.bin"], dtype=np.uint8))
                self.graph = self.core.read_model(files["graph.xml"], weights)
            latency = {**self.wishes, hint.performance_mode(): "LATENCY"}
            self.request = self.core.compile_model(self.graph, "CPU", latency).create_infer_request()
        except RuntimeError as error:
            raise _broken("read", error) from error
        self.queue: ov.AsyncInferQueue | None = None

    def __call__(self, images: FloatArray) -> FloatArray:
        try:
            if len(images) > 1 and self.most > 1:
                return self._answer_together(images)
            # Its answer lies in memory that the next call writes into.
            return np.concatenate([np.array(self.request.infer([image[None]])[0]) for image in images])
        except RuntimeError as error:
            raise _broken("run", error) from error

    def _answer_together(self, images: FloatArray) -> FloatArray:
        if self.queue is None:
            apart = {**self.wishes, streams.num(): self.most}
            self.queue = ov.AsyncInferQueue(self.core.compile_model(self.graph, "CPU", apart), self.most)
        answers: dict[int, FloatArray] = {}

        def keep(request: ov.InferRequest, n: int) -> None:
            answers[n] = np.array(request.get_output_tensor(0).data)

        self.queue.set_callback(keep)
        for n, image in enumerate(images):
            self.queue.start_async([image[None]], n)
        self.queue.wait_all()
        return np.concatenate([answers[n] for n in range(len(images))])


def _broken(what: str, error: Exception) -> ModelError:
    return ModelError(
        f"OpenVINO can't {what} the package's graph",
        received=str(error).strip().splitlines()[-1][:120],
        do="Export the package again.",
    )
