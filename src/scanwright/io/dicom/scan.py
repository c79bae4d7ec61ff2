"""What lies below a folder of DICOM files: series by SeriesInstanceUID, volumes, and objects that label them.

Names and folders of files play no part.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scanwright.data.case import SetAside
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.io.dicom.header import Plane, is_dicom, quietly, read_planes
from scanwright.io.dicom.instances import Instances
from scanwright.io.dicom.labels import Labels
from scanwright.io.dicom.objects import read_object
from scanwright.io.dicom.placement import place
from scanwright.io.dicom.reports import Report
from scanwright.io.dicom.series import Series, read_series
from scanwright.io.failures import reading
from scanwright.io.tree import files_below

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CHOOSE = "choose"
"""The stage of what is set aside by a rule, with nothing wrong with it."""
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


@dataclass(frozen=True)
class Scan:
    """What lies below a folder.

    Attributes:
        root: the folder.
        series: in the order of their first file.
        set_aside: files that look like DICOM and cannot be read, or contradict one that was read.
        labels: objects that outline structures in images (SEG, RTSTRUCT).
        reports: of measurements (SR).
        n_other: how many further objects are no images (other SR, presentation states…).
        n_copies: files that repeat others.
        further: the files that are in no series: all of these objects, and unreadable files.
        named_copies: SeriesInstanceUID → a file that repeats one of the series, and names a person.
    """

    root: Path
    series: tuple[Series, ...]
    set_aside: tuple[SetAside, ...]
    labels: tuple[Labels, ...]
    reports: tuple[Report, ...]
    n_other: int
    n_copies: int
    further: tuple[Path, ...] = ()
    named_copies: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def series_uids(self) -> frozenset[str]:
        """Of all series, usable or not."""
        return frozenset(one.uid for one in self.series)


def scan_tree(root: Path) -> Scan:
    """Find all DICOM series and labels below a folder, headers only."""
    groups: dict[str, list[Plane]] = defaultdict(list)
    instances = Instances(root)
    set_aside: list[SetAside] = []
    objects: list[Labels | Report] = []
    further: list[Path] = []
    named_copies: dict[str, Path] = {}
    n_other = 0
    with quietly():
        for path in _files_below(root, set_aside):
            subject = path.relative_to(root).as_posix()
            try:
                with reading(subject, quote=False):
                    if not is_dicom(path):
                        continue
                    planes = read_planes(path)
                    found = None if planes else read_object(path)
                    if instances.is_copy(path, planes[0] if planes else found):
                        if planes and planes[0].identified:
                            named_copies.setdefault(planes[0].series_uid, path)
                        continue  # an export often holds the same instance twice
            except DataError as error:
                set_aside.append(SetAside(subject, "read", error.problem))
                further.append(path)
                continue
            if planes:
                groups[planes[0].series_uid].extend(planes)
                continue
            further.append(path)
            if found is not None:
                objects.append(found)
            else:
                n_other += 1
    return Scan(
        root,
        tuple(Series(uid, tuple(planes), root) for uid, planes in groups.items()),
        tuple(set_aside),
        tuple(one for one in objects if isinstance(one, Labels)),
        tuple(one for one in objects if isinstance(one, Report)),
        n_other,
        instances.n_copies,
        tuple(further),
        named_copies,
    )


def _files_below(root: Path, refused: list[SetAside]) -> Iterator[Path]:
    return (
        path
        for path in files_below(root, refused)
        if not path.name.lower().endswith(_NOT_DICOM + _NOT_DICOM_EITHER)
    )


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


def usable_volumes(
    scan: Scan, is_wanted: Callable[[Series], bool] | None = None
) -> tuple[dict[str, Series], list[SetAside], list[str]]:
    """The volumes of an export that are worth a case.

    The rule, unless told which are wanted: localizers are not; screenshots and single slices are not where
    their study has a volume; every other volume is.

    Returns:
        Name → volume; those set aside with the reason; and notes, on slices that stand there twice, slopes of
        0 and volumes that nobody asked for.
    """
    volumes: list[Series] = []
    set_aside: list[SetAside] = []
    for series, name in zip(scan.series, names_of(scan.series, scan.root), strict=True):
        try:
            volumes += series.volumes()
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error)))
    # Series that do not say their study are not taken for one.
    studies = {volume.planes[0].study_uid for volume in volumes if _is_volume(volume)} - {""}
    usable: dict[str, Series] = {}
    n_unwanted = 0
    for volume, name in zip(volumes, names_of(volumes, scan.root), strict=True):
        try:
            if is_wanted is not None and not is_wanted(volume):
                n_unwanted += 1
                continue
            if is_wanted is None and (reason := _why_not(volume, studies)):
                set_aside.append(SetAside(name, CHOOSE, reason))
                continue
            place(volume.planes)
            usable[name] = volume
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error).rstrip(".")))
    notes = [
        f"{name}: slices that stand there twice and count once: {volume.n_twice}"
        for name, volume in usable.items()
        if volume.n_twice
    ]
    notes += [
        f"{name}: RescaleSlope is 0, and is taken for 1: the values may not be what they stand for"
        for name, volume in usable.items()
        if any(plane.slope == 0 for plane in volume.planes)
    ]
    notes += [f"{n_unwanted} volumes are not of the series that was asked for"] if n_unwanted else []
    return usable, set_aside, notes


def series_chooser(series: str | None) -> Callable[[Series], bool] | None:
    """Whether a volume is of the series that an expression asks for; ``None`` when nothing is asked for.

    Raises:
        SettingsError: it is no regular expression.
    """
    if series is None:
        return None
    try:
        pattern = re.compile(series, re.IGNORECASE)
    except re.error as error:
        raise SettingsError(
            "the pattern for series is no regular expression", received=f"{series}: {error}"
        ) from None
    return lambda one: bool(pattern.search(f"{one.described} {one.uid}"))


def none_chosen(scan: Scan, series: str, source: str) -> DataError:
    """What is said when an expression finds no volume."""
    found = Counter(one.planes[0].modality or "unknown" for one in scan.series)
    return DataError(
        "no DICOM series is of the kind that was asked for",
        subject=source,
        expected=f"one in which '{series}' is found",
        received=", ".join(f"{n} {modality}" for modality, n in found.items()) or "no series",
    )


def _is_volume(series: Series) -> bool:
    first = series.planes[0]
    several = len(series.planes) > 1 and first.position_lps is not None
    return several and not _is_screenshot(series) and not _is_localizer(series)


def _is_localizer(series: Series) -> bool:
    types = (plane.marks.get("ImageType") or plane.marks.get("FrameType", "") for plane in series.planes)
    return all("LOCALIZER" in one for one in types)


def _is_screenshot(series: Series) -> bool:
    sop_class = series.planes[0].sop_class
    # With the dot: …7.1 to …7.4 are screenshots of several frames, …77 are photographs.
    return sop_class == SECONDARY_CAPTURE or sop_class.startswith(f"{SECONDARY_CAPTURE}.")


def _why_not(series: Series, studies_with_volumes: Collection[str]) -> str:
    first = series.planes[0]
    if _is_localizer(series):
        return "a localizer (scout)"
    if first.study_uid not in studies_with_volumes:
        return ""
    if _is_screenshot(series):
        return "a secondary capture (screenshot) beside the volumes of its study"
    if len(series.planes) == 1 and first.modality in _SLICED:
        return "a single slice beside the volumes of its study"
    return ""


def counted(scan: Scan, *, n_used: int = 0) -> tuple[str, ...]:
    """What a scan found besides series, as notes.

    Args:
        n_used: of the objects that outline something.
    """
    n_left = max(0, len(scan.labels) - n_used)
    n = scan.n_other + n_left
    kinds = "RTSTRUCT, SR, SEG…" if n_left else "SR…"
    notes = [f"{n} DICOM objects that are no images ({kinds}) are not used"] if n else []
    if scan.n_copies:
        notes.append(f"{scan.n_copies} DICOM files are copies of others (the same instance) and count once")
    return tuple(notes)


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
        names.append(one.named(name))
    return names
