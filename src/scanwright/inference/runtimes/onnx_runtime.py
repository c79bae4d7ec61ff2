"""ONNX Runtime: a graph behind plain arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as state

from scanwright.errors import ModelError, SettingsError
from scanwright.types import FloatArray

# They have no base of their own.
FAILURES = (
    *(state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NoSuchFile),
    *(state.NotImplemented, state.RuntimeException, state.EPFail, RuntimeError),
    UnicodeDecodeError,  # of names in a damaged graph
)


class OnnxRuntime:
    """As ``TorchRuntime``, for one network."""

    def __init__(self, files: Mapping[str, bytes], precision: str, device: str, threads: int | None) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 4  # what fails is raised
        options.intra_op_num_threads = threads or 0
        options.enable_mem_pattern = False  # it takes a third more memory, and no less time
        # Threads that wait by spinning take the time of whoever else works on the machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        if device == "cuda" or (
            device == "auto" and "CUDAExecutionProvider" in ort.get_available_providers()
        ):
            providers.insert(0, "CUDAExecutionProvider")
        if device == "cuda" and "CUDAExecutionProvider" not in ort.get_available_providers():
            raise SettingsError(
                "this ONNX Runtime knows no CUDA device", received="device=cuda", do="Use --device cpu."
            )
        try:
            # With nothing to fall back to it would try again in vain, and tell of it on the screen.
            self.session = ort.InferenceSession(
                files["graph.onnx"], options, providers=providers, enable_fallback=int(len(providers) > 1)
            )
        except FAILURES as error:
            raise _broken("read", error) from error
        self.input = self.session.get_inputs()[0].name

    def __call__(self, images: FloatArray) -> FloatArray:
        try:
            return np.concatenate([self.session.run(None, {self.input: image[None]})[0] for image in images])
        except FAILURES as error:
            raise _broken("run", error) from error


def _broken(what: str, error: Exception) -> ModelError:
    return ModelError(
        f"ONNX Runtime can't {what} the package's graph",
        received=str(error).splitlines()[0][:120],
        do="Export the package again.",
    )
