"""Look-alikes: vessels, calcified granulomas and lymph nodes, which a detector must leave alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanwright.phantoms.anatomy import (
    Anatomy,
    Points,
    cavity_depth,
    liver_depth,
    lung_depth,
    organ_depth,
    place_points,
)
from scanwright.phantoms.lesions import LesionShape
from scanwright.phantoms.settings import PhantomSettings
from scanwright.types import FloatArray

_GAP_MM = 1.0


@dataclass(frozen=True, eq=False)
class Lookalike:
    """A tube with round ends; a ball where both ends are one point.

    Attributes:
        kind: "vessel", "granuloma" or "node".
        organ: "lung", "liver" or "outside".
        start_mm, end_mm: (3,) ends of the axis in the body frame.
        radius_mm: radius at the start and at the end.
        hu: density in HU.
    """

    kind: str
    organ: str
    start_mm: FloatArray
    end_mm: FloatArray
    radius_mm: tuple[float, float]
    hu: float


def draw_lookalikes(
    rng: np.random.Generator, anatomy: Anatomy, settings: PhantomSettings, lesions: tuple[LesionShape, ...]
) -> tuple[Lookalike, ...]:
    """Look-alikes of one patient, none of which reaches into a lesion.

    Args:
        rng: the source of chance.
        anatomy: the patient.
        settings: how many.
        lesions: what is to be left free.
    """
    found: list[Lookalike] = []
    for side in (1.0, -1.0):
        hilum = np.array([side * 13.0, -2.0, 12.0]) * anatomy.scale
        for _ in range(settings.vessels):
            found += _draw_tree(rng, anatomy, "lung", hilum, anatomy.hu["blood"] - rng.uniform(0.0, 30.0))
    # Veins of the liver are brighter or, early after the contrast medium was given, darker than the liver.
    liver_vessel_hu = (
        anatomy.hu["liver"] + float(rng.choice([-35.0, -35.0, 25.0, 45.0])) + rng.uniform(-5.0, 5.0)
    )
    porta = np.array([8.0, 2.0, -18.0]) * anatomy.scale
    for _ in range(settings.vessels):
        found += _draw_tree(rng, anatomy, "liver", porta, liver_vessel_hu)
    for _ in range(int(rng.integers(settings.granulomas[0], settings.granulomas[1] + 1))):
        organ = "lung" if rng.random() < 0.7 else "liver"
        ball = _draw_ball(rng, anatomy, settings, "granuloma", organ)
        found += [ball] if ball is not None else []
    for _ in range(int(rng.integers(settings.nodes[0], settings.nodes[1] + 1))):
        ball = _draw_ball(rng, anatomy, settings, "node", "outside")
        found += [ball] if ball is not None else []
    return tuple(item for item in found if not any(_touches(item, lesion) for lesion in lesions))


def lookalike_depth(item: Lookalike, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> FloatArray:
    """Depth in mm below the surface (positive inside); coordinates in the body frame broadcast."""
    axis = item.end_mm - item.start_mm
    length2 = float(axis @ axis)
    dx, dy, dz = (place - c for place, c in zip((x_mm, y_mm, z_mm), item.start_mm, strict=True))
    along = np.zeros(np.broadcast_shapes(x_mm.shape, y_mm.shape, z_mm.shape))
    if length2 > 0:
        along = np.clip((dx * axis[0] + dy * axis[1] + dz * axis[2]) / length2, 0.0, 1.0)
    distance = np.sqrt(
        (dx - along * axis[0]) ** 2 + (dy - along * axis[1]) ** 2 + (dz - along * axis[2]) ** 2
    )
    radius = item.radius_mm[0] + along * (item.radius_mm[1] - item.radius_mm[0])
    depth: FloatArray = (radius - distance).astype(np.float32)
    return depth


def _draw_tree(
    rng: np.random.Generator, anatomy: Anatomy, organ: str, root_mm: FloatArray, hu: float
) -> list[Lookalike]:
    """A tree of tubes that fork and taper, starting at ``root_mm`` and ending where the organ ends."""
    middle = _draw_inside(rng, anatomy, organ, root_mm)
    if middle is None:
        return []
    branches: list[Lookalike] = []
    radius = rng.uniform(2.0, 3.4)
    tips = [(root_mm, middle - root_mm, radius)]
    while tips and len(branches) < 24:
        start, heading, radius = tips.pop(0)
        length = rng.uniform(8.0, 15.0) * min(1.0, 0.4 + radius / 2)
        end = start + heading / np.linalg.norm(heading) * length
        thinner = radius * rng.uniform(0.72, 0.88)
        branches.append(Lookalike("vessel", organ, start, end, (radius, thinner), hu))
        points = place_points(anatomy, end[:1], end[1:2], end[2:])
        if thinner < 0.5 or (len(branches) > 1 and organ_depth(anatomy, points, organ)[0] < 1.5):
            continue
        for _ in range(2):
            spread = rng.normal(0.0, 0.55, 3) * np.linalg.norm(heading)
            tips.append((end, heading + spread, thinner * rng.uniform(0.7, 0.95)))
    return branches


def _draw_inside(
    rng: np.random.Generator, anatomy: Anatomy, organ: str, near_mm: FloatArray
) -> FloatArray | None:
    """A point of the organ on the same side as ``near_mm``; ``None`` when chance found none."""
    places = near_mm + rng.normal(0.0, 1.0, (80, 3)) * np.array([16.0, 16.0, 12.0]) * anatomy.scale
    points = place_points(anatomy, places[:, 0], places[:, 1], places[:, 2])
    inside = (organ_depth(anatomy, points, organ) > 3.0) & (places[:, 0] * near_mm[0] > 0)
    return np.asarray(places[inside][0]) if inside.any() else None


def _draw_ball(
    rng: np.random.Generator, anatomy: Anatomy, settings: PhantomSettings, kind: str, organ: str
) -> Lookalike | None:
    if kind == "granuloma":
        radius, hu = rng.uniform(1.3, 3.5), rng.uniform(250.0, 700.0)
    else:
        radius, hu = rng.uniform(2.5, 5.5), rng.uniform(45.0, 95.0)
    half = np.asarray(settings.field_of_view_mm) / 2
    places = rng.uniform(-half, half, (200, 3))
    points = place_points(anatomy, places[:, 0], places[:, 1], places[:, 2])
    room = _outside_depth(anatomy, points) if organ == "outside" else organ_depth(anatomy, points, organ)
    free = np.flatnonzero(room > radius + 0.5)
    if len(free) == 0:
        return None
    centre = places[free[0]]
    stretch = rng.normal(0.0, 0.5, 3) * radius if kind == "node" else np.zeros(3)
    return Lookalike(kind, organ, centre, centre + stretch, (radius, radius), hu)


def _outside_depth(anatomy: Anatomy, points: Points) -> FloatArray:
    """Depth in the room of chest and belly that neither lung nor liver fills."""
    depth = np.minimum(-lung_depth(anatomy, points), -liver_depth(anatomy, points))
    return np.minimum(depth, cavity_depth(anatomy, points))


def _touches(item: Lookalike, lesion: LesionShape) -> bool:
    axis = item.end_mm - item.start_mm
    steps = np.linspace(0.0, 1.0, 9)[:, None]
    places = item.start_mm + steps * axis
    surface = lesion.centre_mm + lesion.surface[::3] * lesion.diameter_mm
    nearest = np.linalg.norm(places[:, None] - surface[None], axis=2).min(axis=1)
    inside = np.linalg.norm(places - lesion.centre_mm, axis=1) < 0.35 * lesion.diameter_mm
    return bool((nearest < max(item.radius_mm) + _GAP_MM).any() or inside.any())
