"""Slices: which planes of a case show its target, turned the way they are to be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from scanwright.core.geometry import ras_axes, reorient
from scanwright.types import AnyArray, BoolArray, FloatArray

Plane: TypeAlias = Literal["axial", "coronal", "sagittal", "picture"]
Box: TypeAlias = tuple[slice, slice]
Ends: TypeAlias = tuple[tuple[float, float], tuple[float, float]]
"""(column, row) of both ends of a line."""

NEAR_ISOTROPIC = 2.5
"""Longest over shortest voxel edge up to which coronal and sagittal slices are worth showing."""
FEWEST_SLICES = 12
LARGE_TARGET = 0.45
"""A target that takes more of the slice's width or height than this needs no close-up."""
FEWEST_PIXELS = 24
"""Along the side of a close-up, so that something of the surroundings is seen."""

# (left, right, top, bottom) edge of the picture, radiological convention.
LETTERS: Mapping[Plane, tuple[str, str, str, str]] = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "S", "I"),
    "sagittal": ("A", "P", "S", "I"),
}
AXES: Mapping[Plane, int] = {"axial": 2, "coronal": 1, "sagittal": 0}
"""Across which axis of an RAS+ volume each plane lies."""


@dataclass(frozen=True)
class Mark:
    """A box on a slice, and how it is drawn.

    Attributes:
        left, top, right, bottom: edges in pixels as seen; pixel n reaches from n to n + 1.
        colour: of its frame.
        style: of its frame, "solid", "dashed" or "dotted".
        width: of its frame, in points.
        text: beside it.
    """

    left: float
    top: float
    right: float
    bottom: float
    colour: str
    style: str = "solid"
    width: float = 1.2
    text: str = ""


@dataclass(frozen=True)
class Line:
    """A straight line on a slice.

    Attributes:
        ends: two (column, row) as seen; a whole number is the centre of a pixel.
        colour: of the line.
        text: beside its first end.
    """

    ends: Ends
    colour: str
    text: str = ""


@dataclass(frozen=True, eq=False)
class Slice:
    """One plane, rows from top to bottom, columns from left to right as seen.

    Attributes:
        image: (row, column) or (row, column, 3).
        reference, prediction: (row, column) label values, or ``None``.
        spacing: (row, column) step in mm; ``None`` when unknown.
        plane: which plane; decides the letters.
        note: what is shown, in few letters ("z 34/80").
        marks: boxes drawn on it.
        heat: (row, column) 0 … 1, a map that is laid over it, or ``None``.
        lines: lines drawn on it.
    """

    image: AnyArray
    reference: AnyArray | None = None
    prediction: AnyArray | None = None
    spacing: tuple[float, float] | None = None
    plane: Plane = "picture"
    note: str = ""
    marks: tuple[Mark, ...] = ()
    heat: FloatArray | None = None
    lines: tuple[Line, ...] = ()

    def crop(self, box: Box) -> Slice:
        """The part inside ``box`` (rows, columns)."""
        return Slice(
            self.image[box],
            None if self.reference is None else self.reference[box],
            None if self.prediction is None else self.prediction[box],
            self.spacing,
            self.plane,
            "",
            tuple(
                replace(
                    mark,
                    left=mark.left - box[1].start,
                    right=mark.right - box[1].start,
                    top=mark.top - box[0].start,
                    bottom=mark.bottom - box[0].start,
                )
                for mark in self.marks
            ),
            None if self.heat is None else self.heat[box],
            tuple(replace(line, ends=_shifted(line.ends, box[1].start, box[0].start)) for line in self.lines),
        )

    @property
    def target(self) -> BoolArray:
        """(row, column) where reference or prediction is."""
        target = np.zeros(self.image.shape[:2], dtype=bool)
        for mask in (self.reference, self.prediction):
            if mask is not None:
                target |= mask != 0
        return target


