"""What an image needs to be a file: volumes are written as they are, pictures as whole numbers of PNG."""

from __future__ import annotations

from functools import partial

import numpy as np

from scanwright.data.dataset import Dataset
from scanwright.data.step_kinds import Scale
from scanwright.data.volume import Volume
from scanwright.io.writing.case import Place
from scanwright.io.writing.names import distinct, for_files
from scanwright.types import AnyArray, JsonDict

LARGEST = float(np.iinfo(np.uint16).max)
FIXED: dict[Scale, tuple[float, float]] = {"unit": (1 / LARGEST, 0.0), "deviations": (1 / 4096, -8.0)}
"""(slope, intercept) by what the values are, the same for all pictures, so that they stay comparable."""


def to_store(image: Volume, scale: Scale, source: np.dtype[np.generic]) -> tuple[Volume, JsonDict]:
    """The image as it is written, and how its values come back: value = slope × stored + intercept.

    A volume stays as it is. A picture (no affine) of whole numbers that PNG can hold too; other values in
    the units of the source are rounded, to 8 bits where the source has 8 and they fit, else to 16; values of
    0 … 1 and standard deviations (−8 … 8) take 16 bits by fixed numbers; what fits none of these takes 16
    bits from its lowest to its highest value.

    Args:
        image: any.
        scale: what its values are.
        source: data type of the image as it was read.

    Returns:
        The image to write; ``slope``, ``intercept``, and ``cut``: how many values lay outside. Empty where
        values are stored as they are.
    """
    array = image.array
    if image.affine_ras is not None or not array.size:
        return image, {}
    low, high = float(array.min()), float(array.max())
    fits = low >= -0.5 and high < LARGEST + 0.5
    if array.dtype.kind in "iu" and fits:
        return image, {}
    if scale in FIXED:
        slope, intercept = FIXED[scale]
    elif fits and source.kind in "iu":
        slope, intercept = 1.0, 0.0
    else:
        slope, intercept = (high - low) / LARGEST or 1.0, low
    stored = np.rint((array.astype(np.float64) - intercept) / slope)
    cut = int(np.count_nonzero((stored < 0) | (stored > LARGEST)))
    small = slope == 1 and source == np.uint8 and stored.max() <= np.iinfo(np.uint8).max
    kept = np.clip(stored, 0, LARGEST).astype(np.uint8 if small else np.uint16)
    record = {"slope": slope, "intercept": intercept, "cut": cut}
    return Volume(kept, modality=image.modality), record


def stored_values(stored: Volume, record: JsonDict) -> AnyArray:
    """The values that a stored image stands for."""
    if not record:
        return stored.array
    return np.asarray(stored.array * np.float64(record["slope"]) + record["intercept"])


def places(dataset: Dataset) -> dict[str, Place]:
    """Where each case goes: under its name, its folders with it, NAME_0000, … for several files."""
    names = distinct({case.name: case.name for case in dataset.cases}, _below)
    return {case: Place(partial(_files, name), "") for case, name in names.items()}


def _below(name: str) -> str:
    """A path below the folder that it is joined to; spaces and the like stay as the user has them."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(part if not part.startswith(".") else for_files(part) or "x" for part in parts)


def _files(name: str, n_files: int) -> list[str]:
    return [name + (f"_{channel:04d}" if n_files > 1 else "") for channel in range(n_files)]
