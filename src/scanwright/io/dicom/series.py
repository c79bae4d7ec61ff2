"""DICOM series: planes of one SeriesInstanceUID, the volumes that they make, and their pixels."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from scanwright.data.case import STUDY, Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.header import Plane, quietly, read_planes
from scanwright.io.dicom.painting import Grid
from scanwright.io.dicom.pixels import gathered, measured, read_pixels, read_raw, scaled
from scanwright.io.dicom.placement import Placement, place, straightened, straightened_grid
from scanwright.io.dicom.stacks import Stack, split
from scanwright.io.dicom.suv import uptake_factor
from scanwright.io.failures import reading
from scanwright.types import AnyArray


@dataclass(frozen=True, eq=False)
class Series:
    """Planes of one SeriesInstanceUID, each instance once, in the order of the files' paths.

    Attributes:
        root: what paths in messages are relative to.
        mark: what tells this volume from the others of its series; "" when it is alone.
        n_twice: planes left out, as their place and pixels were there already.
    """

    uid: str
    planes: tuple[Plane, ...]
    root: Path
    mark: str = ""
    n_twice: int = 0

    @property
    def patient(self) -> str | None:
        """PatientID, or ``None`` when it is empty or not one."""
        ids = {plane.patient for plane in self.planes}
        return ids.pop() if len(ids) == 1 else None

    @cached_property
    def uptake_factor(self) -> float | None:
        """What PET is multiplied by to become SUV; ``None`` for other images, and where nobody can tell."""
        if self.planes[0].modality != "PT":
            return None
        try:
            with reading(self.uid, quote=False), quietly():
                return uptake_factor(self.planes[0].path)
        except DataError:
            return None  # a header with a damaged weight or dose: the values stay what they are

    @property
    def facts(self) -> dict[str, str]:
        """Modality, scanner, body part, view, sex and age, a code of the study, the unit of PET, and whether
        header or picture name the patient, where known.
        """
        first = self.planes[0]
        known = {"modality": first.modality, "scanner": first.scanner}
        known |= {"body_part": first.body_part, "view": first.view, "sex": first.sex, "age": first.age}
        # Facts are written into manifests: a UID leads back to the hospital's archive, and a code of it not.
        known[STUDY] = hashlib.sha256(first.study_uid.encode()).hexdigest()[:12] if first.study_uid else ""
        known["unit"] = "SUV" if self.uptake_factor is not None else ""
        known["identity"] = "in the header" if any(plane.identified for plane in self.planes) else ""
        known["burned_in"] = "yes" if any(plane.burned_in for plane in self.planes) else ""
        return {key: value for key, value in known.items() if value}

    @cached_property
    def instance_uids(self) -> frozenset[str]:
        """The SOPInstanceUIDs of its files."""
        return frozenset(plane.instance_uid for plane in self.planes)

    @property
    def entry(self) -> str:
        """What tells it from all else in its export: the SeriesInstanceUID, and its mark if it has one."""
        return self.named(self.uid)

    def named(self, name: str) -> str:
        """A name of its series with its mark, in letters that any file system takes."""
        mark = re.sub(r"[^A-Za-z0-9.+]+", "-", self.mark).strip("-.")
        return f"{name}_{mark}" if self.mark else name

    @property
    def described(self) -> str:
        """Modality and description. For matching, not for messages: a description can name a patient."""
        return f"{self.planes[0].modality} {self.planes[0].description}".strip()

    @property
    def folder(self) -> Path | None:
        """The folder in which all its files lie, or ``None`` when they lie in several."""
        folders = {plane.path.parent for plane in self.planes}
        return folders.pop() if len(folders) == 1 else None

    def volumes(self) -> tuple[Series, ...]:
        """The volumes that it holds, mostly one: echoes, phases and directions are told apart."""
        with reading(self.uid, quote=False), quietly():
            parts = split(self.planes)
        return tuple(self._part(part) for part in parts)

    def _part(self, part: Stack) -> Series:
        return replace(self, planes=part.planes, mark=part.mark, n_twice=part.n_twice)

    def image(self, source: str = "") -> Lazy[Volume]:
        """The volume, read when asked for.

        Args:
            source: where it is, see ``Lazy``; by default it is named as one of the dataset's folder.

        Raises:
            DataError: the planes do not make one volume.
        """
        only = self._only_volume()
        place(only.planes)
        return Lazy(source or f"#{self.entry}", partial(read_series, only), origin=only)

    def _only_volume(self) -> Series:
        parts = self.volumes()
        if len(parts) > 1:
            raise DataError(
                "the series holds several volumes",
                received=", ".join(part.mark for part in parts),
                do="Export them as series of their own, or convert the one you need to NIfTI.",
            )
        return parts[0]


def read_file(path: Path) -> Volume:
    """Read one DICOM file by itself: a radiograph, one slice, or a volume of frames.

    Raises:
        DataError: it holds no image, or frames that make no volume.
    """
    return read_series(series_of_file(path, path.parent, path.name))


def series_of_file(path: Path, root: Path, subject: str) -> Series:
    """The header of one DICOM file, as a series of its own.

    Raises:
        DataError: it is damaged or holds no image.
    """
    with reading(subject, quote=False), quietly():
        planes = read_planes(path)
        if not planes:
            raise DataError("the DICOM object holds no image", subject=subject)
    return Series(planes[0].series_uid, planes, root)


def read_series(series: Series) -> Volume:
    """Read the pixels of a series that is one volume.

    Returns:
        (channel, column, row, slice) in the units that rescale slope and intercept give (HU for CT), PET in
        SUV where the header tells enough; slices ordered along the normal, the gantry's tilt taken out. The
        affine is ``None`` for projections.

    Raises:
        DataError: the planes do not make one volume, or a file is damaged.
    """
    series = series._only_volume()
    placement = place(series.planes)
    planes = placement.planes
    with reading(series.uid, quote=False), quietly():
        stored = gathered(_stored(series, placement), len(planes))
        array = measured(stored, [one.slope for one in planes], [one.intercept for one in planes])
        if series.uptake_factor is not None and series.uptake_factor != 1.0:
            array = scaled(array, series.uptake_factor)
        array, affine = straightened(array, placement)
        return Volume(array, affine_ras=affine, modality=planes[0].modality)


def _stored(series: Series, placement: Placement) -> Iterator[tuple[int, AnyArray]]:
    """The number and the stored values of each plane, file by file."""
    by_file: dict[Path, dict[int, tuple[int, Plane]]] = defaultdict(dict)
    for number, plane in enumerate(placement.planes):
        by_file[plane.path][plane.frame] = number, plane
    for path, frames in by_file.items():
        with reading(Path(os.path.relpath(path, series.root)).as_posix(), quote=False):
            numbers, planes = zip(*(frames[frame] for frame in sorted(frames)), strict=True)
            raw = planes[0].raw
            pixels = read_pixels(path, frames) if raw is None else (read_raw(plane, raw) for plane in planes)
            yield from zip(numbers, pixels, strict=True)


def read_grid(series: Series) -> Grid:
    """The grid on which :func:`read_series` gives a volume, without its pixels.

    Raises:
        DataError: the planes do not make one volume, or say no place.
    """
    planes = series._only_volume().planes
    placement = place(planes)
    if placement.affine_ras is None:
        raise DataError("the image has no place in the patient, so that nothing can be drawn into it")
    shape = (planes[0].columns, planes[0].rows, len(planes))
    box, affine = straightened_grid(shape, placement)
    return Grid(box, affine)
