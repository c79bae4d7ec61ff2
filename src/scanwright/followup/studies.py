"""Studies: what there is of each patient, by date."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanwright.data.case import STUDY, Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io.archive import place_of
from scanwright.io.dataset import open_dataset, open_inputs
from scanwright.io.dicom.dates import find_dates
from scanwright.types import PathLikeStr

STAGE = "date"
DATE_COLUMNS = ("date", "study_date", "acq_date", "acq_time", "scan_date", "session_date")
"""Of a manifest, of sessions.tsv or scans.tsv; the first that a case has."""
_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T .].*)?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
ALONE = "patient"
"""Name of the only patient, where the data name none."""


@dataclass(frozen=True, eq=False)
class Study:
    """One patient at one date.

    Attributes:
        case: with the image and, where there is one, the mask.
        date: of the images.
    """

    case: Case
    date: dt.date

    @property
    def name(self) -> str:
        return self.case.name

    @property
    def modality(self) -> str:
        """DICOM's word, "" where nobody says."""
        return self.case.facts.get("modality", "")

    @property
    def has_mask(self) -> bool:
        return "mask" in self.case.targets


@dataclass(frozen=True, eq=False)
class Timeline:
    """A patient's studies, the first date first.

    Attributes:
        patient: who it is.
        studies: each with a date of its own.
        notes: what a reader should know, by name.
    """

    patient: str
    studies: tuple[Study, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Timelines:
    """All patients of a folder.

    Attributes:
        timelines: by patient.
        set_aside: studies that can't be used, and why.
        dataset: what was opened.
        root: the folder that it lies in.
    """

    timelines: tuple[Timeline, ...]
    set_aside: tuple[SetAside, ...]
    dataset: Dataset
    root: Path


def find_timelines(folder: PathLikeStr, *, series: str | None = None, masks_needed: bool = True) -> Timelines:
    """The patients of a folder, with their studies by date.

    Args:
        folder: a manifest.csv or its folder, BIDS sessions, or DICOM studies.
        series: see ``scanwright.predict``.
        masks_needed: set studies without mask aside.

    Raises:
        DataError: nothing there has a date.
    """
    source = place_of(Path(os.fspath(folder)))
    dataset = _open(folder, series)
    told = find_dates(source) if any(_date_text(case) == "" for case in dataset.cases) else {}
    set_aside = [_explained(entry) for entry in dataset.set_aside]
    by_patient: dict[str, list[Study]] = defaultdict(list)
    for case in dataset.cases:
        try:
            date = read_date(_date_text(case) or told.get(case.facts.get(STUDY, ""), ""))
            if masks_needed and "mask" not in case.targets:
                raise DataError("there is no mask", do="Add one, or name a model with --model.")
            by_patient[case.patient or ALONE].append(Study(case, date))
        except DataError as error:
            set_aside.append(SetAside(case.name, STAGE, str(error)))
    timelines = []
    for patient, studies in sorted(by_patient.items()):
        kept, left = _one_a_date(studies)
        set_aside += left
        timelines.append(Timeline(patient, kept, _doubts(kept, dataset)))
    if not timelines:
        first = f" The first: {set_aside[0]}" if set_aside else ""
        raise DataError(
            f"no study can be followed.{first}",
            subject=os.fspath(folder),
            expected="images with masks and dates: manifest.csv with the columns case, patient, date, image, "
            "mask; BIDS sessions with a date in sessions.tsv; or DICOM studies",
        )
    root = source if source.is_dir() else source.parent
    return Timelines(tuple(timelines), tuple(set_aside), dataset, root)


def read_date(text: str) -> dt.date:
    """A day written year first; the order of others is anybody's guess.

    Raises:
        DataError: there is none, it is written otherwise, or there is no such day.
    """
    if not text:
        raise DataError(
            "the date is missing", do="Write it into the column date of manifest.csv, such as 2024-03-31."
        )
    found = _ISO.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        return dt.date(*(int(part) for part in found.groups()))
    except ValueError:
        raise DataError(
            "the date is not understood", expected="year-month-day, such as 2024-03-31", received=text
        ) from None


def _open(folder: PathLikeStr, series: str | None) -> Dataset:
    """With masks where there are some."""
    try:
        inputs = open_inputs(folder, series=series)
    except DataError as error:
        if "no image" not in error.problem:
            raise
        inputs = None
    if inputs is not None and any("mask" in case.targets for case in inputs.cases):
        return inputs
    try:
        return open_dataset(folder, series=series)
    except DataError:
        if inputs is None:
            raise
        return inputs


def _date_text(case: Case) -> str:
    return next((case.facts[name] for name in DATE_COLUMNS if case.facts.get(name)), "")


def _explained(entry: SetAside) -> SetAside:
    """A mask without its image can be measured and not followed."""
    if "column image is empty" not in entry.reason:
        return entry
    reason = (
        f"{entry.case}: a mask without its image. Places of different dates are compared through the images; "
        "add the image, or measure the mask with scanwright measure."
    )
    return SetAside(entry.case, STAGE, reason)


def _one_a_date(studies: Sequence[Study]) -> tuple[tuple[Study, ...], list[SetAside]]:
    """Of several of one day that with a mask, else the first."""
    by_date: dict[dt.date, list[Study]] = defaultdict(list)
    for study in studies:
        by_date[study.date].append(study)
    kept, left = [], []
    for date in sorted(by_date):
        first, *others = sorted(by_date[date], key=lambda study: not study.has_mask)
        kept.append(first)
        reason = f"{first.name} is of the same date: one study a date is followed. Choose in manifest.csv."
        left += [SetAside(study.name, STAGE, reason) for study in others]
    return tuple(kept), left


def _doubts(studies: Sequence[Study], dataset: Dataset) -> tuple[str, ...]:
    """What speaks against one patient, or against comparing sizes, by names that the page puts in words."""
    sexes = {study.case.facts["sex"] for study in studies if study.case.facts.get("sex")}
    modalities = {study.modality for study in studies if study.modality}
    found = {
        "one_date": len(studies) == 1,
        "patient_unknown": dataset.patients == "unknown",
        "two_sexes": len(sexes) > 1,
        "modality": len(modalities) > 1,
    }
    return tuple(name for name, holds in found.items() if holds)
