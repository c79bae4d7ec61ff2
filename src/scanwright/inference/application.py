"""Application: a model over a folder of new cases, and its answers on disk."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import (
    Amount,
    BoxPrediction,
    Doubt,
    MaskPrediction,
    Predicted,
    Prediction,
    Sampled,
)
from scanwright.errors import DataError
from scanwright.inference.detections import Placed, place, write_detections
from scanwright.inference.pipeline import Writer
from scanwright.inference.results import (
    OBJECTS,
    write_mask_result,
    write_predictions_csv,
    write_result_picture,
    write_uncertainty,
    write_uncertainty_csv,
    write_volumes_csv,
    write_warnings_csv,
)
from scanwright.io.failures_csv import write_failures
from scanwright.types import Progress

if TYPE_CHECKING:
    from scanwright.inference.objects import Objects

RESULTS = (
    *("predictions.csv", "volumes.csv", "detections.json", "detections.csv", "failures.csv"),
    *("warnings.csv", "pictures", "uncertainty.csv", "uncertainty", OBJECTS),
)
Runner: TypeAlias = Callable[..., Iterator[tuple[Case, Prediction | SetAside]]]
"""Takes cases and ``progress``, and gives each with its prediction, as ``Model.run`` does."""


def apply_model(
    run: Runner,
    plan: Plan,
    dataset: Dataset,
    folder: Path,
    root: Path,
    *,
    progress: Progress,
    pictures: bool = False,
    all_findings: bool = False,
    objects: Objects | None = None,
    in_turn: bool = False,
) -> Predicted:
    """Predict every case, and write masks, boxes, whole-image answers, DICOM objects and failures.

    Args:
        run: of the model.
        plan: of the model.
        dataset: the cases.
        folder: where the results go.
        root: the folder that the inputs lie in.
        progress, pictures, all_findings: see ``scanwright.predict``.
        objects: writes DICOM objects, where they are asked for.
        in_turn: write each answer before the next is made, which takes less memory.

    Raises:
        DataError: nothing could be predicted.
        OutputError: the disk is full.
        KeyboardInterrupt: after Ctrl-C, once all is written of the cases that are done; it says how many.
    """
    result = Predicted([], [], list(dataset.set_aside), Counter(), dataset.notes)
    placed: list[Placed] = []
    volumes: dict[str, Sequence[Amount]] = {}
    warned: dict[str, Sequence[Doubt]] = {}
    sampled: dict[str, Sampled] = {}
    n_done = 0

    def tell(stage: str, done: float, total: float, note: str = "") -> None:
        progress(stage, n_done + done / total, len(dataset), note)

    def keep(written: Written) -> None:
        prediction = written.prediction
        result.doubts.update(prediction.doubts)
        if prediction.doubts:
            warned[prediction.case] = prediction.doubts
        if isinstance(prediction, MaskPrediction):
            volumes[prediction.case] = prediction.volumes
            if prediction.sampled is not None:
                sampled[prediction.case] = prediction.sampled
        else:
            result.predictions.append(prediction)
        result.files.extend(written.masks)
        result.pictures.extend(written.pictures)
        placed.extend(written.placed)
        for made in written.objects:
            if isinstance(made, SetAside):
                result.set_aside.append(made)
            else:
                result.objects.append(made)

    stopped = None
    with Writer(keep, at_once=in_turn) as writer:
        try:
            for case, prediction in run(dataset.cases, progress=tell):
                n_done += 1
                tell("Predicting", 0, 1, case.name)
                if isinstance(prediction, SetAside):
                    result.set_aside.append(prediction)
                    continue
                writer(partial(_write, case, prediction, plan, folder, root, pictures, all_findings, objects))
        except KeyboardInterrupt as stop:
            stopped = stop
    if placed:
        result.files.extend(write_detections(folder, placed, plan.classes))
    elif result.predictions:
        write_predictions_csv(folder / "predictions.csv", result.predictions)
        result.files.append(folder / "predictions.csv")
    _write_tables(folder, volumes, sampled, warned)
    write_failures(folder / "failures.csv", result.set_aside)
    if stopped is not None:
        n_written = len(result.predictions) + len(volumes)
        raise KeyboardInterrupt(
            f"{n_written} of {len(dataset)} cases are done, and in the tables"
        ) from stopped
    if not result.files:
        first = f" The first: {result.set_aside[0]}" if result.set_aside else ""
        raise DataError(f"nothing could be predicted.{first}", subject=os.fspath(dataset.source))
    return result


def _write_tables(
    folder: Path,
    volumes: Mapping[str, Sequence[Amount]],
    sampled: Mapping[str, Sampled],
    warned: Mapping[str, Sequence[Doubt]],
) -> None:
    """What is told of cases beside their answers, where there is something to tell."""
    if volumes:
        write_volumes_csv(folder / "volumes.csv", volumes, warned)
    if sampled:
        write_uncertainty_csv(folder / "uncertainty.csv", sampled)
    if warned:
        write_warnings_csv(folder / "warnings.csv", warned)


@dataclass(frozen=True)
class Written:
    """What became of a case: its prediction, mask and pictures, where its boxes lie, and DICOM objects."""

    prediction: Prediction
    masks: Sequence[Path] = ()
    pictures: Sequence[Path] = ()
    placed: Sequence[Placed] = ()
    objects: Sequence[Path | SetAside] = ()


def _write(
    case: Case,
    prediction: Prediction,
    plan: Plan,
    folder: Path,
    root: Path,
    pictures: bool,
    all_findings: bool,
    objects: Objects | None,
) -> Written:
    masks, placed = [], []
    if isinstance(prediction, MaskPrediction):
        if prediction.sampled is not None:
            write_uncertainty(folder, case, prediction.sampled)
        masks.append(write_mask_result(folder, case, prediction, root))
    if isinstance(prediction, BoxPrediction):
        placed.append(place(case, prediction, case.image.read(), all_findings=all_findings))
    drawn = write_result_picture(folder, case, prediction, plan) if pictures else ()
    made = tuple(objects.write(case, prediction)) if objects else ()
    return Written(prediction, masks, drawn, placed, made)
