"""Labels that are DICOM too: segmentations (SEG) and contours (RTSTRUCT), on the grid of their image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from scanwright.data.case import Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.contours import contour_planes
from scanwright.io.dicom.header import quietly
from scanwright.io.dicom.painting import Sheet, paint
from scanwright.io.dicom.segments import segment_planes
from scanwright.io.dicom.series import Series, read_grid
from scanwright.io.failures import reading
from scanwright.types import AnyArray

_TAGS = [
    "Modality",
    "FrameOfReferenceUID",
    "ReferencedSeriesSequence",
    "SegmentSequence",
    "StructureSetROISequence",
    "ReferencedFrameOfReferenceSequence",
]


@dataclass(frozen=True, eq=False)
class Labels:
    """An object that outlines structures in an image.

    Attributes:
        path: the file.
        kind: "SEG" or "RTSTRUCT".
        names: of the structures by their number in the file.
        series_uids: of the images that it refers to.
        frame_uid: the frame of reference, by which images of one session lie in one space; "" when unknown.
    """

    path: Path
    kind: str
    names: Mapping[int, str]
    series_uids: tuple[str, ...]
    frame_uid: str


def read_labels(path: Path) -> Labels | None:
    """What a file outlines, without its pixels or contours; ``None`` for other objects.

    Raises:
        Exception: whatever pydicom raises on damaged files; call inside ``failures.reading``.
    """
    dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    kind = str(dataset.get("Modality") or "")
    if kind == "SEG":
        segments = dataset.get("SegmentSequence") or ()
        names = {int(one.SegmentNumber): str(one.get("SegmentLabel") or "").strip() for one in segments}
        names.pop(0, None)  # a label map counts its background as a segment
        uids = [str(one.SeriesInstanceUID) for one in dataset.get("ReferencedSeriesSequence") or ()]
    elif kind == "RTSTRUCT":
        regions = dataset.get("StructureSetROISequence") or ()
        names = {int(one.ROINumber): str(one.get("ROIName") or "").strip() for one in regions}
        uids = [str(one.SeriesInstanceUID) for one in _referenced_series(dataset)]
    else:
        return None
    named = {number: name or f"structure {number}" for number, name in names.items()}
    return Labels(path, kind, named, tuple(uids), _frame_uid(dataset))


def _referenced_series(dataset: Dataset) -> list[Dataset]:
    return [
        series
        for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ()
        for study in frame.get("RTReferencedStudySequence") or ()
        for series in study.get("RTReferencedSeriesSequence") or ()
    ]


def _frame_uid(dataset: Dataset) -> str:
    frames = {
        str(one.get("FrameOfReferenceUID") or "")
        for one in dataset.get("ReferencedFrameOfReferenceSequence") or ()
    } - {""}
    return str(dataset.get("FrameOfReferenceUID") or "") or (frames.pop() if len(frames) == 1 else "")


def name_structures(labels: Iterable[Labels]) -> dict[int, str]:
    """The value in the masks of each name: its place in the alphabet, upper and lower case alike."""
    spelt: dict[str, str] = {}
    for one in labels:
        for name in one.names.values():
            spelt.setdefault(name.casefold(), name)
    return {value: spelt[key] for value, key in enumerate(sorted(spelt), start=1)}


def lazy_labels(
    series: Series, labels: Sequence[Labels], names: Mapping[int, str], sources: Sequence[str] = ()
) -> Lazy[Volume]:
    """A mask on the grid of a series, painted when asked for.

    Args:
        series: the image, one volume.
        labels: the objects that outline something in it.
        names: value in the mask → name of the structure, upper and lower case alike.
        sources: where the objects are; by default below the folder of the series.
    """
    sources = sources or [one.path.relative_to(series.root).as_posix() for one in labels]
    painted = partial(_painted, series, tuple(labels), names, tuple(sources))
    return Lazy(sources[0], painted, tuple(sources[1:]))


def _painted(
    series: Series, labels: Sequence[Labels], names: Mapping[int, str], sources: Sequence[str]
) -> Volume:
    values = {name.casefold(): value for value, name in names.items()}
    grid = read_grid(series)
    mask = np.zeros(grid.shape, dtype=np.uint8 if max(values.values(), default=0) < 256 else np.uint16)
    painted: list[tuple[int, AnyArray]] = []
    for one, subject in zip(labels, sources, strict=True):
        with reading(subject, quote=False), quietly():
            for number, sheets in _sheets(one).items():
                if number not in one.names:
                    raise DataError("a structure without a name", received=f"number {number}")
                covered = paint(sheets, grid)
                painted.append((values[one.names[number].casefold()], covered))
    # The largest first: a lesion in an organ stays visible.
    for value, covered in sorted(painted, key=lambda pair: -int(pair[1].sum())):
        mask[covered] = value
    return Volume(mask[None], affine_ras=grid.affine_ras)


def _sheets(labels: Labels) -> dict[int, list[Sheet]]:
    return segment_planes(labels.path) if labels.kind == "SEG" else contour_planes(labels.path)
