"""Question: a network that gives one score, of what is to be explained, instead of all its answers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from scanwright.data.choices import ANSWERS
from scanwright.data.plan import Plan
from scanwright.errors import SettingsError
from scanwright.inference.members import split_members
from scanwright.inference.runtimes.torch_runtime import TorchRuntime, choose_device
from scanwright.networks.catalogue import build_network
from scanwright.networks.classifier import Classifier
from scanwright.networks.fpn import Detector
from scanwright.networks.segmenter import Segmenter
from scanwright.types import AnyArray, IntArray

GRADIENTS_AT_ONCE = {2: 4, 3: 1}
"""Images whose features are kept for gradients, by their axes: those of a volume may take gigabytes."""
LEAST_PLACES = 7
"""Of a ResNet's or DenseNet's last features, in each axis."""


class Question(nn.Module):
    """Images (batch, channel, …) → their score (batch, 1).

    The score of a class is its log-odds: its logit less the log of the summed exponentials of the others' (a
    logit alone tells nothing where only differences count), or its logit where each class is asked for by
    itself. Of voxels or of places that boxes are seen from it is the mean over ``places``: their sum, but for
    their number. Of a measured number it is the network's output, in standard deviations off the mean.

    Args:
        network: built by ``plan``.
        plan: of the model.
        index: of the class.
        places: flat indices of the network's own grid of answers; ``None`` where it has one for the image.
    """

    def __init__(self, network: nn.Module, plan: Plan, index: int, places: IntArray | None) -> None:
        super().__init__()
        self.network, self.plan, self.index = network.eval(), plan, index
        self.places = None if places is None else torch.as_tensor(places)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        score: torch.Tensor = self._scores(images).mean(dim=1, keepdim=True)
        return score

    def answer(self, images: torch.Tensor) -> torch.Tensor:
        """(batch,) probability, the mean over the places; or the number, in its own unit."""
        scores = self._scores(images)
        if self.plan.answer == "value":
            return scores[:, 0] * self.plan.target_deviation + self.plan.target_mean
        probability: torch.Tensor = torch.sigmoid(scores).mean(dim=1)
        return probability

    def _scores(self, images: torch.Tensor) -> torch.Tensor:
        """(batch, place)."""
        raw = self.network(images)[0].float()
        own = raw[:, self.index]
        if ANSWERS[self.plan.answer].activation == "softmax":
            others = torch.cat([raw[:, : self.index], raw[:, self.index + 1 :]], dim=1)
            own = own - torch.logsumexp(others, dim=1)
        scores: torch.Tensor = own.reshape(len(own), -1)
        return scores if self.places is None else scores[:, self.places.to(scores.device)]

    @property
    def features(self) -> str:
        """Name of the module whose features are coarse and rich in meaning, for class activation maps.

        Of a whole image the last level that still tells places apart; where a segmentation's way back to the
        voxels begins; what boxes are told from.
        """
        if isinstance(self.network, Classifier):
            return f"network.levels{_placing_level(self.network, self.plan)}"
        if isinstance(self.network, Segmenter):
            return "network.decoder.0"
        if isinstance(self.network, Detector):
            return "network.merge"
        raise SettingsError(
            "this network has no features to weigh", received=self.plan.network.family, do="Use occlusion."
        )


def _placing_level(network: Classifier, plan: Plan) -> str:
    """Suffix of the last level with ``LEAST_PLACES`` along each axis, as the networks that Grad-CAM was made
    for have (a peak among 4 × 4 places points at nothing); "" for all levels where none has so many."""
    fine: list[str] = []
    with torch.inference_mode():
        parameter = next(network.parameters())
        seen = torch.zeros(1, len(plan.channels), *plan.patch_voxels[: plan.dims], device=parameter.device)
        seen = network.stem(seen)
        for name, level in network.levels.named_children():
            seen = level(seen)
            if seen.ndim == 2 + plan.dims and min(seen.shape[2:]) >= LEAST_PLACES:
                fine.append(name)
    return f".{fine[-1]}" if fine else ""


def trained_networks(plan: Plan, weights: Mapping[str, AnyArray], device: str) -> list[nn.Module]:
    """The networks of a model, of an ensemble all, in 32 bit, ready for gradients.

    Raises:
        SettingsError: the device is not there.
        ModelError: the weights do not fit the plan.
    """
    return [_explainable(TorchRuntime(plan, member, device).network) for member in split_members(weights)]


def fresh_network(plan: Plan, device: str, seed: int) -> nn.Module:
    """The same network before it has learnt anything."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_network(plan)
    return _explainable(network.eval().to(choose_device(device)))


def _explainable(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if getattr(module, "inplace", False):
            # Hooks see features before they are overwritten.
            setattr(module, "inplace", False)  # noqa: B010
    return network
