"""Measurement reports: structured reports of template TID 1500 (PS3.16), and the numbers in their groups.

Also those of templates that share its groups (TID 1410, 1411, 1501), under the SOP classes Enhanced,
Comprehensive, Comprehensive 3D and Extensible SR.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from scanwright.errors import DataError
from scanwright.io.dicom.reference import Reference
from scanwright.io.dicom.whole import read_whole

MOST_BYTES = 64 << 20
MOST_ITEMS = 100_000
MOST_DEPTH = 32
_LONGEST_TEXT = 64
_MEASUREMENT_REPORT = Code("126000", "DCM", "Imaging Measurement Report")
_GROUP = Code("125007", "DCM", "Measurement Group")
_TRACKING_IDENTIFIER = Code("112039", "DCM", "Tracking Identifier")
_TRACKING_UID = Code("112040", "DCM", "Tracking Unique Identifier")
_FINDING = Code("121071", "DCM", "Finding")
_SITE = Code("363698007", "SCT", "Finding Site")
_DERIVATION = Code("121401", "DCM", "Derivation")
_SEGMENT = Code("121191", "DCM", "Referenced Segment")
_SOURCE_SERIES = Code("121232", "DCM", "Source series for segmentation")
# Lengths, areas and volumes of all reports in one unit each, so that they make one column.
_UNITS = {
    "um": ("mm", 1e-3),
    "cm": ("mm", 10.0),
    "m": ("mm", 1000.0),
    "cm2": ("mm2", 100.0),
    "mm3": ("ml", 1e-3),
    "cm3": ("ml", 1.0),
    "mL": ("ml", 1.0),
    "dm3": ("ml", 1000.0),
    "l": ("ml", 1000.0),
    "L": ("ml", 1000.0),
    "[hnsf'U]": ("HU", 1.0),
    "1": ("", 1.0),
}


@dataclass(frozen=True)
class Measurement:
    """A number of a report.

    Attributes:
        concept: what was measured ("Volume").
        derivation: how it was summed up ("Maximum"); ``None`` where that is not said.
        value: in ``unit``.
        unit: UCUM, without annotations; lengths in mm, areas in mm2, volumes in ml.
    """

    concept: Code
    derivation: Code | None
    value: float
    unit: str

    @property
    def name(self) -> str:
        """In words, such as "Volume" or "SUVbw Maximum"."""
        words = [self.concept.meaning, self.derivation.meaning if self.derivation else ""]
        return " ".join(word for word in words if word)


@dataclass(frozen=True)
class MeasurementGroup:
    """What was measured of one thing.

    Attributes:
        tracking_id, tracking_uid: of the thing, the same at every date; "" where not said.
        finding, site: what it is, and where; ``None`` where not said.
        segments: of segmentations: SOPInstanceUID and number of the segment.
        outline: how it is outlined: "SEG", "SCOORD", "SCOORD3D", or "" where only numbers are told.
        reference: which image was measured.
        measurements: its numbers.
    """

    tracking_id: str
    tracking_uid: str
    finding: Code | None
    site: Code | None
    segments: tuple[tuple[str, int], ...]
    outline: str
    reference: Reference
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True, eq=False)
class Report:
    """A measurement report.

    Attributes:
        path: the file.
        instance_uid: its SOPInstanceUID.
        groups: what it measures.
        series_of: SOPInstanceUID → SeriesInstanceUID of what it rests on, as it says itself.
    """

    path: Path
    instance_uid: str
    groups: tuple[MeasurementGroup, ...]
    series_of: dict[str, str]


@dataclass(frozen=True, eq=False)
class _Item:
    """A content item (PS3.3 C.17.3): what it is called, what it is, and what hangs below it."""

    concept: Code | None
    kind: str
    content: Dataset
    children: tuple[_Item, ...]

    def below(self) -> Iterator[_Item]:
        """All items below, in the order of the document."""
        for child in self.children:
            yield child
            yield from child.below()

    def child(self, concept: Code) -> _Item | None:
        """The first item directly below that is called so."""
        return next((one for one in self.children if _is(one.concept, concept)), None)


def _is(code: Code | None, wanted: Code) -> bool:
    # Codes of SRT equal their successors of SCT; compared with nothing they raise.
    return code is not None and code == wanted


def read_report(path: Path) -> Report | None:
    """Read a measurement report; ``None`` for other structured reports.

    Raises:
        DataError: it is implausibly large, long or nested.
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    if path.stat().st_size > MOST_BYTES:
        raise DataError(
            "the structured report is implausibly large", expected=f"at most {MOST_BYTES >> 20} MB"
        )
    dataset = read_whole(path)
    if not _is(_code(dataset, "ConceptNameCodeSequence"), _MEASUREMENT_REPORT):
        return None
    root = _item(dataset, MOST_DEPTH, iter(range(MOST_ITEMS)))
    series_of = _evidence(dataset)
    groups = [_group(one, series_of) for one in root.below() if _is(one.concept, _GROUP)]
    return Report(path, str(dataset.get("SOPInstanceUID") or ""), tuple(groups), series_of)


