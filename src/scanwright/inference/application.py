"""Application: a model over a folder of new cases, and its answers on disk."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
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
from scanwright.inference.journal import JOURNAL, Journal, Outlined, Told, Written
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
    *("warnings.csv", "pictures", "uncertainty.csv", "uncertainty", OBJECTS, JOURNAL),
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
    journal: Journal,
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
        journal: of the results, in ``folder``; cases that it holds are not predicted again.
        progress, pictures, all_findings: see ``scanwright.predict``.
        objects: writes DICOM objects, where they are asked for.
        in_turn: write each answer before the next is made, which takes less memory.

    Raises:
        DataError: nothing could be predicted.
        OutputError: the disk is full.
        KeyboardInterrupt: after Ctrl-C, once all is written of the cases that are done; it says how many.
    """
    done = {written.told.case for written in journal.done}
    notes = [*dataset.notes, *_tell_unused(plan, pictures=pictures, all_findings=all_findings)]
    if done:
        notes.append(f"{len(done)} of {len(dataset)} cases were done before.")
    result = Predicted([], [], list(dataset.set_aside), Counter(), tuple(notes))
    placed: list[Placed] = []
    volumes: dict[str, Sequence[Amount]] = {}
    warned: dict[str, Sequence[Doubt]] = {}
    sampled: dict[str, Sampled] = {}

    def tell(stage: str, done: float, total: float, note: str = "") -> None:
        progress(stage, n_done + done / total, len(dataset), note)

    def keep(written: Written) -> None:
        told = written.told
        result.doubts.update(told.doubts)
        if told.doubts:
            warned[told.case] = told.doubts
        if isinstance(told, Outlined):
            volumes[told.case] = told.volumes
            if told.sampled is not None:
                sampled[told.case] = told.sampled
        else:
            result.predictions.append(told)
        result.files.extend(written.masks)
        result.pictures.extend(written.pictures)
        placed.extend(written.placed)
        result.objects.extend(written.objects)
        result.set_aside.extend(written.unwritten)

    def keep_new(written: Written) -> None:
        keep(written)
        journal.add(written)

    for written in journal.done:
        keep(written)
    n_done, stopped = len(done), None
    with Writer(keep_new, at_once=in_turn) as writer:
        try:
            for case, prediction in run([c for c in dataset.cases if c.name not in done], progress=tell):
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
            f"{n_written} of {len(dataset)} cases are done, and in the tables; --resume goes on"
        ) from stopped
    journal.forget()
    if not result.files:
        first = f" The first: {result.set_aside[0]}" if result.set_aside else ""
        raise DataError(f"nothing could be predicted.{first}", subject=os.fspath(dataset.source))
    return result


def _tell_unused(plan: Plan, *, pictures: bool, all_findings: bool) -> Iterator[str]:
    """What was asked for and has nothing to act on."""
    if pictures and not plan.is_tiled and plan.answer != "boxes":
        yield "There are no pictures: the model gives whole images one answer, and outlines nothing."
    if all_findings and plan.answer != "boxes":
        yield "All findings were asked for, and the model finds no boxes."


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
    told: Told
    if isinstance(prediction, MaskPrediction):
        sampled = prediction.sampled
        if sampled is not None:
            write_uncertainty(folder, case, sampled)
            sampled = replace(sampled, voxels=None)
        masks.append(write_mask_result(folder, case, prediction, root))
        told = Outlined(prediction.case, prediction.doubts, prediction.volumes, sampled)
    else:
        told = prediction
    if isinstance(prediction, BoxPrediction):
        placed.append(place(case, prediction, case.image.read(), all_findings=all_findings))
    drawn = write_result_picture(folder, case, prediction, plan) if pictures else ()
    made = tuple(objects.write(case, prediction)) if objects else ()
    unwritten = [one for one in made if isinstance(one, SetAside)]
    return Written(told, masks, drawn, placed, [one for one in made if isinstance(one, Path)], unwritten)
