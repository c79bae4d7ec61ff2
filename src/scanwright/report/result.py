"""The page on the result of one case, for an archive: what was asked, found, how sure, what to do next."""

from __future__ import annotations

import base64

from scanwright.data.prediction import (
    BoxPrediction,
    ClassPrediction,
    LabelsPrediction,
    MaskPrediction,
    Prediction,
    ValuePrediction,
)
from scanwright.report.page import render
from scanwright.report.rounding import format_number, format_value
from scanwright.report.texts import Words

MOST_ROWS = 8


def render_result(
    prediction: Prediction,
    classes: tuple[str, ...],
    picture: bytes,
    model: str,
    created: str,
    lang: str = "en",
    study: str = "",
) -> str:
    """One case as one HTML page, which fills one sheet of paper.

    Args:
        prediction: of the case.
        classes: what the model can answer, without the background.
        picture: the image with what was found, PNG; empty for none.
        model: its name and version.
        created: when.
        lang: "en" or "zh".
        study: UID of the study that the images belong to; "" where there is none.

    Raises:
        SettingsError: there is no such language.
    """
    words = Words(lang)
    kind, headline, heads, rows, notes = _told(prediction, words)
    return render(
        "result.html",
        words,
        title=words("title.result"),
        asked=words(f"result.asked.{kind}", classes=words.listed(list(classes))),
        headline=headline,
        heads=heads,
        rows=rows[:MOST_ROWS],
        row_note=words("result.some", shown=MOST_ROWS, total=len(rows)) if len(rows) > MOST_ROWS else "",
        notes=notes,
        doubts=[words(f"doubt.{one.kind}", **vars(one) | {"n": 1}) for one in prediction.doubts],
        has_objects=kind == "masks",
        picture=base64.b64encode(picture).decode("ascii"),
        provenance=[
            (words("result.case"), prediction.case),
            *([(words("result.study"), study)] if study else []),
            (words("result.model"), model),
            (words("created"), created),
        ],
    )


def _told(
    prediction: Prediction, words: Words
) -> tuple[str, str, list[str], list[tuple[str, str]], list[str]]:
    """Kind of question, headline, heads and rows of the table, and how sure that is."""
    if isinstance(prediction, MaskPrediction):
        return _volumes(prediction, words)
    if isinstance(prediction, BoxPrediction):
        found = prediction.found
        scores = [] if found.scores is None else [format_value(float(score)) for score in found.scores]
        rows = list(zip(found.classes, scores, strict=True)) if scores else []
        headline = words("result.count", n=len(found)) if len(found) else words("result.none_found")
        return "boxes", headline, [words("result.class"), words("result.score")], rows, []
    if isinstance(prediction, ValuePrediction):
        value = format_number(prediction.predicted, prediction.low, prediction.high)
        key = "result.no_interval" if prediction.low is None else "result.interval.value"
        return "value", value, [], [], [words(key)]
    return _classes(prediction, words)


def _volumes(
    prediction: MaskPrediction, words: Words
) -> tuple[str, str, list[str], list[tuple[str, str]], list[str]]:
    amounts = prediction.volumes
    rows = [(one.name, format_number(one.volume, one.low, one.high)) for one in amounts]
    outlined = [one for one in amounts if one.volume > 0]
    headline = "; ".join(
        f"{one.name}: {format_value(one.volume, one.low, one.high)} {one.unit}" for one in outlined[:3]
    ) or words("result.none")
    known = any(one.low is not None for one in amounts)
    note = words("result.interval.masks" if known else "result.no_interval")
    unit = amounts[0].unit if amounts else "ml"
    return "masks", headline, [words("result.class"), words("result.volume", unit=unit)], rows, [note]


def _classes(
    prediction: ClassPrediction | LabelsPrediction, words: Words
) -> tuple[str, str, list[str], list[tuple[str, str]], list[str]]:
    said = prediction.predicted
    names = list(said) if isinstance(prediction, LabelsPrediction) else [str(said)]
    order = sorted(prediction.probabilities, key=lambda name: -prediction.probabilities[name])
    rows = [(name, format_value(prediction.probabilities[name])) for name in order]
    referral = prediction.referral
    notes = [words("result.refer", reason=referral.reason)] if referral and referral.reason else []
    if isinstance(prediction, ClassPrediction) and prediction.likelier:
        notes.append(words("likelier", name=prediction.likelier))
    headline = words.listed(names) or words("result.none_found")
    return "class", headline, [words("result.class"), words("result.probability")], rows, notes
