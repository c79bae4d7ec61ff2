"""Tracing: the lesions of one patient over all dates, found, measured and matched."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from scanwright.core.change import log_volume_sd
from scanwright.core.tracking import Seen, Track, track
from scanwright.data.case import SetAside
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.followup.lesions import Lesion, find_lesions
from scanwright.followup.measurement import THICK_SLICES_MM, Frame, frame_of, measure_lesion
from scanwright.followup.studies import Study, Timeline
from scanwright.io.masks import turned_onto
from scanwright.planning.facts import check_pair
from scanwright.registration.registration import Registration, register
from scanwright.types import FloatArray, JsonDict, Progress

MOST_LESIONS = 200
MOST_POINTS = 400
PLACE_SD_MM = {"rigid": 4.0, "affine": 3.5, "deformable": 2.5}
"""Along each axis, what is left between places of two dates."""
_NAMESPACE = uuid.UUID("7d0c5a0e-7a0b-5c57-8c0a-4b8a0f8f3c11")

Masker = Callable[[Study], Volume]


@dataclass(eq=False)
class Traced:
    """What was seen of a patient, date by date.

    Attributes:
        timeline: the studies, without those that could not be read.
        studies: what is known of each, as in ``follow.json``.
        lesions: of each study, measured.
        tracks: lesions over all dates; dates and lesions are places in the two lists above.
        registrations: of each study onto the first; ``None`` of the first, and where it failed.
        reached: for each track the dates whose image holds its place.
        set_aside: studies that could not be read.
    """

    timeline: Timeline
    studies: list[JsonDict] = field(default_factory=list)
    lesions: list[list[JsonDict]] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    registrations: list[Registration | None] = field(default_factory=list)
    reached: list[set[int]] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)


def trace(
    timeline: Timeline, masker: Masker, *, kind: str, seed: int, test_retest: float | None, progress: Progress
) -> Traced:
    """Find, measure and match the lesions of one patient.

    Args:
        timeline: of the patient.
        masker: gives the mask of a study.
        kind: of registration.
        seed: of registration.
        test_retest: standard deviation of one measured volume, in percent of it; by default from the voxels.
        progress: told of every study.
    """
    traced = Traced(timeline)
    usable: list[Study] = []
    seen: list[list[Seen] | None] = []
    first: Volume | None = None
    grids: list[Volume] = []
    for done, study in enumerate(timeline.studies):
        progress("Following", done, len(timeline.studies), study.name)
        try:
            image = study.case.image.read()
            mask = _on_grid(masker(study), image, study.name)
            frame = _frame(image, study.name)
            found = list(islice(find_lesions(mask.array[0]), MOST_LESIONS + 1))
            registration = None if first is None else register(first, image, kind, seed=seed)
        except DataError as error:
            traced.set_aside.append(SetAside(study.name, "read", str(error)))
            continue
        first = first or image
        usable.append(study)
        traced.lesions.append([_measured(one, frame, image, test_retest) for one in found[:MOST_LESIONS]])
        traced.studies.append(_described(study, usable[0], frame, registration, len(found)))
        failed = registration is not None and registration.quality.failed
        traced.registrations.append(None if failed else registration)
        back = None if registration is None or failed else registration.inverse_points
        seen.append(None if failed else [_seen(one, frame, back) for one in found[:MOST_LESIONS]])
        grids.append(Volume(np.empty((1, 0, 0, 0), np.uint8), image.affine_ras))
        traced.studies[-1]["shape"] = list(image.shape)
    notes = timeline.notes if len(usable) > 1 else tuple(dict.fromkeys(("one_date", *timeline.notes)))
    traced.timeline = Timeline(timeline.patient, tuple(usable), notes)
    if usable:
        traced.tracks = track(seen, PLACE_SD_MM[kind])
        traced.reached = [_reached(one, traced, seen, grids) for one in traced.tracks]
    progress("Following", 1, 1)
    return traced


def lesion_uid(patient: str, study: str, number: int) -> str:
    """A UID that a lesion has in every run, from where it was first seen (PS3.5, B.2: from a UUID)."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, repr((patient, study, number))).int}"


