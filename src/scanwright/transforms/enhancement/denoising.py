"""Steps against noise. Lengths are in mm, and in pixels where the spacing is unknown."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage
from skimage import restoration

from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.base import Outcome
from scanwright.transforms.enhancement.channels import (
    channel_groups,
    each_channel,
    plane_by_plane,
    slice_axis,
    steps_of,
    with_array,
)
from scanwright.transforms.enhancement.itk import filtered_axes, from_itk, to_itk
from scanwright.types import AnyArray, FloatArray

CONDUCTANCE = 3.0
"""Of diffusion: edges above about this many times the usual step between neighbours are kept."""
FAR = 3.0
"""Of bilateral, in sigmas: planes farther apart would weigh next to nothing in each other."""
PATCH, REACH, STRENGTH = 5, 6, 0.6
"""Of non-local means: pixels along a patch, pixels to either side in which alike ones are looked for, and how
unlike they may be, in noise (``benchmarks/denoising.py`` has what they give)."""
WAVELET, SHORTEST = "db2", 6
"""Of wavelets: which, and the voxels along an axis that one level of it needs."""
LEAST = 1e-6
"""Noise below this share of the range of values is none."""


def median(image: Volume, *, radius: float) -> Outcome:
    """Each voxel becomes the median of the box around it. Values stay values of the image."""
    steps = steps_of(image)
    shape = image.shape
    finest = min((step for step, n in zip(steps, shape, strict=True) if n > 1), default=1.0)
    # At least the neighbours along the finest axes: a radius that reaches nobody would do nothing.
    voxels = [
        0 if n == 1 else max(round(radius / step), int(step <= 1.01 * finest))
        for step, n in zip(steps, shape, strict=True)
    ]
    voxels = [min(v, n - 1) for v, n in zip(voxels, shape, strict=True)]
    reach = [voxels[axis] for axis in filtered_axes(shape)]

    def work(channel: AnyArray) -> AnyArray:
        return from_itk(sitk.Median(to_itk(channel, steps), reach), shape)

    array = np.stack([work(channel) for channel in image.array])
    return Outcome(with_array(image, array), {"radius_voxels": voxels})


def gaussian(image: Volume, *, sigma: float) -> Outcome:
    """Blur with a Gaussian."""
    voxels = [sigma / step if n > 1 else 0.0 for step, n in zip(steps_of(image), image.shape, strict=True)]

    def work(channel: FloatArray) -> AnyArray:
        blurred: AnyArray = ndimage.gaussian_filter(channel, voxels, mode="nearest")
        return blurred

    return Outcome(each_channel(image, work), {"sigma_voxels": voxels})


def bilateral(image: Volume, *, sigma: float, sigma_intensity: float) -> Outcome:
    """Mean over near voxels of like intensity (Tomasi and Manduchi 1998); planes far apart are left apart."""
    steps = steps_of(image)
    far = slice_axis(image.shape, steps)

    def work(array: AnyArray) -> AnyArray:
        if array.min() == array.max():
            return array
        return from_itk(sitk.Bilateral(to_itk(array, steps), sigma, sigma_intensity), array.shape)

    if image.shape[far] > 1 and steps[far] > FAR * sigma:
        return Outcome(each_channel(image, lambda channel: plane_by_plane(channel, axis=far, work=work)))
    return Outcome(each_channel(image, work))


def nlm(image: Volume, *, sigma: float | None = None) -> Outcome:
    """Mean over pixels whose surroundings are alike (non-local means, Buades, Coll and Morel 2005, as made
    fast by Darbon and others 2008), slice by slice; the colours of a picture together.

    Without ``sigma`` the noise is estimated from the finest wavelets (Donoho and Johnstone 1994).
    """
    across = 1 + slice_axis(image.shape, steps_of(image))
    array = image.array.astype(np.float32)
    noise = []
    for group in channel_groups(image):
        noise.append(sigma or float(np.mean([_noise(channel) for channel in array[group]])))
        array[group] = _by_noise(
            array[group],
            noise[-1],
            partial(plane_by_plane, axis=across, work=partial(_averaged, axis=across)),
        )
    return Outcome(with_array(image, array), {"sigma": noise})


def wavelet(image: Volume, *, sigma: float | None = None) -> Outcome:
    """Wavelet coefficients shrunk by what is noise in them (BayesShrink, Chang, Yu and Vetterli 2000): the
    mean over grids shifted by a voxel (Coifman and Donoho 1995), along all axes of 6 voxels or more.

    Values stay within those of the image. Without ``sigma`` the noise is estimated as in :func:`nlm`.

    Raises:
        DataError: no axis is long enough.
    """
    short = [axis for axis in range(3) if image.shape[axis] < SHORTEST]
    if len(short) == 3:
        raise DataError(
            f"wavelet needs an axis of {SHORTEST} voxels or more", received=f"shape {image.shape}"
        )
    array = image.array.astype(np.float32)
    noise = [sigma or _noise(channel) for channel in array]

    def work(values: FloatArray) -> AnyArray:
        done = _shrunk
        for axis in short:
            done = partial(plane_by_plane, axis=axis, work=done)
        return np.clip(done(values), values.min(), values.max())

    done = [_by_noise(channel, level, work) for channel, level in zip(array, noise, strict=True)]
    return Outcome(with_array(image, np.stack(done)), {"sigma": noise})


def diffusion(image: Volume, *, iterations: float) -> Outcome:
    """Smoothing that stops at edges (curvature anisotropic diffusion, Whitaker and Xue 2001)."""
    steps = steps_of(image)
    used = [step for step, n in zip(steps, image.shape, strict=True) if n > 1] or [1.0]
    # The largest step in time that is stable, with a margin.
    time_step = 0.9 * min(used) / 2.0 ** (max(2, len(used)) + 1)

    def work(channel: FloatArray) -> AnyArray:
        if channel.min() == channel.max():
            return channel
        itk = to_itk(channel, steps)
        done = sitk.CurvatureAnisotropicDiffusion(itk, time_step, CONDUCTANCE, 1, int(iterations))
        return from_itk(done, channel.shape)

    return Outcome(each_channel(image, work), {"time_step": time_step, "conductance": CONDUCTANCE})


def _noise(channel: FloatArray) -> float:
    """Standard deviation of white noise, 0 where none shows; parts at the lowest value, often set to it, are
    left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few slices taken for colours, and of the median of nothing
        sigma = float(restoration.estimate_sigma(np.atleast_1d((channel - channel.min()).squeeze())))
    return sigma if np.isfinite(sigma) else 0.0


