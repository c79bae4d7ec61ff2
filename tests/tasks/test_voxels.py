"""Probabilities of voxels, volumes and what may be missed: from validation cases to a new one, and judged."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import ndimage

from builders import TILTED_AFFINE, noise, segmentation_plan
from scanwright.core.margins import Margins
from scanwright.data.case import Case, Lazy
from scanwright.data.volume import Volume
from scanwright.tasks.base import Example
from scanwright.tasks.catalogue import find_task
from scanwright.tasks.settled import Settled, answer_by, draw_sample, settle
from scanwright.tasks.voxels import VOXELS_EACH, VoxelJudge, draw_near
from scanwright.transforms.preprocess import preprocess
from scanwright.transforms.steps import restore, restore_at

PLAN = segmentation_plan(spacing_mm=(1.0, 1.0, 1.0))
TASK = find_task("segmentation")
NAME = PLAN.classes[1]


def smooth_answer(shape, seed=0):
    """Probabilities that rise towards the middle, (class, i, j, k), and a truth drawn a little off."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij"))
    inside = 1 / (1 + np.exp(12 * (np.sqrt((grid**2).sum(axis=0)) - 0.6)))
    sized = np.sqrt((grid**2).sum(axis=0)) < 0.6 + 0.08 * rng.normal()
    return np.stack([1 - inside, inside]).astype(np.float32), sized.astype(np.uint8)


def settled_on(n):
    answers, targets = zip(*(smooth_answer((24, 20, 16), seed) for seed in range(n)), strict=True)
    samples = [
        draw_sample(one, Example(one[:1], target), PLAN) for one, target in zip(answers, targets, strict=True)
    ]
    return settle(TASK, PLAN, list(answers), list(targets), samples)


def test_probabilities_at_some_voxels_are_those_of_all():
    image = Volume(noise((1, 30, 26, 12)), TILTED_AFFINE)
    plan = segmentation_plan(spacing_mm=tuple(1.3 * s for s in image.spacing_mm))
    array, history = preprocess(image, plan)
    outputs, _ = smooth_answer(array.shape[1:])
    voxels = draw_near(np.ones((30, 26, 12), bool), 0)
    whole = restore(outputs, history)
    np.testing.assert_allclose(
        restore_at(outputs, history, voxels, (30, 26, 12)), whole[:, *voxels.T], atol=1e-5
    )


def test_voxels_are_drawn_around_what_is_there_and_everywhere_where_nothing_is():
    there = np.zeros((60, 60, 1), bool)
    there[20:30, 40:44] = True
    near = draw_near(there, 0)
    assert near.shape == (VOXELS_EACH, 3)
    assert near.min(axis=0).tolist() == [15, 35, 0]
    assert near.max(axis=0).tolist() == [34, 48, 0]
    assert draw_near(np.zeros((60, 60, 1), bool), 0).max(axis=0).tolist() == [59, 59, 0]


def test_calibration_is_fitted_where_masks_came_from_and_not_on_the_coarser_grid():
    plan = segmentation_plan(spacing_mm=(2.0, 2.0, 2.0))
    coarse, rng = [], np.random.default_rng(0)
    samples = []
    for _ in range(12):
        smooth = ndimage.gaussian_filter(rng.normal(size=(40, 40, 40)), 5.0)
        chance = 1 / (1 + np.exp(-2 * smooth / smooth.std()))
        mask = 2 * (rng.random(chance.shape) < chance).astype(np.int16)  # right as it is, voxel by voxel
        case = Case(
            "a",
            {"image": Lazy("a", lambda c=chance: Volume(c[None].astype(np.float32), np.eye(4)))},
            {"mask": Lazy("a", lambda m=mask: Volume(m[None], np.eye(4)))},
        )
        example = TASK.encode(case, plan)
        inside = ndimage.zoom(chance, 0.5, order=1, grid_mode=True, mode="nearest").astype(np.float32)
        outputs = np.stack([1 - inside, inside])
        assert outputs.shape[1:] == example.target.shape
        samples.append(draw_sample(outputs, example, plan))
        coarse.append(draw_sample(outputs, replace(example, near=None), plan))
    wrong, right = (settle(TASK, plan, [], [None] * 12, made).calibration for made in (coarse, samples))
    assert right.temperatures[""] == pytest.approx(1.0, abs=0.15)
    assert abs(np.log(wrong.temperatures[""])) > 0.2


