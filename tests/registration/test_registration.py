import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from bodies import AFFINE, moved, organs, turn
from scanwright.core.geometry import move_points
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.registration import (
    Quality,
    Registration,
    read_tfm,
    register,
    resample_onto,
    write_field,
    write_tfm,
)
from scanwright.registration.deformable import jacobian_range
from scanwright.registration.grid import to_itk


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


@pytest.mark.slow
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


def bent(volume: Volume, most_mm: float = 6.0) -> tuple[Volume, Registration]:
    """What a scanner sees of a patient whose inside has moved smoothly, and by which map."""
    affine = np.asarray(volume.affine_ras)
    places = move_points(affine, np.indices(volume.shape).reshape(3, -1).T.astype(float))
    wave = np.sin(places / 22.0)[:, [1, 2, 0]] * most_mm
    field = wave.T.reshape(3, *volume.shape)
    one = Registration("deformable", np.eye(4), field, Quality(), affine)
    return resample_onto(volume, volume, one), one


@pytest.mark.slow
def test_a_bent_body_is_straightened_without_folds():
    straight = organs()
    fixed, truth = bent(straight)  # fixed(p) = straight(truth(p)): truth leads from fixed to moving
    found = register(fixed, straight, "deformable")
    assert found.field_ras_mm is not None
    assert found.field_ras_mm.shape == (3, *fixed.shape)
    places = np.random.default_rng(1).uniform(-25, 25, (200, 3))
    before = np.linalg.norm(places - truth.points(places), axis=1).mean()
    after = np.linalg.norm(found.points(places) - truth.points(places), axis=1).mean()
    assert after < 0.5 * before
    assert 0 < found.quality.least_jacobian < 1 < found.quality.most_jacobian
    back = found.inverse_points(found.points(places))
    assert np.abs(back - places).max() < 0.05


def test_a_folded_map_is_recognised():
    field = np.zeros((3, 8, 8, 8))
    field[0, 4] = -9.0  # the plane i = 4 jumps over its neighbours, which are 3 mm apart
    least, _ = jacobian_range(field, np.eye(4), np.diag([3.0, 3, 3, 1]))
    assert least < 0


def test_a_volume_that_doubles_has_a_jacobian_of_two():
    field = np.zeros((3, 8, 8, 8))
    field[2] = 3.0 * np.arange(8)  # along k every step of 3 mm becomes 6
    np.testing.assert_allclose(jacobian_range(field, np.eye(4), np.diag([3.0, 3, 3, 1])), (2, 2))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["other patient", "noise", "mirrored"])
def test_what_can_not_be_registered_is_recognised(name: str):
    fixed = organs()
    wrong = {
        "other patient": organs(seed=8),
        "noise": Volume(np.random.default_rng(2).normal(0, 1, fixed.array.shape), affine_ras=AFFINE),
        "mirrored": Volume(fixed.array[:, ::-1], affine_ras=AFFINE),
    }[name]
    quality = register(fixed, wrong).quality
    assert quality.failed
    assert quality.reason


@pytest.mark.slow
def test_another_contrast_of_the_same_patient_is_registered():
    fixed, truth = organs(), turn((10, 5, -8), (10, 8, -6))
    moving = moved(fixed, truth)
    inverted = Volume((300 - moving.array) * (moving.array > 15), affine_ras=moving.affine_ras)
    found = register(fixed, inverted)
    places = np.random.default_rng(1).uniform(-30, 30, (100, 3))
    assert np.linalg.norm(found.points(places) - move_points(truth, places), axis=1).mean() < 1.5
    assert not found.quality.failed


def test_transforms_survive_writing_and_reading(tmp_path):
    truth = turn((10, 20, -30), (1, -2, 3))
    write_tfm(Registration("rigid", truth, None, Quality()), tmp_path / "a.tfm")
    np.testing.assert_allclose(read_tfm(tmp_path / "a.tfm"), truth, atol=1e-9)


def test_itk_understands_the_transform_as_we_do(tmp_path):
    fixed = organs()
    one = Registration("rigid", turn((10, 0, 5), (6, 3, -4)), None, Quality())
    write_tfm(one, tmp_path / "a.tfm")
    image = to_itk(fixed.array[0], AFFINE)
    theirs = sitk.Resample(image, image, sitk.ReadTransform(str(tmp_path / "a.tfm")), sitk.sitkLinear, 0.0)
    ours = resample_onto(fixed, fixed, one, outside=0.0).array[0]
    theirs = sitk.GetArrayFromImage(theirs).T
    both = (theirs != 0) & (ours != 0)  # at the very edge, ITK goes on where we fade out
    assert both.mean() > 0.5
    np.testing.assert_allclose(theirs[both], ours[both], atol=8)
    assert np.median(np.abs(theirs[both] - ours[both])) < 1e-3


def test_itk_understands_the_field_as_we_do(tmp_path):
    straight = organs()
    _, one = bent(straight)
    write_field(one, tmp_path / "field.nii.gz")
    theirs = sitk.DisplacementFieldTransform(
        sitk.ReadImage(str(tmp_path / "field.nii.gz"), sitk.sitkVectorFloat64)
    )
    places = np.random.default_rng(1).uniform(-25, 25, (20, 3))
    lps = np.array([theirs.TransformPoint((place * (-1, -1, 1)).tolist()) for place in places])
    np.testing.assert_allclose(lps * (-1, -1, 1), one.points(places), atol=0.01)
