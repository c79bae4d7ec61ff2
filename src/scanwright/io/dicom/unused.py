"""What an export holds besides its cases. Nobody learns from it, but it goes where the folder goes: it is
searched for what names a patient, and for damage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from scanwright.data.case import Case, Lazy
from scanwright.errors import DataError
from scanwright.io.dicom.header import Plane, names_person
from scanwright.io.dicom.scan import Scan, names_of
from scanwright.io.dicom.series import Series, read_file, read_series

MOST_PLANES = 5


def lying_beside(scan: Scan, used: Collection[str]) -> tuple[Case, ...]:
    """All that is not used, as cases: what headers say, and some of the planes.

    A series or volume is one case, and so is each file that belongs to no series: objects that are no images
    (also those whose labels are used), a DICOMDIR, and what can't be read.

    Args:
        scan: what lies there.
        used: names of the volumes that are cases.
    """
    volumes: list[Series] = []
    found: dict[str, Series] = {}
    for series, name in zip(scan.series, names_of(scan.series, scan.root), strict=True):
        try:
            volumes += series.volumes()
        except DataError:
            found[name] = series
    found |= dict(zip(names_of(volumes, scan.root), volumes, strict=True))
    unused = [_of_series(name, series) for name, series in found.items() if name not in used]
    return (*unused, *_of_files(scan))


def lying_in(scan: Scan, sources: Collection[str]) -> tuple[Case, ...]:
    """As :func:`lying_beside`, of a folder whose cases are named in another way.

    Args:
        scan: what lies there.
        sources: where the images of the cases are, see ``Lazy``: files, folders or series.
    """
    uids = {source.rpartition("#")[2].partition("_")[0] for source in sources}
    files = {scan.root / source for source in sources}
    used = {
        one.uid
        for one in scan.series
        if one.uid in uids or any(files & {plane.path, *plane.path.parents} for plane in one.planes)
    }
    left = replace(scan, series=tuple(one for one in scan.series if one.uid not in used))
    return lying_beside(left, ())


def _of_series(name: str, series: Series) -> Case:
    planes = _some(series.planes)
    alone = [replace(series, planes=(plane,)) for plane in planes]
    file = planes[0].path.relative_to(series.root).as_posix()
    images = {f"image {n}": Lazy(file, partial(read_series, one)) for n, one in enumerate(alone, 1)}
    return Case(name, images, facts={**series.facts, "file": file})


def _some(planes: Sequence[Plane]) -> list[Plane]:
    """A few from all over, and the first one whose file is shorter than the others."""
    some = list(planes[:: max(1, len(planes) // MOST_PLANES)][:MOST_PLANES])
    plain = [plane for plane in planes if plane.raw is not None]
    cut = [plane for plane in planes if plane.raw is None] if plain else []
    return [*(plane for plane in cut[:1] if plane not in some), *some]


def _of_files(scan: Scan) -> list[Case]:
    unread = {entry.case for entry in scan.set_aside}
    cases = []
    for path in scan.further:
        file = path.relative_to(scan.root).as_posix()
        images = {"image 1": Lazy(file, partial(read_file, path))} if file in unread else {}
        cases.append(Case(file, images, facts={"identity": "in the header"} if names_person(path) else {}))
    known = {one.uid for one in scan.series if "identity" in one.facts}
    for uid, path in scan.named_copies.items():
        if uid not in known:
            cases.append(
                Case(path.relative_to(scan.root).as_posix(), {}, facts={"identity": "in the header"})
            )
    return cases
