"""Boxes: what is measured in voxels holds in millimetres, and what is turned keeps its place."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from builders import TILTED_AFFINE
from scanwright.core.boxes import (
    box_volume,
    box_volume_mm3,
    boxes_around,
    clip_boxes,
    corners_mm,
    enclosing_ijk,
    enclosing_mm,
    ijk_of,
    intersection_over_union,
    paint_boxes,
)
from strategies import affines, boxes, straight_affines


def voxels(box, size=40):
    """The voxels of a box between voxels, as a set of places; shifted so that none is negative."""
    grid = np.zeros((size,) * box.shape[1], bool)
    grid[tuple(slice(int(lo) + 8, int(hi) + 8) for lo, hi in box.T)] = True
    return grid


@pytest.mark.parametrize("axes", [2, 3])
@given(st.data())
def test_overlap_is_that_of_the_voxels(axes, data):
    a, b = data.draw(boxes(axes, 3, whole=True)), data.draw(boxes(axes, 3, whole=True))
    found = intersection_over_union(a, b)
    assert found.shape == (len(a), len(b))
    for m, one in enumerate(a):
        for n, other in enumerate(b):
            both, either = (voxels(one) & voxels(other)).sum(), (voxels(one) | voxels(other)).sum()
            assert found[m, n] == pytest.approx(both / either if either else 0.0)


@given(boxes(whole=True))
def test_volume_is_the_number_of_voxels(a):
    np.testing.assert_allclose(box_volume(a), [voxels(one).sum() for one in a])


@given(boxes(), boxes())
def test_overlap_is_symmetric_and_a_share(a, b):
    found = intersection_over_union(a, b)
    np.testing.assert_array_equal(found.T, intersection_over_union(b, a))
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()


@given(boxes())
def test_a_box_with_room_overlaps_itself_wholly_and_one_without_room_nothing(a):
    assume(((a[:, 1] - a[:, 0] == 0) | (a[:, 1] - a[:, 0] > 1e-3)).all())
    np.testing.assert_allclose(np.diag(intersection_over_union(a, a)), box_volume(a) > 0)


def test_a_published_overlap():
    """Ten by ten against a copy shifted by five both ways: 25 of 175."""
    a = np.array([[[0.0, 0], [10, 10]]])
    assert intersection_over_union(a, a + 5)[0, 0] == pytest.approx(25 / 175)


@given(boxes(), straight_affines())
def test_overlap_is_the_same_in_millimetres(a, affine):
    assume((a[:, 1] - a[:, 0] > 1e-3).all())
    mm = enclosing_mm(a, affine)
    np.testing.assert_allclose(
        intersection_over_union(mm, mm), intersection_over_union(a, a), rtol=1e-6, atol=1e-6
    )
    np.testing.assert_allclose(box_volume(mm), box_volume_mm3(a, affine), rtol=1e-6)


@given(boxes(), straight_affines())
def test_there_and_back_along_the_axes_of_the_patient(a, affine):
    np.testing.assert_allclose(enclosing_ijk(enclosing_mm(a, affine), affine), a, atol=1e-6)


@given(boxes(), affines())
def test_an_oblique_box_encloses_what_it_was_made_of(a, affine):
    again = enclosing_ijk(enclosing_mm(a, affine), affine)
    assert (again[:, 0] <= a[:, 0] + 1e-6).all()
    assert (again[:, 1] >= a[:, 1] - 1e-6).all()


@given(boxes(), affines())
def test_corners_span_the_volume_that_is_told(a, affine):
    corners = corners_mm(a, affine)
    edges = np.stack([corners[:, 4], corners[:, 2], corners[:, 1]], axis=1) - corners[:, :1]
    np.testing.assert_allclose(abs(np.linalg.det(edges)), box_volume_mm3(a, affine), rtol=1e-6, atol=1e-6)


def test_the_box_of_a_voxel_reaches_half_a_voxel_to_all_sides_of_its_centre():
    box = np.array([[[3.0, 4, 5], [4, 5, 6]]])
    centre = (TILTED_AFFINE @ (3, 4, 5, 1))[:3]
    np.testing.assert_allclose(corners_mm(box, TILTED_AFFINE).mean(axis=1)[0], centre)
    np.testing.assert_allclose(
        enclosing_mm(box, TILTED_AFFINE)[0], centre + np.outer([-1, 1], [0.4, 0.35, 1.25])
    )


@given(affines(), st.tuples(*[st.floats(-50, 50)] * 3))
def test_points_go_to_voxels_and_back(affine, point):
    mm = (affine @ (*point, 1))[:3]
    np.testing.assert_allclose(ijk_of(mm, affine), point, atol=1e-6)


@given(affines(), st.floats(0.5, 60))
def test_the_box_of_a_ball_touches_it_on_all_sides(affine, diameter):
    box = boxes_around(np.array([[5.0, 6, 7]]), np.array([diameter]), affine)[0]
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(4000, 3))
    sphere = 0.5 * diameter * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    ijk = ijk_of((affine @ (5, 6, 7, 1))[:3] + sphere, affine) + 0.5
    sides = box[1] - box[0]
    assert (ijk >= box[0] - 1e-6).all()
    assert (ijk <= box[1] + 1e-6).all()
    assert (ijk.min(axis=0) - box[0] <= 0.02 * sides).all()
    assert (box[1] - ijk.max(axis=0) <= 0.02 * sides).all()


@given(boxes(whole=True), st.tuples(*[st.integers(1, 24)] * 3))
def test_what_is_cut_off_lies_off_the_grid(a, shape):
    cut = clip_boxes(a, shape)
    grid = np.array([np.zeros(3), shape], float)[None]
    assert ((cut >= 0) & (cut <= shape)).all()
    for one, part in zip(a, cut, strict=True):
        np.testing.assert_array_equal(voxels(one) & voxels(grid[0]), voxels(part))


@given(boxes(whole=True))
def test_every_voxel_bears_the_number_of_the_smallest_box_that_holds_it(a):
    shape = (20, 20, 20)
    painted = paint_boxes(a, shape)
    held = (
        np.stack([voxels(one, 48)[8:28, 8:28, 8:28] for one in a]) if len(a) else np.zeros((0, *shape), bool)
    )
    volume = box_volume(a)
    for place in np.argwhere(held.any(axis=0) | (painted > 0))[::97]:
        holders = np.flatnonzero(held[(slice(None), *place)])
        number = painted[tuple(place)]
        assert number - 1 in holders
        assert volume[number - 1] == volume[holders].min()
    assert ((painted > 0) == held.any(axis=0)).all()


def test_a_box_smaller_than_a_voxel_still_shows():
    painted = paint_boxes(np.array([[[2.4, 2.4, 2.4], [2.6, 2.6, 2.6]]]), (5, 5, 5))
    assert painted[2, 2, 2] == 1
    assert painted.sum() == 1
