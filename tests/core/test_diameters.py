"""Diameters are exact: as comparing all pairs of points finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.ndimage import binary_fill_holes, gaussian_filter
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from scanwright.core.diameters import diameters, longest_in_space, shortest_in_space
from scanwright.core.mesh import mesh_of


@st.composite
def blobs(draw: st.DrawFn) -> np.ndarray:
    """One filled piece in three slices, of any shape."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    field = gaussian_filter(rng.normal(size=(28, 24)), draw(st.floats(0.8, 4)))
    plane = binary_fill_holes(field > np.quantile(field, draw(st.floats(0.3, 0.98))))
    mask = np.zeros((28, 24, 3), dtype=bool)
    mask[:, :, 1] = plane
    return mask


spacings = st.tuples(st.floats(0.3, 3), st.floats(0.3, 3), st.floats(0.5, 6))


def edge_points(piece: np.ndarray) -> np.ndarray:
    """Half-way points between each pixel inside and its neighbours outside."""
    padded = np.pad(piece, 1)
    points = []
    for i, j in np.argwhere(padded):
        for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            if not padded[i + di, j + dj]:
                points.append((i - 1 + di / 2, j - 1 + dj / 2))
    return np.array(points)


def pieces(plane: np.ndarray) -> list[np.ndarray]:
    from scipy.ndimage import label

    numbers, n = label(plane, np.ones((3, 3)))
    return [numbers == k for k in range(1, n + 1)]


@given(blobs(), spacings)
def test_the_longest_diameter_is_the_largest_distance_of_all_pairs(mask, spacing) -> None:
    steps = np.array(spacing[:2])
    brute = max(cdist(p, p).max() for p in (edge_points(one) * steps for one in pieces(mask[:, :, 1])))
    found = diameters(mask, spacing)
    assert found.index == 1
    assert found.long == pytest.approx(brute, abs=1e-6)
    assert np.linalg.norm(np.diff(found.long_ends, axis=0) * steps) == pytest.approx(found.long)


@given(blobs(), spacings)
def test_the_perpendicular_is_at_right_angles_and_no_longer(mask, spacing) -> None:
    steps = np.array(spacing[:2])
    found = diameters(mask, spacing)
    along, across = (np.diff(ends, axis=0)[0] * steps for ends in (found.long_ends, found.short_ends))
    assert found.short == pytest.approx(np.linalg.norm(across))
    assert along @ across == pytest.approx(0, abs=1e-6 * found.long**2)
    assert 0 < found.short <= found.long + 1e-6


@given(st.floats(4, 20), st.floats(0.3, 1), st.floats(0, 180))
def test_an_ellipse_has_the_diameters_it_was_drawn_with(half, ratio, degrees) -> None:
    assume(half * ratio**2 >= 1)  # where its tips are more pointed, no voxel's centre lies in them
    i, j = np.mgrid[-30:31, -30:31] * 1.0
    turn = np.deg2rad(degrees)
    u, v = i * np.cos(turn) + j * np.sin(turn), j * np.cos(turn) - i * np.sin(turn)
    mask = ((u / half) ** 2 + (v / (half * ratio)) ** 2 <= 1)[:, :, None]
    found = diameters(mask, (1, 1, 1))
    assert found.long == pytest.approx(2 * half, abs=1.5)
    assert found.short == pytest.approx(2 * half * ratio, abs=2)


def test_a_row_of_voxels_is_as_long_as_it_is() -> None:
    mask = np.zeros((9, 9, 3), dtype=bool)
    mask[2:7, 4, 2] = True
    found = diameters(mask, (2, 1, 5))
    assert (found.index, found.long, found.short) == (2, 10, 1)


def test_a_gap_is_not_measured_across() -> None:
    mask = np.zeros((20, 9, 1), dtype=bool)
    mask[1:4, 4] = mask[15:19, 4] = True
    assert diameters(mask, (1, 1, 1)).long == 4


def test_a_ring_is_measured_over_its_hole() -> None:
    i, j = np.mgrid[-10:11, -10:11]
    distance = np.hypot(i, j)
    ring, disc = (distance <= 8) & (distance > 5), distance <= 8
    for ours, whole in zip(
        *(vars(diameters(one[:, :, None], (1, 1, 1))).values() for one in (ring, disc)), strict=True
    ):
        assert ours == pytest.approx(whole)


def test_an_empty_mask_has_no_diameter() -> None:
    with pytest.raises(ValueError, match="empty"):
        diameters(np.zeros((3, 3, 3), dtype=bool), (1, 1, 1))


@given(st.integers(0, 2**32))
def test_in_space_the_longest_is_that_of_all_pairs_and_the_shortest_of_no_direction_is_less(seed) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(60, 3)) * (9, 5, 3)
    longest, ends = longest_in_space(points)
    assert longest == pytest.approx(cdist(points, points).max())
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(longest)
    directions = rng.normal(size=(4000, 3))
    along = points @ (directions / np.linalg.norm(directions, axis=1, keepdims=True)).T
    assert shortest_in_space(points) <= np.ptp(along, axis=0).min() + 1e-6


@given(st.integers(0, 2**32), st.floats(1, 20), st.floats(1, 20), st.floats(1, 20))
def test_a_turned_box_is_as_wide_as_its_shortest_side(seed, a, b, c) -> None:
    box = np.array(np.meshgrid([0, a], [0, b], [0, c])).reshape(3, -1).T
    turned = Rotation.random(rng=np.random.default_rng(seed)).apply(box)
    assert shortest_in_space(turned) == pytest.approx(min(a, b, c), rel=1e-4)


def test_a_tetrahedron_is_narrowest_between_two_edges() -> None:
    corners = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], dtype=float)
    assert shortest_in_space(corners) == pytest.approx(2, abs=1e-3)


def test_many_corners_are_compared_in_parts() -> None:
    sphere = np.random.default_rng(0).normal(size=(3000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    assert longest_in_space(sphere)[0] == pytest.approx(cdist(sphere, sphere).max())
    assert shortest_in_space(sphere) == pytest.approx(2, abs=0.05)


def test_the_mesh_of_a_box_encloses_it() -> None:
    mask = np.zeros((6, 7, 8), dtype=bool)
    mask[0:6, 2:6, 1:7] = True  # up to the border of the grid
    mesh = mesh_of(mask, (1, 2, 3))
    assert 0.85 * 6 * 8 * 18 < mesh.volume < 6 * 8 * 18
    assert np.ptp(mesh.vertices_mm, axis=0) == pytest.approx((6, 8, 18))
