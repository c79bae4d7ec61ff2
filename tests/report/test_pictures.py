"""Pictures show image and outlines in the agreed colours."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from scanwright.report.palette import PREDICTION, PREDICTIONS, REFERENCE
from scanwright.report.pictures import case_panel, overlay_picture


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def has_colour(png, colour):
    return bool((np.abs(pixels(png) - np.asarray(to_rgb(colour)) * 255).max(axis=-1) <= 3).any())


def ball(shape, centre, radius):
    grid = np.indices(shape)
    return (sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)) < radius**2).astype(int)


SHAPE = (40, 40, 30)
NOISE = np.random.default_rng(0).normal(size=(2, *SHAPE))


@pytest.mark.parametrize("affine", [np.eye(4), np.diag([1.0, 1.0, 6.0, 1.0])])
@pytest.mark.parametrize("radius", [3, 14])
def test_reference_and_prediction_have_their_colours(affine, radius):
    reference, prediction = ball(SHAPE, (20, 20, 15), radius), ball(SHAPE, (22, 20, 15), radius)
    png = case_panel(NOISE, reference, prediction, affine, modality="CT", labels={1: "lesion", 2: "肿瘤"})
    assert has_colour(png, REFERENCE)
    assert has_colour(png, PREDICTION)


def test_labels_of_a_prediction_that_stands_alone_have_a_colour_each():
    both = np.where(np.indices(SHAPE)[0] < 20, 1, 2) * ball(SHAPE, (20, 20, 15), 14)
    labels = {1: "anterior", 2: "posterior"}
    alone = case_panel(NOISE, None, both, np.eye(4), labels=labels)
    beside = case_panel(NOISE, both, both, np.eye(4), labels=labels)
    assert [has_colour(alone, colour) for colour in PREDICTIONS[:3]] == [True, True, False]
    assert [has_colour(beside, colour) for colour in PREDICTIONS[:3]] == [True, False, False]


def test_a_caption_stands_below_grey_and_coloured_pictures():
    for image in (NOISE[:1], np.ones((3, 40, 40, 1))):
        affine = None if image.shape[0] == 3 else np.eye(4)
        plain, told = (pixels(case_panel(image, None, None, affine, caption=said)) for said in ("", "case 1"))
        changed = np.nonzero((plain != told).any(axis=(1, 2)))[0]
        assert changed.min() > plain.shape[0] - 40


def test_without_masks_there_are_no_outlines():
    png = case_panel(NOISE, None, None, np.eye(4))
    assert not has_colour(png, REFERENCE)
    assert not has_colour(png, PREDICTION)


def test_a_case_whose_masks_are_empty_is_still_shown():
    empty = np.zeros(SHAPE, int)
    assert pixels(case_panel(NOISE, empty, empty, np.eye(4))).max() > 100


def test_labels_are_named_beside_their_outline_in_ascii_or_by_their_value():
    reference = ball(SHAPE, (5, 20, 15), 4) + 2 * ball(SHAPE, (26, 20, 15), 12)
    for labels in ({1: "anterior", 2: "posterior"}, {1: "前部", 2: "后部"}, {1: "$x$", 2: "a" * 40}):
        named = case_panel(NOISE, reference, None, np.eye(4), labels=labels)
        assert named != case_panel(NOISE, reference, None, np.eye(4))


def test_colour_photographs_stay_in_colour():
    photo = np.zeros((3, 60, 40, 1), np.uint8)
    photo[0] = 200
    assert has_colour(case_panel(photo), (200 / 255, 0, 0))


def test_nets_of_lines_in_large_pictures_are_filled():
    photo = np.full((3, 500, 500, 1), 90, np.uint8)
    reference, prediction = np.zeros((500, 500, 1), int), np.zeros((500, 500, 1), int)
    reference[::20], prediction[:, ::20] = 1, 1
    png = case_panel(photo, reference, prediction)
    assert has_colour(png, "white")
    assert has_colour(png, REFERENCE)
    assert has_colour(png, PREDICTION)
    case_panel(photo[:1], reference, prediction)


def test_the_pixels_of_one_slice_are_drawn_in_proportion():
    png = overlay_picture(np.random.default_rng(0).normal(size=(20, 40)), spacing=(2.0, 1.0), plane="axial")
    height, width, _ = pixels(png).shape
    assert height == pytest.approx(width, rel=0.06)


def test_the_same_case_gives_the_same_picture():
    mask = ball(SHAPE, (20, 20, 15), 6)
    assert case_panel(NOISE, mask, mask, np.eye(4)) == case_panel(NOISE, mask, mask, np.eye(4))


def test_nan_voxels_do_no_harm():
    image = NOISE.copy()
    image[0, :10] = np.nan
    panel = case_panel(image, ball(SHAPE, (20, 20, 15), 6), None, np.eye(4), window=(-1, 1))
    assert pixels(panel).max() > 100
