"""Results: what predictions become on disk. Masks on the input's grid, one table for whole images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scanwright.data.case import Case
from scanwright.data.prediction import ClassPrediction, MaskPrediction, Prediction
from scanwright.io.files import write_csv
from scanwright.io.masks import write_mask


def write_mask_result(out: Path, case: Case, prediction: MaskPrediction, root: Path) -> Path:
    """Write a predicted mask under the case's name; folders in the name become folders.

    Args:
        out: where to.
        case: what was predicted; its source is relative to ``root``.
        prediction: of the case.
        root: the folder that the inputs lie in.

    Raises:
        OutputError: the disk is full, or the values do not fit the format.
    """
    target = out / prediction.case
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_mask(target, prediction.mask, like=root / case.image.source)


def write_predictions_csv(path: Path, predictions: Sequence[Prediction], classes: Sequence[str]) -> None:
    """Write ``predictions.csv``: case, a probability for each class, predicted class."""
    rows = [
        (p.case, *(f"{p.probabilities[name]:.6f}" for name in classes), p.predicted)
        for p in predictions
        if isinstance(p, ClassPrediction)
    ]
    write_csv(path, ("case", *classes, "predicted"), rows)
