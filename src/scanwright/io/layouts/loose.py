"""Images without labels, for predictions: files of any format, and DICOM series wherever they lie."""

from __future__ import annotations

from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.io.dicom.measurements import find_measurements
from scanwright.io.dicom.scan import counted, none_chosen, series_chooser, usable_volumes
from scanwright.io.dicom.unused import lying_beside
from scanwright.io.formats.table import is_picture
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.nnunet import group_channels, lazy_image
from scanwright.io.layouts.series_masks import find_masks
from scanwright.io.notes import listed

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
    wanted = series_chooser(series)
    scan = folder.scan
    notes = counted(scan)
    files = folder.images_below()
    if scan.series and wanted is None:
        # Exports come with previews and screenshots of their series.
        previews = {file for file in files if is_picture(file)}
        notes += (f"{len(previews)} pictures beside the DICOM series are not used",) if previews else ()
        files = [file for file in files if file not in previews]
    elif wanted is not None:
        files = []
    volumes, set_aside, doubled = usable_volumes(scan, wanted)
    named = find_masks(files, volumes)
    notes += (f"taken for masks of series, by their names: {listed(list(named))}",) if named else ()
    images = group_channels(tuple(file for file in files if file not in named))
    cases = [Case(name, {"image": lazy_image(folder.path, files)}) for name, files in sorted(images.items())]
    measured = find_measurements(scan, volumes)
    cases += [
        Case(
            name,
            {"image": volume.image()},
            {"values": dict(measured.values[name])} if measured.values.get(name) else {},
            patient=volume.patient,
            facts={**volume.facts, **measured.words.get(name, {})},
        )
        for name, volume in volumes.items()
    ]
    if series is not None and not cases:
        raise none_chosen(scan, series, source)
    known = any(case.patient for case in cases)
    return Dataset(
        tuple(cases),
        NAME,
        source,
        patients="PatientID in the DICOM header" if known else "unknown",
        notes=(*notes, *doubled, *measured.notes),
        set_aside=(*scan.set_aside, *set_aside),
        beside=lying_beside(scan, volumes),
    )
