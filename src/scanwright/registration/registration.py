"""Registration: finding and using the map from a fixed image to a moving one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from scanwright.core.geometry import move_points
from scanwright.core.tiling import slabs
from scanwright.data.volume import Volume
from scanwright.errors import SettingsError
from scanwright.registration.deformable import field_of, jacobian_range, warp
from scanwright.registration.grid import affine_of, scan_of
from scanwright.registration.linear import best_of, mean_distance, mirror_gain, search, shared
from scanwright.registration.quality import Evidence, Quality, judge
from scanwright.types import FloatArray, Progress, silent

KINDS = ("rigid", "affine", "deformable")
COARSEST_MM = 8.0
LESS = 0.5
"""Of the other image's body: what shows less than that is laid into the other, and the map turned round."""
MOST_INVERSE_STEPS = 50
INVERSE_MM = 0.01


@dataclass(frozen=True, eq=False)
class Registration:
    """Where every place of the fixed image lies in the moving one.

    Attributes:
        kind: "rigid", "affine" or "deformable".
        affine_ras: (4, 4) fixed RAS mm → moving RAS mm.
        field_ras_mm: (3, i, j, k) displacement added after the affine, on the fixed grid; ``None`` unless
            deformable.
        quality: how well it fits, and whether it failed.
        fixed_affine_ras: (4, 4) voxels of that grid → RAS mm; ``None`` where there is no field.
    """

    kind: str
    affine_ras: FloatArray
    field_ras_mm: FloatArray | None
    quality: Quality
    fixed_affine_ras: FloatArray | None = None

    @classmethod
    def by_headers(cls) -> Registration:
        """What the headers say: every place lies where it is."""
        return cls("rigid", np.eye(4), None, Quality())

    def points(self, places_ras_mm: FloatArray) -> FloatArray:
        """(n, 3) places of the fixed image, in RAS mm, as places of the moving image."""
        places = np.asarray(places_ras_mm, dtype=np.float64)
        moved = move_points(self.affine_ras, places)
        if self.field_ras_mm is None or self.fixed_affine_ras is None:
            return moved
        at = move_points(np.linalg.inv(self.fixed_affine_ras), places).T
        parts = [ndimage.map_coordinates(part, at, order=1, mode="nearest") for part in self.field_ras_mm]
        return np.asarray(moved + np.stack(parts, axis=1))

    def inverse_points(self, places_ras_mm: FloatArray) -> FloatArray:
        """(n, 3) places of the moving image, in RAS mm, as places of the fixed image.

        Of a deformable map by fixed-point iteration (Chen et al., Med. Phys. 2008), to a hundredth of a mm.
        """
        back = np.linalg.inv(self.affine_ras)
        wanted = np.asarray(places_ras_mm, dtype=np.float64)
        found = move_points(back, wanted)
        if self.field_ras_mm is None:
            return found
        for _ in range(MOST_INVERSE_STEPS):
            left = wanted - self.points(found)
            found = found + left @ back[:3, :3].T
            if np.abs(left).max(initial=0.0) < INVERSE_MM:
                break
        return found


