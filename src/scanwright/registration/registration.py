"""Registration: finding and using the map from a fixed image to a moving one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from scanwright.core.geometry import move_points
from scanwright.core.tiling import slabs
from scanwright.data.volume import Volume
from scanwright.errors import SettingsError
from scanwright.registration.grid import Scan, affine_of, scan_of
from scanwright.registration.linear import refine, search
from scanwright.registration.quality import Quality, judge
from scanwright.types import FloatArray, Progress, silent

KINDS = ("rigid", "affine", "deformable")
COARSEST_MM = 8.0
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
    threads: int | None = None,
    progress: Progress = silent,
) -> Registration:
    """Find where every place of one image lies in another.

    By mutual information, so across dates and modalities; from many starts, so whatever the headers say; on
    coarse grids first. Of images with several channels the first is compared.

    Args:
        fixed: the image onto whose grid the other is to come.
        moving: the other image.
        kind: "rigid" (6 numbers), "affine" (12) or "deformable" (a field).
        fixed_mask: on the grid of the fixed image; only there are the images compared.
        seed: of the places at which they are compared.
        threads: accepted for the sake of other verbs; the optimiser keeps to one, as its sums would depend
            on their number.
        progress: told how far it is.

    Raises:
        DataError: an image without place in the patient, flat or of one value; an empty mask.
        SettingsError: an unknown kind.
    """
    if kind not in KINDS:
        raise SettingsError("no such registration", expected=", ".join(KINDS), received=f"kind={kind}")

    def part(begin: float, end: float) -> Callable[[float], None]:
        return lambda done: progress("Registering", begin + done * (end - begin), 1.0)

    levels = levels_mm(fixed, moving)
    coarse = _scans(fixed, moving, levels[0], fixed_mask)
    found = search(*coarse, seed, part(0.0, 0.4))
    affine_ras = found.affine_ras
    for level, level_mm in enumerate(levels[1:]):
        progress("Registering", 0.4 + 0.2 * level, 1.0)
        pair = _scans(fixed, moving, level_mm, fixed_mask)
        affine_ras = refine(*pair, affine_ras, "rigid" if kind == "rigid" else "affine", seed)
    progress("Registering", 0.8, 1.0)
    quality = judge(*coarse, affine_ras, found)
    progress("Registering", 1.0, 1.0)
    return Registration(kind, affine_ras, None, quality)


def _scans(fixed: Volume, moving: Volume, level_mm: float, mask: Volume | None) -> tuple[Scan, Scan]:
    return scan_of(fixed, level_mm, mask), scan_of(moving, level_mm)


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
