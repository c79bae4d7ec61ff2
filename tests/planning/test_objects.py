"""The grid that objects are looked for on, and what the plan says of their boxes."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from builders import cohort, detection_plan, memory_case, noise
from facts_of import facts_of
from scanwright.data.boxes import Boxes
from scanwright.errors import DataError
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.planning.objects import choose_box_plan, choose_object_grid, find_small, warn_of_boxes


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


def boxed(n, *boxes, classes=None, shape=(96, 80, 1), spacing=None):
    affine = None if spacing is None else np.diag([*spacing, 1.0])
    drawn = Boxes(np.array(boxes, dtype=float).reshape(-1, 2, 3), classes or ("cell",) * len(boxes))
    return memory_case(f"c{n}", noise((1, *shape), seed=n), boxes=drawn, affine=affine)


def planned(cases, **changed):
    facts = take_fingerprint(cohort(cases), target="boxes")
    return facts, detection_plan(facts.dims, classes=tuple(facts.classes), **changed)


LARGE, SMALL = ((4, 4, 0), (44, 44, 1)), ((50, 50, 0), (55, 55, 1))


def test_objects_too_small_for_the_pictures_themselves_are_warned_of_by_class_and_share():
    cases = [boxed(n, LARGE, LARGE, SMALL, classes=("red", "red", "platelet")) for n in range(8)]
    (said,) = warn_of_boxes(*planned(cases))
    n = sum(side != "test" for side in planned(cases)[0].splits.of.values())
    assert said.startswith(f"100 % of the boxes of 'platelet' ({n} of {n}) are narrower than 8 pixels")
    assert "enlarge them 1.6 times" in said


def test_shares_in_the_place_of_pixels_are_called_what_they_are():
    cases = [boxed(n, ((0.2, 0.3, 0), (0.6, 0.5, 1))) for n in range(8)]
    (said,) = warn_of_boxes(*planned(cases))
    assert "shares of the image (0 to 1)" in said


def test_objects_lost_by_the_plan_s_grid_are_warned_of_with_a_grid_that_shows_them():
    cases = [boxed(n, LARGE) for n in range(8)]
    assert warn_of_boxes(*planned(cases)) == []
    facts, plan = planned(cases, longest_side=12)
    (said,) = warn_of_boxes(facts, plan)
    assert "'cell'" in said
    side = int(re.search(r"--set longest_side=(\d+)", said)[1])
    assert warn_of_boxes(facts, replace(plan, longest_side=side)) == []


def test_in_volumes_a_finer_spacing_is_told():
    cases = [boxed(n, ((4, 4, 2), (9, 9, 5)), shape=(24, 24, 12), spacing=(1.0, 1.0, 2.0)) for n in range(8)]
    facts, plan = planned(cases, spacing_mm=(3.0, 3.0, 3.0))
    (said,) = warn_of_boxes(facts, plan)
    assert "narrower than 3 voxels" in said
    spacing = tuple(json.loads(re.search(r"spacing_mm='(.*?)'", said)[1]))
    assert warn_of_boxes(facts, replace(plan, spacing_mm=spacing)) == []


def test_boxes_beside_their_image_or_without_room_are_warned_of_by_case():
    beside, flat = ((200, 4, 0), (210, 9, 1)), ((5, 5, 0), (5, 9, 1))
    cases = [boxed(0, LARGE, beside), boxed(1, LARGE, flat, flat), *(boxed(n, LARGE) for n in range(2, 8))]
    facts, plan = planned(cases)
    (said,) = warn_of_boxes(facts, plan)
    assert said.startswith("3 box(es) lie wholly outside of their image or have no room: c0 (1), c1 (2).")
    assert facts.to_json()["boxes"]["lost"] == {"c0": 1, "c1": 2}
    assert len(facts.box_sides) == len([name for name in facts.splits.of.values() if name != "test"])
