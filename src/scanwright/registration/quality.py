"""Quality: how well a registration fits, and how a failed one is recognised."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from scanwright.core.metrics import dice
from scanwright.registration.fit import CHANCE, Map, fit_places
from scanwright.registration.grid import Scan
from scanwright.registration.linear import Found
from scanwright.registration.similarity import mutual_information
from scanwright.types import FloatArray, JsonDict

LEAST_COVERED = 0.1
"""Of the fixed body; with less in common nothing is told."""
LEAST_PLACES = 8
FEWEST_PLACES, SURE_FITTING = 3, 0.9
"""So few places are enough where all fit: three by chance do once in 6,000, and of other patients' bodies, of
whose places a fifth fits at most, once in 100."""
LEAST_FITTING = 0.6
"""Of the places with structure. Right ones reach 0.9 and more, other patients' torsos and brains 0.1, small
crops of other patients' brains 0.55."""
MOST_INVERSE = 2.0
"""Steps of the coarse grid between there and back."""
MOST_MIRROR_GAIN = 1.05
NEARLY_FITTING = 0.3
"""Below it nothing fits, mirrored or not."""
LEAST_JACOBIAN = 0.0


@dataclass(frozen=True)
class Evidence:
    """What the search for a map tells of its trust.

    Attributes:
        there: what was found on the coarse grid.
        inverse_mm: mean distance to the map that was found the other way round.
        mirror_gain: see ``linear.mirror_gain``.
    """

    there: Found
    inverse_mm: float
    mirror_gain: float


@dataclass(frozen=True)
class Quality:
    """Numbers that say how well a registration fits, on the body of the fixed image.

    Attributes:
        similarity_before, similarity_after: mutual information in nats, by the headers and registered.
        overlap: Dice of the two bodies, where the moving image reaches.
        covered: part of the fixed body that the moving image reaches.
        displacement_mm, largest_displacement_mm: by how much places move against the headers.
        inverse_mm: mean distance between where this map and one found independently from the moving image to
            the fixed one take the same places.
        agreeing, starts: how many of the starts that were followed ended at the pose chosen.
        mirror_gain: similarity if the moving image were mirrored, over that as it is.
        places: how many places have structure of their own; see ``fit_places``.
        places_fitting: which part of them fits where it was laid.
        place_error_mm: median distance to where they fit best.
        place_step_mm: step of the grid on which that is told.
        chance: which part of places would fit by chance.
        least_jacobian, most_jacobian: of volumes, moving over fixed; ``None`` unless deformable.
        failed: whether the registration is not to be used.
        reason: "" or why: "little_in_common", "few_places", "places", "both_ways", "mirrored", "folded".
    """

    similarity_before: float = float("nan")
    similarity_after: float = float("nan")
    overlap: float = float("nan")
    covered: float = float("nan")
    displacement_mm: float = float("nan")
    largest_displacement_mm: float = float("nan")
    inverse_mm: float = float("nan")
    agreeing: int = 0
    starts: int = 0
    mirror_gain: float = float("nan")
    places: int = 0
    places_fitting: float = float("nan")
    place_error_mm: float = float("nan")
    place_step_mm: float = float("nan")
    chance: float = CHANCE
    least_jacobian: float | None = None
    most_jacobian: float | None = None
    failed: bool = False
    reason: str = ""

    def to_json(self) -> JsonDict:
        """As in ``registration.json``; what is undefined is null."""
        told = asdict(self)
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in told.items()}


def judge(
    fixed: Scan,
    moving: Scan,
    fixed_to_moving: Map,
    evidence: Evidence,
    jacobian: tuple[float, float] | None,
) -> Quality:
    """Say how well a map fits, and whether it failed.

    Args:
        fixed, moving: on the finest grids.
        fixed_to_moving: the map, (n, 3) RAS mm to RAS mm.
        evidence: what the search told.
        jacobian: least and most of volumes, of a deformable map.
    """
    places = fixed.places_mm(fixed.body)
    values = fixed.values[fixed.body]
    moved = fixed_to_moving(places)
    apart = np.linalg.norm(moved - places, axis=1)
    fit = fit_places(fixed, moving, fixed_to_moving)
    covered = moving.sample(moved)[1]
    coarse_mm = 4 * float(moving.spacing_mm.max())
    least, most = jacobian or (None, None)
    quality = Quality(
        similarity_before=_information(values, places, moving),
        similarity_after=_information(values, moved, moving),
        overlap=_overlap(fixed, moving, fixed_to_moving),
        covered=float(covered.mean()),
        displacement_mm=float(apart.mean()),
        largest_displacement_mm=float(apart.max()),
        inverse_mm=evidence.inverse_mm,
        agreeing=evidence.there.agreeing,
        starts=evidence.there.starts,
        places=fit.places,
        mirror_gain=evidence.mirror_gain,
        places_fitting=fit.share,
        place_error_mm=fit.error_mm,
        place_step_mm=float(fixed.spacing_mm.max()),
        least_jacobian=least,
        most_jacobian=most,
    )
    reason = _reason(quality, coarse_mm)
    return replace(quality, failed=bool(reason), reason=reason)


def _reason(quality: Quality, coarse_mm: float) -> str:
    if quality.covered < LEAST_COVERED:
        return "little_in_common"
    sure = quality.places >= FEWEST_PLACES and quality.places_fitting >= SURE_FITTING
    if quality.places < LEAST_PLACES and not sure:
        return "few_places"
    if quality.mirror_gain > MOST_MIRROR_GAIN and quality.places_fitting >= NEARLY_FITTING:
        return "mirrored"
    if quality.places_fitting < LEAST_FITTING:
        return "places"
    if quality.inverse_mm > MOST_INVERSE * coarse_mm:
        return "both_ways"
    if quality.least_jacobian is not None and quality.least_jacobian <= LEAST_JACOBIAN:
        return "folded"
    return ""


def _information(values: FloatArray, places_ras_mm: FloatArray, moving: Scan) -> float:
    other, within = moving.sample(places_ras_mm)
    return mutual_information(values[within], other[within])


def _overlap(fixed: Scan, moving: Scan, fixed_to_moving: Map) -> float:
    places = fixed.places_mm(np.ones_like(fixed.body))
    body = Scan(moving.body.astype(np.float32), moving.affine_ras, moving.inside, moving.body)
    share, within = body.sample(fixed_to_moving(places))
    return float(dice(fixed.body.ravel()[within], share[within] >= 0.5))
