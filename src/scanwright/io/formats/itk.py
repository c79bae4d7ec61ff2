"""NRRD and MetaImage through SimpleITK; LPS+ becomes RAS+."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scanwright.core.geometry import RAS_LPS
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.extras import Later
from scanwright.io.formats.nifti import LARGEST_DEFLATE_RATIO, plain
from scanwright.types import FloatArray

sitk = Later("SimpleITK", feature="Reading NRRD and MetaImage")
_SINGLE_FILE = (".mha", ".nrrd")


def read_itk(path: Path) -> Volume:
    """Read a NRRD, MHA or MHD file.

    Returns:
        (channel, i, j, k) in the stored data type (float32 instead of float64), RAS+ affine.

    Raises:
        DataError: more than three axes, or a header that lies.
    """
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    size = reader.GetSize()
    if len(size) > 3 and any(n > 1 for n in size[3:]):
        raise DataError(
            f"the image has {len(size)} axes; the last (time or channel) has {size[-1]} entries",
            expected="three axes (i, j, k)",
            received=f"shape {size}",
            do="Split it into one file per time point or channel.",
        )
    voxels = int(np.prod(size, dtype=object)) * reader.GetNumberOfComponents()
    if path.suffix.lower() in _SINGLE_FILE and voxels > path.stat().st_size * LARGEST_DEFLATE_RATIO:
        raise DataError(
            "the file is shorter than its header says",
            expected=f"{voxels} voxels",
            do="Copy or export it again.",
        )
    image = reader.Execute()
    if image.GetDimension() > 3:
        image = image[(slice(None),) * 3 + (0,) * (image.GetDimension() - 3)]
    stored = sitk.GetArrayFromImage(image)  # (k, j, i[, channel])
    if image.GetNumberOfComponentsPerPixel() == 1:
        stored = stored[..., np.newaxis]
    if image.GetDimension() == 2:
        stored = stored[np.newaxis]
    return Volume(plain(np.ascontiguousarray(stored.transpose(3, 2, 1, 0))), affine_ras=_affine_ras(image))


def _affine_ras(image: Any) -> FloatArray:
    n = image.GetDimension()
    affine_lps = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(n, n)
    affine_lps[:n, :n] = direction * np.array(image.GetSpacing())  # columns are the axes
    affine_lps[:n, 3] = image.GetOrigin()
    affine: FloatArray = RAS_LPS @ affine_lps
    return affine
