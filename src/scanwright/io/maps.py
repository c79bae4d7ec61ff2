"""Maps on disk: NIfTI on the grid of the image, 16-bit PNG for pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from scanwright.data.volume import Volume
from scanwright.io.files import write_whole
from scanwright.io.formats.nifti import save_nifti
from scanwright.types import AnyArray, FloatArray, JsonDict

LARGEST = float(np.iinfo(np.uint16).max)


def write_map(stem: Path, relevance: FloatArray, image: Volume) -> tuple[Path, JsonDict]:
    """Write a map as float32 NIfTI; of an image without a known spacing, which NIfTI could not say, as PNG of
    16 bits, or with several planes as ``.npy``.

    Args:
        stem: where to, without ending.
        relevance: (i, j, k).
        image: on the same grid.

    Returns:
        The file; ``slope`` and ``intercept`` of a PNG: value = slope × stored + intercept.

    Raises:
        OutputError: the disk is full.
    """
    if image.affine_ras is not None:
        affine, path = image.affine_ras, stem.with_name(f"{stem.name}.nii.gz")
        write_whole(path, lambda part: save_nifti(part, relevance.astype(np.float32), affine))
        return path, {}
    if relevance.shape[2] > 1:
        path = stem.with_name(f"{stem.name}.npy")
        write_whole(path, lambda part: np.save(part, relevance.astype(np.float32), allow_pickle=False))
        return path, {}
    low, high = float(relevance.min()), float(relevance.max())
    slope = (high - low) / LARGEST or 1.0
    stored: AnyArray = np.rint((relevance[..., 0].T - low) / slope).astype(np.uint16)
    path = stem.with_name(f"{stem.name}.png")
    write_whole(path, lambda part: Image.fromarray(stored).save(part))
    return path, {"slope": slope, "intercept": low}
