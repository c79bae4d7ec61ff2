"""One phantom: what is said of it is what is in it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanwright.errors import SettingsError
from scanwright.phantoms import SCANNERS, Phantom, PhantomSettings, Scanner, make_phantom
from scanwright.phantoms.lesions import lesion_depth
from scanwright.phantoms.phantom import draw_acquisition, draw_patient, image_patient
from scanwright.phantoms.torso import LOOKALIKES, ORGANS

# Coarse voxels make a phantom in well under a tenth of a second.
COARSE = PhantomSettings(in_plane_spacing_mm=(1.4, 1.6), slice_spacing_mm=(2.4, 2.6))
FINE = PhantomSettings(
    in_plane_spacing_mm=(0.8, 0.8), slice_spacing_mm=(1.0, 1.0), lesion_diameter_mm=(8.0, 24.0)
)


@pytest.fixture(scope="module")
def fine_phantoms() -> list[Phantom]:
    return [make_phantom((5, index), settings=FINE, healthy=False) for index in range(3)]


def test_the_same_seed_gives_the_same_phantom_and_another_seed_another() -> None:
    first, again, other = (make_phantom(seed, settings=COARSE, healthy=False) for seed in (3, 3, 4))
    assert np.array_equal(first.image.array, again.image.array)
    assert np.array_equal(first.mask.array, again.mask.array)
    assert first.lesions == again.lesions
    assert first.patient == again.patient
    assert first.patient != other.patient


def test_all_volumes_of_a_phantom_lie_on_one_grid() -> None:
    phantom = make_phantom(0, settings=COARSE)
    for volume in (phantom.mask, phantom.instances, phantom.organs, phantom.lookalikes):
        assert volume.same_grid(phantom.image)
    assert phantom.image.array.dtype == np.int16
    assert phantom.image.modality == "CT"
    assert phantom.mask.array.dtype == np.uint8
    assert set(np.unique(phantom.mask.array)) <= {0, 1}


def test_each_lesion_s_voxels_have_its_volume_and_diameter_within_partial_volume(
    fine_phantoms: list[Phantom],
) -> None:
    for phantom in fine_phantoms:
        assert phantom.lesions
        voxel_mm3 = float(np.prod(phantom.image.spacing_mm or ()))
        for lesion in phantom.lesions:
            measured = int((phantom.instances.array == lesion.number).sum()) * voxel_mm3
            assert lesion.voxels * voxel_mm3 == pytest.approx(measured)
            diameter = (6 * measured / np.pi) ** (1 / 3)
            assert diameter == pytest.approx(lesion.diameter_mm, abs=0.4)
            assert lesion.volume_mm3 == pytest.approx(np.pi / 6 * lesion.diameter_mm**3)


def test_each_lesion_s_voxels_are_centred_where_the_truth_says(fine_phantoms: list[Phantom]) -> None:
    for phantom in fine_phantoms:
        for lesion in phantom.lesions:
            voxels = np.argwhere(phantom.instances.array[0] == lesion.number)
            centre = (phantom.image.affine_ras @ np.append(voxels.mean(axis=0), 1.0))[:3]
            assert np.linalg.norm(centre - lesion.centre_mm) < 0.5


def test_lesions_lie_in_the_organ_that_the_truth_names(fine_phantoms: list[Phantom]) -> None:
    for phantom in fine_phantoms:
        for lesion in phantom.lesions:
            organs = phantom.organs.array[phantom.instances.array == lesion.number]
            assert (organs == ORGANS[lesion.organ]).mean() > 0.97


def test_lesions_and_look_alikes_do_not_overlap() -> None:
    for seed in range(4):
        phantom = make_phantom(seed, settings=COARSE, healthy=False)
        assert not (phantom.mask.array[phantom.lookalikes.array > 0] > 0).any()


def test_every_kind_of_look_alike_is_there() -> None:
    found = set(np.unique(make_phantom(2, settings=COARSE).lookalikes.array))
    assert found == {0, *LOOKALIKES.values()}


def test_organs_have_the_density_of_their_kind(fine_phantoms: list[Phantom]) -> None:
    expected = {"lung": (-900, -700), "liver": (50, 130), "spine": (0, 250)}
    for phantom in fine_phantoms:
        healthy = (phantom.mask.array == 0) & (phantom.lookalikes.array == 0)
        for organ, (low, high) in expected.items():
            inside = phantom.image.array[(phantom.organs.array == ORGANS[organ]) & healthy]
            assert low < np.median(inside) < high, organ
        outside = phantom.image.array[phantom.organs.array == 0]
        assert np.median(outside) == pytest.approx(-1000, abs=20)


def test_the_liver_is_on_the_patient_s_right_and_the_spine_at_the_back_below_the_lungs() -> None:
    phantom = make_phantom(1, settings=replace(COARSE, oblique_share=0.0))
    affine = phantom.image.affine_ras
    assert affine is not None

    def centre(organ: str) -> np.ndarray:
        return (
            affine[:3, :3] @ np.argwhere(phantom.organs.array[0] == ORGANS[organ]).mean(axis=0)
            + affine[:3, 3]
        )

    body = centre("body")
    assert centre("liver")[0] > body[0] + 5
    assert centre("spine")[1] < body[1] - 5
    assert centre("liver")[2] < centre("lung")[2] - 5


def test_a_lesion_in_the_liver_is_darker_than_the_liver_by_the_contrast_that_was_set() -> None:
    chosen = replace(FINE, liver_contrast_hu=(-60.0, -60.0))
    differences = []
    for index in range(6):
        phantom = make_phantom((9, index), settings=chosen, healthy=False)
        liver = (phantom.organs.array == ORGANS["liver"]) & (phantom.lookalikes.array == 0)
        around = np.median(phantom.image.array[liver & (phantom.mask.array == 0)])
        for lesion in phantom.lesions:
            if lesion.organ == "liver":
                differences.append(
                    np.median(phantom.image.array[phantom.instances.array == lesion.number]) - around
                )
    assert np.median(differences) == pytest.approx(-60, abs=12)


def test_a_healthy_patient_has_no_lesion() -> None:
    phantom = make_phantom(0, settings=COARSE, healthy=True)
    assert phantom.lesions == ()
    assert not phantom.mask.array.any()


def test_the_affine_has_an_origin_and_some_patients_lie_askew() -> None:
    askew = make_phantom(0, settings=replace(COARSE, oblique_share=1.0)).image.affine_ras
    straight = make_phantom(0, settings=replace(COARSE, oblique_share=0.0)).image.affine_ras
    assert askew is not None
    assert straight is not None
    assert np.count_nonzero(straight[:3, :3]) == 3
    assert np.count_nonzero(askew[:3, :3]) == 9
    directions = askew[:3, :3] / np.linalg.norm(askew[:3, :3], axis=0)
    assert np.allclose(directions.T @ directions, np.eye(3), atol=1e-12)
    assert np.linalg.norm(straight[:3, 3]) > 100


def test_a_sharp_kernel_leaves_more_and_finer_noise_than_a_soft_one() -> None:
    def noise(scanner: Scanner) -> tuple[float, float]:
        phantom = make_phantom(6, settings=COARSE, healthy=True, scanner=scanner)
        quiet = make_phantom(6, settings=COARSE, healthy=True, scanner=replace(scanner, noise_hu=1e-6))
        difference = (phantom.image.array - quiet.image.array)[0].astype(float)
        steps = np.diff(difference, axis=0)
        return float(difference.std()), float(steps.std() / difference.std())

    soft, sharp = (noise(scanner) for scanner in SCANNERS)
    assert sharp[0] > soft[0]
    assert sharp[1] > soft[1]


def test_noise_has_the_spectrum_of_filtered_back_projection() -> None:
    # |f| · MTF²: nothing at zero frequency, most in the middle.
    phantom = make_phantom(6, settings=FINE, healthy=True, scanner=SCANNERS[0])
    quiet = make_phantom(6, settings=FINE, healthy=True, scanner=replace(SCANNERS[0], noise_hu=1e-6))
    noise = (phantom.image.array - quiet.image.array)[0].astype(float)
    power = (np.abs(np.fft.fft2(noise, axes=(0, 1))) ** 2).mean(axis=2)
    fx = np.fft.fftfreq(noise.shape[0], 0.8)[:, None]
    fy = np.fft.fftfreq(noise.shape[1], 0.8)[None]
    f = np.hypot(fx, fy)
    low, middle, high = (power[(f >= a) & (f < b)].mean() for a, b in ((0.0, 0.03), (0.12, 0.22), (0.5, 0.6)))
    assert low < 0.3 * middle
    assert high < 0.3 * middle


def test_imaging_a_patient_again_leaves_the_truth_and_changes_the_noise() -> None:
    seeds = np.random.SeedSequence(11).spawn(3)
    patient = draw_patient(seeds[0], COARSE, healthy=False)
    first, second = (image_patient(patient, draw_acquisition(seed, COARSE)) for seed in seeds[1:])
    assert [lesion.volume_mm3 for lesion in first.lesions] == [lesion.volume_mm3 for lesion in second.lesions]
    assert first.patient == second.patient
    assert first.image.shape != second.image.shape or not np.array_equal(
        first.image.array, second.image.array
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_a_shape_has_exactly_the_volume_that_its_diameter_says(seed: int) -> None:
    rng = np.random.SeedSequence(seed)
    patient = draw_patient(rng, COARSE, healthy=False)
    for lesion in patient.lesions:
        reach = lesion.reach_mm * 1.1
        axis = np.linspace(-reach, reach, 61)
        x, y, z = np.meshgrid(*(axis + c for c in lesion.centre_mm), indexing="ij")
        step = axis[1] - axis[0]
        inside = np.clip(0.5 + lesion_depth(lesion, x, y, z) / step, 0, 1)
        assert inside.sum() * step**3 == pytest.approx(lesion.volume_mm3, rel=0.03)
        middle = [float((inside * place).sum() / inside.sum()) for place in (x, y, z)]
        assert np.linalg.norm(middle - lesion.centre_mm) < 0.03 * lesion.diameter_mm


@given(seed=st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_lesions_keep_a_distance_from_each_other(seed: int) -> None:
    lesions = draw_patient(
        np.random.SeedSequence(seed), replace(COARSE, lesions_per_patient=(3, 3)), healthy=False
    ).lesions
    for index, one in enumerate(lesions):
        for other in lesions[:index]:
            gap = np.linalg.norm(one.centre_mm - other.centre_mm) - one.reach_mm - other.reach_mm
            assert gap >= 6.0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lesion_diameter_mm", (1.0, 20.0)),
        ("lesion_diameter_mm", (20.0, 10.0)),
        ("field_of_view_mm", (10.0, 96.0, 70.0)),
        ("healthy_share", 1.5),
        ("oblique_share", -0.1),
        ("slice_spacing_mm", (0.0, 1.0)),
        ("in_plane_spacing_mm", (0.0, 1.0)),
        ("lesions_per_patient", (0, 2)),
        ("scanners", ()),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(SettingsError, match=field):
        replace(PhantomSettings(), **{field: value})
