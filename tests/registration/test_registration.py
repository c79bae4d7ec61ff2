import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from scanwright.core.geometry import move_points
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.registration import Quality, Registration, register, resample_onto

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


def test_a_known_turn_and_shift_is_found_again():
    fixed, truth = organs(), turn((20, -10, 15), (18, -12, 9))
    found = register(fixed, moved(fixed, truth))
    places = np.random.default_rng(1).uniform(-35, 35, (100, 3))
    apart = np.linalg.norm(found.points(places) - move_points(truth, places), axis=1)
    assert apart.mean() < 1.0
    np.testing.assert_allclose(found.inverse_points(found.points(places)), places, atol=1e-6)


def test_points_go_from_the_fixed_image_to_the_moving_one():
    fixed, moving = np.zeros((1, 20, 20, 20)), np.zeros((1, 20, 20, 20))
    fixed[0, 5, 6, 7] = 1
    moving[0, 8, 6, 5] = 1
    # 3 voxels of 2 mm to the left of the patient (i runs to the left), 2 of 2 mm down.
    affine = np.diag([-2.0, 2, 2, 1])
    truth = turn((0, 0, 0), (-6, 0, -4))
    one = Registration("rigid", truth, None, Quality())
    np.testing.assert_allclose(one.points(np.array([[-10.0, 12, 14]])), [[-16, 12, 10]])
    np.testing.assert_allclose(one.inverse_points(np.array([[-16.0, 12, 10]])), [[-10, 12, 14]])
    onto = resample_onto(Volume(moving, affine_ras=affine), Volume(fixed, affine_ras=affine), one)
    np.testing.assert_allclose(onto.array, fixed, atol=1e-6)


def test_the_same_seed_gives_the_same_transform():
    fixed, moving = organs(), moved(organs(), turn((5, 0, 0), (4, 0, 0)))
    one, other = register(fixed, moving), register(fixed, moving)
    np.testing.assert_allclose(one.affine_ras, other.affine_ras, atol=1e-6)


def test_a_picture_without_a_place_is_refused():
    with pytest.raises(DataError, match="where in the patient"):
        register(organs(), Volume(np.zeros((1, 30, 30, 1))))


def test_an_unknown_kind_is_refused():
    with pytest.raises(SettingsError, match="rigid, affine, deformable"):
        register(organs(), organs(), "elastic")
