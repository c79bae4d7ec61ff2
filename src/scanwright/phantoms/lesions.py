"""Lesions as shapes in the body frame: ellipsoids with lobes and spicules, of an exactly known volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanwright.phantoms.anatomy import Anatomy, organ_depth, place_points
from scanwright.phantoms.settings import PhantomSettings
from scanwright.types import FloatArray

# Voxels along each axis of the grid on which a shape's volume is measured; its error is about 0.2 %.
_SHAPE_GRID = 41
_GAP_MM = 6.0
_PLACES_PER_SIZE = 600
_PUSH_MM = 0.4
_FARTHEST_PUSH_MM = 40.0


@dataclass(frozen=True, eq=False)
class LesionShape:
    """A lesion of one patient, independent of how it will be imaged.

    Scaling ``diameter_mm`` and nothing else is growth.

    Attributes:
        organ: "lung" or "liver".
        centre_mm: (3,) centre of gravity in the body frame.
        diameter_mm: diameter of the sphere of the same volume.
        hu: mean density in HU.
        lobes: (n, 6) centre and radii of ellipsoids, in units of the diameter, in the lesion's own frame.
        rotation: (3, 3) from the body frame to the lesion's own.
        waves: (m, 5) wave vector, phase and height of the bumps on the surface, in units of the diameter.
        spicules: (s, 5) direction, length and width in units of the diameter of strands that start at the
            surface. They are pictured but, as in drawings by hand, count neither for mask nor volume.
        surface: (p, 3) points on the surface in units of the diameter, in the body's axes.
    """

    organ: str
    centre_mm: FloatArray
    diameter_mm: float
    hu: float
    lobes: FloatArray
    rotation: FloatArray
    waves: FloatArray
    spicules: FloatArray
    surface: FloatArray

    @property
    def reach_mm(self) -> float:
        """Distance from the centre to the farthest point of the surface."""
        return float(np.linalg.norm(self.surface, axis=1).max()) * self.diameter_mm

    @property
    def volume_mm3(self) -> float:
        """Volume without spicules."""
        return float(np.pi / 6.0 * self.diameter_mm**3)


def draw_lesions(
    rng: np.random.Generator, anatomy: Anatomy, settings: PhantomSettings, n: int
) -> tuple[LesionShape, ...]:
    """``n`` lesions (fewer where there is no room) inside lung and liver, at least 6 mm apart.

    Args:
        rng: the source of chance.
        anatomy: the patient.
        settings: sizes and densities.
        n: how many are wanted.
    """
    lesions: list[LesionShape] = []
    for _ in range(n):
        organ = "lung" if rng.random() < 0.5 else "liver"
        hu = rng.uniform(*settings.lung_lesion_hu)
        if organ == "liver":
            hu = anatomy.hu["liver"] + rng.uniform(*settings.liver_contrast_hu)
        shape = _draw_shape(rng, organ, hu)
        placed = _place(rng, anatomy, settings, shape, lesions)
        if placed is not None:
            lesions.append(placed)
    return tuple(lesions)


def lesion_depth(lesion: LesionShape, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> FloatArray:
    """Depth in mm below the lesion's surface (positive inside); coordinates in the body frame broadcast."""
    size = lesion.diameter_mm
    offset = [(axis - c) / size for axis, c in zip((x_mm, y_mm, z_mm), lesion.centre_mm, strict=True)]
    own = [sum(lesion.rotation[row, axis] * offset[axis] for axis in range(3)) for row in range(3)]
    return (_unit_depth(lesion.lobes, lesion.waves, own[0], own[1], own[2]) * size).astype(np.float32)


def spicule_occupancy(
    lesion: LesionShape, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray
) -> FloatArray:
    """Part (0 to 1) of each place filled by strands that radiate from the lesion; broadcasts."""
    size = lesion.diameter_mm
    dx, dy, dz = (axis - c for axis, c in zip((x_mm, y_mm, z_mm), lesion.centre_mm, strict=True))
    square = dx**2 + dy**2 + dz**2
    total = np.zeros(square.shape, dtype=np.float32)
    for sx, sy, sz, length, width in lesion.spicules:
        along = dx * sx + dy * sy + dz * sz
        across = square - along**2
        taper = np.clip(1.0 - along / (length * size), 0.0, 1.0)
        strand = np.exp(-across / (2 * (width * size) ** 2)) * taper * (along > 0)
        total = np.maximum(total, strand)
    return total


def _draw_shape(rng: np.random.Generator, organ: str, hu: float) -> LesionShape:
    n_lobes = int(rng.integers(0, 4))
    lobes = [np.concatenate([np.zeros(3), 0.5 * rng.uniform(0.8, 1.2, 3)])]
    for _ in range(n_lobes):
        direction = _draw_direction(rng)
        lobes.append(np.concatenate([direction * rng.uniform(0.25, 0.42), rng.uniform(0.22, 0.36, 3)]))
    waves = np.concatenate(
        [
            rng.normal(0.0, 1.0, (5, 3)) * 5.0,
            rng.uniform(0, 2 * np.pi, (5, 1)),
            rng.uniform(0.005, 0.022, (5, 1)),
        ],
        axis=1,
    )
    n_spicules = int(rng.integers(4, 11)) if organ == "lung" and rng.random() < 0.7 else 0
    directions = np.array([_draw_direction(rng) for _ in range(n_spicules)]).reshape(-1, 3)
    spicules = np.concatenate(
        [directions, rng.uniform(0.8, 1.15, (n_spicules, 1)), rng.uniform(0.03, 0.06, (n_spicules, 1))],
        axis=1,
    )
    rotation = _draw_rotation(rng)
    unit, surface = _normalise(np.array(lobes), waves)
    lobes_unit = unit.lobes
    return LesionShape(
        organ, np.zeros(3), 1.0, float(hu), lobes_unit, rotation, unit.waves, spicules, surface @ rotation
    )


