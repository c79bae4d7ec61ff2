"""The Python front door of following patients: what ``scanwright.follow`` does."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from scanwright.core.growth import Growth, Population
from scanwright.data.case import SetAside
from scanwright.data.prediction import MaskPrediction
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.followup import assessment, choices, tables
from scanwright.followup.assessment import Followed
from scanwright.followup.choices import LesionChoice, Reader
from scanwright.followup.cohort import describe_cohort
from scanwright.followup.objects import algorithm_of, check_kinds, write_lesions
from scanwright.followup.places import look_at_lesions
from scanwright.followup.studies import Study, Timelines, find_timelines
from scanwright.followup.targets import propose_roles, size_lesion
from scanwright.followup.tracing import Masker, Traced, trace
from scanwright.inference.model import Model
from scanwright.inference.package import load
from scanwright.inference.results import OBJECTS, write_mask_result
from scanwright.io.apart import keep_apart
from scanwright.io.failures_csv import write_failures
from scanwright.io.files import claim_folder, finite, kept_if_filled, write_bytes, write_json, write_text
from scanwright.io.masks import turned_onto
from scanwright.io.writing.names import distinct, for_files
from scanwright.registration.registration import KINDS
from scanwright.report.cohort import render_cohort
from scanwright.report.follow import render_patient
from scanwright.report.pdf import check_pdf, render_pdf
from scanwright.report.strips import Strip
from scanwright.report.texts import Words
from scanwright.types import JsonDict, PathLikeStr, Progress, silent

RECORD, PAGE, READER, FAILURES = "follow.json", "follow.html", "reader.toml", "failures.csv"
PATIENTS, MASKS, PDF = "patients", "masks", "follow.pdf"
OWN = (RECORD, PAGE, READER, FAILURES, PATIENTS, MASKS, PDF, OBJECTS, *tables.FILES)
DEFAULT_RULES = ("recist", "irecist", "volume")
MOST_PAGES = 200


@dataclass(frozen=True, eq=False)
class FollowUp:
    """What ``follow`` gave.

    Attributes:
        content: what ``follow.json`` holds.
        set_aside: studies that could not be followed, and why.
        out: where it was written, or ``None``.
    """

    content: JsonDict
    set_aside: tuple[SetAside, ...]
    out: Path | None

    @property
    def patients(self) -> list[JsonDict]:
        """Each patient's lesions, verdicts and forecasts."""
        return list(self.content["patients"])


