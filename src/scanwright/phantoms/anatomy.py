"""Anatomy: the healthy torso of one patient as depths below organ surfaces.

The body frame is in mm with its origin in the middle of the field of view: x to the patient's right, y to
the front, z to the head. Every ``*_depth`` function gives the depth in mm below an organ's surface:
positive inside, negative outside, approximate away from the surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanwright.phantoms.settings import PhantomSettings
from scanwright.types import FloatArray

# The torso is designed in this box and then scaled to the field of view.
DESIGN_BOX_MM = (120.0, 96.0, 70.0)


@dataclass(frozen=True, eq=False)
class Points:
    """Places in the body frame after the patient's own bending, and in design millimetres.

    Attributes:
        x, y, z: coordinates in mm that broadcast against each other.
    """

    x: FloatArray
    y: FloatArray
    z: FloatArray


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The numbers that tell one patient from another.

    Attributes:
        scale: (3,) field of view over the design box.
        bend: (4, 3) amplitude in mm, wave number in 1/mm and phase of the four bends of the torso.
        body_mm: half width and half depth of the body.
        fat_mm: thickness of the fat under the skin.
        muscle_mm: thickness of the wall of muscle and ribs.
        dome_mm: height of the diaphragm's base, and how far the right and the left dome stand above it.
        heart: (2, 3) centre and radii in mm.
        liver: (2, 3) centre and radii in mm.
        gallbladder: (2, 3) centre and radii in mm.
        spine_mm: y of the vertebral bodies' centre, their half width and half depth.
        vertebra_phase_mm: where the first disc lies.
        rib_phase_mm: where the first rib lies.
        hu: density of each tissue in HU by name.
    """

    scale: FloatArray
    bend: FloatArray
    body_mm: tuple[float, float]
    fat_mm: float
    muscle_mm: float
    dome_mm: tuple[float, float, float]
    heart: FloatArray
    liver: FloatArray
    gallbladder: FloatArray
    spine_mm: tuple[float, float, float]
    vertebra_phase_mm: float
    rib_phase_mm: float
    hu: dict[str, float]


def draw_anatomy(rng: np.random.Generator, settings: PhantomSettings) -> Anatomy:
    """A healthy patient drawn at random."""
    half_width = rng.uniform(53.0, 57.0)
    half_depth = rng.uniform(41.0, 44.5)
    bend = np.stack(
        [rng.uniform(0.5, 2.2, 4), 2 * np.pi / rng.uniform(50.0, 110.0, 4), rng.uniform(0, 2 * np.pi, 4)],
        axis=1,
    )
    heart = np.array([[-9.0, 8.0, 4.0], [17.0, 17.0, 18.0]]) + rng.normal(0.0, 1.0, (2, 3))
    liver = np.array([[20.0, 4.0, -19.0], [31.0, 29.0, 25.0]]) + rng.normal(0.0, 1.3, (2, 3))
    gallbladder = np.array([[13.0, 16.0, -20.0], [7.0, 8.5, 10.0]]) + rng.normal(0.0, 0.9, (2, 3))
    # From before the contrast medium to the height of the portal venous phase: no fixed window fits all.
    phase = rng.uniform(0.0, 1.0)
    liver_hu = 62.0 + 55.0 * phase + rng.uniform(-6.0, 6.0)
    blood_hu = 45.0 + 115.0 * phase + rng.uniform(-6.0, 6.0)
    return Anatomy(
        scale=np.asarray(settings.field_of_view_mm) / np.asarray(DESIGN_BOX_MM),
        bend=bend,
        body_mm=(half_width, half_depth),
        fat_mm=rng.uniform(2.5, 5.5),
        muscle_mm=rng.uniform(4.0, 5.0),
        dome_mm=(rng.uniform(-13.0, -9.0), rng.uniform(12.0, 17.0), rng.uniform(9.0, 13.0)),
        heart=heart,
        liver=liver,
        gallbladder=gallbladder,
        spine_mm=(-half_depth + rng.uniform(25.5, 27.5), rng.uniform(11.5, 13.5), rng.uniform(9.5, 11.0)),
        vertebra_phase_mm=rng.uniform(0.0, 20.0),
        rib_phase_mm=rng.uniform(0.0, 16.0),
        hu={
            "air": -1000.0,
            "fat": rng.uniform(-110.0, -90.0),
            "muscle": rng.uniform(50.0, 65.0),
            "mediastinum": rng.uniform(-10.0, 30.0),
            "abdomen": rng.uniform(-95.0, -75.0),
            "lung": rng.uniform(-870.0, -800.0),
            "heart": blood_hu - 10.0 * phase,
            "blood": blood_hu,
            "liver": liver_hu,
            "spleen": liver_hu + rng.uniform(-12.0, 18.0),
            "stomach": 105.0 + 30.0 * phase,
            "water": rng.uniform(5.0, 35.0),
            "marrow": rng.uniform(-20.0, 70.0),
            "cortex": rng.uniform(480.0, 650.0),
            "bile": rng.uniform(2.0, 15.0),
            "canal": rng.uniform(15.0, 30.0),
        },
    )


