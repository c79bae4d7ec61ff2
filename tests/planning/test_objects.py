"""The grid that objects are looked for on, and what the plan says of their boxes."""

from dataclasses import replace

import numpy as np
import pytest

from facts_of import facts_of
from scanwright.errors import DataError
from scanwright.planning.objects import choose_box_plan, choose_object_grid, find_small


def facts_with(sides, shape=(640, 480, 1), spacing=None, dims=2, n_train=200, classes=None):
    facts = facts_of(shape, spacing, dims=dims, n_train=n_train)
    rows = np.array([(s, s, 1.0 if dims == 2 else s) for s in sides], dtype=float)
    return replace(facts, box_sides=rows, box_classes=classes or ("cell",) * len(sides))


def test_small_objects_are_sixteen_pixels_wide_where_there_is_time():
    grid = choose_object_grid(facts_with([64.0] * 20), minutes=600)
    assert grid.value.longest_side == 160
    assert grid.value.small_voxels == pytest.approx(16)
    assert grid.value.spacing_mm is None
    assert "16 voxels wide" in grid.reason


def test_with_little_time_they_are_narrower_but_not_less_than_eight_pixels():
    wide = [
        choose_object_grid(facts_with([64.0] * 20), minutes).value.small_voxels for minutes in (60, 3, 0.1)
    ]
    assert wide == sorted(wide, reverse=True)
    assert wide[-1] == pytest.approx(8)


def test_no_picture_is_made_larger():
    grid = choose_object_grid(facts_with([6.0] * 20), minutes=600)
    assert grid.value.longest_side is None
    assert "the images' own" in grid.reason


def test_a_rare_class_of_small_objects_is_not_lost():
    sides, classes = [80.0] * 99 + [20.0], ("red",) * 99 + ("platelet",)
    assert find_small(np.array(sides), classes) == pytest.approx(20)
    grid = choose_object_grid(facts_with(sides, classes=classes), minutes=600)
    assert grid.value.longest_side == pytest.approx(640 * 16 / 20)


def test_volumes_keep_the_spacing_of_thick_slices():
    facts = facts_with([20.0] * 9, (300, 300, 100), (0.8, 0.8, 4.0), dims=3, n_train=10)
    grid = choose_object_grid(facts, minutes=10_000).value
    small_mm = 20 * (0.8 * 0.8 * 4.0) ** (1 / 3)
    assert grid.spacing_mm == pytest.approx((small_mm / 5,) * 2 + (max(4.0, small_mm / 5),), rel=1e-3)
    np.testing.assert_allclose(
        grid.sides_voxels[0], 20 * np.array((0.8, 0.8, 4.0)) / grid.spacing_mm, rtol=1e-3
    )


def test_boxes_begin_as_the_middle_object_and_hits_are_by_dimension():
    flat = choose_box_plan(choose_object_grid(facts_with([32.0, 64.0, 128.0]), 600).value, 2).value
    assert flat.side_voxels[:2] == pytest.approx((16.0 * 64 / 38.4,) * 2, rel=0.1)
    assert (flat.side_voxels[2], flat.hit, flat.hit_least) == (1.0, "iou", 0.5)
    facts = facts_with([8.0] * 5, (90, 90, 90), (1, 1, 1), dims=3)
    assert choose_box_plan(choose_object_grid(facts, 60).value, 3).value.hit == "centre"


def test_nothing_to_find_is_said():
    with pytest.raises(DataError, match="no case that trains holds an object"):
        choose_object_grid(facts_with([]), 10)
