"""Intensities of a lesion by the Image Biomarker Standardisation Initiative (IBSI reference manual).

Preparing (chapter 2: interpolation, re-segmentation, discretisation), intensity statistics (3.3), local peaks
(3.2), the histogram (3.4) and the intensity–volume histogram (3.5). Names are the tags of the IBSI's own
tables of reference values. All functions are pure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import affine_transform
from scipy.signal import fftconvolve

from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

Features = dict[str, float]

PEAK_RADIUS_MM = (3 / (4 * np.pi)) ** (1 / 3) * 10  # of a ball of 1 cm³


def interpolate(
    array: AnyArray, spacing_mm: Sequence[float], target_mm: Sequence[float], order: int = 1
) -> FloatArray:
    """Sample (i, j, k) at another spacing, the centres of both grids in one place (IBSI 2.4).

    Args:
        array: an image or a mask; of a mask, cut the result at 0.5.
        spacing_mm: of the array.
        target_mm: of the result.
        order: of the spline, 1 linear or 3 cubic.
    """
    factors = np.asarray(target_mm, dtype=np.float64) / np.asarray(spacing_mm, dtype=np.float64)
    # Header values are rounded: 99.9999 voxels are 100.
    shape = np.ceil(np.array(array.shape) / factors - 1e-6).astype(int)
    start = (np.array(array.shape) - 1) / 2 - factors * (shape - 1) / 2
    return np.asarray(
        affine_transform(array.astype(np.float64), factors, start, tuple(shape), order=order, mode="nearest")
    )


def resegment(
    image: FloatArray,
    mask: BoolArray,
    limits: tuple[float, float] | None = None,
    sigmas: float | None = None,
) -> BoolArray:
    """The voxels of a mask whose intensities count (IBSI 2.5).

    Args:
        image, mask: (i, j, k).
        limits: lowest and highest intensity that counts.
        sigmas: leave out what is more standard deviations away from the mean of those within the limits.
    """
    kept = mask.copy()
    if limits is not None:
        kept &= (image >= limits[0]) & (image <= limits[1])
    if sigmas is not None and kept.any():
        values = image[kept].astype(np.float64)
        kept &= np.abs(image - values.mean()) <= sigmas * values.std()
    return kept


def bins_of_width(values: FloatArray, width: float, lowest: float) -> IntArray:
    """Levels from 1 in bins of a fixed width (IBSI 2.7); what lies below the lowest edge is in the first."""
    return np.asarray(np.maximum(np.floor((values - lowest) / width).astype(np.int64) + 1, 1))


def bins_of_number(values: FloatArray, number: int) -> IntArray:
    """Levels from 1 to a fixed number of bins between the lowest and the highest value (IBSI 2.7)."""
    low, high = float(values.min()), float(values.max())
    if high == low:
        return np.ones(values.shape, dtype=np.int64)
    return np.asarray(
        np.minimum(np.floor(number * (values - low) / (high - low)).astype(np.int64) + 1, number)
    )


def statistics(values: FloatArray) -> Features:
    """Intensity statistics (IBSI 3.3). Kurtosis is in excess of a normal distribution's.

    Args:
        values: (n,) intensities, at least one.
    """
    x = values.astype(np.float64)
    return {f"stat_{name}": value for name, value in _moments(x).items()} | {
        "stat_energy": float((x**2).sum()),
        "stat_rms": float(np.sqrt((x**2).mean())),
    }


def histogram_features(levels: IntArray) -> Features:
    """Of the discretised intensities (IBSI 3.4).

    Args:
        levels: (n,) from 1.
    """
    counts = np.bincount(levels)[1:].astype(np.float64)
    share = counts[counts > 0] / len(levels)
    common = np.flatnonzero(counts == counts.max()) + 1
    mode = common[np.argmin(np.abs(common - levels.mean()))]
    low = int(levels.min())
    gradient = np.gradient(counts[low - 1 :]) if len(counts) > low else np.zeros(1)
    return {f"ih_{name}": value for name, value in _moments(levels.astype(np.float64)).items()} | {
        "ih_mode": float(mode),
        "ih_entropy": float(-(share * np.log2(share)).sum()),
        "ih_uniformity": float((share**2).sum()),
        "ih_max_grad": float(gradient.max()),
        "ih_max_grad_g": float(gradient.argmax() + low),
        "ih_min_grad": float(gradient.min()),
        "ih_min_grad_g": float(gradient.argmin() + low),
    }


def volume_histogram_features(levels: IntArray, values_of: FloatArray) -> Features:
    """Of the intensity–volume histogram (IBSI 3.5): which part of the volume has at least which intensity.

    Args:
        levels: (n,) from 1.
        values_of: (m,) the intensity that each level from 1 to m stands for.
    """
    counts = np.bincount(levels, minlength=len(values_of) + 1)[1:]
    volume = 1 - (np.cumsum(counts) - counts) / len(levels)
    low, high = float(values_of[0]), float(values_of[-1])
    fraction = (values_of - low) / (high - low) if high > low else np.zeros(len(values_of))

    def volume_at(part: float) -> float:
        return float(volume[fraction >= part].max(initial=0.0))

    def intensity_at(part: float) -> float:
        held = values_of[volume <= part]
        return float(held[0]) if len(held) else high

    v10, v90, i10, i90 = volume_at(0.1), volume_at(0.9), intensity_at(0.1), intensity_at(0.9)
    return {
        "ivh_v10": v10,
        "ivh_v90": v90,
        "ivh_i10": i10,
        "ivh_i90": i90,
        "ivh_diff_v10_v90": v10 - v90,
        "ivh_diff_i10_i90": i10 - i90,
    }


def peaks(image: FloatArray, inside: BoolArray, spacing_mm: Sequence[float]) -> Features:
    """The mean in a ball of 1 cm³ around the brightest voxel (local) and around any voxel (global; IBSI 3.2).

    SUVpeak is the global one. The ball may reach beyond the lesion, not beyond the image.

    Args:
        image: (i, j, k), beyond the lesion as far as the image goes or 7 mm.
        inside: the voxels of the lesion that count.
        spacing_mm: between voxel centres.
    """
    reach = [int(PEAK_RADIUS_MM / step) for step in spacing_mm]
    offsets = np.meshgrid(
        *(np.arange(-r, r + 1) * s for r, s in zip(reach, spacing_mm, strict=True)), indexing="ij"
    )
    ball = (sum(offset**2 for offset in offsets) <= PEAK_RADIUS_MM**2).astype(np.float64)
    x = image.astype(np.float64)
    # Around zero, so that what the Fourier transform rounds is small.
    middle = float(x[inside].mean())
    sums = fftconvolve(x - middle, ball, mode="same")
    counts = np.rint(fftconvolve(np.ones_like(x), ball, mode="same"))
    means = (sums / counts + middle)[inside]
    return {
        "loc_peak_loc": float(means[x[inside] == x[inside].max()].max()),
        "loc_peak_glob": float(means.max()),
    }


def _moments(x: FloatArray) -> Features:
    p10, p25, median, p75, p90 = (float(p) for p in np.percentile(x, [10, 25, 50, 75, 90]))
    mean, deviation = float(x.mean()), x - x.mean()
    variance = float((deviation**2).mean())
    middle = x[(x >= p10) & (x <= p90)]
    flat = variance <= 1e-20 * max(1.0, mean**2)
    return {
        "mean": mean,
        "var": variance,
        "skew": 0.0 if flat else float((deviation**3).mean() / variance**1.5),
        "kurt": 0.0 if flat else float((deviation**4).mean() / variance**2 - 3),
        "median": median,
        "min": float(x.min()),
        "p10": p10,
        "p90": p90,
        "max": float(x.max()),
        "iqr": p75 - p25,
        "range": float(np.ptp(x)),
        "mad": float(np.abs(deviation).mean()),
        "rmad": float(np.abs(middle - middle.mean()).mean()) if len(middle) else float("nan"),
        "medad": float(np.abs(x - median).mean()),
        "cov": float(np.sqrt(variance) / mean) if mean else float("nan"),
        "qcod": (p75 - p25) / (p75 + p25) if p75 + p25 else float("nan"),
    }