def test_what_is_found_far_from_the_reference_counts_too():
    target = np.zeros((60, 60, 8), np.uint8)
    target[5:15, 5:15, 2:6] = 1
    found = 0.1 + 0.8 * target.astype(np.float32)
    found[45:55, 45:55] = 0.9
    mask = Volume(2 * target[None].astype(np.int16), np.eye(4))
    image = replace(mask, array=found[None])
    case = Case("a", {"image": Lazy("a", lambda: image)}, {"mask": Lazy("a", lambda: mask)})
    plan = segmentation_plan(spacing_mm=(1.0, 1.0, 1.0))
    sample = draw_sample(np.stack([1 - found, found]), TASK.encode(case, plan), plan)
    false = (sample.probabilities[:, 1] > 0.5) & sample.truth[:, 0]
    assert len(sample.truth) == VOXELS_EACH
    assert 0.02 < false.mean() < 0.2


def test_margins_come_from_enough_validation_cases_and_give_an_interval_and_a_cautious_mask():
    settled = settled_on(20)
    assert settled.margins.n == settled.margins.n_outlined == {NAME: 20}
    answer, target = smooth_answer((24, 20, 16), 99)
    image = Volume(noise((1, 24, 20, 16)), np.eye(4))
    said = answer_by(TASK, "a", answer, PLAN, (), image, settled)
    (amount,) = said.volumes
    assert (amount.name, amount.unit) == (NAME, "ml")
    assert amount.volume == pytest.approx(int((said.mask.array > 0).sum()) / 1000)
    assert amount.low < amount.volume < amount.high
    taken = said.cautious[NAME].read().array[0] > 0
    assert (said.mask.array[0] > 0)[~taken].sum() == 0
    assert (target[taken] > 0).sum() >= 0.8 * target.sum()
    few = settled_on(8).margins
    assert (few.least, few.factors, few.n) == ({}, {}, {NAME: 8})


def record_of(seed, settled, factor=1.0):
    answer, target = smooth_answer((24, 20, 16), seed)
    image = Volume(noise((1, 24, 20, 16)), np.eye(4))
    said = answer_by(TASK, "a", answer, PLAN, (), image, settled)
    mask = Lazy("m", partial(Volume, (PLAN.label_values[1] * target[None]).astype(np.int16), np.eye(4)))
    case = Case(str(seed), {"image": Lazy("i", lambda: image)}, {"mask": mask}, patient=str(seed))
    return TASK.measure(said, case, PLAN)


def test_an_evaluation_tells_how_often_intervals_held_what_was_missed_and_how_right_voxels_are():
    settled = settled_on(30)
    records = [record_of(seed, settled) for seed in range(100, 160)]
    numbers = TASK.summarise(records, PLAN).statistic(np.arange(60))
    assert 0.8 <= numbers["volume_coverage", NAME] <= 1
    assert numbers["cautious_missed", NAME] <= 0.15
    assert numbers["cautious_volume", NAME] >= 1
    assert numbers["voxel_brier", NAME] == numbers["voxel_brier", ""] < numbers["voxel_brier_before", ""]
    assert numbers["voxel_ece", NAME] < numbers["voxel_ece_before", NAME]
    tables = TASK.tables(records, PLAN)["reliability"]
    assert set(tables) == {"after", "before"}
    assert sum(row["n"] for row in tables["after"][NAME]) == 60 * VOXELS_EACH
    assert all(row["low"] <= row["share"] <= row["high"] for row in tables["after"][NAME] if row["n"] > 5000)


def test_voxel_numbers_counted_by_hand():
    own = {"n": [2, 2], "said": [0.2, 1.6], "true": [1.0, 2.0], "square": [0.8, 0.08]}
    judge = VoxelJudge([{"voxels": {"after": {"a": own}}}] * 3, ["a"])
    numbers = judge.statistic(np.arange(3))
    assert numbers["voxel_brier", "a"] == pytest.approx(0.88 / 4)
    assert numbers["voxel_ece", "a"] == pytest.approx((0.8 + 0.4) / 4)
    assert judge.by_chance()["voxel_ece", "a"].max() == pytest.approx(
        0
    )  # cases that are alike leave no chance
    assert VoxelJudge([{"classes": {}}], ["a"]).statistic(np.arange(1)) == {}


def test_without_margins_nothing_is_promised_and_volumes_are_told_all_the_same():
    answer, _ = smooth_answer((24, 20, 16))
    said = answer_by(TASK, "a", answer, PLAN, (), Volume(noise((1, 24, 20, 16))), Settled())
    assert [(one.low, one.high, one.unit) for one in said.volumes] == [(None, None, "px")]
    assert said.cautious == {}
    empty = Settled(margins=Margins(0.9, {}, {NAME: 1.5}, {NAME: 20}, {NAME: 20}))
    nothing = answer_by(
        TASK, "a", answer * [[[[1]]], [[[0]]]], PLAN, (), Volume(noise((1, 24, 20, 16))), empty
    )
    assert nothing.volumes[0].low is None