def target_slices(
    image: AnyArray,
    reference: AnyArray | None,
    prediction: AnyArray | None,
    affine_ras: FloatArray | None,
    channel: int,
) -> list[Slice]:
    """The planes with the largest area of the reference, or of the prediction where there is none: what was
    missed is seen, and not only what was found. Arguments as for ``case_panel``."""
    if affine_ras is None:
        return [_picture_slice(image, reference, prediction, channel)]
    order, flips = ras_axes(affine_ras)
    grey = reorient(image[channel : channel + 1], order, flips)[0]
    masks = [
        None if mask is None else reorient(mask[None], order, flips)[0] for mask in (reference, prediction)
    ]
    steps = np.linalg.norm(np.asarray(affine_ras, dtype=float)[:3, :3], axis=0)
    spacing = tuple(float(steps[axis]) for axis in order)
    target = _target(masks)
    return [_volume_slice(grey, masks, target, spacing, plane) for plane in _planes(grey.shape, spacing)]


def slices_through(
    image: AnyArray, layers: Sequence[AnyArray | None], point: Sequence[int], affine_ras: FloatArray | None
) -> list[Slice]:
    """The planes through a voxel.

    Args:
        image: as for ``case_panel``; of several channels the first, of a photograph colour.
        layers: (i, j, k) on its grid: reference, prediction, and perhaps heat.
        point: (i, j, k).
        affine_ras: (4, 4); ``None`` for photographs.
    """
    if affine_ras is None:
        k = int(point[2])
        flat = _picture_slice(image[..., k : k + 1], None, None, 0)
        seen = [None if layer is None else layer[:, :, k].T for layer in layers]
        note = f"{k + 1}/{image.shape[3]}" if image.shape[3] > 1 else ""
        heat = seen[2] if len(seen) > 2 else None
        return [Slice(flat.image, seen[0], seen[1], None, "picture", note, heat=heat)]
    order, flips = ras_axes(affine_ras)
    grey = reorient(image[:1], order, flips)[0]
    turned = [None if layer is None else reorient(layer[None], order, flips)[0] for layer in layers]
    steps = np.linalg.norm(np.asarray(affine_ras, dtype=float)[:3, :3], axis=0)
    spacing = tuple(float(steps[old]) for old in order)
    place = [
        image.shape[1 + old] - 1 - int(point[old]) if flip else int(point[old])
        for old, flip in zip(order, flips, strict=True)
    ]
    planes = _planes(grey.shape, spacing)
    return [_volume_slice(grey, turned, None, spacing, plane, place[AXES[plane]]) for plane in planes]


def _planes(shape: Sequence[int], spacing: Sequence[float]) -> list[Plane]:
    """Axial, the others too where voxels are nearly cubes; of a single slice its own."""
    if list(shape).count(1) == 1:
        return [plane for plane, axis in AXES.items() if shape[axis] == 1]
    near = max(spacing) <= NEAR_ISOTROPIC * min(spacing) and min(shape) >= FEWEST_SLICES
    return ["axial", "coronal", "sagittal"] if near else ["axial"]


