"""What the measurement reports of an export say of each of its images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scanwright.io.dicom.reference import Reference, find_images
from scanwright.io.dicom.reports import Measurement, MeasurementGroup, Report
from scanwright.io.dicom.scan import Scan
from scanwright.io.dicom.series import Series
from scanwright.io.notes import listed

# What tells the things in one image apart in the name of a number; the first that does so best in all images.
_APART: tuple[Callable[[MeasurementGroup], str], ...] = (
    lambda group: "",
    lambda group: _finding(group),
    lambda group: _site(group),
    lambda group: " ".join(word for word in (_site(group), _finding(group)) if word),
    lambda group: group.tracking_id,
)


@dataclass(frozen=True)
class Measured:
    """What reports say.

    Attributes:
        values: name of a volume → what was measured in it, such as "Volume ml".
        words: name of a volume → what else is told of it: "finding", "finding site".
        notes: what was found, and what is not used.
    """

    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find_measurements(scan: Scan, volumes: Mapping[str, Series]) -> Measured:
    """The numbers that the reports of a scan give of its volumes.

    A group of measurements belongs to the image that it refers to, to that of the segmentation that it
    refers to, to the only one in its space, or to the only one that its report rests on.
    """
    of: dict[str, list[MeasurementGroup]] = defaultdict(list)
    astray: dict[str, None] = {}  # in the order of the files
    by_space: dict[str, None] = {}
    for report in scan.reports:
        subject = report.path.relative_to(scan.root).as_posix()
        for group in report.groups:
            fitting, only_space = _images_of(group, report, scan, volumes)
            if len(fitting) == 1:
                of[fitting[0]].append(group)
                by_space |= {subject: None} if only_space else {}
            elif group.measurements:
                astray[subject] = None
    if not scan.reports:
        return Measured()
    values, n_unclear = _values(of)
    columns = dict.fromkeys(column for own in values.values() for column in own)
    notes = [
        f"{len(scan.reports)} measurement reports (SR) tell of {len(of)} images: "
        + (listed(list(columns), 8) or "no numbers")
    ]
    if by_space:
        notes.append(f"taken to measure the only image in their space: {listed(list(by_space))}")
    if astray:
        notes.append(f"the image that was measured is not there, or not clear: {listed(list(astray))}")
    if n_unclear:
        notes.append(f"{n_unclear} numbers stand twice for one thing, with other values, and are not used")
    words = {name: _words(groups) for name, groups in of.items()}
    return Measured(values, words, tuple(notes))


def _images_of(
    group: MeasurementGroup, report: Report, scan: Scan, volumes: Mapping[str, Series]
) -> tuple[list[str], bool]:
    """The names of the volumes that a group may measure, and whether only their space says so."""
    masks = {uid for uid, _ in group.segments}
    further = [labels.reference for labels in scan.labels if labels.instance_uid in masks]
    for reference in (group.reference, *further):
        fitting, only_space = find_images(reference, volumes, scan.series_uids)
        if fitting:
            return fitting, only_space
    return find_images(Reference(tuple(report.series_of.values())), volumes, scan.series_uids)


def _values(of: Mapping[str, list[MeasurementGroup]]) -> tuple[dict[str, dict[str, float]], int]:
    """The numbers of each image, and how many are left out as nothing tells which of them counts."""
    apart = min(_APART, key=lambda one: sum(_n_clashes(_by_column(groups, one)) for groups in of.values()))
    spelt: dict[str, str] = {}
    values: dict[str, dict[str, float]] = {}
    n_unclear = 0
    for name, groups in of.items():
        for group in groups:
            for one in group.measurements:
                spelt.setdefault(_column(one, apart(group)).casefold(), _column(one, apart(group)))
        told = {column: set().union(*said) for column, said in _by_column(groups, apart).items()}
        n_unclear += sum(len(several) > 1 for several in told.values())
        values[name] = {spelt[column]: float(own.pop()) for column, own in told.items() if len(own) == 1}
    return values, n_unclear


def _words(groups: list[MeasurementGroup]) -> dict[str, str]:
    """What all groups of an image agree on."""
    found: dict[str, str] = {}
    for fact, word in (("finding", _finding), ("finding site", _site)):
        words = {word(group) for group in groups} - {""}
        found |= {fact: words.pop()} if len(words) == 1 else {}
    return found


def _by_column(
    groups: list[MeasurementGroup], apart: Callable[[MeasurementGroup], str]
) -> dict[str, set[frozenset[str]]]:
    """Name of a number in lower case → the values that each group gives it, equal ones once."""
    columns: dict[str, set[frozenset[str]]] = defaultdict(set)
    for group in groups:
        own: dict[str, set[str]] = defaultdict(set)
        for one in group.measurements:
            own[_column(one, apart(group)).casefold()].add(f"{one.value:.10g}")
        for column, values in own.items():
            columns[column].add(frozenset(values))
    return columns


def _n_clashes(columns: Mapping[str, set[frozenset[str]]]) -> int:
    """Numbers that several groups give, and not the same."""
    return sum(len(said) > 1 for said in columns.values())


def _column(measurement: Measurement, apart: str) -> str:
    words = f"{measurement.name} {measurement.unit}".strip()
    return f"{words} ({apart})" if apart else words


def _finding(group: MeasurementGroup) -> str:
    return group.finding.meaning if group.finding else ""


def _site(group: MeasurementGroup) -> str:
    return group.site.meaning if group.site else ""
