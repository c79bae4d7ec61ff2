"""A lesion is measured the same however its grid lies in the patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanwright.core.geometry import ras_axes
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.followup.lesions import find_lesions
from scanwright.followup.measurement import frame_of, measure_lesion
from strategies import straight_affines


def grid(shape: tuple[int, int, int], affine: np.ndarray | None) -> Volume:
    return Volume(np.zeros((1, *shape), dtype=np.float32), affine)


def only(
    mask: np.ndarray, affine: np.ndarray | None, image: np.ndarray | None = None, unit: str = ""
) -> dict:
    (lesion,) = find_lesions(mask.astype(np.uint8))
    return measure_lesion(lesion, frame_of(grid(mask.shape, affine)), image, unit)


def brick(shape: tuple[int, int, int] = (14, 12, 10)) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    mask[3:11, 5:9, 4:7] = True
    return mask


def turned(degrees: float, spacing: tuple[float, float, float]) -> np.ndarray:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) * spacing
    affine[:3, 3] = 10, -20, 30
    return affine


@settings(max_examples=15)
@given(straight_affines())
def test_ends_in_the_patient_are_as_far_apart_as_the_diameter_is_long(affine) -> None:
    record = only(brick(), affine)
    for name in ("long", "short"):
        one, other = np.array(record[f"{name}_ends_ras_mm"])
        assert np.linalg.norm(one - other) == pytest.approx(record[f"{name}_mm"], rel=1e-6)
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    assert record["volume_ml"] == pytest.approx(8 * 4 * 3 * steps.prod() / 1000)
    placed = np.array([*record["centre_ijk"], 1]) @ affine.T
    assert record["centre_ras_mm"] == pytest.approx(placed[:3].tolist())


@settings(max_examples=10)
@given(st.floats(-40, 40))
def test_an_oblique_grid_changes_no_size(degrees) -> None:
    plain, oblique = (only(brick(), turned(d, (0.8, 0.9, 2.0))) for d in (0, degrees))
    for name in ("long_mm", "short_mm", "volume_mesh_ml", "feret_max_mm", "sphericity"):
        assert oblique[name] == pytest.approx(plain[name])


def test_slices_run_across_the_axis_from_foot_to_head() -> None:
    affine = np.zeros((4, 4))
    affine[2, 0], affine[0, 1], affine[1, 2], affine[3, 3] = 1.5, -1, 1, 1  # the first voxel axis goes up
    record = only(brick(), affine)
    assert (record["plane"], record["slice_axis"]) == ("axial", "i")
    assert record["long_ends_ijk"][0][0] == record["slice"]
    assert ras_axes(affine)[0][2] == 0


def test_tilted_slices_are_told() -> None:
    angle = np.radians(30)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert "tilted" in only(brick(), turn)["notes"]
    assert "tilted" not in only(brick(), np.diag([-1.0, 1.0, 1.0, 1.0]))["notes"]


def test_thick_sagittal_slices_are_measured_as_they_were_taken() -> None:
    record = only(brick(), turned(0, (6.0, 1.0, 1.0)))
    assert (record["plane"], record["slice_axis"]) == ("sagittal", "i")
    assert {"not_axial", "thick"} <= set(record["notes"])


def test_without_spacing_nothing_is_told_in_mm() -> None:
    mask = np.zeros((9, 9, 1), dtype=bool)
    mask[2:7, 4] = True
    record = only(mask, None, np.ones((9, 9, 1)))
    assert (record["long_px"], record["short_px"], record["area_px2"]) == (5, 1, 5)
    assert record["notes"] == ["no_spacing"]
    assert record["long_ends_ras_mm"] is None
    assert not [name for name, value in record.items() if name.endswith(("_mm", "_ml")) and value is not None]
    assert record["ibsi"] == {}
    assert record["intensity"]["mean"] == 1


def test_one_voxel_and_one_slice_are_told() -> None:
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[2, 2, 2] = True
    record = only(mask, np.eye(4), np.ones((5, 5, 5)))
    assert record["notes"] == ["one_voxel"]
    assert record["long_mm"] == pytest.approx(1)
    mask[2, 3, 2] = True
    assert only(mask, np.eye(4))["notes"] == ["one_slice"]


def test_what_touches_the_edge_is_told() -> None:
    mask = np.zeros((6, 6, 6), dtype=bool)
    mask[0:3, 2:4, 3:6] = True
    record = only(mask, np.eye(4))
    assert record["borders"] == ["i-", "k+"]
    assert "border" in record["notes"]


def test_uptake_of_a_hot_ball() -> None:
    centre = np.indices((21, 21, 21)) - 10.0
    distance = np.sqrt((centre**2).sum(axis=0)) * 2
    image = np.where(distance <= 16, 8.0, 1.0)
    image[10, 10, 10] = 12
    record = only(distance <= 16, np.diag([2.0, 2.0, 2.0, 1]), image, "SUV")
    assert record["suv_max"] == 12
    assert 8 < record["suv_peak"] < 8.1
    assert record["tlg_ml"] == pytest.approx(record["suv_mean"] * record["volume_ml"])


def test_unusable_intensities_are_counted_and_left_out() -> None:
    image = np.full(brick().shape, 5.0)
    image[4, 6, 5] = np.nan
    record = only(brick(), np.eye(4), image)
    assert (record["n_unusable"], record["intensity"]["max"]) == (1, 5)
    nothing = only(brick(), np.eye(4), np.full(brick().shape, np.nan))
    assert (nothing["n_unusable"], nothing["intensity"]) == (96, None)


def test_bins_follow_the_unit_and_stay_few() -> None:
    image = np.random.default_rng(0).normal(40, 20, brick().shape)
    in_hu = only(brick(), np.eye(4), image, "HU")["ibsi"]
    assert in_hu["ih_mean"] == pytest.approx((1040 - 12.5) / 25 + 1, abs=0.5)
    far = only(brick(), np.eye(4), image * 1e6, "HU")["ibsi"]
    assert far["ih_max"] == 32
    assert "cm_contrast_3D_comb" in in_hu
    assert "cm_contrast_2_5D_comb" in only(brick(), np.diag([1.0, 1.0, 2.0, 1]), image)["ibsi"]


def test_a_sheared_grid_is_refused() -> None:
    affine = np.eye(4)
    affine[0, 1] = 0.2
    with pytest.raises(DataError, match="right angles"):
        frame_of(grid((4, 4, 4), affine), "case")
