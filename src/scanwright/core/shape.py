"""Shape of a lesion by the Image Biomarker Standardisation Initiative (IBSI reference manual, chapter 3.1).

Names are the tags of the IBSI's own tables of reference values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.fft import irfftn, next_fast_len, rfftn
from scipy.spatial import ConvexHull

from scanwright.core.diameters import longest_in_space
from scanwright.core.mesh import Mesh, mesh_of
from scanwright.types import BoolArray, FloatArray, IntArray

Features = dict[str, float]


def shape_features(mask: BoolArray, spacing_mm: Sequence[float], mesh: Mesh | None = None) -> Features:
    """Volume, surface, diameters, axes, and how full simple bodies around it are: all but intensities.

    Args:
        mask: (i, j, k), not empty.
        spacing_mm: between voxel centres along i, j, k.
        mesh: of the mask, where it is known already.

    Returns:
        Tag → value: mm, mm², mm³ or of no unit; NaN where a lesion is too small for it (axes of one voxel).
    """
    mesh = mesh_of(mask, spacing_mm) if mesh is None else mesh
    volume, area = mesh.volume, mesh.area
    hull = ConvexHull(mesh.vertices_mm)
    sides = np.ptp(mesh.vertices_mm, axis=0)
    ball = (36 * np.pi * volume**2) ** (1 / 3)  # surface of the ball of the same volume
    return {
        "morph_volume": volume,
        "morph_vol_approx": float(np.count_nonzero(mask) * np.prod(spacing_mm)),
        "morph_area_mesh": area,
        "morph_av": area / volume,
        "morph_comp_1": volume / (np.sqrt(np.pi) * area**1.5),
        "morph_comp_2": (ball / area) ** 3,
        "morph_sph_dispr": area / ball,
        "morph_sphericity": ball / area,
        "morph_asphericity": area / ball - 1,
        "morph_diam": longest_in_space(mesh.vertices_mm)[0],
        **_axes(mask, spacing_mm, volume, area),
        "morph_vol_dens_aabb": volume / float(sides.prod()),
        "morph_area_dens_aabb": area / float(2 * (sides * np.roll(sides, 1)).sum()),
        "morph_vol_dens_conv_hull": volume / float(hull.volume),
        "morph_area_dens_conv_hull": area / float(hull.area),
    }


def placed_intensity_features(
    image: FloatArray, mask: BoolArray, inside: BoolArray, spacing_mm: Sequence[float], volume: float
) -> Features:
    """Where in the lesion the intensities lie (IBSI 3.1.16 and 3.1.26 to 3.1.28).

    Args:
        image: (i, j, k).
        mask: the lesion.
        inside: the voxels of it whose intensities count.
        spacing_mm: between voxel centres.
        volume: of the lesion's mesh, in mm³.
    """
    places, weights = np.argwhere(inside), image[inside].astype(np.float64)
    steps = np.asarray(spacing_mm, dtype=np.float64)
    total = weights.sum()
    apart = np.argwhere(mask).mean(axis=0) - (weights @ places / total if total else np.nan)
    moran, geary = _autocorrelation(weights, places, steps)
    return {
        "morph_com": float(np.linalg.norm(apart * steps)),
        "morph_integ_int": float(weights.mean() * volume),
        "morph_moran_i": moran,
        "morph_geary_c": geary,
    }


def _axes(mask: BoolArray, spacing_mm: Sequence[float], volume: float, area: float) -> Features:
    """Of the voxel centres: four standard deviations each, as IBSI has it: 0.89 of a solid's axis."""
    points = np.argwhere(mask) * np.asarray(spacing_mm, dtype=np.float64)
    moments = np.linalg.eigvalsh(np.cov(points.T)) if len(points) > 1 else np.zeros(3)
    # What should be zero may come out a little below it.
    least, minor, major = np.sqrt(np.where(moments > 1e-9 * moments.max(initial=1e-12), moments, 0.0))
    a, b, c = 2 * major, 2 * minor, 2 * least
    with np.errstate(divide="ignore", invalid="ignore"):
        full = volume / (4 / 3 * np.pi * a * b * c)
        covered = area / _ellipsoid_area(a, b, c)
        elongation, flatness = minor / major, least / major
    return {
        "morph_pca_maj_axis": 4 * float(major),
        "morph_pca_min_axis": 4 * float(minor),
        "morph_pca_least_axis": 4 * float(least),
        "morph_pca_elongation": float(elongation),
        "morph_pca_flatness": float(flatness),
        "morph_vol_dens_aee": float(full) if np.isfinite(full) else np.nan,
        "morph_area_dens_aee": float(covered) if np.isfinite(covered) else np.nan,
    }


def _ellipsoid_area(a: float, b: float, c: float) -> float:
    """By the series in IBSI's manual (3.1.23), some percent off the true surface: reference values are so."""
    alpha, beta = 1 - (b / a) ** 2, 1 - (c / a) ** 2  # the squares of what the manual calls so
    middle, product = (alpha + beta) / 2, alpha * beta
    # Legendre polynomials times powers, so that nothing is divided by the zero of a body of revolution.
    last, term, total = 0.0, 1.0, 1.0
    for n in range(20):
        last, term = term, ((2 * n + 1) * middle * term - n * product * last) / (n + 1)
        total += term / (1 - 4 * (n + 1) ** 2)
    return 4 * np.pi * a * b * total


def _autocorrelation(values: FloatArray, places: IntArray, steps: FloatArray) -> tuple[float, float]:
    """Moran's I and Geary's C with weights of one over the distance, over all pairs of voxels.

    Sums over pairs are convolutions with 1 / distance: exact, and n log n instead of n².
    """
    n = len(values)
    spread = float(((values - values.mean()) ** 2).sum())
    if n < 2 or spread == 0:
        return float("nan"), float("nan")
    low = places.min(axis=0)
    lengths = [next_fast_len(int(2 * side - 1), real=True) for side in np.ptp(places, axis=0) + 1]
    offsets = np.meshgrid(
        *(np.minimum(np.arange(m), m - np.arange(m)) * s for m, s in zip(lengths, steps, strict=True)),
        indexing="ij",
        sparse=True,
    )
    distance = np.sqrt(sum(offset**2 for offset in offsets))
    distance[0, 0, 0] = np.inf
    weight = rfftn((1 / distance).astype(np.float32))
    where = tuple((places - low).T)
    one, centred = np.zeros(lengths, np.float32), np.zeros(lengths, np.float32)
    one[where], centred[where] = 1.0, values - values.mean()
    of_one, of_centred = (
        irfftn(weight * rfftn(one), lengths)[where].astype(np.float64) for one in (one, centred)
    )
    deviations = values - values.mean()
    total, products = of_one.sum(), deviations @ of_centred
    squares = 2 * (deviations**2 @ of_one - products)
    return float(n * products / (total * spread)), float((n - 1) * squares / (2 * total * spread))
