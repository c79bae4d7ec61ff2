"""Pictures of findings: boxes lie where the objects are, and what is wrong is told without colour."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from report.test_pictures import has_colour, pixels
from scanwright.data.boxes import Boxes
from scanwright.report.box_pictures import Findings, box_panel
from scanwright.report.palette import PREDICTION, REFERENCE
from scanwright.report.pictures import _draw_marks
from scanwright.report.slices import Mark, flat_slice

SHAPE = (30, 24, 16)
AFFINES = [
    np.diag([-0.7, -0.7, 2.0, 1.0]),
    np.diag([1.0, 1.0, 1.0, 1.0]),
    np.array([[0, 0, -2.0, 5], [0.8, 0, 0, 3], [0, -0.8, 0, 1], [0, 0, 0, 1]]),
]
NODULE = Boxes([[(5, 8, 9), (12, 14, 13)]], ("nodule",), np.array([0.8]))


@pytest.mark.parametrize("affine", [*AFFINES, None])
def test_a_box_lies_on_the_slice_where_its_voxels_are(affine):
    image = np.zeros((1, *SHAPE))
    image[0, 5:12, 8:14, 9:13] = 1
    plane, edges, reached = flat_slice(image, affine, 0, NODULE.box_ijk, NODULE.box_ijk[0].mean(axis=0))
    left, top, right, bottom = edges[0].astype(int)
    assert reached.all()
    inside = np.zeros(plane.image.shape, bool)
    inside[top:bottom, left:right] = True
    np.testing.assert_array_equal(plane.image > 0, inside)


@pytest.mark.parametrize("axis", range(3))
def test_a_volume_of_one_plane_is_seen_along_it(axis):
    shape = [20, 18, 16]
    shape[axis] = 1
    box = np.array([[(3.0, 4, 5), (9, 10, 11)]])
    box[0, :, axis] = 0, 1
    image = np.zeros((1, *shape))
    image[0][tuple(slice(int(a), int(b)) for a, b in box[0].T)] = 1
    plane, edges, _ = flat_slice(image, np.diag([1.0, -1, 1, 1]), 0, box, box[0].mean(axis=0))
    left, top, right, bottom = edges[0].astype(int)
    assert plane.image[top:bottom, left:right].all()
    assert plane.image.sum() == 36


def test_boxes_that_do_not_reach_the_slice_are_told():
    boxes = np.array([[(0, 0, 0), (5, 5, 2)], [(0, 0, 8), (5, 5, 12)]], dtype=float)
    _, _, reached = flat_slice(np.zeros((1, *SHAPE)), np.eye(4), 0, boxes, np.array([2.0, 2, 10]))
    assert reached.tolist() == [False, True]


@pytest.mark.parametrize("affine", AFFINES)
def test_found_and_missed_have_their_colours_in_volumes(affine):
    image = np.random.default_rng(0).normal(size=(1, *SHAPE))
    missed = Boxes([[(20, 3, 2), (25, 8, 5)]], ("nodule",))
    png = box_panel(
        image, Findings(NODULE, missed, np.array([True]), np.array([True])), affine, modality="CT"
    )
    assert has_colour(png, REFERENCE)
    assert has_colour(png, PREDICTION)


def test_a_false_alarm_is_drawn_otherwise_than_a_hit():
    photo = np.full((3, 60, 50, 1), 128, np.uint8)
    found = Boxes([[(10, 10, 0), (30, 30, 1)]], ("cell",), np.array([0.7]))
    hit, false = (box_panel(photo, Findings(found, None, np.array([wrong]))) for wrong in (False, True))
    assert (pixels(hit) != pixels(false)).any()
    assert not has_colour(hit, REFERENCE)


def test_a_case_without_findings_is_still_shown():
    none = Boxes(np.empty((0, 2, 3)), (), np.empty(0))
    for image, affine in ((np.full((3, 60, 50, 1), 128, np.uint8), None), (np.ones((1, *SHAPE)), np.eye(4))):
        assert pixels(box_panel(image, Findings(none), affine)).max() > 100


def test_hundreds_of_boxes_are_drawn_and_names_of_any_script():
    rng = np.random.default_rng(0)
    lo = np.c_[rng.uniform(0, 280, (300, 2)), np.zeros(300)]
    found = Boxes(
        np.stack([lo, lo + np.array([12, 12, 1])], axis=1), ("红细胞", "$x$") * 150, rng.random(300)
    )
    assert has_colour(box_panel(np.zeros((3, 300, 300, 1), np.uint8), Findings(found)), PREDICTION)


def words_of(marks, size=300):
    """The words that stand on a picture with these marks, and the places of all."""
    figure = Figure(figsize=(4, 4))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    _draw_marks(axes, marks)
    return [text.get_text() for text in axes.texts], [text.get_window_extent() for text in axes.texts]


def test_words_stand_where_there_is_room_and_never_on_each_other():
    rng = np.random.default_rng(0)
    lo = rng.uniform(0, 280, (200, 2))
    crowd = [Mark(x, y, x + 14, y + 14, PREDICTION, text=f"cell {n}") for n, (x, y) in enumerate(lo.tolist())]
    words, places = words_of(crowd)
    assert 5 < len(words) < len(crowd)
    assert not any(a.overlaps(b) for n, a in enumerate(places) for b in places[:n])
    assert all(place.x0 >= -1 and place.x1 <= 401 for place in places)


def test_what_is_wrong_has_its_words_before_what_is_right():
    right, wrong = (Mark(100, 100, 112, 112, PREDICTION, style, text=style) for style in ("solid", "dashed"))
    many = [replace(right, text=f"{n} long words") for n in range(5)]
    assert "dashed" in words_of([*many, wrong])[0]
    assert len(words_of([*many, wrong])[0]) < 6
