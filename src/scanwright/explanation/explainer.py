"""Explainer: a model's answer to one image, its maps, and how each map stood its trials."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy import ndimage
from torch import nn

from scanwright.data.case import Case
from scanwright.data.map_kinds import MapKind
from scanwright.data.volume import Volume
from scanwright.errors import ModelError
from scanwright.explanation.aim import Aim, take_aim
from scanwright.explanation.catalogue import METHODS, Method
from scanwright.explanation.question import Question, fresh_network, trained_networks
from scanwright.explanation.trials import Verdict, judge
from scanwright.inference.model import Model
from scanwright.inference.predict import predict_image
from scanwright.inference.runtimes import open_runtime
from scanwright.inference.runtimes.torch_runtime import choose_device
from scanwright.types import FloatArray

FRESH_NETWORKS = 2
BLUR = 1 / 8
"""Width of the Gaussian that hides what could be seen, as a share of the window along each axis."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A map and its trials.

    Attributes:
        kind: how it was made.
        relevance: float32 (i, j, k) on the grid of the image; 0 where the network did not look.
        verdict: of the trials, on what the network saw.
    """

    kind: MapKind
    relevance: FloatArray
    verdict: Verdict


class Explainer:
    """A model that can be asked why.

    Args:
        model: loaded from a run; of an ensemble, maps are the mean over its networks.
        kinds: of maps.
        wanted: class that is explained; ``None`` for what is predicted.
        device, threads: see Settings.
        seed: of all that is left to chance.

    Raises:
        SettingsError: the device is not there.
        ModelError: it is a package.
    """

    def __init__(
        self,
        model: Model,
        kinds: Sequence[MapKind],
        wanted: str | None = None,
        *,
        device: str = "auto",
        threads: int | None = None,
        seed: int = 0,
    ) -> None:
        if model.graphs is not None:
            raise ModelError(
                "a package answers, and can't be looked into", do="Explain the run that it was made from."
            )
        self.model, self.plan = model, model.plan
        self.kinds, self.wanted, self.seed = kinds, wanted, seed
        self.runtime = open_runtime(self.plan, model.weights, device, threads)
        self.device = choose_device(device)
        self.networks = trained_networks(self.plan, model.weights, device)
        self.fresh = [fresh_network(self.plan, device, seed + n) for n in range(FRESH_NETWORKS)]

    def take_aim(self, case: Case, image: Volume) -> Aim:
        """What is explained of the model's answer.

        Raises:
            DataError: the image does not fit the model, or nothing was outlined or found.
        """
        prediction = predict_image(self.runtime, case.name, image, self.plan, self.model.settled)
        return take_aim(prediction, image, self.plan, self.runtime, self.wanted)

    def answer(self, aim: Aim) -> float:
        """The probability of what is explained, or the number, without mirroring."""
        with torch.inference_mode():
            return float(self._ask(aim, self._tensor(aim.view.seen))[0])

    def judged_maps(self, aim: Aim, case: str, told: Callable[[float], None]) -> Iterator[Judged]:
        """Each map with its trials.

        Args:
            aim: what is explained.
            case: its name; what is left to chance depends on it.
            told: the share that is done.
        """
        image, blank = (self._tensor(one) for one in (aim.view.seen, blurred(aim.view.seen)))
        questions = [self._question(network, aim) for network in self.networks]
        fresh = [self._question(network, aim) for network in self.fresh]
        seed = self.seed + zlib.crc32(case.encode())
        for n, kind in enumerate(self.kinds):
            told(n / len(self.kinds))
            draw = partial(_draw, METHODS[kind.name], image=image, blank=blank, seed=seed)
            relevance = np.mean([draw(question) for question in questions], axis=0)
            told((n + 0.3) / len(self.kinds))
            untaught = [draw(question) for question in fresh]
            told((n + 0.6) / len(self.kinds))
            rng = np.random.default_rng(seed)
            verdict = judge(relevance, untaught, partial(self._ask, aim), image, blank, rng)
            flat = relevance[..., None] if self.plan.dims == 2 else relevance
            yield Judged(kind, aim.view.to_source(np.nan_to_num(flat)), verdict)

    def _question(self, network: nn.Module, aim: Aim) -> Question:
        return Question(network, self.plan, aim.index, aim.places)

    def _ask(self, aim: Aim, images: torch.Tensor) -> torch.Tensor:
        answers = [self._question(network, aim).answer(images) for network in self.networks]
        return torch.stack(answers).mean(dim=0)

    def _tensor(self, seen: FloatArray) -> torch.Tensor:
        flat = seen[..., 0] if self.plan.dims == 2 else seen
        return torch.from_numpy(np.ascontiguousarray(flat, dtype=np.float32))[None].to(self.device)


def blurred(seen: FloatArray) -> FloatArray:
    """(channel, i, j, k) in which only the coarsest light and dark are left."""
    sigma = [0.0, *(BLUR * n if n > 1 else 0.0 for n in seen.shape[1:])]
    return np.asarray(ndimage.gaussian_filter(seen.astype(np.float32), sigma, mode="nearest"))


def _draw(
    method: Method, question: Question, *, image: torch.Tensor, blank: torch.Tensor, seed: int
) -> FloatArray:
    """One map, the same whenever it is made."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        found = method(question, image.clone(), blank)
    return np.asarray(found.detach().float().cpu().numpy())
