"""An untouched DICOM export with labels: SEG or RTSTRUCT, measurement reports, or masks by their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from scanwright.data.case import Case, Lazy, SetAside, Target
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.io.dicom.labels import Labels, lazy_labels, notes_on, values_of
from scanwright.io.dicom.measurements import find_measurements
from scanwright.io.dicom.reference import find_images
from scanwright.io.dicom.scan import (
    CHOOSE,
    Scan,
    counted,
    names_of,
    none_chosen,
    series_chooser,
    usable_volumes,
)
from scanwright.io.dicom.series import Series, read_grid
from scanwright.io.dicom.unused import lying_beside
from scanwright.io.layouts.description import read_description
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.series_masks import find_masks, lazy_series_mask
from scanwright.io.notes import listed

NAME = "DICOM with labels"

_TWINS = (
    "two objects outline a structure of one name in it: two readers, or two versions? Take one of them out "
    "of the folder"
)


def has_objects(folder: Folder) -> bool:
    """True when there are images, and a SEG or RTSTRUCT outlines something."""
    return bool(folder.scan.series and folder.scan.labels)


def is_complete(folder: Folder) -> bool:
    """True when there are images, and something below outlines or measures what is in them."""
    scan = folder.scan
    if not scan.series:
        return False
    named = dict(zip(names_of(scan.series, folder.path), scan.series, strict=True))
    return bool(scan.labels or scan.reports or find_masks(folder.images_below(), named))


@dataclass
class _Matched:
    """What was found to each volume, by its name.

    Attributes:
        missing: what is said of a volume without a mask.
        class_names: value in the masks → name.
        masks: volume → its mask, read when asked for.
        notes: how they were matched, and how they become masks.
        set_aside: objects and volumes that cannot be used, with the reason.
    """

    missing: str
    class_names: Mapping[str, str]
    masks: dict[str, Lazy[Volume]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)


def open_export(folder: Folder, source: str, *, series: str | None = None) -> Dataset:
    """One case for each volume that something outlines; numbers of reports are their values.

    SEG and RTSTRUCT belong to the series that they refer to; where that is not there, to the only volume of
    their frame of reference, and a note says so. Where an export has none of them, mask files are matched
    by name, and a note says so. Cases are named as in an export without labels.

    Args:
        series: see :func:`io.dataset.open_inputs`; images without labels are then cases too.

    Raises:
        SettingsError: ``series`` is no regular expression.
        DataError: it finds none of the series.
    """
    scan, wanted = folder.scan, series_chooser(series)
    volumes, set_aside, notes = usable_volumes(scan, wanted)
    if series is not None and not volumes:
        raise none_chosen(scan, series, source)
    named = find_masks(folder.images_below(), volumes)
    if scan.labels:
        matched = _by_reference(scan, volumes, wanted)
        matched.notes += [f"not used, as SEG or RTSTRUCT are there: {listed(list(named))}"] if named else []
    else:
        matched = _by_name(folder, volumes, named)
    measured = find_measurements(scan, volumes)
    if wanted is None and (scan.labels or matched.masks):
        volumes = _labelled(volumes, matched)
    refused = {entry.case for entry in matched.set_aside}
    volumes = {name: volume for name, volume in volumes.items() if name not in refused}
    cases = [
        Case(
            name,
            {"image": volume.image()},
            _targets(matched.masks.get(name), measured.values.get(name)),
            volume.patient,
            facts={**volume.facts, **measured.words.get(name, {})},
        )
        for name, volume in volumes.items()
    ]
    known = any(case.patient for case in cases)
    return Dataset(
        tuple(cases),
        NAME,
        source,
        class_names=matched.class_names,
        patients="PatientID in the DICOM header" if known else "unknown",
        notes=(*notes, *counted(scan, n_used=len(scan.labels)), *matched.notes, *measured.notes),
        set_aside=(*scan.set_aside, *set_aside, *matched.set_aside),
        beside=lying_beside(scan, volumes),
    )


def _targets(mask: Lazy[Volume] | None, values: Mapping[str, float] | None) -> dict[str, Target]:
    targets: dict[str, Target] = {} if mask is None else {"mask": mask}
    return targets | {"values": dict(values)} if values else targets


def _by_reference(
    scan: Scan, volumes: Mapping[str, Series], wanted: Callable[[Series], bool] | None
) -> _Matched:
    """SEG and RTSTRUCT, by what they refer to."""
    values, class_names = values_of(scan.labels)
    matched = _Matched("no SEG or RTSTRUCT outlines anything in it", class_names)
    of: dict[str, list[Labels]] = defaultdict(list)
    used: list[tuple[str, Labels, Series | None]] = []
    for one in scan.labels:
        subject = one.path.relative_to(scan.root).as_posix()
        fitting, by_space = find_images(one.reference, volumes, scan.series_uids)
        if len(fitting) != 1:
            reason = "the image that it outlines is not there, or cannot be used"
            if fitting:
                reason = f"it may outline any of {len(fitting)} volumes of one series or frame of reference"
            # To the images that nobody asked for belong labels that nobody misses.
            matched.set_aside += [SetAside(subject, "read", reason)] if fitting or wanted is None else []
            continue
        of[fitting[0]].append(one)
        used.append((subject, one, volumes[fitting[0]]))
        if by_space:
            matched.notes.append(
                f"{subject}: its image is not there; it is taken for the only one in its space"
            )
    if wanted is not None:  # structures that stand only in labels of other series are not missed either
        held = {name.casefold() for _, one, _ in used for name in one.names.values()}
        matched.class_names = {v: name for v, name in class_names.items() if name.casefold() in held}
    for name, own in of.items():
        if _has_twins(own):
            matched.set_aside.append(SetAside(name, "read", _TWINS))
            continue
        matched.masks[name] = lazy_labels(partial(read_grid, volumes[name]), scan.root, own, values)
    matched.notes += notes_on(used)
    return matched


def _has_twins(labels: Sequence[Labels]) -> bool:
    names = [name for one in labels for name in {name.casefold() for name in one.names.values()}]
    return len(set(names)) < len(names)


def _by_name(folder: Folder, volumes: Mapping[str, Series], named: Mapping[str, list[str]]) -> _Matched:
    """Mask files, by their names."""
    described = read_description(folder.path)
    matched = _Matched("no mask file is named after it", described.class_names, notes=list(described.notes))
    of: dict[str, list[str]] = defaultdict(list)
    for file, fitting in named.items():
        if len(fitting) > 1:
            reason = f"by its name it may be the mask of any of {len(fitting)} volumes"
            matched.set_aside.append(SetAside(file, "read", reason))
        else:
            of[fitting[0]].append(file)
    for name, files in of.items():
        if len(files) > 1:
            matched.set_aside.append(SetAside(name, "read", f"{len(files)} mask files are named after it"))
        else:
            matched.masks[name] = lazy_series_mask(folder.path, files[0], volumes[name])
    if matched.masks:
        pairs = [f"{mask.source} to {name}" for name, mask in matched.masks.items()]
        matched.notes.append(f"warning: masks are matched by file name alone; check {listed(pairs)}")
    return matched


def _labelled(volumes: Mapping[str, Series], matched: _Matched) -> dict[str, Series]:
    """The volumes with labels; of a study that has such ones the others are only noted, not missed."""
    studies = {volumes[name].planes[0].study_uid for name in matched.masks} - {""}
    missed = {entry.case for entry in matched.set_aside}
    left = [name for name in volumes if name not in matched.masks and name not in missed]
    beside = [name for name in left if volumes[name].planes[0].study_uid in studies]
    if beside:
        matched.notes.append(f"not used, as other series of their study have labels: {listed(beside)}")
    matched.set_aside += [SetAside(name, CHOOSE, matched.missing) for name in left if name not in beside]
    return {name: volume for name, volume in volumes.items() if name in matched.masks}
