"""All features of a lesion by the Image Biomarker Standardisation Initiative, by one recipe.

Zwanenburg et al., Radiology 2020;295:328, and the reference manual (arXiv:1612.07003). Names are the tags of
the IBSI's tables of reference values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanwright.core.radiomics import (
    Features,
    bins_of_number,
    bins_of_width,
    histogram_features,
    interpolate,
    peaks,
    resegment,
    statistics,
    volume_histogram_features,
)
from scanwright.core.shape import placed_intensity_features, shape_features
from scanwright.core.texture import Way, texture_features
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

_MOST_STEPS = 100_000
_FINE_BINS = 1000


@dataclass(frozen=True)
class Recipe:
    """How an image is prepared, and how texture is looked at.

    Attributes:
        spacing_mm: the grid to sample on, ``None`` along an axis (or altogether) as it is.
        order: of the spline for the image, 1 linear or 3 cubic; the mask's is linear.
        is_rounded: whether sampled intensities are rounded to whole numbers, as of CT.
        limits: lowest and highest intensity that counts.
        sigmas: intensities further from the mean are left out.
        bin_width: of histogram and textures, from ``bin_lowest`` on; ``None`` for ``bin_number`` bins.
        bin_lowest: edge of the first bin; what is lower is in it; ``None``: the lower limit.
        bin_number: bins between the lowest and the highest value.
        fine_width: bin width of the intensity–volume histogram; ``None``: every whole number is a bin.
        fine_number: or so many bins.
        ways: of texture, see ``core.texture``.
    """

    spacing_mm: tuple[float | None, float | None, float | None] | None = None
    order: int = 1
    is_rounded: bool = False
    limits: tuple[float, float] | None = None
    sigmas: float | None = None
    bin_width: float | None = None
    bin_lowest: float | None = None
    bin_number: int = 32
    fine_width: float | None = None
    fine_number: int | None = None
    ways: tuple[Way, ...] = ("3D_comb",)


def ibsi_features(
    image: AnyArray, mask: BoolArray, spacing_mm: Sequence[float], recipe: Recipe
) -> tuple[Features, int]:
    """Shape, intensities and texture.

    Args:
        image, mask: (i, j, slice); the mask is not empty.
        spacing_mm: between voxel centres.
        recipe: how.

    Returns:
        Tag → value, and how many voxels counted; without one that counts, shape alone.
    """
    steps = tuple(float(step) for step in spacing_mm)
    x: FloatArray = np.asarray(image, dtype=np.float64)
    if recipe.spacing_mm is not None:
        target = tuple(new or old for new, old in zip(recipe.spacing_mm, steps, strict=True))
        # A voxel of which exactly half is inside belongs to the lesion, whatever the last digit says.
        sampled = interpolate(mask, steps, target) >= 0.5 - 1e-6
        if sampled.any():
            x, mask, steps = interpolate(x, steps, target, recipe.order), sampled, target
            x = np.rint(x) if recipe.is_rounded else x
    inside = resegment(x, mask, recipe.limits, recipe.sigmas)
    features = shape_features(mask, steps)
    n = int(np.count_nonzero(inside))
    if not n:
        return features, 0
    values = x[inside]
    levels: IntArray = np.zeros(x.shape, dtype=np.int64)
    levels[inside] = _levels(values, recipe)
    features |= placed_intensity_features(x, mask, inside, steps, features["morph_volume"])
    features |= statistics(values) | peaks(x, inside, steps) | histogram_features(levels[inside])
    features |= volume_histogram_features(*_fine_levels(values, recipe))
    for way in recipe.ways:
        features |= texture_features(levels, mask, way)
    return features, n


def _levels(values: FloatArray, recipe: Recipe) -> IntArray:
    if recipe.bin_width is None:
        return bins_of_number(values, recipe.bin_number)
    return bins_of_width(values, recipe.bin_width, _lowest(values, recipe))


def _lowest(values: FloatArray, recipe: Recipe) -> float:
    if recipe.bin_lowest is not None:
        return recipe.bin_lowest
    return recipe.limits[0] if recipe.limits else float(values.min())


def _fine_levels(values: FloatArray, recipe: Recipe) -> tuple[IntArray, FloatArray]:
    """Levels, and the intensity that each stands for."""
    low, high = recipe.limits or (float(values.min()), float(values.max()))
    if recipe.fine_width is not None:
        n = int(np.ceil((high - low) / recipe.fine_width))
        middles = low + recipe.fine_width * (np.arange(1, n + 1) - 0.5)
        return np.minimum(bins_of_width(values, recipe.fine_width, low), n), middles
    are_whole = high - low < _MOST_STEPS and bool((values == np.rint(values)).all()) and low == int(low)
    if recipe.fine_number is None and are_whole:
        return (values - low).astype(np.int64) + 1, np.arange(low, high + 1)
    n = recipe.fine_number or _FINE_BINS
    return bins_of_number(values, n), np.arange(1.0, n + 1)
