"""Segmentation: the values of the user's masks, and a policy for what is empty."""

import dataclasses
import math

import numpy as np
import pytest

from builders import TILTED_AFFINE, ball_mask, cohort, masked_volumes, memory_case, noise, segmentation_plan
from facts_of import facts_of
from scanwright.data.prediction import MaskPrediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.tasks.segmentation import Segmentation, decode_planes

TASK = Segmentation()
SHAPE = (12, 10, 8)
EMPTY = np.zeros(SHAPE, np.int16)
BALL = ball_mask(SHAPE, label=2).astype(np.int16)
THREE = segmentation_plan(classes=("background", "two", "four"), label_values=(0, 2, 4))


def truth(mask, affine=TILTED_AFFINE):
    return memory_case("a", noise((1, *SHAPE)), mask=mask, affine=affine)


def measure(predicted, reference, plan=THREE, affine=TILTED_AFFINE):
    prediction = MaskPrediction("a", Volume(predicted[None], affine))
    return TASK.measure(prediction, truth(reference, affine), plan)


def test_labels_0_2_4_come_back():
    outputs = np.zeros((3, *SHAPE), np.float32)
    outputs[0] = 1
    outputs[1, 3] = 2
    outputs[2, 7] = 2
    mask = TASK.decode("a", outputs, THREE, (), Volume(noise((1, *SHAPE)), TILTED_AFFINE), {}).mask
    assert mask.array.dtype == np.int16
    assert set(np.unique(mask.array)) == {0, 2, 4}
    assert (mask.array[0, 3] == 2).all()
    assert (mask.array[0, 7] == 4).all()


def test_very_large_label_values_come_back():
    plan = segmentation_plan(label_values=(0, 70000))
    outputs = np.stack([np.zeros(SHAPE), np.ones(SHAPE)]).astype(np.float32)
    mask = TASK.decode("a", outputs, plan, (), Volume(noise((1, *SHAPE))), {}).mask
    assert (mask.array == 70000).all()


def test_a_threshold_decides_where_there_is_one():
    plan = segmentation_plan()
    outputs = np.stack([np.full(SHAPE, 0.6), np.full(SHAPE, 0.4)]).astype(np.float32)
    image = Volume(noise((1, *SHAPE)))
    assert (TASK.decode("a", outputs, plan, (), image, {}).mask.array == 0).all()
    assert (TASK.decode("a", outputs, plan, (), image, {"ball": 0.35}).mask.array == 2).all()


def test_specks_smaller_than_the_plan_allows_are_left_out():
    probable = np.full((2, *SHAPE), 0.5, np.float32)
    probable[0, 1, 1, 1:3] = probable[0, 8, 8, 1:4] = 0.0  # two voxels, and three
    thick = np.diag([1.0, 1.0, 2.0, 1.0])

    def outlined(affine=thick, **changed):
        image = Volume(noise((1, *SHAPE)), affine)
        plan = segmentation_plan(**{"spacing_mm": (1.0, 1.0, 2.0), "least_pieces": (0.0, 6.0)} | changed)
        decoded = TASK.decode("a", probable, plan, (), image, {}).mask.array[0] > 0
        planes = decode_planes("a", iter([probable]), plan, (), image, {}).mask.array[0] > 0
        np.testing.assert_array_equal(planes, decoded)
        return int(decoded.sum())

    assert outlined() == 3  # 6 mm³ are three voxels
    assert outlined(least_pieces=()) == outlined(least_pieces=(0.0, 4.0)) == 5
    assert outlined(least_pieces=(0.0, 7.0)) == 0
    assert outlined(least_pieces=(100.0, 0.0)) == 5
    assert outlined(None, spacing_mm=None, least_pieces=(0.0, 3.0)) == 3
    # What mm³ are in an image without spacing nobody knows, nor how large voxels were in those learnt from.
    assert outlined(None) == outlined(spacing_mm=None, least_pieces=(0.0, 3.0)) == 5


def test_a_plan_leaves_out_what_is_smaller_than_what_was_learnt_from():
    many = facts_of(classes={"0": 20, "1": 20}, least_pieces={"1": 2.5})
    assert TASK.plan(many, Settings()).least_pieces == (0.0, 2.5)
    assert TASK.plan(facts_of(), Settings()).least_pieces == ()


