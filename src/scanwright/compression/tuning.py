"""Tuning: a narrower network with the weights that it keeps, trained on beside the original."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from scanwright.compression.distillation import DistillingLearner
from scanwright.compression.narrowing import narrow_plan
from scanwright.compression.pruning import prune
from scanwright.data.plan import Plan
from scanwright.inference.model import MODEL_FILE, Model, load_model, save_model
from scanwright.inference.predict import Runtime
from scanwright.inference.runtimes.torch_runtime import TorchRuntime
from scanwright.tasks.base import Example, Task
from scanwright.training.fit import fit, settle_on
from scanwright.types import JsonDict, Progress

PRUNED, DISTILLED = "pruned", "distilled"


@dataclass(frozen=True, eq=False)
class Tuner:
    """Makes narrower models of a trained one.

    Attributes:
        task: what is learnt.
        original: the trained model, which teaches.
        examples: "train" and "val" → case name → example.
        device: "auto", "cpu" or "cuda".
        progress: told after every step.
    """

    task: Task
    original: Model
    examples: Mapping[str, Mapping[str, Example]]
    device: str
    progress: Progress

    def tune(self, before: Model, share: float, minutes: float, folder: Path) -> tuple[Model, bool]:
        """The model with about so many channels of the original, and whether the user stopped its training.

        What lies in ``folder`` is taken up: a finished model as it is, an unfinished one where it stopped.

        Args:
            before: the next wider model, whose weights are pruned.
            share: of the original's channels.
            minutes: that training may take.
            folder: of this model alone.

        Raises:
            ModelError, OutputError, ScanwrightError: see ``fit``.
        """
        if (folder / "model" / MODEL_FILE).is_file():
            return load_model(folder), False
        plan = narrow_plan(self.original.plan, share, minutes)
        weights = {name: torch.from_numpy(np.array(value)) for name, value in before.weights.items()}
        kept = prune(before.plan, weights, plan)
        teacher = (self.original.plan, self.original.weights)
        fitted = fit(
            self.task,
            plan,
            self.examples,
            folder / "checkpoint",
            device=self.device,
            resume=True,
            progress=self.progress,
            weights=kept,
            learner=DistillingLearner(plan, teacher, self.device),
        )
        if fitted.stopped:
            return before, True
        story: JsonDict = {
            "from": self.original.sha256,
            "how": DISTILLED if kept is None else PRUNED,
            "share": share,
            "minutes": fitted.position.elapsed_s / 60,
            "steps": fitted.position.step,
            "best_score": fitted.position.best_score,
        }
        tuned = replace(
            self.original,
            plan=Plan.from_json({**plan.to_json(), "pace": fitted.position.pace}),
            weights=fitted.weights,
            provenance={**self.original.provenance, "compressed": story},
            folder=None,
        )
        save_model(self.settle(tuned, TorchRuntime(plan, fitted.weights, self.device)), folder / "model")
        return load_model(folder), False

    def settle(self, model: Model, run: Runtime) -> Model:
        """The model with what validation cases settle (thresholds, calibration, …) by its own answers.

        Args:
            model: that was settled by other answers.
            run: its network.
        """
        settled, _ = settle_on(self.task, model.plan, run, self.examples["val"])
        return replace(
            model,
            thresholds=settled.thresholds,
            calibration=settled.calibration,
            conformal=settled.conformal,
            margins=settled.margins,
        )