def _by_noise(array: FloatArray, sigma: float, work: Callable[[FloatArray], AnyArray]) -> AnyArray:
    """``work`` done on values that count in noise, from the lowest up: libraries compare with numbers of
    their own, which mean another thing in each unit. Without noise the array stays as it is."""
    low = array.min()
    if sigma <= LEAST * (array.max() - low):
        return array
    return np.asarray(work((array - low) / np.float32(sigma)) * np.float32(sigma) + low)


def _averaged(plane: FloatArray, axis: int) -> AnyArray:
    """Non-local means of a plane (channel, i, j, k), one voxel long along ``axis``, with noise of 1."""
    colours = np.moveaxis(plane.squeeze(axis), 0, -1)
    done = restoration.denoise_nl_means(colours, PATCH, REACH, STRENGTH, sigma=1.0, channel_axis=-1)
    return np.expand_dims(np.moveaxis(done.reshape(colours.shape), -1, 0), axis)


def _shrunk(part: FloatArray) -> AnyArray:
    """Wavelets of (i, j, k) with noise of 1, along the axes of more than one voxel."""
    done = restoration.cycle_spin(
        part.squeeze(),
        restoration.denoise_wavelet,
        max_shifts=1,
        workers=1,
        func_kw={"wavelet": WAVELET, "sigma": 1.0},
    )
    return np.asarray(done).reshape(part.shape)