def follow(
    folder: PathLikeStr,
    out: PathLikeStr | None = None,
    *,
    model: Model | PathLikeStr | None = None,
    reader: PathLikeStr | None = None,
    register: str = "rigid",
    rules: Sequence[str] = DEFAULT_RULES,
    test_retest: float | None = None,
    series: str | None = None,
    lang: str = "en",
    pdf: bool = False,
    also: Sequence[str] = (),
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> FollowUp:
    """Follow each lesion of a patient, or of many, over all dates: size, change, growth, response.

    Args:
        folder: images with masks and dates (manifest.csv, BIDS sessions, DICOM studies), or tables TU and TR
            of CDISC.
        out: where the page, ``follow.json``, ``reader.toml`` and the tables go; ``None`` writes nothing.
        model: outlines lesions where there is no mask.
        reader: a ``reader.toml`` with what a reader chose otherwise; by default that in ``out``, where it is
            overwritten.
        register: how each date is laid onto the first, "rigid", "affine" or "deformable".
        rules: of "recist", "irecist", "volume" and "rano"; RECIST 1.1 is always assessed.
        test_retest: standard deviation of a volume measured twice, in percent; by default from the voxels.
        series: of a DICOM export, see ``predict``.
        lang: language of the pages, "en" or "zh".
        pdf: also write the first page as PDF.
        also: "sr" writes the lesions of dates from DICOM to ``out/dicom``, as SEG and report, with
            the same tracking identifiers on every date.
        seed: of registration and forecasts.
        device, threads: see Settings; for the model.
        overwrite: replace what an earlier run wrote.
        progress: told of every study.

    Raises:
        DataError: nothing can be followed.
        ModelError, OutputError, SettingsError, MissingExtraError: see the message.
    """
    Words(lang)
    _check(register, rules, test_retest)
    if pdf:
        check_pdf(lang)
    check_kinds(also)
    asked = _Asked(
        _read_choices(reader, out, overwrite=overwrite),
        *(register, test_retest, series, seed, {"device": device, "threads": threads}, progress, bool(also)),
    )
    place: Path | None = None
    if tables.are_tables(Path(folder)):
        if reader is not None:
            raise SettingsError(
                "tables hold a reader's choices already", received=f"reader={os.fspath(reader)}"
            )
        place = None if out is None else claim_folder(out, overwrite=overwrite, own=OWN)
        gathered = _gather_tables(Path(folder))
    else:
        loaded = load(model) if isinstance(model, (str, os.PathLike)) else model
        found = find_timelines(folder, series=series, masks_needed=loaded is None)
        if out is not None:
            keep_apart(Path(out), found.dataset)
            place = claim_folder(out, overwrite=overwrite, own=OWN)
        gathered = _gather_studies(found, asked, loaded, place)
    if not gathered.patients:
        first = f" The first: {gathered.set_aside[0]}" if gathered.set_aside else ""
        raise DataError(f"no study can be followed.{first}", subject=os.fspath(folder))
    gathered.set_aside.extend(_not_laid(gathered))
    content = _describe(gathered, asked, rules)
    result = FollowUp(finite(content), tuple(gathered.set_aside), place)
    if place is not None:
        with kept_if_filled(place):
            _write(result, gathered.patients, place, lang, pdf=pdf)
    return result


def _read_choices(reader: PathLikeStr | None, out: PathLikeStr | None, *, overwrite: bool) -> Reader:
    """Choices are never lost by writing over them."""
    if reader is None and out is not None and overwrite and (Path(out) / READER).is_file():
        reader = Path(out) / READER
    return Reader() if reader is None else choices.read_reader(Path(reader))


@dataclass(frozen=True, eq=False)
class _Asked:
    """What the user asked for, beside the data; see ``follow``."""

    reader: Reader
    register: str
    test_retest: float | None
    series: str | None
    seed: int
    running: JsonDict
    progress: Progress
    objects: bool = False


@dataclass(frozen=True, eq=False)
class _Gathered:
    """Patients, what could not be used, and what is known of where they come from."""

    patients: list[_Patient]
    set_aside: list[SetAside]
    source: JsonDict


def _gather_tables(folder: Path) -> _Gathered:
    read = tables.read_tables(folder)
    source = {"source": folder.name, "layout": tables.LAYOUT, "several_readers": read.several_readers}
    patients = [
        _Patient(name, one, (), {}, "tables", subject=subject) for name, one, subject in read.patients
    ]
    return _Gathered(patients, list(read.set_aside), source)


def _gather_studies(found: Timelines, asked: _Asked, model: Model | None, place: Path | None) -> _Gathered:
    dataset = found.dataset
    source = {"source": Path(dataset.source).name, "layout": dataset.layout, "several_readers": False}
    gathered = _Gathered([], list(found.set_aside), source)
    left = {one.case for one in found.set_aside}
    known = {one.patient: {*(study.name for study in one.studies), *left} for one in found.timelines}
    choices.check_known(asked.reader, known)
    outliner = _Outliner(model, found, place, asked.running)
    for timeline in found.timelines:
        traced = trace(
            timeline,
            outliner,
            kind=asked.register,
            seed=asked.seed,
            test_retest=asked.test_retest,
            progress=asked.progress,
        )
        gathered.set_aside.extend(traced.set_aside)
        if traced.studies:
            patient = _chosen(traced, asked.reader, dataset.class_names, outliner, drawn=place is not None)
            gathered.patients.append(patient)
            if asked.objects and place is not None:
                written = _write_objects(place, found, traced, patient, outliner, model)
                gathered.set_aside.extend(one for one in written if isinstance(one, SetAside))
    return gathered


def _write_objects(
    place: Path, found: Timelines, traced: Traced, patient: _Patient, masker: Masker, model: Model | None
) -> Iterator[Path | SetAside]:
    """The lesions of each date as DICOM."""
    algorithm = algorithm_of(model)
    for date, study in enumerate(traced.timeline.studies):
        rows = [(one, patient.followed.sizes[one.name][date]) for one in patient.followed.lesions]
        seen = [(one, row) for one, row in rows if row["status"] == "seen"]
        mask, image = masker(study), study.case.image.read()
        mask = mask if image.affine_ras is None else turned_onto(mask, image.affine_ras)
        yield from write_lesions(place, found.root, study, mask, seen, algorithm)


def _not_laid(gathered: _Gathered) -> list[SetAside]:
    """Studies that were measured, and whose lesions could not be matched by place."""
    words = Words("en")
    return [
        SetAside(
            study["study"],
            "register",
            f"{words('follow.study.failed')} {words('follow.failed.' + study['registration']['reason'])}. "
            "Its lesions are measured and not matched: say which they are in reader.toml.",
        )
        for patient in gathered.patients
        for study in patient.followed.studies
        if study["registration"] is not None and study["registration"]["failed"]
    ]


def _describe(gathered: _Gathered, asked: _Asked, rules: Sequence[str]) -> JsonDict:
    """What stands in ``follow.json``."""
    patients = [_content(one, rules, asked.seed) for one in gathered.patients]
    return {
        "schema_version": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **gathered.source,
        "register": asked.register,
        "rules": [rule for rule in assessment.RULES if rule in (*rules, "recist")],
        "test_retest_percent": asked.test_retest,
        "seed": asked.seed,
        "patients": patients,
        "cohort": describe_cohort(patients) if len(patients) > 1 else None,
        "set_aside": [vars(one) for one in gathered.set_aside],
        "versions": {name: version(name) for name in ("scanwright", "numpy", "scipy", "SimpleITK")},
    }


@dataclass(frozen=True, eq=False)
class _Patient:
    """What was chosen and measured, what a reader changed, pictures by lesion, and what a table says of whose
    they are."""

    name: str
    followed: Followed
    changes: Sequence[JsonDict]
    strips: dict[str, list[Strip | None]]
    kind: str = "images"
    notes: Sequence[str] = ()
    subject: Mapping[str, str] = field(default_factory=dict)


def _check(register: str, rules: Sequence[str], test_retest: float | None) -> None:
    if register not in KINDS:
        raise SettingsError(
            "no such registration", expected=", ".join(KINDS), received=f"register={register}"
        )
    if unknown := [rule for rule in rules if rule not in assessment.RULES]:
        raise SettingsError(
            "no such rules", expected=", ".join(assessment.RULES), received=f"rules={', '.join(unknown)}"
        )
    if test_retest is not None and not 0 < test_retest <= 200:
        raise SettingsError(
            "the test-retest error is a percentage",
            expected="above 0, at most 200",
            received=f"test_retest={test_retest}",
        )


class _Outliner:
    """Gives the mask of a study: its own, or the model's, which is kept and written."""

    def __init__(self, model: Model | None, found: Timelines, out: Path | None, running: JsonDict) -> None:
        self._model, self._found, self._out, self._options = model, found, out, running
        self._made: dict[str, Volume] = {}

    def __call__(self, study: Study) -> Volume:
        if study.has_mask:
            return study.case.mask.read()
        if study.name not in self._made:
            self._made[study.name] = self._outlined(study)
        return self._made[study.name]

    def _outlined(self, study: Study) -> Volume:
        if self._model is None:
            raise DataError("there is no mask", subject=study.name)
        _, prediction = next(iter(self._model.run([study.case], **self._options)))
        if isinstance(prediction, SetAside):
            raise DataError(prediction.reason, subject=study.name)
        if not isinstance(prediction, MaskPrediction):
            raise SettingsError(
                "the model outlines nothing", expected="a model of segmentation", do="Name another --model."
            )
        if self._out is not None:
            write_mask_result(self._out / MASKS, study.case, prediction, self._found.root)
        return prediction.mask


def _chosen(
    traced: Traced, reader: Reader, label_names: Mapping[str, str], masker: Masker, *, drawn: bool
) -> _Patient:
    """Proposals, and what a reader makes of them."""
    patient = traced.timeline.patient
    lesions, moved = choices.overrule_places(choices.propose_lesions(traced, label_names), reader, traced)
    sizes = {one.name: size_lesion(one, traced.studies, traced.lesions) for one in lesions}
    for row, one in ((row, one) for row in reader.lesions.get(patient, ()) for one in lesions):
        # Whether it is a node decides what may be a target, so that comes first.
        if row.get("uid") == one.uid:
            one.node, one.organ = row.get("node", one.node), row.get("organ", one.organ)
    propose_roles(lesions, sizes)
    turned = choices.overrule_roles(lesions, reader, patient)
    visits, said = choices.read_visits(reader, traced, lesions)
    followed = Followed(lesions, sizes, visits, traced.studies)
    strips = look_at_lesions(traced, followed, masker) if drawn else {}
    return _Patient(patient, followed, (*moved, *turned, *said), strips, notes=traced.timeline.notes)


def _content(patient: _Patient, rules: Sequence[str], seed: int) -> JsonDict:
    """A patient as in ``follow.json``."""
    followed, population = patient.followed, Population()
    studies = followed.studies
    first = dt.date.fromisoformat(studies[0]["date"]) if studies[0]["date"] else dt.date(1970, 1, 1)
    growths, lesions = dict[str, Growth](), list[JsonDict]()
    for one in followed.lesions:
        rows, seen = followed.sizes[one.name], assessment.comparable(followed, one)
        growth = assessment.growth_of(rows, seen, population)
        if growth is not None:
            growths[one.name] = growth
        lesions.append(
            _plain(one)
            | {
                "sizes": list(rows),
                "compared": seen,
                "changes": assessment.change_of(seen, population),
                "growth": None if growth is None else assessment.tell_growth(growth, first),
            }
        )
    return {
        "patient": patient.name,
        "from": patient.kind,
        "subject": dict(patient.subject),
        "studies": list(studies),
        "lesions": lesions,
        **assessment.assess_patient(followed, rules),
        "warning": assessment.warn(followed, growths, first, seed),
        "overruled": list(patient.changes),
        "notes": list(patient.notes),
    }


def _plain(one: LesionChoice) -> JsonDict:
    told = {name: getattr(one, name) for name in ("name", "uid", "role", "why", "node", "organ", "into")}
    return told | {"events": [{"study": study, "event": event} for study, event in one.events]}


def _write(result: FollowUp, patients: Sequence[_Patient], place: Path, lang: str, *, pdf: bool) -> None:
    content = result.content
    write_json(place / RECORD, content)
    write_text(
        place / READER,
        choices.reader_text([(one.name, one.followed.lesions, one.followed.visits) for one in patients]),
    )
    tables.write_tables(place, content["patients"])
    write_failures(place / FAILURES, result.set_aside)
    pages = list(_pages(content, patients, lang))
    if len(pages) == 1:
        main = pages[0][1]
    else:
        (place / PATIENTS).mkdir(exist_ok=True)
        for name, page in pages:
            write_text(place / PATIENTS / f"{name}.html", page)
        main = render_cohort(content, [f"{PATIENTS}/{name}.html" for name, _ in pages], lang)
    write_text(place / PAGE, main)
    if pdf:
        write_bytes(place / PDF, render_pdf(main, lang))


def _pages(content: JsonDict, patients: Sequence[_Patient], lang: str) -> Iterator[tuple[str, str]]:
    shown = patients[:MOST_PAGES]
    names = distinct({n: one.name for n, one in enumerate(shown)}, for_files)
    for n, one in enumerate(shown):
        yield names[n], render_patient(content, content["patients"][n], one.strips, lang)
