"""Spatial augmentation: nothing changes without a reason, image and mask move together, angles are angles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.interpolate import BSpline

from scanwright.data.plan import AugmentationPlan
from scanwright.training.augment.spatial import (
    INTERVALS,
    draw_affine,
    draw_bending,
    draw_grid,
    sampling_grid,
    warp,
    warp_labels,
)

NOTHING = AugmentationPlan()


def smooth(shape: Sequence[int], seed: int = 0) -> np.ndarray:
    """A picture without sharp edges."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(ndimage.gaussian_filter(noise, 4, mode="nearest") * 20, dtype=np.float32)


def grid_of(
    plan: AugmentationPlan, source: Sequence[int], patch: Sequence[int], seed: int = 0
) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return sampling_grid(draw_affine(plan, (1.0,) * len(patch), patch, rng)[None], source, patch)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))[None, None].float()


@pytest.mark.parametrize(
    ("source", "patch"),
    [((12, 10), (12, 10)), ((16, 12), (12, 10)), ((14, 10, 9), (12, 8, 7)), ((5, 9, 1), (5, 9, 1))],
)
def test_without_ranges_the_patch_is_the_middle_of_the_cut_out(
    source: tuple[int, ...], patch: tuple[int, ...]
) -> None:
    image = np.random.default_rng(0).standard_normal(source).astype(np.float32)
    labels = np.random.default_rng(1).integers(0, 4, source)
    middle = tuple(slice((s - p) // 2, (s - p) // 2 + p) for s, p in zip(source, patch, strict=True))
    grid = grid_of(NOTHING, source, patch)
    np.testing.assert_allclose(warp(tensor(image), grid)[0, 0].numpy(), image[middle], atol=2e-5)
    assert np.array_equal(warp_labels(torch.from_numpy(labels)[None], grid)[0].numpy(), labels[middle])


@given(seed=st.integers(0, 500), dims=st.sampled_from([2, 3]))
def test_labels_stay_labels_and_beyond_the_border_is_background(seed: int, dims: int) -> None:
    plan = AugmentationPlan(flip_axes=(0, 1), rotate_degrees=180, scale=0.5, shift=0.5)
    labels = np.full((9,) * dims, 4)
    labels[0] = 2
    moved = warp_labels(torch.from_numpy(labels)[None], grid_of(plan, (9,) * dims, (9,) * dims, seed))
    assert set(moved.unique().tolist()) <= {0, 2, 4}


@given(seed=st.integers(0, 200))
def test_image_and_mask_move_together(seed: int) -> None:
    plan = AugmentationPlan(flip_axes=(0, 1), rotate_degrees=90, scale=0.3, shift=0.1)
    mask = smooth((40, 40), seed) > 0
    grid = grid_of(plan, (40, 40), (30, 30), seed)
    image = warp(tensor(mask.astype(np.float32)), grid)[0, 0].numpy()
    moved = warp_labels(torch.from_numpy(mask.astype(np.int64))[None], grid)[0].numpy()
    inside = warp_labels(torch.ones(1, 40, 40, dtype=torch.int64), grid)[0].numpy() > 0
    # Where the linear image is sure, the nearest label agrees.
    sure = inside & (np.abs(image - 0.5) > 0.499)
    assert np.array_equal(moved[sure] > 0, image[sure] > 0.5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_flip_mirrors_exactly_that_axis_about_half_of_the_times(axis: int) -> None:
    image = np.random.default_rng(0).standard_normal((6, 8, 4)).astype(np.float32)
    plan, flipped = AugmentationPlan(flip_axes=(axis,)), 0
    for seed in range(40):
        moved = warp(tensor(image), grid_of(plan, image.shape, image.shape, seed))[0, 0].numpy()
        mirrored = np.allclose(moved, np.flip(image, axis), atol=1e-4)
        assert mirrored or np.allclose(moved, image, atol=1e-4)
        flipped += mirrored
    assert 10 < flipped < 30


@pytest.mark.parametrize("plane", [(0, 1), (0, 2), (1, 2)])
def test_a_turn_by_a_known_angle_is_that_of_scipy(plane: tuple[int, int]) -> None:
    image = smooth((25, 25, 25))
    angle = np.deg2rad(20.0)
    a, b = plane
    matrix = np.eye(3)
    matrix[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
    grid = sampling_grid(np.concatenate([matrix, np.zeros((3, 1))], axis=1)[None], image.shape, image.shape)
    centre = np.full(3, 12.0)
    wanted = ndimage.affine_transform(image, matrix, centre - matrix @ centre, order=1, mode="nearest")
    moved = warp(tensor(image), grid)[0, 0].numpy()
    np.testing.assert_allclose(moved, wanted, atol=2e-3)


def test_a_known_map_on_uneven_axes_is_that_of_scipy() -> None:
    image, patch = smooth((30, 20)), (16, 12)
    matrix, shift = np.array([[0.9, 0.2], [-0.1, 1.1]]), np.array([2.0, -1.5])
    grid = sampling_grid(np.concatenate([matrix, shift[:, None]], axis=1)[None], image.shape, patch)
    middle, centre = (np.array(image.shape) - 1) / 2, (np.array(patch) - 1) / 2
    wanted = ndimage.affine_transform(
        image, matrix, middle + shift - matrix @ centre, output_shape=patch, order=1, mode="nearest"
    )
    np.testing.assert_allclose(warp(tensor(image), grid)[0, 0].numpy(), wanted, atol=2e-3)


@given(seed=st.integers(0, 300))
def test_turning_keeps_lengths_in_the_patient(seed: int) -> None:
    spacing = np.array([0.8, 1.0, 2.0])
    matrix = draw_affine(
        AugmentationPlan(rotate_degrees=40), spacing, (20, 20, 10), np.random.default_rng(seed)
    )
    in_mm = np.diag(spacing) @ matrix[:, :3] @ np.diag(1 / spacing)
    np.testing.assert_allclose(in_mm @ in_mm.T, np.eye(3), atol=1e-9)


def test_thick_slices_are_turned_in_their_plane_only() -> None:
    for seed in range(20):
        matrix = draw_affine(
            AugmentationPlan(rotate_degrees=40), (1.0, 1.0, 6.0), (20, 20, 5), np.random.default_rng(seed)
        )
        np.testing.assert_allclose(matrix[2, :3], [0, 0, 1])
        np.testing.assert_allclose(matrix[:2, 2], [0, 0])


@given(seed=st.integers(0, 300), scale=st.floats(0.01, 0.9))
def test_sizes_stay_in_their_range(seed: int, scale: float) -> None:
    matrix = draw_affine(AugmentationPlan(scale=scale), (1.0, 1.0), (9, 9), np.random.default_rng(seed))
    factor = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    assert 1 / (1 + scale) - 1e-9 <= factor <= 1 + scale + 1e-9


def test_the_same_seed_draws_the_same_map() -> None:
    plan = AugmentationPlan(flip_axes=(0,), rotate_degrees=30, scale=0.2, shift=0.1)
    maps = [draw_affine(plan, (1.0, 1.0), (9, 9), np.random.default_rng(seed)) for seed in (5, 5, 6)]
    assert np.array_equal(maps[0], maps[1])
    assert not np.array_equal(maps[0], maps[2])


def bent_places(bending: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Where each voxel comes from, (dims, *shape), by scipy's splines."""
    moved = bending
    for axis, n in enumerate(shape):
        knots = np.arange(-3, INTERVALS + 4, dtype=float)
        spline = BSpline(knots, np.moveaxis(moved, axis, 0), 3)
        moved = np.moveaxis(spline((np.arange(n) + 0.5) / n * INTERVALS), 0, axis)
    return np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij")) + np.moveaxis(moved, -1, 0)


@pytest.mark.parametrize("shape", [(30, 24), (20, 24, 16)])
def test_a_bending_is_that_of_scipy(shape: tuple[int, ...]) -> None:
    image, dims = smooth(shape), len(shape)
    bending = draw_bending(AugmentationPlan(elastic=0.4), (1.0,) * dims, shape, np.random.default_rng(1))
    nothing = np.concatenate([np.eye(dims), np.zeros((dims, 1))], axis=1)
    grid = sampling_grid(nothing[None], shape, shape, bending[None])
    wanted = ndimage.map_coordinates(image, bent_places(bending, shape), order=1, mode="nearest")
    moved = warp(tensor(image), grid)[0, 0].numpy()
    np.testing.assert_allclose(moved, wanted, atol=5e-3)
    assert not np.allclose(moved, image, atol=0.1)


@given(seed=st.integers(0, 50), dims=st.sampled_from([2, 3]))
def test_nothing_folds(seed: int, dims: int) -> None:
    shape = (25,) * dims
    bending = draw_bending(AugmentationPlan(elastic=0.4), (1.0,) * dims, shape, np.random.default_rng(seed))
    places = bent_places(bending, shape)
    steps = np.stack([np.stack(np.gradient(p)) for p in places])
    assert np.linalg.det(np.moveaxis(steps, (0, 1), (-2, -1))).min() > 0


def test_thick_slices_are_not_bent_across() -> None:
    bending = draw_bending(
        AugmentationPlan(elastic=0.4), (1.0, 1.0, 6.0), (20, 20, 5), np.random.default_rng(0)
    )
    assert not bending[..., 2].any()
    assert bending[..., :2].any()


def test_bending_comes_before_turning() -> None:
    shape, rng = (24, 24), np.random.default_rng(2)
    image = smooth(shape)
    bending = draw_bending(AugmentationPlan(elastic=0.4), (1.0, 1.0), shape, rng)
    quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])
    turned = np.rot90(image, -1)
    together = warp(tensor(image), sampling_grid(quarter[None], shape, shape, bending[None]))[0, 0].numpy()
    wanted = ndimage.map_coordinates(turned, bent_places(bending, shape), order=1, mode="nearest")
    np.testing.assert_allclose(together, wanted, atol=5e-3)


@given(seed=st.integers(0, 100))
def test_shearing_keeps_the_size_and_leans_no_further_than_asked(seed: int) -> None:
    plan = AugmentationPlan(shear_degrees=20)
    matrix = draw_affine(plan, (1.0, 1.0), (9, 9), np.random.default_rng(seed))[:, :2]
    assert np.isclose(np.linalg.det(matrix), 1.0)
    assert abs(matrix[0, 1]) <= np.tan(np.deg2rad(20))
    assert matrix[0, 1] != 0


def test_a_grid_holds_all_that_the_plan_asks_for() -> None:
    plan = AugmentationPlan(rotate_degrees=10, elastic=0.3)
    grids = [
        draw_grid(plan, (1.0, 1.0), torch.zeros(2, 1, 12, 12), (9, 9), np.random.default_rng(s))
        for s in (4, 4, 5)
    ]
    assert grids[0].shape == (2, 9, 9, 2)
    assert torch.equal(grids[0], grids[1])
    assert not torch.allclose(grids[0], grids[2])
    assert not torch.allclose(grids[0][0], grids[0][1])
