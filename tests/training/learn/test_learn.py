"""What a step learns from: patches around labels, images with their class shares, losses of known value."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from scanwright.data.plan import AugmentationPlan, ChannelPlan, NetworkPlan, Plan
from scanwright.tasks.base import Example
from scanwright.training.fit import build_optimiser, choose_cases, learning_rate
from scanwright.training.learn.base import Batch
from scanwright.training.learn.classification import ClassificationLearner
from scanwright.training.learn.segmentation import SegmentationLearner, cut, soft_dice_loss

CPU = torch.device("cpu")
SEGMENTATION = Plan(
    task="segmentation",
    dims=3,
    channels=(ChannelPlan("image"),),
    classes=("background", "a", "b"),
    label_values=(0, 2, 4),
    patch_voxels=(8, 8, 4),
    batch_size=2,
    network=NetworkPlan("unet", (4, 6), ((1, 1, 1), (2, 2, 2)), ((3, 3, 3), (3, 3, 3)), deep_supervision=0),
    loss="dice_ce",
    foreground_fraction=1.0,
)
CLASSIFICATION = replace(
    SEGMENTATION,
    task="classification",
    dims=2,
    label_values=(),
    patch_voxels=(8, 6, 1),
    network=NetworkPlan("resnet", (4, 6), ((1, 1), (2, 2)), (), (1, 1)),
    loss="ce",
)


def example() -> Example:
    """A volume of 20³ with one voxel of each class."""
    image = np.random.default_rng(0).standard_normal((1, 20, 20, 20)).astype(np.float32)
    target = np.zeros((20, 20, 20), np.uint8)
    target[3, 3, 3], target[15, 16, 17] = 1, 2
    places = {index: np.flatnonzero(target.ravel() == index) for index in (1, 2)}
    return Example(image, target, places)


def test_patches_are_drawn_around_labelled_voxels_each_class_alike() -> None:
    learner = SegmentationLearner(SEGMENTATION)
    rng = np.random.default_rng(0)
    seen = [learner.draw([example()], [0, 0], rng, CPU).targets.unique().tolist() for _ in range(30)]
    assert all(set(classes) & {1, 2} for classes in seen)
    assert sum(1 in classes for classes in seen) > 8
    assert sum(2 in classes for classes in seen) > 8


def test_a_batch_has_the_patch_of_the_plan() -> None:
    batch = SegmentationLearner(SEGMENTATION).draw([example()], [0, 0], np.random.default_rng(0), CPU)
    assert batch.images.shape == (2, 1, 8, 8, 4)
    assert batch.targets.shape == (2, 8, 8, 4)
    assert batch.images.dtype == torch.float32


@pytest.mark.parametrize("shape", [(3, 20, 2), (20, 4, 20), (8, 8, 4), (2, 2, 2)])
def test_images_smaller_than_the_patch_are_filled_up(shape: tuple[int, int, int]) -> None:
    plan = replace(SEGMENTATION, foreground_fraction=0.0)
    small = Example(np.ones((1, *shape), np.float32), np.ones(shape, np.uint8))
    batch = SegmentationLearner(plan).draw([small], [0, 0], np.random.default_rng(0), CPU)
    assert batch.images.shape == (2, 1, 8, 8, 4)
    assert bool((batch.images == 1).all())


def test_image_and_target_of_a_patch_belong_together() -> None:
    truth = np.random.default_rng(1).integers(0, 3, (20, 20, 20)).astype(np.uint8)
    inner = np.zeros_like(truth)
    inner[8:12, 8:12, 8:12] = 1
    both = Example(truth[None].astype(np.float32), truth, {1: np.flatnonzero(inner)})
    batch = SegmentationLearner(SEGMENTATION).draw([both], [0, 0], np.random.default_rng(0), CPU)
    torch.testing.assert_close(batch.images[:, 0], batch.targets.float(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("centre", [(0, 0, 0), (2, 3, 1), (4, 5, 2)])
def test_a_cut_beyond_the_border_goes_on_with_the_edge_or_with_nothing(centre: tuple[int, int, int]) -> None:
    array = np.arange(1, 1 + 5 * 6 * 3).reshape(1, 5, 6, 3)
    for edge in (True, False):
        piece = cut(array, centre, (4, 4, 4), edge=edge)
        padded = np.pad(array, ((0, 0), (9, 9), (9, 9), (9, 9)), mode="edge" if edge else "constant")
        i, j, k = (c + 9 - 2 for c in centre)
        assert np.array_equal(piece, padded[:, i : i + 4, j : j + 4, k : k + 4])


def test_the_dice_loss_is_0_for_truth_and_1_for_its_opposite() -> None:
    truth = torch.tensor([[[0, 1], [2, 2]]])
    sure = 50.0 * torch.nn.functional.one_hot(truth, 3).permute(0, 3, 1, 2).float()
    assert soft_dice_loss(sure, truth).item() == pytest.approx(0, abs=1e-4)
    assert soft_dice_loss(sure, (truth + 1) % 3).item() == pytest.approx(1, abs=1e-4)


def test_coarser_outputs_count_half_as_much() -> None:
    network = NetworkPlan("unet", (4, 4), ((1, 1), (2, 2)), ((3, 3), (3, 3)))
    plan = replace(SEGMENTATION, dims=2, patch_voxels=(4, 4, 1), network=network, loss="ce")
    fine, coarse = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 2, 2)
    coarse[:, 0] = math.log(4)  # probability of the background 4 / 6 where the fine one says 1 / 3
    truth = torch.zeros(1, 4, 4, dtype=torch.int64)
    networks = {"network": lambda images: [fine, coarse]}
    loss = SegmentationLearner(plan).step(Batch(torch.zeros(1, 1, 4, 4), truth), networks)["network"]  # type: ignore[arg-type]
    assert loss.item() == pytest.approx((math.log(3) + 0.5 * math.log(6 / 4)) / 1.5, rel=1e-5)


def test_class_shares_add_up_to_one_also_when_mixed() -> None:
    plan = replace(CLASSIFICATION, augmentation=AugmentationPlan(mixup=1.0))
    examples = [Example(np.full((1, 8, 6, 1), n, np.float32), np.array(n, np.uint8)) for n in range(3)]
    batch = ClassificationLearner(plan).draw(examples, [0, 1, 2], np.random.default_rng(1), CPU)
    torch.testing.assert_close(batch.targets.sum(1), torch.ones(3))
    # Constant images say themselves in which proportion they were mixed.
    torch.testing.assert_close(
        batch.images.mean((1, 2, 3)), batch.targets @ torch.arange(3.0), atol=1e-4, rtol=0
    )
    assert bool((batch.targets.amax(1) < 1).any())


def test_class_weights_of_the_plan_count() -> None:
    networks = {"network": lambda images: [torch.zeros(2, 3)]}
    shares = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]])
    plain = ClassificationLearner(CLASSIFICATION).step(Batch(torch.zeros(2), shares), networks)  # type: ignore[arg-type]
    weighted = ClassificationLearner(replace(CLASSIFICATION, class_weights=(2.0, 0.0, 1.0))).step(
        Batch(torch.zeros(2), shares),
        networks,  # type: ignore[arg-type]
    )
    assert plain["network"].item() == pytest.approx(math.log(3))
    assert weighted["network"].item() == pytest.approx(math.log(3))  # (2 · ln 3 + 0 · ln 3) / 2 images


def test_every_case_is_seen_once_before_any_comes_again() -> None:
    seen = [case for step in range(7) for case in choose_cases(10, 3, step, seed=4)]
    assert sorted(seen[:10]) == sorted(seen[10:20]) == list(range(10))
    assert seen[:10] != seen[10:20]
    assert choose_cases(10, 3, 2, seed=4) == seen[6:9]
    assert len(choose_cases(2, 5, 0, seed=0)) == 5


def test_the_learning_rate_rises_and_falls_to_almost_nothing() -> None:
    plan = replace(SEGMENTATION, learning_rate=0.1, warmup=0.1)
    rates = [learning_rate(plan, progress) for progress in np.linspace(0, 1, 101)]
    assert rates[0] == pytest.approx(0.002)
    assert max(rates) == rates[10] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.001 * 0.11
    assert learning_rate(replace(plan, warmup=0.0), 0.0) == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_norms_and_biases_are_not_decayed(name: str) -> None:
    layer = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.InstanceNorm2d(2, affine=True))
    decayed, free = build_optimiser(
        replace(SEGMENTATION, optimiser=name, weight_decay=0.3), layer
    ).param_groups
    assert [p.ndim for p in decayed["params"]] == [4]
    assert decayed["weight_decay"] == 0.3
    assert len(free["params"]) == 3
    assert free["weight_decay"] == 0.0