def _on_grid(mask: Volume, image: Volume, name: str) -> Volume:
    if image.affine_ras is not None:
        mask = turned_onto(mask, image.affine_ras)
    check_pair(image, mask, name)
    return mask


def _frame(image: Volume, name: str) -> Frame:
    frame = frame_of(image, name)
    if frame.unit != "mm":
        raise DataError(
            "the image does not say where it lies or how large its voxels are",
            subject=name,
            do="Give NIfTI or DICOM with spacing.",
        )
    return frame


def _measured(lesion: Lesion, frame: Frame, image: Volume, test_retest: float | None) -> JsonDict:
    """What ``measure`` says of size and place, the mean intensity, and how well the volume is known."""
    record = measure_lesion(lesion, frame)
    values = image.array[0][lesion.box][lesion.mask]
    values = values[np.isfinite(values)]
    record["mean"] = float(values.mean()) if values.size else None
    pixel, thick = _pixel_and_slice(frame)
    record["log_volume_sd"] = (
        test_retest / 100 if test_retest is not None else log_volume_sd(record["volume_ml"], pixel, thick)
    )
    return record


def _pixel_and_slice(frame: Frame) -> tuple[float, float]:
    first, second, across = frame.order
    return float(np.sqrt(frame.steps[first] * frame.steps[second])), float(frame.steps[across])


def _seen(lesion: Lesion, frame: Frame, back: Callable[[FloatArray], FloatArray] | None) -> Seen:
    """Its voxels, evenly, in the patient mm of the first study."""
    places = np.argwhere(lesion.mask)
    kept = places[:: len(places) // MOST_POINTS + 1] + [part.start for part in lesion.box]
    points = np.asarray(frame.place(kept.astype(float)))
    volume_ml = lesion.n_voxels * float(np.prod(frame.steps)) / 1000
    return Seen(points if back is None else back(points), volume_ml)


def _described(
    study: Study, first: Study, frame: Frame, registration: Registration | None, n_found: int
) -> JsonDict:
    pixel, thick = _pixel_and_slice(frame)
    failed = registration is not None and registration.quality.failed
    notes = {
        "thick": thick > THICK_SLICES_MM,
        "failed": failed,
        "modality": bool(first.modality) and study.modality != first.modality,
        "many": n_found > MOST_LESIONS,
        "empty": n_found == 0,
    }
    return {
        "study": study.name,
        "date": study.date.isoformat(),
        "day": (study.date - first.date).days,
        "modality": study.modality,
        "pixel_mm": pixel,
        "slice_mm": thick,
        "plane": frame.plane,
        "registration": None if registration is None else _told(registration),
        "notes": [name for name, holds in notes.items() if holds],
    }


def _told(registration: Registration) -> JsonDict:
    return {
        "kind": registration.kind,
        "affine_ras": registration.affine_ras.tolist(),
        **registration.quality.to_json(),
    }


def _reached(
    one: Track, traced: Traced, seen: Sequence[Sequence[Seen] | None], grids: Sequence[Volume]
) -> set[int]:
    """Dates whose image holds the place of a lesion; where it lies beyond, it is not gone but unknown."""
    date, number = one.first
    lesions = seen[date]
    if lesions is None:
        return {date}
    centre = lesions[number].centre_mm[None]
    found = set()
    for n, (study, grid) in enumerate(zip(traced.studies, grids, strict=True)):
        registration = traced.registrations[n]
        if n > 0 and registration is None:
            continue
        place = centre if registration is None else registration.points(centre)
        if grid.affine_ras is None:
            continue
        at = np.linalg.solve(grid.affine_ras, np.append(place[0], 1.0))[:3]
        if (at >= -0.5).all() and (at <= np.array(study["shape"]) - 0.5).all():
            found.add(n)
    return found
