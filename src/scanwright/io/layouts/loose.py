"""Images without labels, for predictions: files of any format, and DICOM series wherever they lie."""

from __future__ import annotations

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io.dicom.series import Scan, Series, counted, names_of, scan_tree, why_not
from scanwright.io.formats.table import is_picture
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.nnunet import group_channels, lazy_image

NAME = "images without labels"


def open_loose(folder: Folder, source: str) -> Dataset:
    """One case per image or series below the folder; pictures beside series are left out.

    An image is named by its path without suffix (NAME_0000, NAME_0001 are its channels), a series by its
    folder where that holds nothing else, else by its SeriesInstanceUID.
    """
    scan = scan_tree(folder.path)
    notes = counted(scan)
    files = folder.images_below()
    if scan.series:
        # Exports come with previews and screenshots of their series.
        previews = {file for file in files if is_picture(file)}
        notes += (f"{len(previews)} pictures beside the DICOM series are not used",) if previews else ()
        files = [file for file in files if file not in previews]
    images = group_channels(tuple(files))
    cases = [Case(name, {"image": lazy_image(folder.path, files)}) for name, files in sorted(images.items())]
    set_aside = list(scan.set_aside)
    volumes = _volumes(scan, set_aside)
    for series, name in zip(volumes, names_of(volumes, folder.path), strict=True):
        reason = why_not(series, volumes)
        if reason:
            set_aside.append(SetAside(name, "read", reason))
            continue
        try:
            image = series.image(name)
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error)))
            continue
        if series.n_twice:
            notes += (f"{name}: {series.n_twice} slices stand there twice and count once",)
        cases.append(Case(name, {"image": image}, patient=series.patient, facts=series.facts))
    known = any(case.patient for case in cases)
    return Dataset(
        tuple(cases),
        NAME,
        source,
        patients="PatientID in the DICOM header" if known else "unknown",
        notes=notes,
        set_aside=tuple(set_aside),
    )


def _volumes(scan: Scan, set_aside: list[SetAside]) -> list[Series]:
    """The volumes of all series; a series whose files cannot be told apart is set aside."""
    volumes: list[Series] = []
    for series, name in zip(scan.series, names_of(scan.series, scan.root), strict=True):
        try:
            volumes += series.volumes()
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error)))
    return volumes