def flat_slice(
    image: AnyArray, affine_ras: FloatArray | None, channel: int, box_ijk: FloatArray, through: FloatArray
) -> tuple[Slice, FloatArray, BoolArray]:
    """A picture, or the plane of a volume through a point, and boxes as they lie on it.

    Args:
        image: as for ``case_panel``.
        affine_ras: (4, 4); ``None`` for photographs.
        channel: which one is shown, of a volume.
        box_ijk: (n, 2, 3) on the grid of the image.
        through: (3,) a point of it, as box edges are told; a volume is cut across the head–foot axis, one of
            a single plane along it.

    Returns:
        The slice; (n, 4) left, top, right, bottom of each box as seen; (n,) whether it reaches the slice.
    """
    if affine_ras is None:
        k = int(np.clip(np.floor(through[2]), 0, image.shape[3] - 1))
        edges = box_ijk[:, :, :2].reshape(-1, 4)
        reached = (box_ijk[:, 0, 2] < k + 1) & (box_ijk[:, 1, 2] > k)
        return _picture_slice(image[..., k : k + 1], None, None, channel), edges, reached
    order, flips = ras_axes(affine_ras)
    grey = reorient(image[channel : channel + 1], order, flips)[0]
    steps = np.linalg.norm(np.asarray(affine_ras, dtype=float)[:3, :3], axis=0)
    axis = grey.shape.index(1) if grey.shape.count(1) == 1 else 2
    planes: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
    turned = np.stack(
        [_turned(box_ijk[:, :, old], grey.shape[n], flips[n]) for n, old in enumerate(order)], axis=2
    )
    place = _turned(np.repeat(through[order[axis]], 2)[None], grey.shape[axis], flips[axis])[0, 0]
    index = int(np.clip(np.floor(place), 0, grey.shape[axis] - 1))
    spacing = tuple(float(steps[old]) for old in order)
    across, up = [other for other in range(3) if other != axis]
    # Along both axes the picture runs against RAS+, as in _volume_slice.
    seen = np.stack(
        [
            grey.shape[across] - turned[:, 1, across],
            grey.shape[up] - turned[:, 1, up],
            grey.shape[across] - turned[:, 0, across],
            grey.shape[up] - turned[:, 0, up],
        ],
        axis=1,
    )
    reached = (turned[:, 0, axis] < index + 1) & (turned[:, 1, axis] > index)
    return _volume_slice(grey, [], None, spacing, planes[axis], index), seen, reached


def lined_slice(
    image: AnyArray,
    mask: BoolArray,
    affine_ras: FloatArray | None,
    axis: int,
    index: int,
    lines_ijk: Sequence[FloatArray],
) -> tuple[Slice, list[Ends]]:
    """A plane across a voxel axis, and lines on it as they are seen.

    Args:
        image: (channel, i, j, k); the first channel of a volume is shown.
        mask: of the plane alone, as (i, j, k) with one voxel along the axis.
        affine_ras: (4, 4); ``None`` for photographs, whose axis is the last.
        axis, index: which plane.
        lines_ijk: (2, 3) end points each, on the grid of the image.
    """
    plane = image.take([index], axis=axis + 1)
    if affine_ras is None:
        one = _picture_slice(plane, mask, None, 0)
        note = f"{index + 1}/{image.shape[3]}" if image.shape[3] > 1 else ""
        return replace(one, note=note), [_pair(ends[:, :2]) for ends in lines_ijk]
    order, flips = ras_axes(affine_ras)
    grey, drawn = (reorient(one, order, flips)[0] for one in (plane[:1], mask[None]))
    steps = np.linalg.norm(np.asarray(affine_ras, dtype=float)[:3, :3], axis=0)
    new = order.index(axis)
    names: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
    one = _volume_slice(grey, [drawn, None], None, [float(steps[old]) for old in order], names[new], 0)
    n = image.shape[axis + 1]
    note = f"{'xyz'[new]} {(n - index if flips[new] else index + 1)}/{n}"
    seen = []
    for ends in lines_ijk:
        # The picture runs against RAS+, as in _volume_slice, so that axes which do so already stay.
        across, up = (
            ends[:, order[other]] if flips[other] else grey.shape[other] - 1 - ends[:, order[other]]
            for other in range(3)
            if other != new
        )
        seen.append(_pair(np.column_stack([across, up])))
    return replace(one, note=note), seen


def _shifted(ends: Ends, column: float, row: float) -> Ends:
    (a, b), (c, d) = ends
    return (a - column, b - row), (c - column, d - row)


def _pair(points: FloatArray) -> Ends:
    (a, b), (c, d) = points.tolist()
    return (a, b), (c, d)


def _turned(edges: FloatArray, n: int, flip: bool) -> FloatArray:
    """(n, 2) ends along an axis of n voxels that may run backwards."""
    return n - edges[:, ::-1] if flip else edges


