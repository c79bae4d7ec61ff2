"""Results: what predictions become on disk. Masks on the input's grid, one table for whole images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scanwright.data.case import Case
from scanwright.data.plan import Plan
from scanwright.data.prediction import (
    Amount,
    BoxPrediction,
    ClassPrediction,
    LabelsPrediction,
    MaskPrediction,
    Prediction,
    ValuePrediction,
)
from scanwright.errors import ScanwrightError
from scanwright.io.files import write_bytes, write_csv
from scanwright.io.layouts.targets import SEPARATOR
from scanwright.io.masks import write_mask
from scanwright.report.box_pictures import Findings, box_panel
from scanwright.report.pictures import case_panel


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


def write_result_picture(out: Path, case: Case, prediction: Prediction, plan: Plan) -> list[Path]:
    """Draw a mask or boxes on the image, as ``pictures/CASE.png``; of other answers there is nothing to draw.

    Args:
        out: where to.
        case: what was predicted.
        prediction: of the case.
        plan: of the model.

    Returns:
        The file, if there is one.

    Raises:
        OutputError: the disk is full.
    """
    if not isinstance(prediction, (MaskPrediction, BoxPrediction)):
        return []
    image = case.image.read()
    if isinstance(prediction, BoxPrediction):
        png = box_panel(image.array, Findings(prediction.found), image.affine_ras, modality=image.modality)
    else:
        mask = prediction.mask.array[0]
        labels = dict(zip(plan.label_values[1:], plan.classes[1:], strict=True))
        png = case_panel(image.array, None, mask, image.affine_ras, modality=image.modality, labels=labels)
    path = out / "pictures" / f"{prediction.case}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, png)
    return [path]


def write_predictions_csv(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write ``predictions.csv``: case, a probability for each class, and the class, or the classes joined by
    ``|``, and, where validation cases sufficed, the classes that are possible, whether a person must see the
    case (yes or no) and why; or case, number and the ends of its interval, empty where there is none.

    Args:
        path: where to.
        predictions: of whole images, all of one kind, at least one.
    """
    rows = [_row(prediction) for prediction in predictions]
    write_csv(path, list(rows[0]), [list(row.values()) for row in rows])


def write_volumes_csv(path: Path, volumes: Mapping[str, Sequence[Amount]]) -> None:
    """Write ``volumes.csv``: of each mask and class how much is outlined, the ends of the interval that
    should hold the true volume, empty where there is none, and the unit.

    Args:
        path: where to.
        volumes: case → of each class.
    """
    rows = [
        [case, one.name, *map(_cell, (one.volume, one.low, one.high)), one.unit]
        for case, amounts in volumes.items()
        for one in amounts
    ]
    write_csv(path, ["case", "class", "volume", "low", "high", "unit"], rows)


def _cell(number: float | None) -> str:
    return "" if number is None else f"{number:.6g}"


def _row(prediction: Prediction) -> dict[str, str]:
    """Column → cell."""
    if isinstance(prediction, (MaskPrediction, BoxPrediction)):
        raise ScanwrightError("masks and boxes have no row in this table", subject=prediction.case)
    if isinstance(prediction, ValuePrediction):
        numbers = {"predicted": prediction.predicted, "low": prediction.low, "high": prediction.high}
        return {"case": prediction.case, **{name: _cell(number) for name, number in numbers.items()}}
    said = prediction.predicted
    return {
        "case": prediction.case,
        **{name: f"{probability:.6f}" for name, probability in prediction.probabilities.items()},
        "predicted": SEPARATOR.join(said) if isinstance(prediction, LabelsPrediction) else str(said),
        **_referral(prediction),
    }


def _referral(prediction: ClassPrediction | LabelsPrediction) -> dict[str, str]:
    """Cells of whether a person must see the case, also where its image is unlike those learnt from."""
    own = prediction.referral
    if own is None:
        return {}
    doubts = [f"{one.kind} is {one.received}, learnt from {one.expected}" for one in prediction.doubts]
    reasons = [one for one in (own.reason, *doubts) if one]
    return {
        "possible": SEPARATOR.join(own.possible),
        "refer": "yes" if reasons else "no",
        "reason": "; ".join(reasons),
    }
