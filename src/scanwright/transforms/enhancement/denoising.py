"""Steps against noise. Lengths are in mm, and in pixels where the spacing is unknown."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

from scanwright.data.volume import Volume
from scanwright.transforms.enhancement.base import Outcome
from scanwright.transforms.enhancement.planes import (
    each_channel,
    filtered_axes,
    from_itk,
    steps_of,
    to_itk,
    with_array,
)
from scanwright.types import AnyArray, FloatArray

CONDUCTANCE = 3.0
"""Of diffusion: edges above about this many times the usual step between neighbours are kept."""


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
    """Mean over near voxels of like intensity (Tomasi and Manduchi 1998)."""
    steps = steps_of(image)

    def work(channel: FloatArray) -> AnyArray:
        if channel.min() == channel.max():
            return channel
        return from_itk(sitk.Bilateral(to_itk(channel, steps), sigma, sigma_intensity), channel.shape)

    return Outcome(each_channel(image, work))


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
