"""Lesions that grow by known laws, as they are seen at several dates: no pictures, only what was outlined.

Each lesion is an ellipsoid that is sampled on a grid with a random offset, by a reader who draws the edge a
little too far out or in. All dates are given in one frame, with what registration leaves: a shift and a turn
that all lesions of a date share, and a bend of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from scanwright.types import FloatArray

BODY_MM = np.array([300.0, 220.0, 400.0])
_MOST_LOG_ML = float(np.log(500.0))
_MOST_POINTS = 300
_TOUCHING_MM = 2.0


@dataclass(frozen=True)
class GrowthSettings:
    """How patients are made.

    Attributes:
        n_lesions: (fewest, most) at the first date.
        n_dates: (fewest, most).
        gap_days: (shortest, longest) from date to date.
        diameter_mm: (middle, standard deviation of its logarithm).
        rate_mean, rate_sd: change of log volume a day.
        laws: each equally likely.
        wander_sd: by which log volume strays from its law in a square root of a day.
        pixel_mm, slice_mm: (smallest, largest), drawn for every patient.
        edge_pixels, edge_slices: standard deviations of where a reader draws the edge, in pixels of the
            slice, and of where the first and last slice are seen, in slices.
        shift_mm, turn_degrees, bend_mm: what registration leaves, standard deviations.
        near: chance of a lesion to lie beside another.
        new, vanish, split: chances of a lesion at each date after the first.
        merge: chance at each date of the two that are nearest, where they nearly touch.
    """

    n_lesions: tuple[int, int] = (1, 8)
    n_dates: tuple[int, int] = (2, 6)
    gap_days: tuple[int, int] = (28, 120)
    diameter_mm: tuple[float, float] = (14.0, 0.45)
    rate_mean: float = 0.002
    rate_sd: float = 0.01
    laws: tuple[str, ...] = ("exponential", "linear", "logistic", "gompertz", "regrowth")
    wander_sd: float = 0.005
    pixel_mm: tuple[float, float] = (0.6, 1.0)
    slice_mm: tuple[float, float] = (1.0, 5.0)
    edge_pixels: float = 0.35
    edge_slices: float = 0.25
    shift_mm: float = 2.0
    turn_degrees: float = 0.5
    bend_mm: float = 1.5
    near: float = 0.2
    new: float = 0.06
    vanish: float = 0.03
    split: float = 0.03
    merge: float = 0.4


@dataclass(frozen=True, eq=False)
class Sighting:
    """A piece that was outlined at a date.

    Attributes:
        lesions: numbers of the true lesions that it is of; several once they merged.
        points_mm: (n, 3) places of voxels, evenly, in the frame of the first date.
        volume_ml: of its voxels.
        true_ml: of the ellipsoid.
    """

    lesions: tuple[int, ...]
    points_mm: FloatArray
    volume_ml: float
    true_ml: float


@dataclass(frozen=True, eq=False)
class GrownPatient:
    """A patient at several dates.

    Attributes:
        days: since the first date.
        seen: for each date, what was outlined, in random order.
        true_log_ml: (lesion, date) log volume of lesions that neither split nor merged, else nan; of one
            that is gone −inf.
        pixel_mm, slice_mm: of the grid.
    """

    days: FloatArray
    seen: tuple[tuple[Sighting, ...], ...]
    true_log_ml: FloatArray
    pixel_mm: float
    slice_mm: float


@dataclass(frozen=True, eq=False)
class _Piece:
    lesions: tuple[int, ...]
    centre_mm: FloatArray
    log_ml: float


def make_growing_patient(settings: GrowthSettings, seed: int) -> GrownPatient:
    """A patient whose lesions grow, split, merge, vanish and appear.

    Args:
        settings: how.
        seed: of this patient.
    """
    rng = np.random.default_rng(seed)
    n_dates = int(rng.integers(*settings.n_dates, endpoint=True))
    gaps = rng.integers(*settings.gap_days, endpoint=True, size=n_dates - 1)
    days = np.concatenate([[0.0], np.cumsum(gaps)])
    pixel, thick = rng.uniform(*settings.pixel_mm), rng.uniform(*settings.slice_mm)
    curves: list[FloatArray] = []
    pieces: list[_Piece] = []
    whole: list[bool] = []
    for _ in range(int(rng.integers(*settings.n_lesions, endpoint=True))):
        _begin(settings, rng, days, 0, pieces, curves, whole, small=False)
    by_date = []
    for date in range(n_dates):
        if date:
            pieces = [
                replace(one, log_ml=one.log_ml + _grown(one, curves, date))
                for one in pieces
                if rng.random() >= settings.vanish
            ]
            pieces = _merged(settings, rng, _divided(settings, rng, pieces, whole), whole)
            if rng.random() < settings.new * max(1, len(curves)):
                _begin(settings, rng, days, date, pieces, curves, whole, small=True)
        by_date.append(list(pieces))
    seen = [_look(settings, rng, found, pixel, thick, is_first=not n) for n, found in enumerate(by_date)]
    truth = np.full((len(curves), n_dates), -np.inf)
    for date, found in enumerate(by_date):
        for one in found:
            truth[list(one.lesions), date] = one.log_ml
    truth[[n for n, is_whole in enumerate(whole) if not is_whole]] = np.nan
    return GrownPatient(days, tuple(seen), truth, float(pixel), float(thick))


def _begin(
    settings: GrowthSettings,
    rng: np.random.Generator,
    days: FloatArray,
    date: int,
    pieces: list[_Piece],
    curves: list[FloatArray],
    whole: list[bool],
    *,
    small: bool,
) -> None:
    """A lesion somewhere apart from the others."""
    middle, spread = settings.diameter_mm
    diameter = float(np.clip(middle * np.exp(spread * rng.standard_normal()), 4.0, 60.0))
    diameter = float(rng.uniform(4.0, 9.0)) if small else diameter
    beside = pieces[int(rng.integers(len(pieces)))] if pieces and rng.random() < settings.near else None
    for _ in range(200):
        centre = (rng.random(3) - 0.5) * BODY_MM
        if beside is not None:
            gap = _radius(beside.log_ml) + diameter / 2 + rng.uniform(1.0, 8.0)
            centre = beside.centre_mm + _direction(rng) * gap
            break
        if all(np.linalg.norm(centre - one.centre_mm) > _radius(one.log_ml) + diameter for one in pieces):
            break
    pieces.append(_Piece((len(curves),), centre, float(np.log(np.pi * diameter**3 / 6000))))
    whole.append(True)
    steps = np.diff(days, prepend=days[0])
    for _ in range(200):
        rate = settings.rate_mean + settings.rate_sd * rng.standard_normal()
        law, capacity = str(rng.choice(settings.laws)), rng.uniform(0.5, 6.0)
        curve = log_growth(law, rate, capacity, days - days[date])
        curve = curve + np.cumsum(settings.wander_sd * np.sqrt(steps) * rng.standard_normal(len(days)))
        if pieces[-1].log_ml + curve.max() < _MOST_LOG_ML:  # larger ones are no longer in one piece
            break
    curves.append(curve)


def log_growth(law: str, rate: float, capacity: float, days: FloatArray) -> FloatArray:
    """Log volume less that of day 0, solved from each law's differential equation.

    Args:
        law: "exponential", "linear" (in diameter), "logistic", "gompertz" or "regrowth" (a part dies off,
            the rest grows); what shrinks does so exponentially, but for the second and the last.
        rate: of log volume a day, at day 0.
        capacity: log of the largest volume, over that of day 0; of "regrowth" how fast.
        days: since day 0; before it there is none.
    """
    days = np.maximum(days, 0.0)
    if law == "linear":
        ratio = 1 + rate * days / 3
        steep = 3 * np.log(0.2) + 15 * (ratio - 0.2)
        grown: FloatArray = np.where(ratio > 0.2, 3 * np.log(np.maximum(ratio, 0.2)), steep)
        return grown
    if law == "regrowth" and rate < 0:
        return np.asarray(np.log(np.exp(rate * days) + np.expm1(0.001 * np.exp(0.6 * capacity) * days)))
    if rate <= 0 or law == "exponential":
        return np.asarray(rate * days)
    top = np.exp(capacity)
    if law == "logistic":
        own = rate / (1 - 1 / top)
        return np.asarray(np.log(top / (1 + (top - 1) * np.exp(-own * days))))
    return np.asarray(capacity - capacity * np.exp(-rate / capacity * days))


def _grown(one: _Piece, curves: list[FloatArray], date: int) -> float:
    curve = curves[one.lesions[0]]
    return float(curve[date] - curve[date - 1])


def _divided(
    settings: GrowthSettings, rng: np.random.Generator, pieces: list[_Piece], whole: list[bool]
) -> list[_Piece]:
    found = []
    for one in pieces:
        radius = _radius(one.log_ml)
        if rng.random() >= settings.split or radius < 4 or len(one.lesions) > 1:
            found.append(one)
            continue
        # Lesions fall apart where they die off in the middle: the pieces lie where the whole did.
        share, left, way = rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7), _direction(rng)
        for part, sign in ((share, 1.0), (1 - share, -1.0)):
            place = one.centre_mm + sign * way * radius * rng.uniform(0.5, 0.75)
            found.append(_Piece(one.lesions, place, one.log_ml + float(np.log(part * left))))
        whole[one.lesions[0]] = False
    return found


def _merged(
    settings: GrowthSettings, rng: np.random.Generator, pieces: list[_Piece], whole: list[bool]
) -> list[_Piece]:
    """The two nearest, where they nearly touch, may become one."""
    if rng.random() >= settings.merge:
        return pieces
    gaps = [
        (float(np.linalg.norm(a.centre_mm - b.centre_mm)) - _radius(a.log_ml) - _radius(b.log_ml), n, m)
        for n, a in enumerate(pieces)
        for m, b in enumerate(pieces[:n])
        if a.lesions != b.lesions
    ]
    if not gaps or min(gaps)[0] > _TOUCHING_MM:
        return pieces
    _, n, m = min(gaps)
    large, small = sorted((pieces[n], pieces[m]), key=lambda one: -one.log_ml)
    parts = np.exp([large.log_ml, small.log_ml])
    centre = (parts[0] * large.centre_mm + parts[1] * small.centre_mm) / parts.sum()
    whole_of = _Piece((*large.lesions, *small.lesions), centre, float(np.log(parts.sum())))
    for lesion in whole_of.lesions:
        whole[lesion] = False
    return [one for k, one in enumerate(pieces) if k not in (n, m)] + [whole_of]


def _look(
    settings: GrowthSettings,
    rng: np.random.Generator,
    pieces: list[_Piece],
    pixel: float,
    thick: float,
    *,
    is_first: bool,
) -> tuple[Sighting, ...]:
    """What a reader outlines at a date, in the frame of the first."""
    turn = Rotation.from_euler("xyz", settings.turn_degrees * rng.standard_normal(3), degrees=True)
    shift = settings.shift_mm * rng.standard_normal(3)
    found = []
    for one in pieces:
        step = np.array([pixel, pixel, thick])
        across, along = rng.standard_normal(2)
        edge = step * (*[settings.edge_pixels * across] * 2, settings.edge_slices * along)
        points, volume = _outlined(one, rng, edge, step)
        if not len(points):
            continue
        if not is_first:
            points = turn.apply(points) + shift + settings.bend_mm * rng.standard_normal(3)
        found.append(Sighting(one.lesions, points, volume, float(np.exp(one.log_ml))))
    order = rng.permutation(len(found))
    return tuple(found[n] for n in order)


def _outlined(
    one: _Piece, rng: np.random.Generator, edge_mm: FloatArray, step: FloatArray
) -> tuple[FloatArray, float]:
    """Places of the voxels inside an ellipsoid whose edge is moved, and their volume."""
    squeeze = np.exp(0.15 * rng.standard_normal(3))
    radii = _radius(one.log_ml) * squeeze / np.cbrt(squeeze.prod()) + edge_mm
    if radii.min() <= 0:
        return np.empty((0, 3)), 0.0
    half = np.ceil(radii / step).astype(int) + 1
    axes = [(np.arange(-h, h + 1) + rng.random()) * s for h, s in zip(half, step, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = grid[((grid / radii) ** 2).sum(axis=1) <= 1]
    volume = len(inside) * float(step.prod()) / 1000
    kept = inside[:: len(inside) // _MOST_POINTS + 1]
    return kept + one.centre_mm, volume


def _radius(log_ml: float) -> float:
    return float((np.exp(log_ml) * 3000 / (4 * np.pi)) ** (1 / 3))


def _direction(rng: np.random.Generator) -> FloatArray:
    way = rng.standard_normal(3)
    return np.asarray(way / np.linalg.norm(way))
