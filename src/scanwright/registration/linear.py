"""Rigid and affine registration: many starts on a coarse grid, the best of them refined on finer ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk  # noqa: N813
from scipy.spatial.transform import Rotation

from scanwright.core.geometry import move_points
from scanwright.registration.grid import Scan, from_itk_affine, to_itk, to_itk_affine
from scanwright.registration.similarity import BINS, similarity
from scanwright.types import FloatArray

ANGLES_DEG = (-30.0, -15.0, 0.0, 15.0, 30.0)
"""About each axis; the optimiser finds what lies between."""
MOST_POINTS = 8000
"""At which a start is judged: enough for a histogram of 32 × 32."""
MOST_SAMPLES = 20_000
"""Of which a step of the optimiser is taken; more cost in proportion and change hundredths of a mm."""
STARTS = 6
SAME_START_MM = 15.0
AGREE_MM = 4.0


@dataclass(frozen=True, eq=False)
class Found:
    """What a search from many starts found.

    Attributes:
        affine_ras: (4, 4) fixed RAS mm → moving RAS mm, of the best start.
        similarity: there, on the coarse grid.
        agreeing: how many of the starts ended at the same place.
        starts: how many were followed.
    """

    affine_ras: FloatArray
    similarity: float
    agreeing: int
    starts: int


def search(fixed: Scan, moving: Scan, seed: int, tell: Callable[[float], None]) -> Found:
    """The rigid pose under which two coarse images tell most of one another.

    Poses on a grid of angles, with the place told by the headers, by the middles of the images and by those
    of the bodies, are judged; the best that differ are followed by the optimiser, and the best end wins.
    """
    rng = np.random.default_rng(seed)
    where = np.argwhere(fixed.inside)
    chosen = where[np.sort(rng.permutation(len(where))[:MOST_POINTS])]
    places = move_points(fixed.affine_ras, chosen.astype(np.float64))
    values = fixed.values[tuple(chosen.T)]
    starts = _best_starts(values, places, fixed, moving)
    ends: list[tuple[float, FloatArray]] = []
    for done, start in enumerate(starts):
        tell(done / len(starts))
        end = refine(fixed, moving, start, "rigid", seed)
        ends.append((similarity(values, places, moving, end), end))
    ends.sort(key=lambda one: -one[0])
    best = ends[0][1]
    agreeing = sum(mean_distance(places, best, end) <= AGREE_MM for _, end in ends)
    return Found(best, ends[0][0], agreeing, len(ends))


def mean_distance(places_ras_mm: FloatArray, one: FloatArray, other: FloatArray) -> float:
    """Mean distance in mm between where two (4, 4) affines take (n, 3) places."""
    apart = move_points(one, places_ras_mm) - move_points(other, places_ras_mm)
    return float(np.linalg.norm(apart, axis=1).mean())


def pose(rotation: FloatArray, centre_mm: FloatArray, onto_mm: FloatArray) -> FloatArray:
    """(4, 4) that turns about a centre and then takes it onto a place."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = onto_mm - rotation @ centre_mm
    return matrix


def _best_starts(values: FloatArray, places: FloatArray, fixed: Scan, moving: Scan) -> list[FloatArray]:
    centre = fixed.centre_mm
    middles = [move_points(s.affine_ras, (np.array([s.values.shape]) - 1) / 2)[0] for s in (fixed, moving)]
    ontos = [centre, moving.centre_mm, centre + middles[1] - middles[0]]
    turns = Rotation.from_euler("xyz", list(itertools.product(ANGLES_DEG, repeat=3)), degrees=True)
    judged = [
        (similarity(values, places, moving, start), start)
        for onto in ontos
        for start in (pose(turn, centre, onto) for turn in turns.as_matrix())
    ]
    judged.sort(key=lambda one: -one[0])
    # What the headers and the middles of the bodies say is followed in any case.
    kept = [pose(np.eye(3), centre, onto) for onto in ontos[:2]]
    for _, start in judged:
        if len(kept) == STARTS + 2:
            break
        if all(mean_distance(places, start, other) > SAME_START_MM for other in kept):
            kept.append(start)
    return kept


def refine(fixed: Scan, moving: Scan, start: FloatArray, kind: str, seed: int) -> FloatArray:
    """The (4, 4) near ``start`` under which mutual information is largest (Mattes et al., IEEE TMI 2003).

    Steps of the optimiser shrink from twice the spacing to a fiftieth of it. One thread: which of several
    adds first would change the last digits.
    """
    spacing = float(fixed.spacing_mm.mean())
    method = metric(fixed, seed)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=2 * spacing,
        minStep=spacing / 50,
        numberOfIterations=60,
        relaxationFactor=0.6,
        gradientMagnitudeTolerance=1e-8,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetMovingInitialTransform(to_itk_affine(start))
    centre = fixed.centre_mm
    if kind == "rigid":
        change: sitk.Transform = sitk.Euler3DTransform()
        change.SetCenter(to_itk_affine(np.eye(4), centre).GetCenter())
    else:
        change = to_itk_affine(np.eye(4), centre)
    method.SetInitialTransform(change, inPlace=True)
    try:
        method.Execute(to_itk(fixed.values, fixed.affine_ras), to_itk(moving.values, moving.affine_ras))
    except RuntimeError:  # so few places in common that the metric can't be told: a start that leads nowhere
        return start
    return np.asarray(start @ from_itk_affine(change))


def metric(fixed: Scan, seed: int) -> sitk.ImageRegistrationMethod:
    """The comparison of two images that all kinds of registration share."""
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(to_itk(fixed.inside, fixed.affine_ras))
    share = min(1.0, MOST_SAMPLES / int(fixed.inside.sum()))
    if share < 1.0:
        method.SetMetricSamplingStrategy(method.RANDOM)
        # ITK takes 0 for "by the clock".
        method.SetMetricSamplingPercentage(share, seed + 1)
    method.SetInterpolator(sitk.sitkLinear)
    return method