@dataclass(frozen=True, eq=False)
class _UnitShape:
    lobes: FloatArray
    waves: FloatArray


def _normalise(lobes: FloatArray, waves: FloatArray) -> tuple[_UnitShape, FloatArray]:
    """The shape moved and scaled to centre of gravity 0 and the volume of a sphere of diameter 1."""
    axis = np.linspace(-1.1, 1.1, _SHAPE_GRID)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    depth = _unit_depth(lobes, waves, x, y, z)
    step = axis[1] - axis[0]
    # A voxel at the surface counts by how deep it lies: this takes the staircase out of the volume.
    inside = np.clip(0.5 + depth / step, 0.0, 1.0)
    volume = inside.sum() * step**3
    centre = np.array([(inside * place).sum() for place in (x, y, z)]) / inside.sum()
    size = (6.0 * volume / np.pi) ** (1 / 3)
    moved = lobes.copy()
    moved[:, :3] = (lobes[:, :3] - centre) / size
    moved[:, 3:] = lobes[:, 3:] / size
    bumps = waves.copy()
    bumps[:, 3] = waves[:, 3] + waves[:, :3] @ centre
    bumps[:, :3] = waves[:, :3] * size
    bumps[:, 4] = waves[:, 4] / size
    shell = np.abs(depth) < 0.6 * step
    surface = (np.stack([x[shell], y[shell], z[shell]], axis=1) - centre) / size
    return _UnitShape(moved, bumps), surface


def _unit_depth(
    lobes: FloatArray, waves: FloatArray, x: FloatArray, y: FloatArray, z: FloatArray
) -> FloatArray:
    depth: FloatArray | None = None
    for cx, cy, cz, rx, ry, rz in lobes:
        root = np.sqrt(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2)
        lobe = (1.0 - root) * (rx * ry * rz) ** (1 / 3)
        depth = lobe if depth is None else np.maximum(depth, lobe)
    if depth is None:
        return np.full(np.broadcast_shapes(x.shape, y.shape, z.shape), -1.0)
    for kx, ky, kz, phase, height in waves:
        depth = depth + height * np.sin(kx * x + ky * y + kz * z + phase)
    return depth


def _place(
    rng: np.random.Generator,
    anatomy: Anatomy,
    settings: PhantomSettings,
    shape: LesionShape,
    others: list[LesionShape],
) -> LesionShape | None:
    low, high = settings.lesion_diameter_mm
    diameter = float(rng.uniform(low, high))
    half = np.asarray(settings.field_of_view_mm) / 2
    while diameter >= low:
        for centre in _draw_centres(rng, anatomy, half, shape.organ, diameter):
            candidate = _resized(shape, centre, diameter)
            if _has_room(anatomy, candidate, half, others):
                attached = rng.random() < settings.attached_share
                return _push_out(rng, anatomy, candidate, half, others) if attached else candidate
        # A lesion that fits nowhere is drawn again at nine tenths of its size.
        diameter = diameter * 0.9 if diameter * 0.9 >= low or diameter == low else low
    return None


def _draw_centres(
    rng: np.random.Generator, anatomy: Anatomy, half_mm: FloatArray, organ: str, diameter_mm: float
) -> FloatArray:
    """(n, 3) places about deep enough in the organ for a lesion of this size."""
    places = rng.uniform(-half_mm, half_mm, (_PLACES_PER_SIZE, 3))
    points = place_points(anatomy, places[:, 0], places[:, 1], places[:, 2])
    deep: FloatArray = places[organ_depth(anatomy, points, organ) > 0.4 * diameter_mm]
    return deep


def _push_out(
    rng: np.random.Generator,
    anatomy: Anatomy,
    lesion: LesionShape,
    half_mm: FloatArray,
    others: list[LesionShape],
) -> LesionShape:
    """The lesion moved in a random direction until it lies against whatever is next."""
    heading = _draw_direction(rng)
    moved = lesion
    for step in np.arange(_PUSH_MM, _FARTHEST_PUSH_MM, _PUSH_MM):
        further = _resized(lesion, lesion.centre_mm + step * heading, lesion.diameter_mm)
        if not _has_room(anatomy, further, half_mm, others):
            break
        moved = further
    return moved


def _resized(shape: LesionShape, centre_mm: FloatArray, diameter_mm: float) -> LesionShape:
    return LesionShape(
        shape.organ,
        centre_mm,
        diameter_mm,
        shape.hu,
        shape.lobes,
        shape.rotation,
        shape.waves,
        shape.spicules,
        shape.surface,
    )


def _has_room(anatomy: Anatomy, lesion: LesionShape, half_mm: FloatArray, others: list[LesionShape]) -> bool:
    for other in others:
        if np.linalg.norm(other.centre_mm - lesion.centre_mm) < other.reach_mm + lesion.reach_mm + _GAP_MM:
            return False
    surface = lesion.centre_mm + lesion.surface * lesion.diameter_mm
    if (np.abs(surface) > half_mm - 1.0).any():
        return False
    points = place_points(anatomy, surface[:, 0], surface[:, 1], surface[:, 2])
    return bool((organ_depth(anatomy, points, lesion.organ) > 0.1).all())


def _draw_direction(rng: np.random.Generator) -> FloatArray:
    vector = rng.normal(0.0, 1.0, 3)
    direction: FloatArray = vector / np.linalg.norm(vector)
    return direction


def _draw_rotation(rng: np.random.Generator) -> FloatArray:
    rotation, _ = np.linalg.qr(rng.normal(0.0, 1.0, (3, 3)))
    rotation = rotation * np.sign(np.linalg.det(rotation))
    return np.asarray(rotation, dtype=np.float64)
