"""Torso: a patient's densities in HU, sampled finely, before any scanner has seen them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scanwright.phantoms.anatomy import (
    Anatomy,
    Points,
    body_depth,
    cavity_depth,
    dome_height,
    ellipsoid_depth,
    gallbladder_depth,
    liver_depth,
    lung_depth,
    place_points,
    spine_depth,
)
from scanwright.phantoms.lesions import LesionShape, lesion_depth, spicule_occupancy
from scanwright.phantoms.lookalikes import Lookalike, lookalike_depth
from scanwright.types import FloatArray, IntArray

ORGANS = {"body": 1, "lung": 2, "liver": 3, "spine": 4}
LOOKALIKES = {"vessel": 1, "granuloma": 2, "node": 3}


@dataclass(frozen=True, eq=False)
class Grid:
    """Sampling places in the body frame, in mm, shaped to broadcast: (i,1,1), (1,j,1), (1,1,k).

    Attributes:
        x, y, z: coordinates.
        edge_mm: width over which a surface fades, about the in-plane spacing: partial volume.
    """

    x: FloatArray
    y: FloatArray
    z: FloatArray
    edge_mm: float

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.x.size, self.y.size, self.z.size

    def crop(self, centre_mm: FloatArray, reach_mm: float) -> tuple[tuple[slice, slice, slice], Grid]:
        """The part of the grid within ``reach_mm`` of a centre: its slices and its coordinates."""
        window = []
        for axis, centre in zip((self.x, self.y, self.z), centre_mm, strict=True):
            inside = np.flatnonzero(np.abs(axis.ravel() - centre) <= reach_mm + self.edge_mm)
            window.append(slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 0))
        i, j, k = window
        return (i, j, k), Grid(self.x[i], self.y[:, j], self.z[:, :, k], self.edge_mm)

    def fill(self, depth_mm: FloatArray) -> FloatArray:
        """Occupancy (0 to 1) of each place from the depth below a surface."""
        occupancy: FloatArray = np.clip(0.5 + depth_mm / self.edge_mm, 0.0, 1.0)
        return occupancy


@dataclass(frozen=True, eq=False)
class Torso:
    """A patient on a fine grid.

    Attributes:
        hu: (i, j, k) density in HU.
        organs: (i, j, k) uint8, see ORGANS.
        lookalikes: (i, j, k) uint8, see LOOKALIKES.
        lesions: for each lesion its window in the grid and its occupancy there.
    """

    hu: FloatArray
    organs: IntArray
    lookalikes: IntArray
    lesions: tuple[tuple[tuple[slice, slice, slice], FloatArray], ...]


def render_torso(
    rng: np.random.Generator,
    anatomy: Anatomy,
    lesions: tuple[LesionShape, ...],
    lookalikes: tuple[Lookalike, ...],
    grid: Grid,
) -> Torso:
    """Densities, organs and lesions of a patient on a grid.

    Args:
        rng: the source of the tissues' texture.
        anatomy: the patient.
        lesions, lookalikes: what lies in the patient.
        grid: where to sample.
    """
    points = place_points(anatomy, grid.x, grid.y, grid.z)
    coarse = _draw_texture(rng, grid, 3.5)
    fine = _draw_texture(rng, grid, 1.4)
    hu, organs = _paint_tissues(anatomy, points, grid, coarse, fine)
    marks = np.zeros(grid.shape, dtype=np.uint8)
    for item in lookalikes:
        _paint_lookalike(hu, marks, organs, item, grid)
    painted = tuple(_paint_lesion(hu, lesion, grid, fine) for lesion in lesions)
    for window, occupancy in painted:
        marks[window][occupancy > 0] = 0
    return Torso(hu, organs, marks, painted)


def _paint_tissues(
    anatomy: Anatomy, points: Points, grid: Grid, coarse: FloatArray, fine: FloatArray
) -> tuple[FloatArray, IntArray]:
    tissue = anatomy.hu
    skin = body_depth(anatomy, points)
    cavity = cavity_depth(anatomy, points)
    above = dome_height(anatomy, points)
    lung = lung_depth(anatomy, points)
    liver = liver_depth(anatomy, points)
    hu = np.full(grid.shape, tissue["air"], dtype=np.float32)

    def paint(depth: FloatArray, value: FloatArray | float) -> None:
        part = grid.fill(depth)
        hu[...] += part * (value - hu)

    paint(skin, tissue["fat"] + 6.0 * coarse)
    paint(skin - anatomy.fat_mm, tissue["muscle"] + 14.0 * coarse)
    # Loops of bowel and strands stand out of the belly's fat where the coarse texture is high.
    loops = np.clip(2.5 * (coarse - 0.3), 0.0, 1.0) * np.float32(tissue["muscle"] - tissue["abdomen"])
    paint(cavity, tissue["abdomen"] + loops)
    paint(np.minimum(cavity, above + 2.0), tissue["mediastinum"] + 28.0 * coarse)
    for name, centre, radii in _ORGANS_BESIDE:
        inside = np.minimum(ellipsoid_depth(points, np.array(centre), np.array(radii)), cavity - 0.7)
        inside = np.minimum(inside, -above - 1.5)
        paint(inside, tissue[name] + 5.0 * fine)
        if name == "stomach":
            # A wall that takes up contrast medium around a drink of water and a bubble of gas.
            paint(inside - 3.0, tissue["water"] + 4.0 * fine)
            paint(np.minimum(inside - 4.2, points.y - 18.0), -950.0)
    paint(ellipsoid_depth(points, anatomy.heart[0], anatomy.heart[1]), tissue["muscle"] + 40.0 + 4.0 * coarse)
    paint(ellipsoid_depth(points, anatomy.heart[0], anatomy.heart[1] - 4.0), tissue["heart"] + 6.0 * coarse)
    paint(liver, tissue["liver"] + 4.0 * coarse + 5.0 * fine)
    bile = np.minimum(gallbladder_depth(anatomy, points), cavity - 0.7)
    paint(bile, tissue["muscle"] + 3.0 * fine)
    paint(bile - 0.9, tissue["bile"] + 2.0 * fine)
    # Blood and water gather at the back of the lung of a patient who lies on it.
    settled = np.clip((-points.y - 5.0) / 30.0, 0.0, 1.0) * 70.0
    paint(lung, np.clip(tissue["lung"] + settled + 22.0 * coarse + 26.0 * fine, -960.0, -640.0))
    for x, y, radius in ((-6.0, 7.0, 6.0), (7.0, 9.0, 4.5)):
        wall = anatomy.spine_mm[0] + anatomy.spine_mm[2] + y - 1.0
        paint(_tube_depth(points, x, wall, radius), tissue["blood"] + 3.0 * fine)
    spine = _paint_bones(anatomy, points, skin, paint, coarse, fine)
    organs = np.zeros(grid.shape, dtype=np.uint8)
    for name, depth in (("body", skin), ("lung", lung), ("liver", liver), ("spine", spine)):
        organs[depth > 0] = ORGANS[name]
    return hu, organs


_ORGANS_BESIDE = (
    ("spleen", (-29.0, -15.0, -19.0), (13.0, 13.0, 14.0)),
    ("stomach", (-22.0, 12.0, -18.5), (15.0, 15.0, 14.5)),
)


def _paint_bones(
    anatomy: Anatomy,
    points: Points,
    skin: FloatArray,
    paint: Callable[[FloatArray, FloatArray | float], None],
    coarse: FloatArray,
    fine: FloatArray,
) -> FloatArray:
    """Vertebrae with cortex, marrow, discs, canal and arch, and ribs; gives the depth in the spine."""
    y, _, b = anatomy.spine_mm
    tissue = anatomy.hu
    column = spine_depth(anatomy, points)
    phase = (points.z + anatomy.vertebra_phase_mm) % 20.0
    in_vertebra = np.minimum(phase - 2.0, 18.0 - phase)
    arch_y = y - b - 4.0
    arch = _tube_depth(points, 0.0, arch_y, 8.0)
    spinous = np.minimum(
        2.2 - np.abs(points.x), np.minimum(arch_y - 5.0 - points.y, points.y - (arch_y - 14.0))
    )
    arch = np.maximum(arch, np.minimum(spinous, in_vertebra - 4.0))
    arch = np.minimum(arch, skin - 3.0)
    canal = _tube_depth(points, 0.0, arch_y + 1.0, 5.5)
    paint(arch, 330.0 + 60.0 * fine)
    paint(column, 95.0 + 8.0 * coarse)
    body = np.minimum(column, in_vertebra)
    paint(body, tissue["cortex"] + 50.0 * fine)
    paint(body - 1.3, tissue["marrow"] + 12.0 * coarse + 15.0 * fine)
    paint(canal, tissue["canal"])
    middle = np.float32(anatomy.fat_mm + anatomy.muscle_mm / 2)
    slope = points.z - 0.45 * points.y + anatomy.rib_phase_mm
    band = 3.3 - np.abs(slope % 16.0 - 8.0)
    rib = np.minimum(2.1 - np.abs(skin - middle), band)
    rib = np.minimum(rib, points.y + np.float32(anatomy.body_mm[1] - 12.0))
    paint(rib, tissue["cortex"] - 60.0 + 50.0 * fine)
    paint(rib - 1.2, tissue["marrow"] + 30.0 * fine)
    spine: FloatArray = np.maximum(column, np.maximum(arch, canal))
    return spine


def _tube_depth(points: Points, x_mm: float, y_mm: float, radius_mm: float) -> FloatArray:
    distance = np.sqrt((points.x - x_mm) ** 2 + (points.y - y_mm) ** 2)
    return radius_mm - distance


def _paint_lookalike(hu: FloatArray, marks: IntArray, organs: IntArray, item: Lookalike, grid: Grid) -> None:
    middle = (item.start_mm + item.end_mm) / 2
    reach = float(np.linalg.norm(item.end_mm - item.start_mm)) / 2 + max(item.radius_mm)
    window, local = grid.crop(middle, reach)
    part = local.fill(lookalike_depth(item, local.x, local.y, local.z))
    if item.organ != "outside":
        part = part * (organs[window] == ORGANS[item.organ])
    hu[window] += part * (item.hu - hu[window])
    marks[window][part > 0.5] = LOOKALIKES[item.kind]


def _paint_lesion(
    hu: FloatArray, lesion: LesionShape, grid: Grid, fine: FloatArray
) -> tuple[tuple[slice, slice, slice], FloatArray]:
    window, local = grid.crop(lesion.centre_mm, lesion.reach_mm + 0.25 * lesion.diameter_mm)
    part = local.fill(lesion_depth(lesion, local.x, local.y, local.z))
    texture = np.float32(60.0 if lesion.organ == "lung" else 6.0)
    value = lesion.hu + texture * fine[window]
    if len(lesion.spicules):
        strands = 0.7 * spicule_occupancy(lesion, local.x, local.y, local.z)
        # Strands are seen only where the surroundings are darker than they are.
        strands = np.where(hu[window] < value, strands, 0)
        hu[window] += strands * (value - hu[window])
    hu[window] += part * (value - hu[window])
    return window, part


def _draw_texture(rng: np.random.Generator, grid: Grid, grain_mm: float) -> FloatArray:
    """A smooth random field of mean 0 and standard deviation 1 whose grain is about ``grain_mm`` wide."""
    step = grain_mm * 0.75
    matrices: list[FloatArray] = []
    for axis in (grid.x.ravel(), grid.y.ravel(), grid.z.ravel()):
        knots = np.arange(axis.min() - 2 * grain_mm, axis.max() + 2 * grain_mm, step)
        weights = np.exp(-0.5 * ((axis[:, None] - knots[None]) / (0.5 * grain_mm)) ** 2)
        matrices.append((weights / np.linalg.norm(weights, axis=1, keepdims=True)).astype(np.float32))
    field = rng.standard_normal([m.shape[1] for m in matrices], dtype=np.float32)
    for axis_index, matrix in enumerate(matrices):
        field = np.moveaxis(np.tensordot(matrix, field, axes=(1, axis_index)), 0, axis_index)
    return np.ascontiguousarray(field)
