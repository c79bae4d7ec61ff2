"""Images without labels, for predictions: files of any format, and DICOM series wherever they lie."""

from __future__ import annotations

import re
from collections import Counter

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError, SettingsError
from scanwright.io.dicom.series import Scan, Series, counted, names_of, scan_tree, why_not
from scanwright.io.formats.table import is_picture
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.nnunet import group_channels, lazy_image

NAME = "images without labels"


def open_loose(folder: Folder, source: str, *, series: str | None = None) -> Dataset:
    """One case per image or volume of a series below the folder; pictures beside series are left out.

    An image is named by its path without suffix (NAME_0000, NAME_0001 are its channels), a series by its
    folder where that holds nothing else, else by its SeriesInstanceUID.

    Args:
        series: see :func:`io.dataset.open_inputs`.

    Raises:
        SettingsError: ``series`` is no regular expression.
        DataError: it finds none of the series.
    """
    wanted = _pattern(series)
    scan = scan_tree(folder.path)
    notes = counted(scan)
    files = folder.images_below()
    if scan.series and wanted is None:
        # Exports come with previews and screenshots of their series.
        previews = {file for file in files if is_picture(file)}
        notes += (f"{len(previews)} pictures beside the DICOM series are not used",) if previews else ()
        files = [file for file in files if file not in previews]
    elif wanted is not None:
        files = []
    images = group_channels(tuple(files))
    cases = [Case(name, {"image": lazy_image(folder.path, files)}) for name, files in sorted(images.items())]
    set_aside = list(scan.set_aside)
    volumes = _volumes(scan, set_aside)
    for volume, name in zip(volumes, names_of(volumes, folder.path), strict=True):
        reason = why_not(volume, volumes) if wanted is None else _not_wanted(volume, wanted)
        if reason:
            set_aside.append(SetAside(name, "read", reason))
            continue
        try:
            image = volume.image(name)
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error)))
            continue
        if volume.n_twice:
            notes += (f"{name}: {volume.n_twice} slices stand there twice and count once",)
        cases.append(Case(name, {"image": image}, patient=volume.patient, facts=volume.facts))
    if wanted is not None and not cases:
        found = Counter(volume.planes[0].modality or "unknown" for volume in volumes)
        raise DataError(
            "no DICOM series is of the kind that was asked for",
            subject=source,
            expected=f"one in which '{series}' is found",
            received=", ".join(f"{n} {modality}" for modality, n in found.items()) or "no series",
        )
    known = any(case.patient for case in cases)
    return Dataset(
        tuple(cases),
        NAME,
        source,
        patients="PatientID in the DICOM header" if known else "unknown",
        notes=notes,
        set_aside=tuple(set_aside),
    )


def _pattern(series: str | None) -> re.Pattern[str] | None:
    try:
        return None if series is None else re.compile(series, re.IGNORECASE)
    except re.error as error:
        raise SettingsError(
            "the pattern for series is no regular expression", received=f"{series}: {error}"
        ) from None


def _not_wanted(volume: Series, wanted: re.Pattern[str]) -> str:
    return "" if wanted.search(f"{volume.described} {volume.uid}") else "not the series that was asked for"


def _volumes(scan: Scan, set_aside: list[SetAside]) -> list[Series]:
    """The volumes of all series; a series whose files cannot be told apart is set aside."""
    volumes: list[Series] = []
    for series, name in zip(scan.series, names_of(scan.series, scan.root), strict=True):
        try:
            volumes += series.volumes()
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error)))
    return volumes
