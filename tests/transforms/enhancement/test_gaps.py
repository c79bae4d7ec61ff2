"""What is missing is filled from its surroundings; nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import noise
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.gaps import fill

THICK = np.diag([1, 1, 4, 1])


def ramp(shape=(14, 12, 10)):
    """A line along every axis: what Laplace's equation and interpolation both give back."""
    grid = np.meshgrid(*map(np.arange, shape), indexing="ij")
    return (2 * grid[0] - 3 * grid[1] + 5 * grid[2]).astype(np.float32)[None]


def test_missing_slices_are_interpolated():
    clean = ramp()
    array = clean.copy()
    array[..., 3], array[..., 6], array[..., 7] = 0, -1, np.nan
    outcome = fill(Volume(array, THICK))
    assert outcome.realised == {"slices": [[3, 6, 7]], "voxels": [0]}
    assert np.allclose(outcome.image.array, clean, atol=1e-4)


def test_air_at_the_ends_stays():
    array = ramp()
    array[..., :2] = array[..., 9:] = 0
    image = Volume(array, THICK)
    assert fill(image).image is image


def test_the_slice_axis_is_the_widest():
    clean = ramp()
    array = clean.copy()
    array[:, 5] = 0
    wide_first = np.diag([4, 1, 1, 1])
    assert fill(Volume(array, wide_first)).realised["slices"] == [[5]]
    assert fill(Volume(array, THICK)).realised["slices"] == [[]]


@given(st.integers(0, 10**6))
def test_holes_within_a_line_are_filled_by_the_line(seed):
    clean = ramp()
    rng = np.random.default_rng(seed)
    array = clean.copy()
    i, j, k = (int(rng.integers(2, n - 5)) for n in clean.shape[1:])
    array[0, i : i + 3, j : j + 2, k : k + 3] = rng.choice([np.nan, np.inf, -np.inf])
    outcome = fill(Volume(array, np.eye(4)))
    assert outcome.realised["voxels"] == [18]
    assert np.allclose(outcome.image.array, clean, atol=0.05)


@given(st.integers(0, 10**6), st.floats(0.01, 0.5))
def test_filled_values_stay_between_their_surroundings(seed, share):
    array = noise((2, 10, 9, 4), seed=seed).astype(np.float32) + 5
    holes = np.random.default_rng(seed).random(array.shape) < share
    holes[:, 0, 0, 0] = False
    array[holes] = np.nan
    done = fill(Volume(array, np.eye(4))).image.array
    assert np.array_equal(done[~holes], array[~holes])
    assert np.nanmin(array) - 0.5 <= done.min()
    assert done.max() <= np.nanmax(array) + 0.5


def test_marked_pixels_of_a_picture_are_filled():
    array = np.full((3, 20, 18, 1), 90, dtype=np.uint8)
    array[1] = 40
    array[:, 6:9, 4:14] = 255
    outcome = fill(Volume(array), marked=255)
    assert outcome.realised["voxels"] == [30, 30, 30]
    assert np.allclose(outcome.image.array[0], 90, atol=1e-3)
    assert np.allclose(outcome.image.array[1], 40, atol=1e-3)


def test_a_whole_line_of_a_picture_is_no_slice():
    array = noise((1, 20, 18, 1))
    array[:, :, 5] = 7
    image = Volume(array)
    assert fill(image).image is image


def test_a_hole_in_a_neighbour_of_a_missing_slice_is_filled_in_both():
    clean = ramp()
    array = clean.copy()
    array[..., 4] = 0
    array[0, 5:7, 5:7, 3] = np.nan
    done = fill(Volume(array, THICK)).image.array
    assert np.allclose(done, clean, atol=0.5)


def wave(shape):
    """Bends everywhere: neither a line nor harmonic."""
    grid = np.meshgrid(*[np.linspace(0, 3, n) for n in shape], indexing="ij")
    return (100 * np.sin(grid[0]) * np.cos(grid[1]) + 20 * grid[2] ** 2).astype(np.float32)[None]


@pytest.mark.parametrize(("shape", "affine"), [((40, 36, 1), None), ((20, 18, 16), np.eye(4))])
def test_small_holes_follow_bends(shape, affine):
    clean = wave(shape)
    array = clean.copy()
    middle = shape[2] // 2
    array[0, 9:13, 8:12, max(0, middle - 1) : middle + 2] = np.nan
    done = fill(Volume(array, affine)).image.array
    assert abs(done - clean).max() < 0.3


def test_thick_slices_are_filled_one_by_one():
    clean = wave((40, 36, 5))
    clean[..., 2] += 1000
    array = clean.copy()
    array[0, 9:13, 8:12, 2] = np.nan
    done = fill(Volume(array, THICK)).image.array
    assert abs(done - clean).max() < 0.3


@pytest.mark.parametrize("size", [7, 12])
def test_large_holes_stay_between_their_surroundings(size):
    clean = wave((40, 36, 1))
    array = clean.copy()
    array[0, 10 : 10 + size, 8 : 8 + size] = np.nan
    done = fill(Volume(array)).image.array
    around = clean[0, 9 : 11 + size, 7 : 9 + size]
    edge = np.concatenate([around[0], around[-1], around[:, 0], around[:, -1]])
    hole = done[0, 10 : 10 + size, 8 : 8 + size]
    assert edge.min() - 0.5 <= hole.min()
    assert hole.max() <= edge.max() + 0.5


@pytest.mark.parametrize(("share", "least", "most"), [(0.002, 0.95, 1), (0.2, 0, 0.05)])
def test_holes_so_near_that_they_touch_count_as_one_large(share, least, most, monkeypatch):
    # Of many voxels in common the equation of small holes would take minutes.
    asked = []
    monkeypatch.setattr(
        "scanwright.transforms.enhancement.gaps.restoration.inpaint_biharmonic",
        lambda plane, gone: asked.append(np.count_nonzero(gone)) or plane,
    )
    array = noise((1, 40, 40, 40)).astype(np.float32)
    holes = np.random.default_rng(0).random(array.shape) < share
    array[holes] = np.nan
    assert np.isfinite(fill(Volume(array, np.eye(4))).image.array).all()
    assert least <= sum(asked) / holes.sum() <= most


def test_nothing_to_fill_from_is_said():
    with pytest.raises(DataError, match="nothing can be filled from"):
        fill(Volume(np.full((1, 4, 4, 4), np.nan), np.eye(4)))