def test_the_values_of_the_data_are_measured():
    both = BALL.copy()
    both[6:][both[6:] > 0] = 4
    record = measure(both, both)
    assert set(record["classes"]) == {"two", "four"}
    for value, name in ((2, "two"), (4, "four")):
        row = record["classes"][name]
        assert row["dice"] == row["surface_dice"] == 1
        assert row["hd95"] == 0
        assert row["volume"] == pytest.approx((both == value).sum() * 0.7 * 0.8 * 2.5 / 1000)
        assert row["unit"] == "mm"


def test_unknown_spacing_is_measured_in_pixels():
    row = measure(BALL, BALL, affine=None)["classes"]["two"]
    assert row["unit"] == "px"
    assert row["volume"] == (BALL == 2).sum()


def test_both_empty_is_undefined_and_not_a_perfect_score():
    row = measure(EMPTY, EMPTY)["classes"]["two"]
    assert math.isnan(row["dice"])
    assert math.isnan(row["surface_dice"])
    assert math.isnan(row["hd95"])
    assert row["in_both"] == 0


def test_nothing_found_where_something_is_scores_zero_without_a_distance():
    row = measure(EMPTY, BALL)["classes"]["two"]
    assert row["dice"] == 0
    assert row["surface_dice"] == 0
    assert math.isnan(row["hd95"])


def test_something_found_where_nothing_is_counts_as_a_false_alarm_and_not_as_an_overlap():
    found = measure(BALL, EMPTY)
    assert math.isnan(found["classes"]["two"]["dice"])
    records = [found, measure(EMPTY, EMPTY), measure(BALL, BALL)]
    summary = TASK.summarise(records, THREE)
    numbers = summary.statistic(np.arange(3))
    assert numbers["dice", "two"] == 1
    assert numbers["false_alarms", "two"] == pytest.approx(0.5)
    assert list(summary.support["false_alarms", "two"]) == [0, 1]


def test_empty_cases_are_left_out_of_means_and_counted():
    records = [measure(EMPTY, EMPTY), measure(BALL, BALL), measure(EMPTY, BALL)]
    summary = TASK.summarise(records, THREE)
    numbers = summary.statistic(np.arange(3))
    assert numbers["dice", "two"] == pytest.approx(0.5)
    assert numbers["hd95", "two"] == 0
    assert math.isnan(numbers["dice", "four"])
    assert numbers["dice", ""] == pytest.approx(0.5)
    assert numbers["dice_pooled", "two"] == pytest.approx(2 / 3)
    assert math.isnan(numbers["dice_pooled", "four"])
    np.testing.assert_array_equal(summary.support["dice", "two"], [1, 2])
    np.testing.assert_array_equal(summary.support["hd95", "two"], [1])
    np.testing.assert_array_equal(summary.support["dice", ""], [1, 2])
    assert summary.units == {"hd95": "mm", "assd": "mm", "volume_bias": "ml"}


def test_volume_bias_tells_too_much_from_too_little():
    records = [measure(BALL, EMPTY), measure(EMPTY, EMPTY)]
    ml = (BALL == 2).sum() * 0.7 * 0.8 * 2.5 / 1000
    assert TASK.summarise(records, THREE).statistic(np.arange(2))["volume_bias", "two"] == pytest.approx(
        ml / 2
    )


def test_a_truth_on_another_grid_is_refused():
    prediction = MaskPrediction("a", Volume(BALL[None], np.eye(4)))
    with pytest.raises(DataError, match="a: the mask lies elsewhere"):
        TASK.measure(prediction, truth(BALL), THREE)


def test_the_threshold_is_the_one_with_the_best_dice():
    target = (np.arange(1000) < 300).reshape(10, 10, 10)
    sure = np.where(target, 0.45, 0.25) + np.random.default_rng(0).normal(0, 0.01, target.shape)
    outputs = np.stack([1 - sure, sure]).astype(np.float32)
    chosen = TASK.choose_thresholds([outputs], [target.astype(np.uint8)], segmentation_plan())
    assert 0.28 <= chosen["ball"] <= 0.42


def test_probabilities_past_one_by_rounding_still_count():
    target = np.zeros((4, 4, 4), np.uint8)
    target[:2] = 1
    # What is not the target is rather sure too, so that only a high threshold tells them apart.
    sure = np.where(target > 0, np.float32(1.0000001), np.float32(0.6))
    chosen = TASK.choose_thresholds([np.stack([1 - sure, sure])], [target], segmentation_plan())
    assert set(chosen) == {"ball"}