def _item(content: Dataset, depth_left: int, items_left: Iterator[int]) -> _Item:
    if depth_left == 0 or next(items_left, None) is None:
        limits = f"{MOST_DEPTH} levels and {MOST_ITEMS} items"
        raise DataError("the structured report is nested too deep, or too long", expected=f"at most {limits}")
    return _Item(
        _code(content, "ConceptNameCodeSequence"),
        str(content.get("ValueType") or ""),
        content,
        tuple(_item(one, depth_left - 1, items_left) for one in content.get("ContentSequence") or ()),
    )


def _code(dataset: Dataset, name: str) -> Code | None:
    """The code in a sequence of one; ``None`` where there is none."""
    sequence = dataset.get(name)
    if not sequence:
        return None
    code = sequence[0]
    value = code.get("CodeValue") or code.get("LongCodeValue") or code.get("URNCodeValue") or ""
    meaning = " ".join(str(code.get("CodeMeaning") or value).split())
    return Code(str(value), str(code.get("CodingSchemeDesignator") or ""), meaning[:_LONGEST_TEXT])


def _evidence(dataset: Dataset) -> dict[str, str]:
    """Instances and their series, of what the report rests on (PS3.3 C.17.2.3)."""
    names = ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
    return {
        str(image.get("ReferencedSOPInstanceUID") or ""): str(series.get("SeriesInstanceUID") or "")
        for name in names
        for study in dataset.get(name) or ()
        for series in study.get("ReferencedSeriesSequence") or ()
        for image in series.get("ReferencedSOPSequence") or ()
    }


def _group(group: _Item, series_of: dict[str, str]) -> MeasurementGroup:
    below = list(group.below())
    segments = [pair for item in below if _is(item.concept, _SEGMENT) for pair in _segments(item)]
    outlines = ["SEG"] if segments else [item.kind for item in below if item.kind in ("SCOORD", "SCOORD3D")]
    masks = {uid for uid, _ in segments}
    images = {uid for item in below if item.kind == "IMAGE" for uid in _instances(item)} - masks - {""}
    series = [str(item.content.get("UID") or "") for item in below if _is(item.concept, _SOURCE_SERIES)]
    series += [series_of.get(uid, "") for uid in sorted(images)]
    spaces = {str(item.content.get("ReferencedFrameOfReferenceUID") or "") for item in below} - {""}
    return MeasurementGroup(
        _text(group.child(_TRACKING_IDENTIFIER)),
        _text(group.child(_TRACKING_UID)),
        _value(group.child(_FINDING)),
        _value(group.child(_SITE)),
        tuple(segments),
        outlines[0] if outlines else "",
        Reference(
            tuple(dict.fromkeys(uid for uid in series if uid)),
            frozenset(images),
            spaces.pop() if len(spaces) == 1 else "",
        ),
        tuple(one for item in group.children if (one := _measurement(item)) is not None),
    )


def _segments(item: _Item) -> list[tuple[str, int]]:
    numbers: list[tuple[str, int]] = []
    for one in item.content.get("ReferencedSOPSequence") or ():
        found = one.get("ReferencedSegmentNumber")
        several = [] if found is None else found if isinstance(found, Sequence) else [found]
        numbers += [(str(one.get("ReferencedSOPInstanceUID") or ""), int(number)) for number in several]
    return numbers


def _instances(item: _Item) -> list[str]:
    images = item.content.get("ReferencedSOPSequence") or ()
    return [str(one.get("ReferencedSOPInstanceUID") or "") for one in images]


def _text(item: _Item | None) -> str:
    if item is None:
        return ""
    text = item.content.get("TextValue") or item.content.get("UID") or ""
    return " ".join(str(text).split())[:_LONGEST_TEXT]


def _value(item: _Item | None) -> Code | None:
    return None if item is None else _code(item.content, "ConceptCodeSequence")


def _measurement(item: _Item) -> Measurement | None:
    """The number of an item; ``None`` for other items, and where it says that there is no number."""
    measured = item.content.get("MeasuredValueSequence")
    if item.kind != "NUM" or not measured or item.concept is None:
        return None
    exact, written = measured[0].get("FloatingPointValue"), measured[0].get("NumericValue")
    if exact is None and written in (None, ""):
        return None
    code = _code(measured[0], "MeasurementUnitsCodeSequence")
    unit, factor = _unit(code.value if code else "")
    value = float(written if exact is None else exact) * factor
    if not math.isfinite(value):
        return None
    return Measurement(item.concept, _value(item.child(_DERIVATION)), value, unit)


def _unit(ucum: str) -> tuple[str, float]:
    """The unit that values are given in, and what they are multiplied by."""
    if ucum in _UNITS:
        return _UNITS[ucum]
    # Curly braces only annotate in UCUM: {SUVbw}g/ml is g/ml, and {pixels} a count of them.
    return re.sub(r"\{[^}]*\}", "", ucum) or ucum.strip("{}"), 1.0
