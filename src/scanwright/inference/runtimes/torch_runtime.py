"""The one runtime that needs torch: a network behind plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from scanwright.data.choices import ANSWERS
from scanwright.data.plan import Plan
from scanwright.errors import ModelError, SettingsError
from scanwright.networks.catalogue import build_network
from scanwright.types import AnyArray, FloatArray

DROPOUT = (torch.nn.Dropout, torch.nn.Dropout1d, torch.nn.Dropout2d, torch.nn.Dropout3d)
ACTIVATIONS: dict[str, Callable[[torch.Tensor, int], torch.Tensor]] = {
    "softmax": lambda outputs, n_classes: torch.softmax(outputs, dim=1),
    "sigmoid": lambda outputs, n_classes: torch.sigmoid(outputs),
    "boxes": lambda outputs, n_classes: torch.cat(
        [torch.sigmoid(outputs[:, :n_classes]), outputs[:, n_classes:]], dim=1
    ),
    "none": lambda outputs, n_classes: outputs,
}


def choose_device(device: str) -> torch.device:
    """ "auto" takes CUDA where there is one.

    Raises:
        SettingsError: CUDA was asked for and is not there, or there is no such device.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise SettingsError("no such device", expected="auto, cpu or cuda", received=f"device={device}")
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("there is no CUDA device here", received="device=cuda", do="Use --device cpu.")
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(device)


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 is computed by the hardware, and so is faster than 32 bit."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def computes_in_bf16(plan: Plan, device: torch.device) -> bool:
    """Whether networks of the plan are computed in 16 bit there."""
    return plan.precision == "bf16-mixed" and has_bf16(device)


class TorchRuntime:
    """Images (batch, channel, i, j, k) in, probabilities (batch, class, i, j, k) or numbers as the plan's
    ``answer`` says out, both float32 in numpy.

    A 2-D network takes one plane (k = 1) and gives one. A network with one answer for the whole image gives
    (batch, class, 1, 1, 1); one that finds boxes answers on the coarser grid that it looks from.
    """

    def __init__(
        self, plan: Plan, weights: Mapping[str, AnyArray], device: str = "auto", *, dropout: bool = False
    ) -> None:
        self.plan = plan
        self.device = choose_device(device)
        self.network = build_network(plan).eval().to(self.device)
        for part in self.network.modules():
            if dropout and isinstance(part, DROPOUT):
                part.train()
        self.bf16 = computes_in_bf16(plan, self.device)
        self.activation = ACTIVATIONS[ANSWERS[plan.answer].activation]
        self.load(weights)

    def load(self, weights: Mapping[str, AnyArray]) -> None:
        """Take other weights of the same network.

        Raises:
            ModelError: they do not fit the plan.
        """
        state = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
        try:
            self.network.load_state_dict(state)
        except RuntimeError as error:
            raise ModelError(
                "the weights do not fit the plan", do="Use the plan the model was trained by."
            ) from error

    def __call__(self, images: FloatArray) -> FloatArray:
        flat = images[..., 0] if self.plan.dims == 2 else images
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            raw = self.network(torch.from_numpy(np.ascontiguousarray(flat)).to(self.device))[0]
            outputs = self.activation(raw.float(), len(self.plan.classes)).cpu().numpy()
        missing = images.ndim - outputs.ndim
        return np.asarray(outputs.reshape(*outputs.shape, *(1,) * missing))
