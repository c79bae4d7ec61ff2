"""Where the planes of a volume lie: their order, the affine, and the tilt of the gantry.

After DICOM PS3.3 C.7.6.2.1.1 (Image Plane).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanwright.core.geometry import RAS_LPS
from scanwright.errors import DataError
from scanwright.io.dicom.header import Plane
from scanwright.types import AnyArray, FloatArray, IntArray

# Directions are written with few digits; 0.001 is 0.06 degrees.
_SAME_DIRECTION = 1e-3
_SAME_PLACE_MM = 1e-3
_SAME_SIZE = 1e-3  # of the size
_TILT = 0.01  # sideways per step forwards; 0.6 degrees
_MOST_TILT = 1.0  # 45 degrees; no gantry tilts further
_UNEVEN = 0.1  # of the median step; positions are often rounded to 0.1 mm
_ASTRAY_MM = 0.5
_GAP = 1.5


@dataclass(frozen=True, eq=False)
class Placement:
    """Planes in order along their normal, and where they lie.

    Attributes:
        affine_ras: from (column, row, slice, 1) to patient mm, RAS+, once the tilt is taken out; ``None``
            where the planes say no place.
        shift: columns and rows by which each slice lies beside the one before, where the gantry was tilted.
    """

    planes: tuple[Plane, ...]
    affine_ras: FloatArray | None
    shift: tuple[float, float] = (0.0, 0.0)


def place(planes: Sequence[Plane]) -> Placement:
    """Order planes along their normal and find the affine.

    Raises:
        DataError: they do not make one volume; says why.
    """
    first = planes[0]
    if len({plane.patient for plane in planes}) > 1:
        raise DataError("the files name several patients", received=f"{len(planes)} images")
    if any((plane.rows, plane.columns) != (first.rows, first.columns) for plane in planes):
        raise DataError("the images differ in size", received=f"{len(planes)} images")
    if first.position_lps is None or first.orientation_lps is None or first.spacing_mm is None:
        if first.position_lps is not None and len(planes) > 1:
            missing = "PixelSpacing" if first.spacing_mm is None else "ImageOrientationPatient"
            raise DataError(f"the images say no {missing}", received=f"{len(planes)} images")
        if len(planes) > 1:
            frames = any(plane.n_frames > 1 for plane in planes)
            raise DataError(
                f"several {'frames' if frames else 'images'} without a place in the patient",
                received=f"{len(planes)} {'(a film?)' if frames else 'images'}",
            )
        return Placement(tuple(planes), None)
    normal = _normal(planes)
    positions = np.array([plane.position_lps for plane in planes])
    order = np.argsort(positions @ normal, kind="stable")
    step, sideways = _steps(positions[order], normal, first.thickness_mm)
    ordered = tuple(planes[index] for index in order)
    if step is None:
        return Placement(ordered, None)
    size = np.array(first.spacing_mm)
    affine_lps = np.eye(4)
    affine_lps[:3, :2] = (first.orientation_lps * size[:, None]).T
    affine_lps[:3, 2] = step
    affine_lps[:3, 3] = positions[order[0]]
    columns, rows = (float(x) for x in first.orientation_lps @ sideways / size)
    affine: FloatArray = RAS_LPS @ affine_lps
    return Placement(ordered, affine, (columns, rows) if sideways.any() else (0.0, 0.0))


def _normal(planes: Sequence[Plane]) -> FloatArray:
    first = planes[0]
    for plane in planes:
        if plane.position_lps is None or plane.orientation_lps is None or plane.spacing_mm is None:
            raise DataError("some images have no place in the patient")
        if not same_direction(plane, first):
            raise DataError("the images lie in different directions (a localizer?)")
        if not same_spacing(plane, first):
            raise DataError("the images differ in PixelSpacing")
    along_columns, along_rows = np.asarray(first.orientation_lps)
    normal: FloatArray = np.cross(along_columns, along_rows)
    lengths = [np.linalg.norm(along_columns), np.linalg.norm(along_rows), np.linalg.norm(normal)]
    if not np.allclose(lengths, 1.0, atol=1e-2):
        raise DataError("ImageOrientationPatient does not hold two directions at a right angle")
    return normal


def same_direction(plane: Plane, other: Plane) -> bool:
    """Whether two planes are parallel, and their rows and columns too."""
    if plane.orientation_lps is None or other.orientation_lps is None:
        return plane.orientation_lps is other.orientation_lps
    return bool(np.abs(plane.orientation_lps - other.orientation_lps).max() <= _SAME_DIRECTION)


def same_spacing(plane: Plane, other: Plane) -> bool:
    """Whether the pixels of two planes are of one size, or of none that is known."""
    if plane.spacing_mm is None or other.spacing_mm is None:
        return plane.spacing_mm is other.spacing_mm
    sizes = zip(plane.spacing_mm, other.spacing_mm, strict=True)
    return all(math.isclose(one, two, rel_tol=_SAME_SIZE) for one, two in sizes)


def lie_apart(planes: Sequence[Plane]) -> bool:
    """Whether no two planes lie at one place along their normal; those without a place do not."""
    first = planes[0]
    if first.orientation_lps is None or any(plane.position_lps is None for plane in planes):
        return len(planes) == 1
    heights = np.sort(np.array([plane.position_lps for plane in planes]) @ np.cross(*first.orientation_lps))
    return bool((np.diff(heights) > _SAME_PLACE_MM).all())


def _steps(
    positions: FloatArray, normal: FloatArray, thickness_mm: float | None
) -> tuple[FloatArray | None, FloatArray]:
    """From slice to slice, straight on and sideways; the first is ``None`` for a slice of unknown thickness.

    Raises:
        DataError: two slices at one place, missing or uneven ones, or shifted beyond any tilt.
    """
    none = np.zeros(3)
    if len(positions) == 1:
        return (None if thickness_mm is None else normal * thickness_mm), none
    steps = np.diff(positions @ normal)
    usual = float(np.median(steps))
    if steps.min() <= _SAME_PLACE_MM:
        raise DataError("several images lie at one place (a time series, echoes, or two series in one)")
    if (steps > _GAP * usual).any():
        raise DataError(
            "slices are missing",
            received=f"{len(positions)} slices {usual:.3g} mm apart, and a gap of {steps.max():.3g} mm",
            do="Export the series again.",
        )
    if (np.abs(steps - usual) > _UNEVEN * usual).any():
        raise DataError(
            "the slices are unevenly spaced", received=f"steps of {steps.min():.3g} to {steps.max():.3g} mm"
        )
    step: FloatArray = (positions[-1] - positions[0]) / (len(positions) - 1)
    astray = np.linalg.norm(positions - positions[0] - np.outer(np.arange(len(positions)), step), axis=1)
    if astray.max() > max(_ASTRAY_MM, _UNEVEN * usual):
        raise DataError(
            "some slices are shifted sideways against the others", received=f"by {astray.max():.3g} mm"
        )
    straight = (step @ normal) * normal
    sideways = step - straight
    far = float(np.linalg.norm(sideways))
    if far <= _TILT * usual:
        return step, none
    if far > _MOST_TILT * usual:
        raise DataError(
            "the slices are shifted against each other, further than a gantry tilts",
            received=f"{far:.3g} mm per slice",
        )
    return straight, sideways


def straightened_grid(
    shape: tuple[int, int, int], placement: Placement
) -> tuple[tuple[int, int, int], FloatArray]:
    """Shape (column, row, slice) and affine once the tilt is taken out: longer by what slices are moved.

    Raises:
        DataError: the planes say no place.
    """
    if placement.affine_ras is None:
        raise DataError("the images have no place in the patient")
    before, after = _margins(placement, shape[2])
    affine = placement.affine_ras.copy()
    affine[:3, 3] += affine[:3, :2] @ before
    columns, rows = (int(n) for n in np.array(shape[:2]) + after - before)
    return (columns, rows, shape[2]), affine


def _margins(placement: Placement, n_slices: int) -> tuple[IntArray, IntArray]:
    """The first and the last place beyond a slice, columns and rows, that others are moved to."""
    reach = np.array(placement.shift) * (n_slices - 1)
    return np.floor(np.minimum(reach, 0)).astype(np.int64), np.ceil(np.maximum(reach, 0)).astype(np.int64)


def straightened(array: AnyArray, placement: Placement) -> tuple[AnyArray, FloatArray | None]:
    """Take the tilt of the gantry out: slices are moved until they lie above each other.

    Args:
        array: (channel, column, row, slice).
        placement: of its slices.

    Returns:
        The array and its affine. What lies beyond a slice has the smallest value of the volume, which for CT
        is air.
    """
    shift = np.array(placement.shift)
    if placement.affine_ras is None or not shift.any():
        return array, placement.affine_ras
    columns, rows, n_slices = array.shape[1:]
    shape, affine = straightened_grid((columns, rows, n_slices), placement)
    before, _ = _margins(placement, n_slices)
    air = array.min()
    straight = np.full((len(array), *shape), air, dtype=array.dtype)
    for k in range(n_slices):
        for channel, plane in enumerate(array[..., k]):
            moved = _moved(plane.astype(np.float32), before - k * shift, shape[:2], float(air))
            straight[channel, ..., k] = np.rint(moved) if array.dtype.kind in "iu" else moved
    return straight, affine


def _moved(plane: FloatArray, offset: FloatArray, shape: tuple[int, int], beyond: float) -> FloatArray:
    """(column, row) values of a plane at the places from ``offset`` on, one pixel apart, interpolated
    linearly; ``beyond`` where it has none."""
    covered = np.ones(shape, dtype=bool)
    for axis, (start, n) in enumerate(zip(offset, shape, strict=True)):
        places, last = start + np.arange(n), plane.shape[axis] - 1
        lower = np.clip(np.floor(places).astype(int), 0, last)
        share = np.expand_dims(places - lower, 1 - axis)
        upper = np.minimum(lower + 1, last)
        plane = np.take(plane, lower, axis) * (1 - share) + np.take(plane, upper, axis) * share
        covered &= np.expand_dims((places >= 0) & (places <= last), 1 - axis)
    return np.where(covered, plane, beyond).astype(np.float32)
