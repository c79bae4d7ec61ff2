"""DICOM series: files grouped by SeriesInstanceUID and ordered by their place in the patient.

Names and folders of files play no part. Geometry after DICOM PS3.3 C.7.6.2.1.1 (Image Plane).
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from scanwright.data.case import Lazy, SetAside
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.header import Header, is_dicom, quietly, read_header
from scanwright.io.dicom.pixels import read_pixels, stacked
from scanwright.io.failures import reading
from scanwright.types import FloatArray

# Directions are written with few digits; 0.001 is 0.06 degrees.
_SAME_DIRECTION = 1e-3
_SAME_PLACE_MM = 1e-3
_TILT = 0.01  # sideways per step forwards; 0.6 degrees
_UNEVEN = 0.1  # of the median step; positions are often rounded to 0.1 mm
_GAP = 1.5
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
    """Images of one SeriesInstanceUID, each instance once, in the order of the files' paths.

    Attributes:
        root: what paths in messages are relative to.
    """

    uid: str
    headers: tuple[Header, ...]
    root: Path

    @property
    def patient(self) -> str | None:
        """PatientID, or ``None`` when it is empty or not one."""
        ids = {header.patient for header in self.headers}
        return ids.pop() if len(ids) == 1 else None

    @property
    def facts(self) -> dict[str, str]:
        """Modality and scanner, where known."""
        first = self.headers[0]
        return {
            key: value for key, value in (("modality", first.modality), ("scanner", first.scanner)) if value
        }

    @property
    def folder(self) -> Path | None:
        """The folder in which all its files lie, or ``None`` when they lie in several."""
        folders = {header.path.parent for header in self.headers}
        return folders.pop() if len(folders) == 1 else None

    def image(self, source: str) -> Lazy[Volume]:
        """The volume, read when asked for.

        Raises:
            DataError: the images do not make one volume.
        """
        place(self.headers)
        return Lazy(source, partial(read_series, self))


@dataclass(frozen=True)
class Scan:
    """What lies below a folder.

    Attributes:
        series: in the order of their first file.
        set_aside: files that look like DICOM and cannot be read.
        no_images: how many objects are no images (RTSTRUCT, SR, SEG…).
    """

    series: tuple[Series, ...]
    set_aside: tuple[SetAside, ...]
    no_images: int


def scan_tree(root: Path) -> Scan:
    """Find all DICOM series below a folder, headers only."""
    groups: dict[str, list[Header]] = defaultdict(list)
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
                    header = read_header(path)
            except DataError as error:
                set_aside.append(SetAside(subject, "read", error.problem))
                continue
            if header is None:
                no_images += 1
            elif not header.instance_uid or header.instance_uid not in seen[header.series_uid]:
                # An export often holds the same instance twice.
                seen[header.series_uid].add(header.instance_uid)
                groups[header.series_uid].append(header)
    series = tuple(Series(uid, tuple(headers), root) for uid, headers in groups.items())
    return Scan(series, tuple(set_aside), no_images)


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
    """Read one DICOM file by itself: a radiograph, or one slice.

    Raises:
        DataError: it holds no image, or several frames.
    """
    with quietly():
        header = read_header(path)
    if header is None:
        raise DataError("the DICOM object holds no image")
    return read_series(Series(header.series_uid, (header,), path.parent))


def series_of_file(path: Path, root: Path, subject: str) -> Series:
    """The header of one DICOM file, as a series of its own.

    Raises:
        DataError: it is damaged or holds no image.
    """
    with reading(subject, quote=False), quietly():
        header = read_header(path)
        if header is None:
            raise DataError("the DICOM object holds no image", subject=subject)
    return Series(header.series_uid, (header,), root)


def read_series(series: Series) -> Volume:
    """Read the pixels of a series.

    Returns:
        (channel, column, row, slice) in the units that rescale slope and intercept give (HU for CT);
        slices ordered along the normal. The affine is ``None`` for projections.

    Raises:
        DataError: the images do not make one volume, or a file is damaged.
    """
    headers, affine = place(series.headers)
    slices = []
    with quietly():
        for header in headers:
            subject = Path(os.path.relpath(header.path, series.root)).as_posix()
            with reading(subject, quote=False):
                slices.append(read_pixels(header.path))
    with reading(series.uid, quote=False):
        return Volume(stacked(slices), affine_ras=affine, modality=headers[0].modality)


def place(headers: Sequence[Header]) -> tuple[list[Header], FloatArray | None]:
    """Order images along their normal and find the affine.

    Returns:
        The headers in order, and the (4, 4) affine from (column, row, slice, 1) to patient mm, RAS+; ``None``
        where the images say no place.

    Raises:
        DataError: the images do not make one volume; says why.
    """
    first = headers[0]
    for problem, is_so in (
        ("a multi-frame image; only one image per file is read so far", any(h.n_frames > 1 for h in headers)),
        (
            "the images differ in size",
            any((h.rows, h.columns) != (first.rows, first.columns) for h in headers),
        ),
        ("the files name several patients", len({h.patient for h in headers}) > 1),
    ):
        if is_so:
            raise DataError(problem, received=f"{len(headers)} images")
    if first.position_lps is None or first.orientation_lps is None or first.spacing_mm is None:
        if len(headers) > 1:
            raise DataError(
                "several images without a place in the patient", received=f"{len(headers)} images"
            )
        return list(headers), None
    normal = _normal(headers)
    positions = np.array([header.position_lps for header in headers])
    order = np.argsort(positions @ normal, kind="stable")
    step = _step(positions[order], normal, first.thickness_mm)
    if step is None:
        return list(headers), None
    affine_lps = np.eye(4)
    affine_lps[:3, 0] = first.orientation_lps[0] * first.spacing_mm[0]
    affine_lps[:3, 1] = first.orientation_lps[1] * first.spacing_mm[1]
    affine_lps[:3, 2] = step
    affine_lps[:3, 3] = positions[order[0]]
    affine: FloatArray = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_lps
    return [headers[index] for index in order], affine


def _normal(headers: Sequence[Header]) -> FloatArray:
    first = headers[0]
    for header in headers:
        if header.position_lps is None or header.orientation_lps is None or header.spacing_mm is None:
            raise DataError("some images have no place in the patient")
        if not np.allclose(header.orientation_lps, np.asarray(first.orientation_lps), atol=_SAME_DIRECTION):
            raise DataError("the images lie in different directions (a localizer?)")
        if not np.allclose(header.spacing_mm, first.spacing_mm or (0.0, 0.0), rtol=1e-3):
            raise DataError("the images differ in PixelSpacing")
    along_columns, along_rows = np.asarray(first.orientation_lps)
    normal: FloatArray = np.cross(along_columns, along_rows)
    lengths = [np.linalg.norm(along_columns), np.linalg.norm(along_rows), np.linalg.norm(normal)]
    if not np.allclose(lengths, 1.0, atol=1e-2):
        raise DataError("ImageOrientationPatient does not hold two directions at a right angle")
    return normal


def _step(positions: FloatArray, normal: FloatArray, thickness_mm: float | None) -> FloatArray | None:
    """From one slice to the next, mm; ``None`` for a single slice of unknown thickness."""
    if len(positions) == 1:
        return None if thickness_mm is None else normal * thickness_mm
    steps = np.diff(positions @ normal)
    usual = float(np.median(steps))
    if (steps < _SAME_PLACE_MM).any():
        raise DataError("several images lie at one place (a time series, echoes, or two series in one)")
    if (steps > _GAP * usual).any():
        raise DataError(
            "slices are missing",
            received=f"{len(positions)} slices {usual:.3g} mm apart, and a gap of {steps.max():.3g} mm",
            do="Export the series again.",
        )
    if (np.abs(steps - usual) > _UNEVEN * usual).any():
        raise DataError(
            "the slices are unevenly spaced", received=f"steps of {steps.min():.3g} to {steps.max():.3g} mm"
        )
    step: FloatArray = (positions[-1] - positions[0]) / (len(positions) - 1)
    sideways = np.linalg.norm(step - (step @ normal) * normal)
    if sideways > _TILT * usual:
        raise DataError(
            "the slices are shifted against each other (gantry tilt)", received=f"{sideways:.3g} mm per slice"
        )
    return step


def counted(scan: Scan) -> tuple[str, ...]:
    """What a scan found besides series, as notes."""
    if not scan.no_images:
        return ()
    return (f"{scan.no_images} DICOM objects that are no images (RTSTRUCT, SR, SEG…) are not used",)


def names_of(series: Sequence[Series], root: Path) -> list[str]:
    """A name for each series: its folder where the folder is its own, else its SeriesInstanceUID."""
    inhabitants = Counter(
        folder for one in series for folder in {header.path.parent for header in one.headers}
    )
    names = []
    for one in series:
        folder = one.folder
        if folder is None or inhabitants[folder] > 1:
            names.append(one.uid)
        elif folder == root:
            names.append(root.resolve().name or one.uid)
        else:
            names.append(folder.relative_to(root).as_posix())
    return names
