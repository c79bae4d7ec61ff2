"""Objects: what DICOM objects need of the measurements, and those of lesions that are followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from scanwright.data.case import SetAside
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.followup.choices import LesionChoice
from scanwright.followup.lesions import find_lesions
from scanwright.followup.measurement import diameters_of, frame_of
from scanwright.followup.studies import Study
from scanwright.inference.model import Model
from scanwright.inference.objects import NO_SOURCE, STAGE
from scanwright.inference.results import OBJECTS
from scanwright.io.dicom.writing.measurement_report import measurement_report
from scanwright.io.dicom.writing.result import Algorithm, Structure, highdicom, making, write_object
from scanwright.io.dicom.writing.segmentation import segmentation
from scanwright.io.dicom.writing.source import find_source
from scanwright.report.palette import SERIES, rgb
from scanwright.types import JsonDict

KINDS = ("sr",)
_SIZES = ("volume_ml", "long_mm", "short_mm")


def measure_labels(mask: Volume) -> dict[int, dict[str, float]]:
    """Of each label the diameters of its largest piece in mm, as ``measure`` has them.

    Nothing where the spacing is unknown.

    Raises:
        DataError: the voxel axes are not at right angles.
    """
    frame = frame_of(mask)
    if frame.unit != "mm":
        return {}
    found: dict[int, dict[str, float]] = {}
    for lesion in find_lesions(np.asarray(mask.array[0])):
        if lesion.label not in found:
            found[lesion.label] = diameters_of(lesion, frame)
    return found


def check_kinds(kinds: Sequence[str]) -> None:
    """Refuse, before the long work, what could not be written later.

    Raises:
        SettingsError: no such kind.
        MissingExtraError: what writes them is not installed.
    """
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise SettingsError(
            "no such kind of DICOM object", expected=", ".join(KINDS), received=f"also={', '.join(unknown)}"
        )
    if kinds:
        highdicom()


def algorithm_of(model: Model | None) -> Algorithm:
    """How objects name what told lesions apart, and the model that outlined them, if one did."""
    program, digest = version("scanwright"), model.sha256 if model else "none"
    named = f"{program}, model {digest[:12]}" if model else program
    return Algorithm("scanwright follow", named, program, digest)


def write_lesions(
    folder: Path,
    root: Path,
    study: Study,
    mask: Volume,
    seen: Sequence[tuple[LesionChoice, JsonDict]],
    algorithm: Algorithm,
) -> Iterator[Path | SetAside]:
    """Write the lesions of one date as ``dicom/CASE.seg.dcm``, a segment for each, and their measurements as
    ``dicom/CASE.sr.dcm``: each has the tracking identifiers that it has on every date.

    Args:
        folder: where results go.
        root: the folder that the images lie in.
        study: of the date.
        mask: on the grid of its image.
        seen: lesions with what was measured of them at that date, ``pieces`` by their numbers in the mask.
        algorithm: see ``algorithm_of``.

    Raises:
        OutputError: the disk is full, or writing is not allowed.
    """
    if not seen:
        return
    try:
        source = find_source(study.case, root)
        if source is None:
            yield SetAside(study.name, STAGE, NO_SOURCE)
            return
        numbers = np.zeros(mask.shape, np.uint16)
        owner = {piece: n for n, (_, row) in enumerate(seen, start=1) for piece in row["pieces"]}
        for lesion in find_lesions(np.asarray(mask.array[0])):
            if lesion.number in owner:
                numbers[lesion.box][lesion.mask] = owner[lesion.number]
        structures = [
            Structure(
                n,
                f"lesion {one.name}",
                rgb(SERIES[(n - 1) % len(SERIES)]),
                {name: row[name] for name in _SIZES},
                tracking_id=one.name,
                tracking_uid=one.uid,
            )
            for n, (one, row) in enumerate(seen, start=1)
        ]
        with making():
            outlined = segmentation(source, numbers, structures, algorithm, outlined_before=study.has_mask)
            told = measurement_report(source, outlined, structures, algorithm, study.date.isoformat())
    except DataError as error:
        yield SetAside(study.name, STAGE, f"no sr: {error.problem}")
        return
    yield write_object(folder / OBJECTS / f"{study.name}.seg.dcm", outlined)
    yield write_object(folder / OBJECTS / f"{study.name}.sr.dcm", told)
