"""Boxes: what is measured in voxels holds in millimetres, and what is turned keeps its place."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from builders import TILTED_AFFINE
from scanwright.core.boxes import (
    box_volume,
    box_volume_mm3,
    boxes_around,
    boxes_of_mask,
    clip_boxes,
    corners_mm,
    drop_small_pieces,
    enclosing_ijk,
    enclosing_mm,
    ijk_of,
    intersection_over_union,
    paint_boxes,
    piece_sizes,
)
from strategies import affines, boxes, straight_affines


@given(arrays(np.int16, array_shapes(min_dims=3, max_dims=3, max_side=6), elements=st.integers(0, 2)))
def test_small_pieces_go_and_all_others_stay(labels):
    before = labels.copy()
    left = drop_small_pieces(labels, {1: 2.5})
    np.testing.assert_array_equal(labels, before)
    expected = labels.copy()
    pieces, n = ndimage.label(labels == 1, np.ones((3, 3, 3)))
    for piece in range(1, n + 1):
        if (pieces == piece).sum() < 3:
            expected[pieces == piece] = 0
    gone = (labels != 0) & (expected == 0)
    np.testing.assert_array_equal(left[~gone], expected[~gone])
    assert not np.isin(left[gone], (0, 2), invert=True).any()
    assert drop_small_pieces(labels, {7: 100.0}) is labels


def test_a_speck_in_another_object_becomes_part_of_it():
    labels = np.zeros((12, 12, 12), np.int16)
    labels[2:9, 2:9, 2:9] = 1
    labels[5, 5, 5:7] = labels[11, 11, 11] = 2
    expected = np.where(labels == 2, 0, labels)
    expected[5, 5, 5:7] = 1
    np.testing.assert_array_equal(drop_small_pieces(labels, {2: 3.0}), expected)
    alone = np.where(labels == 2, labels, 0)
    assert not drop_small_pieces(alone, {2: 3.0}).any()


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


@pytest.mark.parametrize("flat", [False, True])
@given(st.data())
def test_boxes_painted_apart_are_read_back(flat, data):
    """In a grid of cells of 6 voxels, each with a box that leaves a gap to its neighbours."""
    cells = [(i, j, k) for i in range(3) for j in range(2) for k in range(1 if flat else 2)]
    chosen = data.draw(st.lists(st.sampled_from(cells), unique=True))
    labels = np.zeros(
        (18, 12, 1 if flat else 12), dtype=data.draw(st.sampled_from((np.uint8, np.int16, np.int64)))
    )
    drawn = []
    for cell in chosen:
        sides = [data.draw(st.integers(1, 5)) for _ in cell[: 2 if flat else 3]] + [1] * flat
        lo = 6 * np.array(cell)
        value = data.draw(st.sampled_from([1, 2, 100]))
        labels[tuple(slice(a, a + n) for a, n in zip(lo, sides, strict=True))] = value
        drawn.append((value, *lo, *(lo + sides)))
    boxes, values = boxes_of_mask(labels)
    assert boxes.dtype == np.float64
    assert [(v, *map(int, box.ravel())) for v, box in zip(values, boxes, strict=True)] == sorted(drawn)


@given(arrays(np.int16, array_shapes(min_dims=3, max_dims=3, max_side=7), elements=st.integers(-1, 3)))
def test_pieces_of_each_value_are_those_that_scipy_finds(labels):
    """An independent implementation, value by value."""
    expected = []
    for value in np.unique(labels[labels != 0]):
        pieces, _ = ndimage.label(labels == value, np.ones((3, 3, 3)))
        expected += [
            (value, *(s.start for s in place), *(s.stop for s in place))
            for place in ndimage.find_objects(pieces)
        ]
    boxes, values = boxes_of_mask(labels)
    assert [(v, *map(int, box.ravel())) for v, box in zip(values, boxes, strict=True)] == sorted(expected)
    sizes = [
        (value, size)
        for value in np.unique(labels[labels != 0])
        for size in np.bincount(ndimage.label(labels == value, np.ones((3, 3, 3)))[0].ravel())[1:]
    ]
    found, own = piece_sizes(labels)
    assert sorted(zip(own.tolist(), found.tolist(), strict=True)) == sorted(sizes)


@given(st.data())
def test_a_ball_is_read_back_within_a_voxel(data):
    radius = data.draw(st.floats(1, 6))
    centre = np.array([data.draw(st.floats(8, 14)) for _ in range(3)])
    grid = np.indices((22, 22, 22)) + 0.5
    labels = (np.square(grid - centre[:, None, None, None]).sum(axis=0) <= radius**2).astype(np.uint8)
    boxes, _ = boxes_of_mask(labels)
    assert len(boxes) == 1
    assert (boxes[0, 0] >= centre - radius - 0.5).all()
    assert (boxes[0, 0] < centre - radius + 1.5).all()
    assert (boxes[0, 1] <= centre + radius + 0.5).all()


def test_neighbours_of_two_values_are_two_objects_and_corners_join():
    labels = np.zeros((4, 4, 1), np.uint8)
    labels[0, 0], labels[1, 1], labels[2, 1] = 1, 1, 2
    boxes, values = boxes_of_mask(labels)
    assert values.tolist() == [1, 2]
    assert boxes.tolist() == [[[0, 0, 0], [2, 2, 1]], [[2, 1, 0], [3, 2, 1]]]


def test_a_mask_may_be_stored_in_any_order_and_hold_nothing():
    labels = np.zeros((5, 4, 3), np.uint8)
    assert boxes_of_mask(labels)[0].shape == (0, 2, 3)
    labels[2:4, 1, 2] = 7
    for stored in (labels, np.asfortranarray(labels), labels[::-1][::-1]):
        boxes, values = boxes_of_mask(stored)
        assert (boxes.tolist(), values.tolist()) == ([[[2, 1, 2], [4, 2, 3]]], [7])


@pytest.mark.parametrize("order", ["<i2", ">i2"])
def test_either_order_of_bytes_is_read(order):
    labels = np.zeros((4, 4, 4), order)
    labels[1, 1, 1:3] = 7
    assert boxes_of_mask(labels)[1].tolist() == [7]
    assert [one.tolist() for one in piece_sizes(labels)] == [[2], [7]]
