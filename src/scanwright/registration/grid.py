"""Grids on which images are compared: coarse copies of them, what of them is body, and ITK's form of both.

Here, and nowhere else in the room, RAS+ becomes ITK's LPS+.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from scanwright.core.foreground import body
from scanwright.core.geometry import RAS_LPS, move_points, resample, resampled_affine, resampled_shape
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.types import BoolArray, FloatArray

DARKEST, BRIGHTEST = 0.5, 99.5
"""Percentiles of the body at which values are cut: metal and noise would take the histogram's bins."""
AROUND_MM = 10.0
"""How far around the body images are compared: its outline counts."""


@dataclass(frozen=True, eq=False)
class Scan:
    """One channel of an image as registration sees it.

    Attributes:
        values: (i, j, k) float32, cut at percentiles of the body.
        affine_ras: (4, 4), voxel to mm.
        inside: (i, j, k) where it is compared: the body and what lies close around it, or a given mask.
        body: (i, j, k) foreground.
    """

    values: FloatArray
    affine_ras: FloatArray
    inside: BoolArray
    body: BoolArray

    @property
    def spacing_mm(self) -> FloatArray:
        """(3,) along i, j, k."""
        return np.asarray(np.linalg.norm(self.affine_ras[:3, :3], axis=0))

    @property
    def outside(self) -> float:
        """The value of what lies beyond the image: that of air."""
        return float(self.values.min())

    def places_mm(self, where: BoolArray) -> FloatArray:
        """(n, 3) RAS+ mm of the voxels where ``where`` (i, j, k) is true."""
        return move_points(self.affine_ras, np.argwhere(where).astype(np.float64))

    @property
    def body_places_mm(self) -> FloatArray:
        """(n, 3) RAS+ mm of the body's voxels."""
        return self.places_mm(self.body)

    @property
    def body_ml(self) -> float:
        """Volume of the body."""
        return float(self.body.sum() * abs(np.linalg.det(self.affine_ras[:3, :3])) / 1000)

    @property
    def centre_mm(self) -> FloatArray:
        """(3,) middle of the body."""
        return np.asarray(self.body_places_mm.mean(axis=0))

    def sample(self, places_ras_mm: FloatArray) -> tuple[FloatArray, BoolArray]:
        """(n,) values at (n, 3) places, linearly; and whether each lies in the image."""
        at = move_points(np.linalg.inv(self.affine_ras), places_ras_mm)
        within = ((at >= -0.5) & (at <= np.array(self.values.shape) - 0.5)).all(axis=1)
        values = ndimage.map_coordinates(self.values, at.T, order=1, mode="nearest")
        return values, np.asarray(within)


def affine_of(volume: Volume) -> FloatArray:
    """(4, 4) voxel → RAS mm.

    Raises:
        DataError: it is not known.
    """
    if volume.affine_ras is None:
        raise DataError(
            "the image does not say where in the patient it lies",
            expected="a volume with its affine",
            received="a picture",
            do="Register NIfTI, NRRD, MetaImage or DICOM; photographs can't be registered yet.",
        )
    return volume.affine_ras


def scan_of(volume: Volume, spacing_mm: float, mask: Volume | None = None) -> Scan:
    """The first channel of an image on a grid whose steps are at least ``spacing_mm``.

    Raises:
        DataError: its place is not known, it is flat, or it holds one single value.
    """
    given = affine_of(volume)
    if min(volume.shape) < 4:
        raise DataError(
            "the image is too flat to be registered",
            expected="at least 4 voxels along each axis",
            received=f"shape {volume.shape}",
        )
    steps = np.linalg.norm(given[:3, :3], axis=0)
    shape = tuple(
        max(4, n)
        for n in resampled_shape(volume.shape, steps.tolist(), np.maximum(steps, spacing_mm).tolist())
    )
    channel = np.nan_to_num(volume.array[:1], posinf=0.0, neginf=0.0)
    values = resample(channel, shape)[0]
    affine_ras = resampled_affine(given, volume.shape, shape)
    found = body(values[None])
    if not found.any():
        raise DataError("the image holds one single value, so there is nothing to register")
    low, high = np.percentile(values[found], [DARKEST, BRIGHTEST])
    low = min(low, float(np.percentile(values, 100 * (1 - DARKEST / 100) / 2)))
    cut = np.clip(values, low, high) if high > low else values
    if mask is None:
        reach = np.maximum(1, np.rint(AROUND_MM / np.linalg.norm(affine_ras[:3, :3], axis=0))).astype(int)
        inside = ndimage.maximum_filter(found, size=tuple(2 * reach + 1))
    else:
        inside = resample(mask.array[:1] != 0, shape)[0] >= 0.5
        if not inside.any():
            raise DataError("the mask is empty, so nothing is left to compare")
    return Scan(cut.astype(np.float32), affine_ras, inside, found)


def to_itk(values: FloatArray | BoolArray, affine_ras: FloatArray) -> sitk.Image:
    """(i, j, k) as ITK's image, in its place."""
    stored = values.astype(np.uint8) if values.dtype == bool else values
    image = sitk.GetImageFromArray(np.ascontiguousarray(stored.T))
    affine_lps = RAS_LPS @ affine_ras
    steps = np.linalg.norm(affine_lps[:3, :3], axis=0)
    image.SetSpacing(steps.tolist())
    image.SetDirection((affine_lps[:3, :3] / steps).ravel().tolist())
    image.SetOrigin(affine_lps[:3, 3].tolist())
    return image


def to_itk_affine(affine_ras: FloatArray, centre_ras_mm: FloatArray | None = None) -> sitk.AffineTransform:
    """(4, 4) RAS mm → RAS mm as ITK's transform of LPS mm; ITK too goes from fixed to moving."""
    matrix = RAS_LPS @ affine_ras @ RAS_LPS
    transform = sitk.AffineTransform(3)
    centre = np.zeros(3) if centre_ras_mm is None else RAS_LPS[:3, :3] @ centre_ras_mm
    transform.SetCenter(centre.tolist())
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    transform.SetTranslation((matrix[:3, 3] + matrix[:3, :3] @ centre - centre).tolist())
    return transform


def from_itk_affine(transform: sitk.Transform) -> FloatArray:
    """(4, 4) RAS mm → RAS mm of any linear transform of ITK."""
    corners = np.vstack([np.zeros(3), np.eye(3)])
    moved = np.array([transform.TransformPoint(corner.tolist()) for corner in corners])
    matrix = np.eye(4)
    matrix[:3, :3] = (moved[1:] - moved[0]).T
    matrix[:3, 3] = moved[0]
    return np.asarray(RAS_LPS @ matrix @ RAS_LPS)
