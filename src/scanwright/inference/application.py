"""Application: a model over a folder of new cases, and its answers on disk."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import (
    BoxPrediction,
    MaskPrediction,
    Predicted,
    Prediction,
)
from scanwright.errors import DataError
from scanwright.inference.detections import place, write_detections
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
    kept, set_aside = list(journal.done), list(dataset.set_aside)
    done = {written.told.case for written in kept}
    n_done, stopped = len(done), None

    def tell(stage: str, done: float, total: float, note: str = "") -> None:
        progress(stage, n_done + done / total, len(dataset), note)

    def keep(written: Written) -> None:
        kept.append(written)
        journal.add(written)

    with Writer(keep, at_once=in_turn) as writer:
        try:
            for case, prediction in run([c for c in dataset.cases if c.name not in done], progress=tell):
                n_done += 1
                tell("Predicting", 0, 1, case.name)
                if isinstance(prediction, SetAside):
                    set_aside.append(prediction)
                    continue
                writer(partial(_write, case, prediction, plan, folder, root, pictures, all_findings, objects))
        except KeyboardInterrupt as stop:
            stopped = stop
    set_aside += [entry for written in kept for entry in written.unwritten]
    tables = _write_tables(folder, kept, plan)
    write_failures(folder / "failures.csv", set_aside)
    if stopped is not None:
        raise KeyboardInterrupt(
            f"{len(kept)} of {len(dataset)} cases are done, and in the tables; --resume goes on"
        ) from stopped
    journal.forget()
    files = [*(mask for written in kept for mask in written.masks), *tables]
    if not files:
        first = f" The first: {set_aside[0]}" if set_aside else ""
        raise DataError(f"nothing could be predicted.{first}", subject=os.fspath(dataset.source))
    notes = [*dataset.notes, *_tell_unused(plan, pictures=pictures, all_findings=all_findings)]
    if done:
        notes.append(f"{len(done)} of {len(dataset)} cases were done before.")
    return Predicted(
        predictions=[written.told for written in kept if not isinstance(written.told, Outlined)],
        files=files,
        set_aside=set_aside,
        doubts=Counter(doubt for written in kept for doubt in written.told.doubts),
        notes=tuple(notes),
        pictures=[picture for written in kept for picture in written.pictures],
        objects=[made for written in kept for made in written.objects],
    )


def _tell_unused(plan: Plan, *, pictures: bool, all_findings: bool) -> Iterator[str]:
    """What was asked for and has nothing to act on."""
    if pictures and not plan.is_tiled and plan.answer != "boxes":
        yield "There are no pictures: the model gives whole images one answer, and outlines nothing."
    if all_findings and plan.answer != "boxes":
        yield "All findings were asked for, and the model finds no boxes."


def _write_tables(folder: Path, kept: Sequence[Written], plan: Plan) -> list[Path]:
    """Findings or answers about whole images, whose files are given back; and what is told beside answers,
    where there is something to tell."""
    told = [written.told for written in kept]
    masks = [one for one in told if isinstance(one, Outlined)]
    answers = [one for one in told if not isinstance(one, Outlined)]
    placed = [one for written in kept for one in written.placed]
    warned = {one.case: one.doubts for one in told if one.doubts}
    sampled = {one.case: one.sampled for one in masks if one.sampled is not None}
    if masks:
        write_volumes_csv(folder / "volumes.csv", {one.case: one.volumes for one in masks}, warned)
    if sampled:
        write_uncertainty_csv(folder / "uncertainty.csv", sampled)
    if warned:
        write_warnings_csv(folder / "warnings.csv", warned)
    if placed:
        return write_detections(folder, placed, plan.classes)
    if answers:
        write_predictions_csv(folder / "predictions.csv", answers)
        return [folder / "predictions.csv"]
    return []


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
