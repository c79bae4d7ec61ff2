"""DICOM series: files grouped by SeriesInstanceUID, and the volumes that each series holds.

Names and folders of files play no part.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from scanwright.data.case import Lazy, SetAside
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.header import Plane, is_dicom, quietly, read_planes
from scanwright.io.dicom.pixels import Pixels, read_pixels, stacked
from scanwright.io.dicom.placement import place, straightened
from scanwright.io.dicom.stacks import Stack, split
from scanwright.io.dicom.suv import uptake_factor
from scanwright.io.failures import reading

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_SLICED = ("CT", "MR", "PT", "NM")
_NOT_DICOM = (
    ".nii",
    ".gz",
    ".csv",
    ".json",
    ".txt",
    ".md",
    ".png",
    ".jpg",
    ".jpeg",
    ".tif",
    ".tiff",
    ".gif",
    ".bmp",
)
_NOT_DICOM_EITHER = (
    ".nrrd",
    ".nhdr",
    ".mha",
    ".mhd",
    ".mgz",
    ".npz",
    ".npy",
    ".html",
    ".pdf",
    ".zip",
    ".toml",
    ".xml",
)


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
        """Modality, scanner, and the unit of PET, where known."""
        first = self.planes[0]
        known = {"modality": first.modality, "scanner": first.scanner}
        known["unit"] = "SUV" if self.uptake_factor is not None else ""
        return {key: value for key, value in known.items() if value}

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

    def image(self, source: str) -> Lazy[Volume]:
        """The volume, read when asked for.

        Raises:
            DataError: the planes do not make one volume.
        """
        only = self._only_volume()
        place(only.planes)
        return Lazy(source, partial(read_series, only))

    def _only_volume(self) -> Series:
        parts = self.volumes()
        if len(parts) > 1:
            raise DataError(
                "the series holds several volumes",
                received=", ".join(part.mark for part in parts),
                do="Export them as series of their own, or convert the one you need to NIfTI.",
            )
        return parts[0]


@dataclass(frozen=True)
class Scan:
    """What lies below a folder.

    Attributes:
        root: the folder.
        series: in the order of their first file.
        set_aside: files that look like DICOM and cannot be read.
        no_images: how many objects are no images (RTSTRUCT, SR, SEG…).
    """

    root: Path
    series: tuple[Series, ...]
    set_aside: tuple[SetAside, ...]
    no_images: int


def scan_tree(root: Path) -> Scan:
    """Find all DICOM series below a folder, headers only."""
    groups: dict[str, list[Plane]] = defaultdict(list)
    seen: dict[str, set[str]] = defaultdict(set)
    set_aside: list[SetAside] = []
    no_images = 0
    with quietly():
        for path in _files_below(root):
            subject = path.relative_to(root).as_posix()
            try:
                with reading(subject, quote=False):
                    if not is_dicom(path):
                        continue
                    planes = read_planes(path)
            except DataError as error:
                set_aside.append(SetAside(subject, "read", error.problem))
                continue
            if not planes:
                no_images += 1
                continue
            uid, instance = planes[0].series_uid, planes[0].instance_uid
            if not instance or instance not in seen[uid]:  # an export often holds the same instance twice
                seen[uid].add(instance)
                groups[uid].extend(planes)
    series = tuple(Series(uid, tuple(planes), root) for uid, planes in groups.items())
    return Scan(root, series, tuple(set_aside), no_images)


def _files_below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and not name.lower().endswith(_NOT_DICOM + _NOT_DICOM_EITHER):
                yield Path(folder, name)


def read_folder(folder: Path, *, subject: str = "") -> Volume:
    """Read a folder that holds one series.

    Raises:
        DataError: no series or several, or one that is not a volume.
    """
    series = one_series(folder, subject or folder.name)
    with reading(subject or folder.name, quote=False):
        return read_series(series)


def one_series(folder: Path, subject: str) -> Series:
    """The only series below a folder.

    Raises:
        DataError: there is none, or several.
    """
    found = scan_tree(folder)
    if len(found.series) != 1:
        damaged = f" and {len(found.set_aside)} unreadable files" if found.set_aside else ""
        raise DataError(
            "the folder does not hold one DICOM series",
            subject=subject,
            expected="one series",
            received=f"{len(found.series)} series{damaged}",
            do="Name the folder of one series, or the SeriesInstanceUID in a manifest."
            if found.series
            else "",
        )
    return found.series[0]


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
    frames: dict[Path, list[int]] = defaultdict(list)
    for plane in placement.planes:
        frames[plane.path].append(plane.frame)
    read: dict[tuple[Path, int], Pixels] = {}
    with quietly():
        for path, wanted in frames.items():
            subject = Path(os.path.relpath(path, series.root)).as_posix()
            with reading(subject, quote=False):
                found = read_pixels(path, wanted)
            read |= {(path, frame): pixels for frame, pixels in zip(wanted, found, strict=True)}
    with reading(series.uid, quote=False):
        array = stacked([read.pop((plane.path, plane.frame)) for plane in placement.planes])
        if series.uptake_factor not in (None, 1.0):
            array = (array * series.uptake_factor).astype(np.float32)
        array, affine = straightened(array, placement)
        return Volume(array, affine_ras=affine, modality=placement.planes[0].modality)


def why_not(series: Series, others: Sequence[Series]) -> str:
    """Why a volume of an export is not worth a case beside the others of its study; "" when it is.

    The rule: localizers never are; screenshots and single slices are not where their study has a volume.
    """
    first = series.planes[0]
    types = [plane.marks.get("ImageType") or plane.marks.get("FrameType", "") for plane in series.planes]
    if all("LOCALIZER" in one for one in types):
        return "a localizer (scout)"
    beside = [one for one in others if one is not series and one.planes[0].study_uid == first.study_uid]
    if not any(len(one.planes) > 1 and one.planes[0].position_lps is not None for one in beside):
        return ""
    if first.sop_class.startswith(SECONDARY_CAPTURE):
        return "a secondary capture (screenshot) beside the volumes of its study"
    if len(series.planes) == 1 and first.modality in _SLICED:
        return "a single slice beside the volumes of its study"
    return ""


def counted(scan: Scan) -> tuple[str, ...]:
    """What a scan found besides series, as notes."""
    if not scan.no_images:
        return ()
    return (f"{scan.no_images} DICOM objects that are no images (RTSTRUCT, SR, SEG…) are not used",)


def names_of(series: Sequence[Series], root: Path) -> list[str]:
    """A name for each series: its folder where the folder is its own, else its SeriesInstanceUID."""
    folders = {(one.uid, plane.path.parent) for one in series for plane in one.planes}
    inhabitants = Counter(folder for _, folder in folders)
    names = []
    for one in series:
        folder = one.folder
        if folder is None or inhabitants[folder] > 1:
            name = one.uid
        elif folder == root:
            name = root.resolve().name or one.uid
        else:
            name = folder.relative_to(root).as_posix()
        names.append(f"{name}_{_in_a_file_name(one.mark)}" if one.mark else name)
    return names


def _in_a_file_name(mark: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+]+", "-", mark).strip("-.")
