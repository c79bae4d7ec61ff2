"""Exchange: registrations as files that ITK, 3D Slicer and others read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813

from scanwright.core.geometry import RAS_LPS, move_points
from scanwright.errors import DataError
from scanwright.registration.grid import from_itk_affine, to_itk, to_itk_affine
from scanwright.registration.registration import Registration
from scanwright.types import FloatArray


def write_tfm(found: Registration, path: Path) -> None:
    """The linear part as ITK's text file: LPS mm, from fixed to moving, which resamples moving onto fixed."""
    sitk.WriteTransform(to_itk_affine(found.affine_ras), str(path))


def read_tfm(path: Path) -> FloatArray:
    """(4, 4) fixed RAS mm → moving RAS mm of a linear transform in a file of ITK.

    Raises:
        DataError: it can't be read, or is not linear.
    """
    try:
        transform = sitk.ReadTransform(str(path))
        linear = transform.IsLinear() and transform.GetDimension() == 3
    except RuntimeError as error:
        raise DataError("this is no transform of ITK", subject=path.name) from error
    if not linear:
        raise DataError("the transform is not a linear one of three dimensions", subject=path.name)
    return from_itk_affine(transform)


def write_field(found: Registration, path: Path) -> None:
    """The whole map, linear part and all, as displacements on the fixed grid: NIfTI vectors in LPS mm.

    Raises:
        DataError: there is no field.
    """
    field, affine_ras = found.field_ras_mm, found.fixed_affine_ras
    if field is None or affine_ras is None:
        raise DataError("a registration without a field has none to write")
    shape = field.shape[1:]
    whole = np.empty_like(field)
    # Plane by plane: places of a whole grid in double precision would fill the memory.
    for i in range(shape[0]):
        at = np.indices((1, *shape[1:]), dtype=np.float64).reshape(3, -1).T
        at[:, 0] = i
        places = move_points(affine_ras, at)
        linear = move_points(found.affine_ras, places) - places
        whole[:, i] = field[:, i] + linear.T.reshape(3, *shape[1:])
    grid = to_itk(np.zeros(shape, dtype=bool), affine_ras)
    lps = whole * np.diag(RAS_LPS)[:3, None, None, None]
    image = sitk.GetImageFromArray(np.ascontiguousarray(lps.T.astype(np.float32)), isVector=True)
    image.CopyInformation(grid)
    sitk.WriteImage(image, str(path))
