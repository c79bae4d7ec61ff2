"""One lesion measured: size, shape, place, intensities, and features by IBSI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanwright.core.diameters import Diameters, diameters, longest_in_space, shortest_in_space
from scanwright.core.geometry import ras_axes
from scanwright.core.ibsi import Recipe, ibsi_features
from scanwright.core.mesh import mesh_of
from scanwright.core.radiomics import PEAK_RADIUS_MM, Features
from scanwright.core.shape import shape_features
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.followup.lesions import Lesion
from scanwright.types import AnyArray, FloatArray, JsonDict

FAR_FROM_CUBIC = 2.5
"""Longest over shortest voxel edge from which a lesion is measured in the slices as they were taken."""
NEARLY_CUBIC = 1.5
"""Up to which texture is looked at as a body; else slice by slice, put together."""
THICK_SLICES_MM = 5.0
"""RECIST 1.1, section 3.1: lesions on thicker slices must be twice as long to be measurable."""
TILTED_DEGREES = 10.0
"""From here on a diameter in tilted slices is told apart from an axial one."""
_SHEARED = 0.01
_MOST_LEVELS = 1000
PLANES = ("sagittal", "coronal", "axial")


@dataclass(frozen=True, eq=False)
class Frame:
    """The grid that lesions are measured on.

    Attributes:
        affine_ras: (4, 4), or ``None``.
        steps: of the voxel axes, in the unit.
        unit: "mm", or "px" where the spacing is unknown.
        axis: which voxel axis the slices are stacked along.
        plane: what the slices show, "picture" where nobody knows.
    """

    affine_ras: FloatArray | None
    steps: tuple[float, float, float]
    unit: str
    axis: int
    plane: str

    @property
    def order(self) -> tuple[int, int, int]:
        """Voxel axes with that of the slices last."""
        first, second = (axis for axis in range(3) if axis != self.axis)
        return first, second, self.axis

    @property
    def tilt_degrees(self) -> float:
        """Between the slices and the plane of the body that they are named after."""
        if self.affine_ras is None:
            return 0.0
        across = self.affine_ras[:3, self.axis] / self.steps[self.axis]
        return float(np.degrees(np.arccos(min(1.0, np.abs(across).max()))))

    def place(self, points_ijk: FloatArray) -> list[list[float]] | None:
        """Points in patient mm, RAS+."""
        if self.affine_ras is None:
            return None
        points: list[list[float]] = (points_ijk @ self.affine_ras[:3, :3].T + self.affine_ras[:3, 3]).tolist()
        return points


def frame_of(grid: Volume, subject: str = "") -> Frame:
    """How lesions are measured: in axial slices, or as they were taken where voxels are far from cubic.

    Raises:
        DataError: the voxel axes are not at right angles.
    """
    if grid.affine_ras is None or grid.spacing_mm is None:
        return Frame(None, (1.0, 1.0, 1.0), "px", 2, "picture")
    directions = grid.affine_ras[:3, :3] / np.asarray(grid.spacing_mm)
    if np.abs(directions.T @ directions - np.eye(3)).max() > _SHEARED:
        raise DataError(
            "the voxel axes are not at right angles, so that lengths and angles along them mislead",
            subject=subject,
            do="Resample image and mask onto a straight grid.",
        )
    order, _ = ras_axes(grid.affine_ras)
    across = order[2]
    spacing = grid.spacing_mm
    if grid.shape.count(1) == 1:
        across = grid.shape.index(1)
    elif max(spacing) > FAR_FROM_CUBIC * min(spacing):
        across = int(np.argmax(spacing))
    return Frame(grid.affine_ras, spacing, "mm", across, PLANES[order.index(across)])


def recipe_for(unit: str, frame: Frame, values: AnyArray) -> Recipe:
    """Bins of 25 HU from −1000 on, of 0.25 SUV from 0 on, else 32; texture as a body or slice by slice."""
    near = max(frame.steps) <= NEARLY_CUBIC * min(frame.steps)
    width, lowest = {"HU": (25.0, -1000.0), "SUV": (0.25, 0.0)}.get(unit, (None, None))
    if width is not None and lowest is not None and (float(values.max()) - lowest) / width > _MOST_LEVELS:
        width = lowest = None
    return Recipe(bin_width=width, bin_lowest=lowest, ways=("3D_comb" if near else "2_5D_comb",))


def measure_lesion(lesion: Lesion, frame: Frame, image: AnyArray | None = None, unit: str = "") -> JsonDict:
    """Everything about one lesion, as it stands in ``measurements.json``.

    Args:
        lesion: on the grid of the image.
        frame: of that grid.
        image: (i, j, k) intensities; without them, size and shape alone.
        unit: "HU", "SUV" or "".

    Returns:
        Lengths, areas and volumes by ``frame.unit``; NaN for what a lesion is too small for.
    """
    record: JsonDict = {"lesion": lesion.number, "label": lesion.label, "n_voxels": lesion.n_voxels}
    record |= _in_plane(lesion, frame)
    record |= _in_space(lesion, frame) if frame.unit == "mm" else {"area_px2": float(lesion.n_voxels)}
    record |= _place(lesion, frame)
    if image is not None:
        record |= _intensities(lesion, frame, image, unit)
    return record | {"borders": list(lesion.borders), "notes": _notes(lesion, frame)}


def diameters_of(lesion: Lesion, frame: Frame) -> dict[str, float]:
    """The longest diameter in a slice and the longest line at right angles to it, by ``frame.unit``."""
    found = _diameters(lesion, frame)
    return {f"long_{frame.unit}": found.long, f"short_{frame.unit}": found.short}


def _diameters(lesion: Lesion, frame: Frame) -> Diameters:
    order = frame.order
    return diameters(lesion.mask.transpose(order), [frame.steps[axis] for axis in order])


def _in_plane(lesion: Lesion, frame: Frame) -> JsonDict:
    found = _diameters(lesion, frame)
    ends = {name: _on_grid(ends, found, lesion, frame) for name, ends in _ends(found).items()}
    unit = frame.unit
    return {
        f"long_{unit}": found.long,
        f"short_{unit}": found.short,
        f"product_{unit}2": found.long * found.short,
        "plane": frame.plane,
        "slice_axis": "ijk"[frame.axis],
        "slice": found.index + lesion.box[frame.axis].start,
        **{f"{name}_ends_ijk": points.tolist() for name, points in ends.items()},
        **{f"{name}_ends_ras_mm": frame.place(points) for name, points in ends.items()},
    }


def _ends(found: Diameters) -> dict[str, FloatArray]:
    return {"long": found.long_ends, "short": found.short_ends}


def _on_grid(ends: FloatArray, found: Diameters, lesion: Lesion, frame: Frame) -> FloatArray:
    """(2, 3) end points on the grid of the whole image."""
    turned = np.column_stack([ends, np.full(2, float(found.index))])
    points = turned[:, np.argsort(frame.order)]
    return np.asarray(points + np.array([part.start for part in lesion.box]))


def _in_space(lesion: Lesion, frame: Frame) -> JsonDict:
    mesh = mesh_of(lesion.mask, frame.steps)
    shape = shape_features(lesion.mask, frame.steps, mesh)
    return {
        "volume_ml": shape["morph_vol_approx"] / 1000,
        "volume_mesh_ml": shape["morph_volume"] / 1000,
        "surface_mm2": shape["morph_area_mesh"],
        "feret_max_mm": longest_in_space(mesh.vertices_mm)[0],
        "feret_min_mm": shortest_in_space(mesh.vertices_mm),
        "sphericity": shape["morph_sphericity"],
        "compactness_1": shape["morph_comp_1"],
        "compactness_2": shape["morph_comp_2"],
        "elongation": shape["morph_pca_elongation"],
        "flatness": shape["morph_pca_flatness"],
    }


def _place(lesion: Lesion, frame: Frame) -> JsonDict:
    start = np.array([part.start for part in lesion.box])
    centre = np.argwhere(lesion.mask).mean(axis=0) + start
    placed = frame.place(centre[None])
    return {
        "centre_ijk": centre.tolist(),
        "centre_ras_mm": placed[0] if placed else None,
        "box_ijk": [start.tolist(), [part.stop for part in lesion.box]],
    }


def _intensities(lesion: Lesion, frame: Frame, image: AnyArray, unit: str) -> JsonDict:
    # As much around the lesion as the ball of a peak reaches.
    margin = [int(PEAK_RADIUS_MM / step) + 1 for step in frame.steps]
    bounds = [
        (max(0, part.start - m), min(n, part.stop + m))
        for part, m, n in zip(lesion.box, margin, image.shape, strict=True)
    ]
    near = image[tuple(slice(lo, hi) for lo, hi in bounds)].astype(np.float64)
    around = [(part.start - lo, hi - part.stop) for part, (lo, hi) in zip(lesion.box, bounds, strict=True)]
    mask = np.pad(lesion.mask, around)
    inside = mask & np.isfinite(near)
    n_unusable = int(np.count_nonzero(mask) - np.count_nonzero(inside))
    if not inside.any():
        return {"unit": unit, "intensity": None, "ibsi": {}, "n_unusable": n_unusable}
    values = near[inside]
    told: JsonDict = {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
    }
    told |= dict(zip(("p10", "median", "p90"), np.percentile(values, [10, 50, 90]).tolist(), strict=True))
    features: Features = {}
    if frame.unit == "mm":
        order = frame.order
        near = np.where(np.isfinite(near), near, values.min())
        recipe = recipe_for(unit, frame, values)
        steps = [frame.steps[axis] for axis in order]
        features, _ = ibsi_features(near.transpose(order), mask.transpose(order), steps, recipe)
        told["peak"] = features["loc_peak_glob"]
    record: JsonDict = {"unit": unit, "intensity": told, "ibsi": features, "n_unusable": n_unusable}
    if unit == "SUV" and features:
        volume_ml = len(values) * float(np.prod(frame.steps)) / 1000
        record |= {"suv_max": told["max"], "suv_mean": told["mean"], "suv_peak": told["peak"]}
        record["tlg_ml"] = told["mean"] * volume_ml
    return record


def _notes(lesion: Lesion, frame: Frame) -> list[str]:
    """What a reader should know, by names that ``report.measurement_texts`` puts into words."""
    slices = lesion.mask.shape[frame.axis]
    notes = {
        "border": bool(lesion.borders),
        "one_voxel": lesion.n_voxels == 1,
        "one_slice": slices == 1 and lesion.n_voxels > 1 and frame.unit == "mm",
        "thick": frame.steps[frame.axis] > THICK_SLICES_MM and frame.unit == "mm",
        "not_axial": frame.plane not in ("axial", "picture"),
        "tilted": frame.tilt_degrees > TILTED_DEGREES,
        "no_spacing": frame.unit == "px",
    }
    return [name for name, holds in notes.items() if holds]
