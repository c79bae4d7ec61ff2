"""Bodies of known place, for what lays one image on another."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from scanwright.core.geometry import move_points
from scanwright.data.volume import Volume
from scanwright.registration import Quality, Registration, resample_onto

AFFINE = np.array([[-3.0, 0, 0, 60], [0, 3, 0, -70], [0, 0, 4, -50], [0, 0, 0, 1.0]])


def organs(seed: int = 0, affine: np.ndarray = AFFINE, shape: tuple[int, int, int] = (42, 46, 32)) -> Volume:
    """A body with a dozen organs of their own brightness, drawn by seed in patient mm."""
    rng = np.random.default_rng(seed)
    places = move_points(affine, np.indices(shape).reshape(3, -1).T.astype(float))
    values = 100.0 * (np.linalg.norm(places / (48, 56, 46), axis=1) < 1)
    for _ in range(14):
        centre, radii = rng.uniform(-28, 28, 3), rng.uniform(6, 15, 3)
        values[np.linalg.norm((places - centre) / radii, axis=1) < 1] = rng.uniform(20, 250)
    smooth = ndimage.gaussian_filter(values.reshape(shape), 0.7)
    return Volume((smooth + rng.normal(0, 3, shape))[None].astype(np.float32), affine_ras=affine)


def turn(degrees: tuple[float, float, float], shift_mm: tuple[float, float, float]) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()
    matrix[:3, 3] = shift_mm
    return matrix


def moved(volume: Volume, fixed_to_moving: np.ndarray) -> Volume:
    """What a scanner sees of the patient who has moved so."""
    back = Registration("rigid", np.linalg.inv(fixed_to_moving), None, Quality())
    return resample_onto(volume, volume, back)