def test_no_threshold_without_anything_to_find_or_with_several_classes():
    outputs = np.full((2, 4, 4, 4), 0.5, np.float32)
    assert TASK.choose_thresholds([outputs], [np.zeros((4, 4, 4))], segmentation_plan()) == {}
    three = np.full((3, 4, 4, 4), 0.3, np.float32)
    assert TASK.choose_thresholds([three], [np.ones((4, 4, 4))], THREE) == {}


def test_classes_have_the_names_of_the_data_and_background_comes_first():
    plan = TASK.plan(facts_of(classes={"0": 5, "2": 5, "4": 5}, class_names={"4": "tumour"}), Settings())
    assert plan.classes == ("background", "label 2", "tumour")
    assert plan.label_values == (0, 2, 4)


@pytest.mark.parametrize(
    ("modality", "steps", "width", "overhang"),
    [
        ("CT", (), 8, 0.5),
        ("CT", ("median=1",), 8, 0.5),
        ("CT", ("window=40:400",), 0, 0.0),
        ("MR", (), 0, 0.0),
    ],
)
def test_of_ct_the_network_sees_values_past_its_norms_and_more_of_the_borders(
    modality, steps, width, overhang
):
    plan = TASK.plan(facts_of(modality=modality, enhance=steps), Settings())
    assert plan.network.shortcut == width
    assert plan.overhang == overhang
    assert ("corners of a CT" in plan.reasons["overhang"]) == bool(overhang)


def test_the_shares_of_the_voxels_are_in_the_plan():
    plan = TASK.plan(take_fingerprint(cohort(masked_volumes(6, label=4))), Settings())
    share = float((ball_mask(SHAPE) > 0).mean())
    assert plan.class_shares == pytest.approx((1 - share, share), rel=1e-3)


def test_masks_without_any_background_still_have_one():
    plan = TASK.plan(facts_of(classes={"1": 5, "2": 5}), Settings())
    assert plan.label_values == (0, 1, 2)


def test_empty_masks_everywhere_teach_nothing():
    cases = [dataclasses.replace(case, targets=truth(EMPTY).targets) for case in masked_volumes(5)]
    with pytest.raises(DataError, match="every mask of the training side is empty"):
        TASK.plan(take_fingerprint(cohort(cases)), Settings())


@pytest.mark.parametrize(
    ("names", "flips"), [(("Left Kidney", "right_kidney"), ()), (("liver", "bright"), (0,))]
)
def test_sides_with_names_are_not_mirrored(names, flips):
    facts = facts_of(classes={"0": 5, "1": 5, "2": 5}, class_names=dict(zip("12", names, strict=True)))
    plan = TASK.plan(facts, Settings())
    assert plan.mirror_axes == plan.augmentation.flip_axes == flips


@pytest.mark.parametrize("minutes", [1, 15, 60, 600])
@pytest.mark.parametrize(
    "facts",
    [
        facts_of((512, 512, 30), (0.7, 0.7, 5.0)),
        facts_of((35, 50, 36), (1, 1, 1)),
        facts_of((3000, 2000, 1), None, dims=2),
        facts_of((9, 9, 5), (2, 2, 2)),
        facts_of((600, 16, 16), (0.3, 2, 2)),
    ],
)
def test_any_facts_make_a_plan_that_makes_sense(facts, minutes):
    plan = TASK.plan(facts, Settings(minutes=minutes))
    assert plan.minutes == minutes
    assert plan.reasons["minutes"] == "as asked for"


def test_lesions_are_counted_where_there_may_be_none_or_several():
    several, none = np.zeros((2, 20, 20, 6), np.uint8)
    several[2:6, 2:6, 2:4], several[12:16, 12:16, 2:4] = 2, 2
    found = several.copy()
    found[12:16, 12:16] = 0
    found[2:4, 14:18, 1] = 2
    records = [measure(found, several), measure(none, none)]
    numbers = Segmentation().summarise(records, THREE).statistic(np.arange(2))
    assert numbers["lesion_sensitivity", THREE.classes[1]] == 0.5
    assert numbers["lesion_false_alarms", THREE.classes[1]] == 0.5


def test_what_is_one_piece_in_every_case_is_no_lesion():
    organ = np.zeros((12, 10, 8), np.uint8)
    organ[2:6, 2:6, 2:4], organ[7:9, 2:6, 2:4] = 2, 4
    numbers = Segmentation().summarise([measure(organ, organ)] * 3, THREE).statistic(np.arange(3))
    assert not {name for name, _ in numbers} & {"lesion_sensitivity", "lesion_false_alarms"}