def register(
    fixed: Volume,
    moving: Volume,
    kind: str = "rigid",
    *,
    fixed_mask: Volume | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> Registration:
    """Find where every place of one image lies in another.

    By mutual information, so across dates and modalities; from many starts, so whatever the headers say; on
    coarse grids first. Of images with several channels the first is compared. The optimiser keeps to one
    thread: its sums would depend on how many there are.

    Args:
        fixed: the image onto whose grid the other is to come.
        moving: the other image.
        kind: "rigid" (6 numbers), "affine" (12) or "deformable" (a field).
        fixed_mask: on the grid of the fixed image; only there are the images compared.
        seed: of the places at which they are compared.
        progress: told how far it is.

    Raises:
        DataError: an image without place in the patient, flat or of one value; an empty mask.
        SettingsError: an unknown kind.
    """
    if kind not in KINDS:
        raise SettingsError("no such registration", expected=", ".join(KINDS), received=f"kind={kind}")

    def part(begin: float, end: float) -> Callable[[float], None]:
        return lambda done: progress("Registering", begin + done * (end - begin), 1.0)

    levels = [
        (scan_of(fixed, level_mm, fixed_mask), scan_of(moving, level_mm))
        for level_mm in levels_mm(fixed, moving)
    ]
    # What shows less is laid into what shows more: every place then has a partner.
    turned = fixed_mask is None and levels[0][1].body_ml < LESS * levels[0][0].body_ml
    ordered = [(moved, still) for still, moved in levels] if turned else levels
    there = search(*ordered[0], seed, part(0.0, 0.35))
    linear = "rigid" if kind == "rigid" else "affine"
    affine_ras = best_of(*ordered[1], there.ends, linear, seed)
    progress("Registering", 0.45, 1.0)
    affine_ras = best_of(*ordered[2], (affine_ras,), linear, seed)
    back = search(*shared(*ordered[0], affine_ras), seed, part(0.5, 0.85))
    mirrored = mirror_gain(*ordered[1], affine_ras, seed)
    evidence = Evidence(
        there,
        mean_distance(ordered[0][0].body_places_mm, affine_ras, np.linalg.inv(back.ends[0])),
        mirrored,
    )
    if turned:
        affine_ras = np.linalg.inv(affine_ras)
    field_ras_mm, jacobian = None, None
    if kind == "deformable":
        progress("Registering", 0.85, 1.0)
        warped = warp(levels, affine_ras, seed)
        field_ras_mm = field_of(warped, fixed.shape, affine_of(fixed))
        jacobian = jacobian_range(field_ras_mm, affine_ras, affine_of(fixed))
    progress("Registering", 0.95, 1.0)
    result = Registration(kind, affine_ras, field_ras_mm, Quality(), affine_of(fixed))
    quality = judge(*levels[2], result.points, evidence, jacobian)
    progress("Registering", 1.0, 1.0)
    return replace(result, quality=quality)


def levels_mm(fixed: Volume, moving: Volume) -> tuple[float, float, float]:
    """Spacings of the grids, coarse to fine: 8, 4 and 2 mm, and in proportion for small images."""
    extents = [
        float(np.prod(np.array(one.shape) * np.linalg.norm(affine_of(one)[:3, :3], axis=0))) ** (1 / 3)
        for one in (fixed, moving)
    ]
    coarse = min(COARSEST_MM, min(extents) / 20)
    return coarse, coarse / 2, coarse / 4


def resample_onto(
    moving: Volume, fixed: Volume, registration: Registration, *, order: int = 1, outside: float | None = None
) -> Volume:
    """The moving image on the grid of the fixed one.

    Args:
        moving: image or mask, any number of channels.
        fixed: gives the grid.
        registration: of these two.
        order: 0 nearest (masks), 1 linear, 3 cubic.
        outside: value where the moving image does not reach; by default its smallest.

    Returns:
        (channel, i, j, k) of the fixed grid: float32, or the type of the moving image for order 0.

    Raises:
        DataError: one of them does not say where it lies.
    """
    fill = float(moving.array.min()) if outside is None else outside
    kind = moving.array.dtype if order == 0 else np.dtype(np.float32)
    result = np.empty((moving.n_channels, *fixed.shape), dtype=kind)
    to_voxels, to_mm = np.linalg.inv(affine_of(moving)), affine_of(fixed)
    sources = moving.array.astype(kind, copy=False)
    for slab in slabs(result, 1):
        grid = np.indices(result[0, slab].shape, dtype=np.float64)
        grid[0] += slab.start
        places = move_points(to_mm, grid.reshape(3, -1).T)
        at = move_points(to_voxels, registration.points(places)).T
        for channel, source in enumerate(sources):
            values = ndimage.map_coordinates(source, at, order=order, mode="constant", cval=fill)
            result[channel, slab] = values.reshape(result[channel, slab].shape)
    return Volume(result, affine_ras=fixed.affine_ras, modality=moving.modality)
