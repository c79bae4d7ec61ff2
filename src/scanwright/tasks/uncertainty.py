"""Uncertainty: one number for a case, from probabilities."""

from __future__ import annotations

import numpy as np

from scanwright.core.uncertainty import border, entropy
from scanwright.data.plan import Plan
from scanwright.data.prediction import BoxPrediction, Prediction
from scanwright.tasks.settled import has_probabilities, is_exclusive
from scanwright.types import FloatArray


def own_uncertainty(prediction: Prediction, outputs: FloatArray, plan: Plan) -> float | None:
    """By the probabilities that are told, of masks the network's own; of boxes that of the least sure
    finding; ``None`` of numbers."""
    if isinstance(prediction, BoxPrediction):
        scores = prediction.found.scores
        if scores is None or not len(scores):
            return 0.0
        return float(entropy(np.asarray(scores)[None], exclusive=False).max())
    return case_uncertainty(outputs, plan) if has_probabilities(plan) else None


def case_uncertainty(outputs: FloatArray, plan: Plan, voxels: FloatArray | None = None) -> float:
    """One number for a case, 0 to 1: of whole images their entropy; of masks its mean over the border of what
    is outlined, or the most there is where nothing is.

    Args:
        outputs: probabilities (class, i, j, k).
        plan: of the model.
        voxels: (i, j, k) what is averaged; ``None`` for the entropy.
    """
    exclusive = is_exclusive(plan)
    if not plan.is_tiled:
        return float((entropy(outputs, exclusive=exclusive) if voxels is None else voxels).ravel()[0])
    edge = border(outputs.argmax(axis=0) > 0)
    if voxels is None:
        if edge.any():
            return float(entropy(outputs[:, edge], exclusive=exclusive).mean())
        voxels = entropy(outputs, exclusive=exclusive)
    return float(voxels[edge].mean() if edge.any() else voxels.max())
