"""Rigid and affine registration: many starts on a coarse grid, the best of them refined on finer ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
MOST_STEPS, RELAXATION = 300, 0.95
"""Steps of the optimiser shrink slowly: where each is halved, it stands still before it arrives."""
ROUGH_STEPS, ROUGH_RELAXATION, ROUGH_SAMPLES = 100, 0.9, 6000
"""Where starts are only to be told apart."""
SAME_START_MM = 15.0
MOST_ENDS = 3
AGREE_MM = 4.0
DECIMALS = 7
"""Of a transform: even in one thread ITK's sums differ in the last digits from run to run."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a search from many starts found.

    Attributes:
        ends: (4, 4) fixed RAS mm → moving RAS mm, where starts ended; the best first, at most MOST_ENDS.
        agreeing: how many of the starts ended at the best.
        starts: how many were followed.
    """

    ends: tuple[FloatArray, ...]
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
        end = refine(fixed, moving, start, "rigid", seed, rough=True)
        ends.append((similarity(values, places, moving, end), end))
    ends.sort(key=lambda one: -one[0])
    best = ends[0][1]
    agreeing = sum(mean_distance(places, best, end) <= AGREE_MM for _, end in ends)
    return Found(_apart(places, [end for _, end in ends], AGREE_MM, MOST_ENDS), agreeing, len(ends))


def _apart(
    places_ras_mm: FloatArray, poses: list[FloatArray], least_mm: float, most: int
) -> tuple[FloatArray, ...]:
    """The first poses of which no two take the places to nearly the same."""
    kept: list[FloatArray] = []
    for one in poses:
        if len(kept) < most and all(mean_distance(places_ras_mm, one, other) > least_mm for other in kept):
            kept.append(one)
    return tuple(kept)


def best_of(fixed: Scan, moving: Scan, ends: Sequence[FloatArray], kind: str, seed: int) -> FloatArray:
    """The best of several poses, as they are or refined: what is alike on a coarse grid differs on a finer.

    As they are: along hard edges the optimiser can be led astray by interpolated values.
    """
    places, values = fixed.body_places_mm, fixed.values[fixed.body]
    refined = [refine(fixed, moving, end, kind, seed) for end in ends]
    return max([*refined, *ends], key=lambda end: similarity(values, places, moving, end))


def shared(fixed: Scan, moving: Scan, fixed_to_moving: FloatArray) -> tuple[Scan, Scan]:
    """The pair the other way round, compared only where the former fixed image shows something.

    A small part of a body fits into the whole; the whole fits nowhere in the part.
    """
    back = np.linalg.inv(fixed_to_moving)
    seen = fixed.sample(move_points(back, moving.places_mm(np.ones_like(moving.body))))[1]
    seen = seen.reshape(moving.body.shape)
    if not (moving.body & seen).any():
        return moving, fixed
    return replace(moving, inside=moving.inside & seen, body=moving.body & seen), fixed


def mirror_gain(fixed: Scan, moving: Scan, fixed_to_moving: FloatArray, seed: int) -> float:
    """Similarity if the moving image were mirrored, over that as it is; above 1 one of the two is mirrored.

    Bodies are so symmetric that a mirrored one fits well; its own mirror image fits better.
    """
    reflection = np.diag([-1.0, 1.0, 1.0, 1.0])
    reflection[0, 3] = 2 * fixed.centre_mm[0]
    mirrored = refine(fixed, moving, fixed_to_moving @ reflection, "rigid", seed, rough=True)
    places, values = fixed.body_places_mm, fixed.values[fixed.body]
    as_is = similarity(values, places, moving, fixed_to_moving)
    return similarity(values, places, moving, mirrored) / max(as_is, 1e-9)


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
    sure = [pose(np.eye(3), centre, onto) for onto in ontos[:2]]
    return [*sure, *_apart(places, [start for _, start in judged], SAME_START_MM, STARTS)]


def refine(
    fixed: Scan, moving: Scan, start: FloatArray, kind: str, seed: int, *, rough: bool = False
) -> FloatArray:
    """The (4, 4) near ``start`` under which mutual information is largest (Mattes et al., IEEE TMI 2003).

    Steps of the optimiser shrink from the spacing to a hundredth of it. One thread: which of several adds
    first would change the last digits. ``rough`` takes a few seconds off, and up to a voxel of precision.
    """
    spacing = float(fixed.spacing_mm.mean())
    method = metric(fixed, seed, ROUGH_SAMPLES if rough else MOST_SAMPLES)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=spacing,
        minStep=spacing / 100,
        numberOfIterations=ROUGH_STEPS if rough else MOST_STEPS,
        relaxationFactor=ROUGH_RELAXATION if rough else RELAXATION,
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
    return np.round(start @ from_itk_affine(change), DECIMALS)


def metric(fixed: Scan, seed: int, samples: int = MOST_SAMPLES) -> sitk.ImageRegistrationMethod:
    """The comparison of two images that all kinds of registration share."""
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(to_itk(fixed.inside, fixed.affine_ras))
    share = min(1.0, samples / int(fixed.inside.sum()))
    if share < 1.0:
        method.SetMetricSamplingStrategy(method.RANDOM)
        # ITK takes 0 for "by the clock".
        method.SetMetricSamplingPercentage(share, seed + 1)
    method.SetInterpolator(sitk.sitkLinear)
    return method
