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
    Doubt,
    LabelsPrediction,
    MaskPrediction,
    Prediction,
    Sampled,
    ValuePrediction,
)
from scanwright.errors import ScanwrightError, SettingsError
from scanwright.io.files import write_bytes, write_csv
from scanwright.io.layouts.targets import SEPARATOR
from scanwright.io.maps import write_map
from scanwright.io.masks import write_mask
from scanwright.report.box_pictures import Findings, box_panel
from scanwright.report.pictures import case_panel
from scanwright.report.texts import Words

OBJECTS = "dicom"
"""The folder of DICOM objects among the results."""
KINDS = ("seg", "rtstruct", "sr", "map", "pdf")
"""Of DICOM objects."""
WARNED = "warned"
"""Column that holds the kinds of a case's warnings."""
SAMPLED = ("uncertainty", "disagreement")
LONGEST_NAME = 40
"""Of a case, in letters, that is written on its picture."""


def check_names(kinds: Sequence[str]) -> None:
    """Refuse kinds of DICOM objects that there are none of; what writes them need not be installed.

    Raises:
        SettingsError: so it is.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise SettingsError(
            "no such kind of DICOM object", expected=", ".join(KINDS), received=f"also={', '.join(unknown)}"
        )


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
    png = draw_result(case, prediction, plan)
    if not png:
        return []
    path = out / "pictures" / f"{prediction.case}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, png)
    return [path]


def draw_result(case: Case, prediction: Prediction, plan: Plan) -> bytes:
    """Masks or boxes on the image, as PNG; empty for other answers."""
    if not isinstance(prediction, (MaskPrediction, BoxPrediction)):
        return b""
    image = case.image.read()
    # A picture is passed on without its file: it says itself what it is. The font may lack other scripts.
    named = prediction.case if prediction.case.isascii() and len(prediction.case) <= LONGEST_NAME else ""
    caption = f"{named}   found by a model, not checked".strip()
    if isinstance(prediction, BoxPrediction):
        findings = Findings(prediction.found)
        return box_panel(image.array, findings, image.affine_ras, modality=image.modality, caption=caption)
    mask = prediction.mask.array[0]
    labels = dict(zip(plan.label_values[1:], plan.classes[1:], strict=True))
    return case_panel(
        image.array,
        None,
        mask,
        image.affine_ras,
        modality=image.modality,
        labels=labels,
        caption=caption,
    )


def write_predictions_csv(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write ``predictions.csv``: case, a probability for each class, and the class, or the classes joined by
    ``|``, and, where validation cases sufficed, the classes that are possible, whether a person must see the
    case (yes or no) and why, and, where some answer is not the most probable class, a note of that; or case,
    number and the ends of its interval, empty where there is none; and, where some case was warned of, the
    kinds of its warnings.

    Args:
        path: where to.
        predictions: of whole images, all of one kind, at least one.
    """
    rows = [_row(prediction) for prediction in predictions]
    notes = [one.likelier if isinstance(one, ClassPrediction) else "" for one in predictions]
    if any(notes):
        rows = [
            {**row, "note": likelier and f"{likelier} is more probable"}
            for row, likelier in zip(rows, notes, strict=True)
        ]
    if any(one.doubts for one in predictions):
        rows = [{**row, WARNED: _kinds(one.doubts)} for row, one in zip(rows, predictions, strict=True)]
    write_csv(path, list(rows[0]), [list(row.values()) for row in rows])


def write_volumes_csv(
    path: Path, volumes: Mapping[str, Sequence[Amount]], warned: Mapping[str, Sequence[Doubt]]
) -> None:
    """Write ``volumes.csv``: of each mask and class how much is outlined, the ends of the interval that
    should hold the true volume, empty where there is none, the unit, and the kinds of warnings of the case.

    Args:
        path: where to.
        volumes: case → of each class.
        warned: case → its warnings.
    """
    rows = [
        [case, one.name, *map(_cell, (one.volume, one.low, one.high)), one.unit, _kinds(warned.get(case, ()))]
        for case, amounts in volumes.items()
        for one in amounts
    ]
    write_csv(path, ["case", "class", "volume", "low", "high", "unit", WARNED], rows)


def _kinds(doubts: Sequence[Doubt]) -> str:
    return SEPARATOR.join(doubt.kind for doubt in doubts)


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
        **_sampled(prediction.sampled),
    }


def _sampled(own: Sampled | None) -> dict[str, str]:
    """Cells of the uncertainty, where it was asked for."""
    if own is None:
        return {}
    return {"uncertainty": f"{own.total:.6f}", "disagreement": f"{own.disagreement:.6f}"}


def write_uncertainty(out: Path, case: Case, sampled: Sampled) -> list[Path]:
    """Write the uncertainty of each voxel on the grid of the image, as ``uncertainty/CASE`` with the ending
    that ``io.maps`` gives it.

    Raises:
        OutputError: the disk is full.
    """
    if sampled.voxels is None:
        return []
    stem = out / "uncertainty" / case.name
    stem.parent.mkdir(parents=True, exist_ok=True)
    return [write_map(stem, sampled.voxels.read().array[0], case.image.read())[0]]


def write_uncertainty_csv(path: Path, rows: Mapping[str, Sampled]) -> None:
    """Write ``uncertainty.csv``: of each mask how uncertain it is, and how far answers disagree."""
    write_csv(path, ["case", *SAMPLED], [[case, *_sampled(one).values()] for case, one in rows.items()])


def write_warnings_csv(path: Path, warned: Mapping[str, Sequence[Doubt]]) -> None:
    """Write ``warnings.csv``: each case that is not like those learnt from, in what, and that in words."""
    words = Words("en")
    rows = [
        [case, one.kind, one.expected, one.received, words(f"doubt.{one.kind}", **vars(one), n=1)]
        for case, doubts in warned.items()
        for one in doubts
    ]
    write_csv(path, ["case", "kind", "expected", "received", "warning"], rows)


def _referral(prediction: ClassPrediction | LabelsPrediction) -> dict[str, str]:
    """Cells of whether a person must see the case."""
    own = prediction.referral
    if own is None:
        return {}
    return {
        "possible": SEPARATOR.join(own.possible),
        "refer": "yes" if own.reason else "no",
        "reason": own.reason,
    }