def close_up(one: Slice) -> Box | None:
    """Rows and columns of a square around a small target; ``None`` when it is large or missing."""
    target = one.target
    if not target.any():
        return None
    steps = one.spacing or (1.0, 1.0)
    ends = [np.flatnonzero(target.any(axis=1 - axis))[[0, -1]] for axis in range(2)]
    part = max((hi - lo + 1) / length for (lo, hi), length in zip(ends, target.shape, strict=True))
    if part > LARGE_TARGET:
        return None
    extent = max((hi - lo + 1) * step for (lo, hi), step in zip(ends, steps, strict=True))
    side = max(1.8 * extent, FEWEST_PIXELS * min(steps))
    box = []
    for (lo, hi), length, step in zip(ends, target.shape, steps, strict=True):
        size = min(length, math.ceil(side / step))
        start = min(max((lo + hi + 1 - size) // 2, 0), length - size)
        box.append(slice(int(start), int(start + size)))
    return box[0], box[1]


def window_of(images: Sequence[AnyArray], plane: Plane) -> tuple[float, float]:
    """Lowest and highest value to show: 0 … 255 for 8-bit pictures, else the 0.5 … 99.5 percentiles."""
    if plane == "picture" and all(image.dtype == np.uint8 for image in images):
        return 0.0, 255.0
    values = np.concatenate([np.asarray(image, dtype=np.float64).ravel() for image in images])
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = np.percentile(values, [0.5, 99.5])
    if high <= low:
        low, high = values.min(), values.max()
    return float(low), float(high if high > low else low + 1.0)


def nice_length(longest: float) -> float:
    """The largest of 1, 2, 5 × 10ⁿ that is not longer than ``longest``."""
    power = 10.0 ** math.floor(math.log10(longest))
    return power * max(step for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))


def _picture_slice(
    image: AnyArray, reference: AnyArray | None, prediction: AnyArray | None, channel: int
) -> Slice:
    masks = [reference, prediction]
    k = _fullest(_target(masks), image.shape[1:], axis=2)
    seen = [None if mask is None else mask[:, :, k].T for mask in masks]
    note = f"{k + 1}/{image.shape[3]}" if image.shape[3] > 1 else ""
    colour = image.shape[0] == 3 and image.shape[3] == 1
    flat = image[:, :, :, k].transpose(2, 1, 0) if colour else image[channel, :, :, k].T
    return Slice(flat, seen[0], seen[1], None, "picture", note)


def _volume_slice(
    grey: AnyArray,
    masks: Sequence[AnyArray | None],
    target: BoolArray | None,
    spacing: Sequence[float],
    plane: Plane,
    index: int | None = None,
) -> Slice:
    """A plane of an RAS+ array, turned to the radiological convention: that one, or the fullest."""
    axis = AXES[plane]
    index = _fullest(target, grey.shape, axis) if index is None else index
    across, up = [other for other in range(3) if other != axis]

    def seen(array: AnyArray) -> AnyArray:
        # Along both remaining axes the picture runs against RAS+: right, anterior and superior come first.
        plane_ras: AnyArray = np.moveaxis(array, axis, 0)[index]
        return plane_ras[::-1, ::-1].T

    turned = [None if mask is None else seen(mask) for mask in masks] or [None, None]
    note = f"{'xyz'[axis]} {index + 1}/{grey.shape[axis]}"
    heat = turned[2] if len(turned) > 2 else None
    return Slice(seen(grey), turned[0], turned[1], (spacing[up], spacing[across]), plane, note, heat=heat)


def _target(masks: Sequence[AnyArray | None]) -> BoolArray | None:
    """Where the first mask is that is not empty."""
    return next((np.asarray(mask != 0) for mask in masks if mask is not None and mask.any()), None)


def _fullest(target: BoolArray | None, shape: Sequence[int], axis: int) -> int:
    """The index along ``axis`` with most target; the middle without any."""
    if target is None:
        return shape[axis] // 2
    return int(np.count_nonzero(target, axis=tuple(other for other in range(3) if other != axis)).argmax())
