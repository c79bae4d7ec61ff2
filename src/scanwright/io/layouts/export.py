"""An untouched DICOM export whose labels are DICOM too: SEG or RTSTRUCT objects beside their images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from scanwright.data.case import Case, SetAside
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io.dicom.labels import Labels, lazy_labels, name_structures
from scanwright.io.dicom.scan import counted, series_chooser, usable_volumes
from scanwright.io.dicom.series import Series
from scanwright.io.layouts.folder import Folder

NAME = "DICOM with SEG or RTSTRUCT"


def is_complete(folder: Folder) -> bool:
    """True when some object below outlines structures, and there are images."""
    return bool(folder.scan.labels and folder.scan.series)


def open_export(folder: Folder, source: str, *, series: str | None = None) -> Dataset:
    """One case for each volume that an object outlines something in, named as in an export without labels.

    An object belongs to the series that it refers to; where that is not there, to the only volume of its
    frame of reference, and a note says so. The value of a structure in the masks is the place of its name in
    the alphabet, over all cases.

    Args:
        series: see :func:`io.dataset.open_inputs`; images without labels are then cases too.

    Raises:
        SettingsError: ``series`` is no regular expression.
    """
    scan, wanted = folder.scan, series_chooser(series)
    volumes, set_aside, notes = usable_volumes(scan, wanted)
    notes += counted(scan, labels_used=True)
    of: dict[str, list[Labels]] = defaultdict(list)
    for one in scan.labels:
        subject = one.path.relative_to(folder.path).as_posix()
        fitting, by_frame = _images_of(one, volumes)
        if len(fitting) != 1:
            if not fitting and wanted is not None:
                continue
            reason = "the image that it outlines is not there"
            if fitting:
                reason = f"it may outline any of {len(fitting)} volumes of one series or frame of reference"
            set_aside.append(SetAside(subject, "read", reason))
            continue
        of[fitting[0]].append(one)
        if by_frame:
            notes.append(f"{subject}: its image is not there; it is taken for the only one in its space")
    names = name_structures(scan.labels)
    cases = []
    for name, volume in volumes.items():
        try:
            _check(of[name], needed=wanted is None)
        except DataError as error:
            set_aside.append(SetAside(name, "read", str(error).rstrip(".")))
            continue
        targets = {"mask": lazy_labels(volume, of[name], names)} if of[name] else {}
        cases.append(Case(name, {"image": volume.image()}, targets, volume.patient, facts=volume.facts))
    known = any(case.patient for case in cases)
    return Dataset(
        tuple(cases),
        NAME,
        source,
        class_names={str(value): name for value, name in names.items()},
        patients="PatientID in the DICOM header" if known else "unknown",
        notes=tuple(notes),
        set_aside=(*scan.set_aside, *set_aside),
    )


def _images_of(labels: Labels, volumes: Mapping[str, Series]) -> tuple[list[str], bool]:
    """The names of the volumes that an object may outline, and whether only their space says so."""
    named = [name for name, volume in volumes.items() if volume.uid in labels.series_uids]
    if named or not labels.frame_uid:
        return named, False
    return [name for name, one in volumes.items() if one.planes[0].frame_uid == labels.frame_uid], True


def _check(labels: Sequence[Labels], *, needed: bool) -> None:
    """Whether an image has labels, and none of its structures twice."""
    if not labels and needed:
        raise DataError("no SEG or RTSTRUCT outlines anything in it")
    seen: set[str] = set()
    for one in labels:
        own = {name.casefold() for name in one.names.values()}
        if seen & own:
            raise DataError(
                "two objects outline a structure of one name in it: two readers, or two versions?",
                do="Take one of them out of the folder.",
            )
        seen |= own
