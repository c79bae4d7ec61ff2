"""Labels that are DICOM too, such as segmentations and contours, as masks on the grid of an image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from scanwright.data.case import Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dicom.header import Geometry, quietly
from scanwright.io.dicom.painting import Grid, Sheet, paint
from scanwright.io.dicom.reference import Reference
from scanwright.io.dicom.series import Series
from scanwright.io.failures import reading
from scanwright.io.notes import listed
from scanwright.types import FloatArray, IntArray

_SAME_DIRECTION = 0.1  # degrees
_SAME_SIZE = 0.01  # of a pixel's side


@dataclass(frozen=True, eq=False)
class Labels:
    """An object that outlines structures in an image.

    Attributes:
        path: the file.
        instance_uid: its SOPInstanceUID.
        names: of the structures by their number in the file.
        reference: which image it belongs to.
        read_sheets: what each structure covers, by its number; given the grid to be painted on.
        fractional: whether its pixels are shares, cut at a half.
        overlap: whether its structures overlap: "yes", "perhaps", or "" where it says that they don't.
        drawn_on: the pixels that it was drawn on, where its header says so at once.
    """

    path: Path
    instance_uid: str
    names: Mapping[int, str]
    reference: Reference
    read_sheets: Callable[[Path, Grid], dict[int, list[Sheet]]]
    fractional: bool = False
    overlap: str = ""
    drawn_on: Geometry | None = None

    def is_resampled_on(self, image: Series) -> bool:
        """Whether it was drawn in other directions, or on pixels of another size, than those of an image."""
        place, ours = self.drawn_on, image.planes[0]
        if place is None or place.orientation_lps is None or place.spacing_mm is None:
            return False
        if ours.orientation_lps is None or ours.spacing_mm is None:
            return False
        cosines = np.abs(_directions(place.orientation_lps) @ _directions(ours.orientation_lps).T)
        turned = np.degrees(np.arccos(min(1.0, float(cosines.max(axis=1).min()))))
        same_size = np.allclose(sorted(place.spacing_mm), sorted(ours.spacing_mm), rtol=_SAME_SIZE)
        return bool(turned > _SAME_DIRECTION) or not same_size


def _directions(orientation_lps: FloatArray) -> FloatArray:
    return np.vstack([orientation_lps, np.cross(*orientation_lps)])


def lazy_labels(
    read_grid: Callable[[], Grid], root: Path, labels: Sequence[Labels], values: Mapping[str, int]
) -> Lazy[Volume]:
    """A mask on the grid of an image, painted when asked for.

    Args:
        read_grid: gives the grid.
        root: what the paths of the files are relative to.
        labels: the objects that outline something in the image.
        values: the value in the mask of each name; names are compared without upper and lower case.
    """
    sources = [one.path.relative_to(root).as_posix() for one in labels]
    painted = partial(_painted, read_grid, dict(zip(sources, labels, strict=True)), values)
    return Lazy(sources[0], painted, tuple(sources[1:]))


def _painted(
    read_grid: Callable[[], Grid], labels: Mapping[str, Labels], values: Mapping[str, int]
) -> Volume:
    grid = read_grid()
    mask = np.zeros(grid.shape, dtype=np.uint8 if max(values.values(), default=0) < 256 else np.uint16)
    index = np.uint32 if mask.size < 1 << 32 else np.int64
    painted: list[tuple[int, IntArray]] = []
    for subject, one in labels.items():
        with reading(subject, quote=False), quietly():
            for number, sheets in one.read_sheets(one.path, grid).items():
                if number not in one.names:
                    raise DataError("a structure without a name", received=f"number {number}")
                # Places and not masks: a hundred organs need no more memory than the voxels that they fill.
                places: IntArray = np.flatnonzero(paint(sheets, grid)).astype(index)
                painted.append((values[one.names[number].casefold()], places))
    # The largest first: a lesion in an organ stays visible.
    for value, places in sorted(painted, key=lambda pair: -len(pair[1])):
        mask.reshape(-1)[places] = value
    return Volume(mask[None], affine_ras=grid.affine_ras)


def values_of(labels: Sequence[Labels]) -> tuple[dict[str, int], dict[str, str]]:
    """Name in lower case → value in the masks, and value → name as it is spelt first.

    Values go by the names in the alphabet, so that they are the same in all masks.
    """
    spelt: dict[str, str] = {}
    for one in labels:
        for name in one.names.values():
            spelt.setdefault(name.casefold(), name)
    values = {key: value for value, key in enumerate(sorted(spelt), start=1)}
    return values, {str(value): spelt[key] for key, value in values.items()}


def notes_on(used: Sequence[tuple[str, Labels, Series | None]]) -> list[str]:
    """What one should know of how labels became masks.

    Args:
        used: subject of messages, labels, and their image if it is DICOM.
    """
    told: dict[str, list[str]] = defaultdict(list)
    for subject, labels, image in used:
        if labels.fractional:
            told["give shares (FRACTIONAL), cut at a half"].append(subject)
        if labels.overlap:
            may = "" if labels.overlap == "yes" else "may "
            told[f"{may}overlap in themselves: where structures do, the smaller one is shown"].append(subject)
        if image is not None and labels.is_resampled_on(image):
            told["were drawn on another grid than their image's: each voxel takes the nearest label"].append(
                subject
            )
    return [f"labels that {what}: {listed(subjects)}" for what, subjects in told.items()]
