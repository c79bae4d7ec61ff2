"""Deformable registration: cubic B-splines, coarse to fine, each of which can't fold.

A B-spline whose control points move by less than 0.4 of their distance along each axis is one-to-one (Choi
and Lee, Graphical Models 2000), and what is composed of such maps is too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813

from scanwright.core.geometry import RAS_LPS
from scanwright.registration.grid import Scan, to_itk, to_itk_affine
from scanwright.registration.linear import metric
from scanwright.types import FloatArray

CONTROL_STEPS = 8
"""Voxels of a level's grid between control points."""
BOUND = 0.4
"""Of the distance of control points."""
MOST_STEPS = 25
PLANES = 8


@dataclass(frozen=True, eq=False)
class Warp:
    """A chain of ITK's transforms, from fixed to moving.

    Attributes:
        transform: the whole, in LPS mm.
        affine_ras: (4, 4) its linear part.
    """

    transform: sitk.CompositeTransform
    affine_ras: FloatArray


def warp(levels: list[tuple[Scan, Scan]], affine_ras: FloatArray, seed: int) -> Warp:
    """Bend the fixed image's space so that the moving image tells most of it.

    Args:
        levels: pairs on grids, coarse to fine.
        affine_ras: (4, 4) from where to start.
    """
    chain = sitk.CompositeTransform(3)
    chain.AddTransform(to_itk_affine(affine_ras))
    for fixed, moving in levels:
        image = to_itk(fixed.values, fixed.affine_ras)
        spacing = float(fixed.spacing_mm.mean())
        distance = CONTROL_STEPS * spacing
        extents = np.array(fixed.values.shape) * fixed.spacing_mm
        mesh = np.maximum(1, np.ceil(extents / distance)).astype(int)
        bend = sitk.BSplineTransformInitializer(image, mesh.tolist(), 3)
        bound = BOUND * float((extents / mesh).min())
        method = metric(fixed, seed)
        method.SetMovingInitialTransform(chain)
        method.SetInitialTransform(bend, inPlace=True)
        method.SetOptimizerAsLBFGSB(
            gradientConvergenceTolerance=1e-5,
            numberOfIterations=MOST_STEPS,
            maximumNumberOfFunctionEvaluations=2 * MOST_STEPS,
            lowerBound=-bound,
            upperBound=bound,
        )
        try:
            method.Execute(image, to_itk(moving.values, moving.affine_ras))
        except RuntimeError:  # too few places in common
            break
        bend.SetParameters(np.round(bend.GetParameters(), 5).tolist())
        chain.AddTransform(bend)
    return Warp(chain, affine_ras)


def field_of(warped: Warp, shape: tuple[int, int, int], fixed_affine_ras: FloatArray) -> FloatArray:
    """(3, i, j, k) displacement in RAS mm that the whole adds to its affine, on a grid of the fixed image."""
    grid = to_itk(np.zeros(shape, dtype=bool), fixed_affine_ras)
    place = grid.GetSize(), grid.GetOrigin(), grid.GetSpacing(), grid.GetDirection()
    whole, linear = (
        sitk.TransformToDisplacementField(part, sitk.sitkVectorFloat32, *place)
        for part in (warped.transform, to_itk_affine(warped.affine_ras))
    )
    lps = (sitk.GetArrayFromImage(whole) - sitk.GetArrayFromImage(linear)).T
    return np.asarray(lps * np.diag(RAS_LPS)[:3, None, None, None].astype(np.float32))


def jacobian_range(
    field_ras_mm: FloatArray, affine_ras: FloatArray, fixed_affine_ras: FloatArray
) -> tuple[float, float]:
    """How many times larger a volume is in the moving image than in the fixed one, least and most.

    Below 0 the map is folded: two places of the fixed image lie at one of the moving image.
    """
    to_voxels = np.linalg.inv(fixed_affine_ras[:3, :3])
    least, most = np.inf, -np.inf
    planes = field_ras_mm.shape[1]
    # A few planes with their neighbours at a time: nine derivatives of a whole field would fill the memory.
    for start in range(0, planes, PLANES):
        first, stop = max(0, start - 1), min(planes, start + PLANES + 1)
        part = field_ras_mm[:, first:stop]
        slopes = np.stack([np.gradient(part, axis=axis) for axis in (1, 2, 3)], axis=-1)
        values = np.linalg.det(np.moveaxis(slopes, 0, -2) @ to_voxels + affine_ras[:3, :3])
        least, most = min(least, float(values.min())), max(most, float(values.max()))
    return least, most