def place_points(anatomy: Anatomy, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> Points:
    """Points of the body frame, unscaled and unbent, so that the depth functions are simple shapes.

    Args:
        anatomy: the patient.
        x_mm, y_mm, z_mm: body-frame coordinates that broadcast against each other.
    """
    x = (x_mm / np.float32(anatomy.scale[0])).astype(np.float32)
    y = (y_mm / np.float32(anatomy.scale[1])).astype(np.float32)
    z = (z_mm / np.float32(anatomy.scale[2])).astype(np.float32)
    waves = anatomy.bend.astype(np.float32)
    return Points(
        x=x + _wave(waves[0], y) + _wave(waves[1], z),
        y=y + _wave(waves[2], x) + _wave(waves[3], z),
        z=z,
    )


def ellipsoid_depth(points: Points, centre_mm: FloatArray, radii_mm: FloatArray) -> FloatArray:
    """Depth in mm below the surface of an ellipsoid whose axes are those of the body."""
    c = np.asarray(centre_mm, dtype=np.float32)
    r = np.asarray(radii_mm, dtype=np.float32)
    square = (
        ((points.x - c[0]) / r[0]) ** 2 + ((points.y - c[1]) / r[1]) ** 2 + ((points.z - c[2]) / r[2]) ** 2
    )
    return _scaled_depth(square, float(np.prod(r) ** (1 / 3)))


def body_depth(anatomy: Anatomy, points: Points) -> FloatArray:
    """Depth below the skin."""
    a, b = anatomy.body_mm
    square = (points.x / a) ** 2 + (points.y / b) ** 2
    return _scaled_depth(square, float(np.sqrt(a * b)))


def cavity_depth(anatomy: Anatomy, points: Points) -> FloatArray:
    """Depth below the inner surface of the chest and belly wall."""
    return body_depth(anatomy, points) - np.float32(anatomy.fat_mm + anatomy.muscle_mm)


def dome_height(anatomy: Anatomy, points: Points) -> FloatArray:
    """Height in mm of a point above the diaphragm."""
    base, right, left = anatomy.dome_mm
    depth = ((points.y - 2.0) / 30.0) ** 2
    surface = base + right * np.exp(-(((points.x - 24.0) / 24.0) ** 2) - depth)
    surface = surface + left * np.exp(-(((points.x + 26.0) / 22.0) ** 2) - depth)
    height: FloatArray = (points.z - surface) * 0.85
    return height


def spine_depth(anatomy: Anatomy, points: Points) -> FloatArray:
    """Depth below the surface of the column of vertebral bodies and discs."""
    y, a, b = anatomy.spine_mm
    square = (points.x / a) ** 2 + ((points.y - y) / b) ** 2
    return _scaled_depth(square, float(np.sqrt(a * b)))


def lung_depth(anatomy: Anatomy, points: Points) -> FloatArray:
    """Depth below the surface of the two lungs, the hilar vessels not counted out."""
    width = 8.0 + 3.0 * np.cos(points.y / 12.0)
    beside_middle = np.abs(points.x + 1.5) - width
    depth = np.minimum(cavity_depth(anatomy, points) - 0.7, dome_height(anatomy, points))
    depth = np.minimum(depth, beside_middle)
    depth = np.minimum(depth, -ellipsoid_depth(points, anatomy.heart[0], anatomy.heart[1]) - 0.5)
    free: FloatArray = np.minimum(depth, -spine_depth(anatomy, points) - 1.5)
    return free


def liver_depth(anatomy: Anatomy, points: Points) -> FloatArray:
    """Depth below the surface of the liver."""
    depth = ellipsoid_depth(points, anatomy.liver[0], anatomy.liver[1])
    depth = np.minimum(depth, -dome_height(anatomy, points) - 1.5)
    depth = np.minimum(depth, cavity_depth(anatomy, points) - 0.7)
    depth = np.minimum(depth, -gallbladder_depth(anatomy, points) - 0.5)
    free: FloatArray = np.minimum(depth, -spine_depth(anatomy, points) - 2.0)
    return free


def gallbladder_depth(anatomy: Anatomy, points: Points) -> FloatArray:
    """Depth below the surface of the gallbladder, a dark body in a bay of the liver."""
    return ellipsoid_depth(points, anatomy.gallbladder[0], anatomy.gallbladder[1])


def organ_depth(anatomy: Anatomy, points: Points, organ: str) -> FloatArray:
    """Depth below the surface of "lung" or "liver"."""
    return lung_depth(anatomy, points) if organ == "lung" else liver_depth(anatomy, points)


def _scaled_depth(square: FloatArray, size_mm: float) -> FloatArray:
    """Depth below the surface where ``square`` is 1, for a shape whose mean half width is ``size_mm``."""
    depth: FloatArray = (1.0 - np.sqrt(square)) * size_mm
    return depth


def _wave(wave: FloatArray, along: FloatArray) -> FloatArray:
    amplitude, number, phase = wave
    bent: FloatArray = (amplitude * np.sin(number * along + phase)).astype(np.float32)
    return bent
