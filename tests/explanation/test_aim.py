"""What is explained, and the way of a map back to the image's own grid."""

from __future__ import annotations

import numpy as np
import pytest

from builders import (
    TILTED_AFFINE,
    ball_mask,
    classification_plan,
    detection_plan,
    memory_case,
    noise,
    segmentation_plan,
)
from scanwright.data.boxes import Boxes
from scanwright.data.plan import ChannelPlan
from scanwright.data.prediction import (
    BoxPrediction,
    ClassPrediction,
    LabelsPrediction,
    MaskPrediction,
    ValuePrediction,
)
from scanwright.data.volume import Volume
from scanwright.errors import DataError, SettingsError
from scanwright.explanation.aim import check_class, take_aim
from scanwright.explanation.truth import true_region


def no_runtime(patches):
    raise AssertionError("nothing needs the network here")


def volume(shape=(12, 10, 8), affine=TILTED_AFFINE) -> Volume:
    return Volume(noise((1, *shape)).astype(np.float32), affine)


def outlined(shape=(12, 10, 8)) -> MaskPrediction:
    return MaskPrediction("a", Volume((2 * ball_mask(shape))[None].astype(np.int16), TILTED_AFFINE))


def test_of_a_mask_the_tile_with_most_of_it_is_seen_and_its_voxels_are_the_places() -> None:
    plan = segmentation_plan()
    aim = take_aim(outlined(), volume(), plan, no_runtime)
    assert (aim.name, aim.index, aim.about) == ("ball", 1, "region")
    assert aim.view.seen.shape == (1, *plan.patch_voxels)
    assert aim.places is not None
    assert 0 < len(aim.places) < np.prod(plan.patch_voxels)
    assert aim.predicted is not None
    assert aim.predicted.sum() == ball_mask().sum()


def test_a_map_returns_to_the_grid_of_a_turned_and_resampled_image() -> None:
    image, plan = volume(), segmentation_plan()
    aim = take_aim(outlined(), image, plan, no_runtime)
    relevance = np.zeros(plan.patch_voxels)
    relevance.ravel()[aim.places] = 1.0
    back = aim.view.to_source(relevance)
    assert back.shape == image.shape
    assert back.dtype == np.float32
    inside = ball_mask().astype(bool)
    # The tile may cut the ball: what is marked lies in it, but for what resampling blurs.
    assert back[inside].mean() > 3 * back[~inside].mean()
    assert inside[np.unravel_index(back.argmax(), back.shape)]


def test_what_nothing_is_known_of_can_not_be_explained() -> None:
    empty = MaskPrediction("a", Volume(np.zeros((1, 12, 10, 8), dtype=np.int16), TILTED_AFFINE))
    with pytest.raises(DataError, match="nothing was outlined"):
        take_aim(empty, volume(), segmentation_plan(), no_runtime)
    none = BoxPrediction("a", Boxes(np.zeros((0, 2, 3)), (), np.zeros(0)), {})
    with pytest.raises(DataError, match="nothing was found of white"):
        take_aim(none, Volume(noise((1, 20, 20, 1))), detection_plan(), no_runtime, "white")


def test_of_boxes_the_surest_place_inside_the_surest_one_is_asked() -> None:
    plan = detection_plan()
    box = np.array([[[20.0, 4, 0], [28, 12, 1]], [[2, 2, 0], [8, 8, 1]]])
    found = BoxPrediction("a", Boxes(box, ("white", "red"), np.array([0.9, 0.6])), {})
    seen = []

    def runtime(patches):
        seen.append(patches)
        answers = np.zeros((1, 2 + 4, 8, 8), dtype=np.float32)
        answers[0, 1, 6, 3] = 0.7
        answers[0, 1, 0, 0] = 0.99  # surer, and outside of the box
        return answers

    aim = take_aim(found, Volume(noise((1, 32, 16, 1))), plan, runtime)
    assert (aim.name, aim.index, aim.about) == ("white", 1, "box")
    assert [part.start for part in aim.view.window[:2]] == [12, 0] or aim.view.window[0].start == 16
    assert seen[0].shape == (1, 1, 16, 16, 1)
    assert aim.predicted is not None
    assert aim.predicted[20:28, 4:12, 0].all()
    assert aim.predicted.sum() == 64
    first = aim.view.window[0].start
    row, column = np.unravel_index(int(aim.places[0]), (8, 8))
    assert 20 <= first + 2 * row + 1 < 28
    assert 4 <= 2 * column + 1 < 12


@pytest.mark.parametrize(
    ("prediction", "wanted", "name"),
    [
        (ClassPrediction("a", {"benign": 0.4, "malignant": 0.6}), None, "malignant"),
        (ClassPrediction("a", {"benign": 0.4, "malignant": 0.6}, decided="benign"), None, "benign"),
        (ClassPrediction("a", {"benign": 0.4, "malignant": 0.6}), "benign", "benign"),
        (LabelsPrediction("a", {"benign": 0.1, "malignant": 0.3}, ()), None, "malignant"),
    ],
)
def test_of_a_whole_image_the_predicted_or_the_wanted_class(prediction, wanted, name) -> None:
    aim = take_aim(prediction, Volume(noise((1, 30, 20, 1))), classification_plan(), no_runtime, wanted)
    assert (aim.name, aim.about, aim.places) == (name, "image", None)
    assert aim.view.to_source(np.ones((16, 16, 1))).shape == (30, 20, 1)


def test_of_a_number_the_number() -> None:
    plan = classification_plan(
        task="regression", answer="value", classes=(), target="age", loss="mse", channels=(ChannelPlan("x"),)
    )
    aim = take_aim(ValuePrediction("a", 40.0), Volume(noise((1, 30, 20, 1))), plan, no_runtime)
    assert (aim.name, aim.about) == ("age", "value")


def test_classes_that_there_are_not_are_refused() -> None:
    check_class(None, segmentation_plan())
    check_class("ball", segmentation_plan())
    with pytest.raises(SettingsError, match="ball"):
        check_class("background", segmentation_plan())
    with pytest.raises(SettingsError, match="class=cube"):
        check_class("cube", classification_plan())


def test_truth_is_that_of_the_explained_class() -> None:
    image, plan = Volume(noise((1, 30, 20, 1))), classification_plan()
    malignant = take_aim(ClassPrediction("a", {"benign": 0.4, "malignant": 0.6}), image, plan, no_runtime)
    mask = np.zeros((30, 20, 1), dtype=np.uint8)
    mask[4:8, 5:9] = 7
    case = memory_case("a", image.array, mask=mask, label="malignant", affine=None)
    region = true_region(case, malignant, image, plan)
    assert region is not None
    assert region.sum() == 16
    other = memory_case("a", image.array, mask=mask, label="benign", affine=None)
    assert true_region(other, malignant, image, plan) is None
    empty = memory_case("a", image.array, mask=0 * mask, affine=None)
    assert true_region(empty, malignant, image, plan) is None
    assert true_region(memory_case("a", image.array, affine=None), malignant, image, plan) is None
    boxes = Boxes(np.array([[[4.0, 5, 0], [8, 9, 1]]]), ("cell",))
    boxed = memory_case("a", image.array, boxes=boxes, affine=None)
    assert true_region(boxed, malignant, image, plan).sum() == 16
