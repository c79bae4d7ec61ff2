"""What a detector learns from: boxes that move with what they hold, and a loss that falls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from scanwright.data.box_plan import BoxPlan
from scanwright.data.plan import AugmentationPlan, ChannelPlan, NetworkPlan, Plan
from scanwright.inference.boxes import find_boxes
from scanwright.inference.runtimes.torch_runtime import TorchRuntime
from scanwright.tasks.base import Example
from scanwright.tasks.detection import suppress_rows
from scanwright.training.augment.spatial import draw_affine
from scanwright.training.learn.detection import DetectionLearner, move_objects

CPU = torch.device("cpu")


def plan_of(dims: int, **fields: object) -> Plan:
    two = (2,) * dims
    made = Plan(
        task="detection",
        answer="boxes",
        dims=dims,
        channels=(ChannelPlan("image"),),
        classes=("dark", "bright"),
        patch_voxels=(32, 32, 1) if dims == 2 else (24, 24, 24),
        batch_size=4,
        network=NetworkPlan("fpn", (8, 16), (two, two), blocks=(0, 1), inner=(16, 16)),
        loss="focal",
        boxes=BoxPlan((8.0, 8.0, 8.0)),
        foreground_fraction=1.0,
    )
    return replace(made, **fields)


def blocks(dims: int, seed: int, size: int) -> Example:
    """One dark and one bright block in noise, and an ignored one of which nothing is seen."""
    rng = np.random.default_rng(seed)
    shape = (size,) * dims + (1,) * (3 - dims)
    image = rng.normal(0, 0.1, (1, *shape)).astype(np.float32)
    rows = []
    for index, value in enumerate((-2.0, 2.0)):
        lo = [int(rng.integers(1, size // 2 - 8)) + index * (size // 2) if a < dims else 0 for a in range(3)]
        hi = [n + int(rng.integers(6, 9)) if a < dims else 1 for a, n in enumerate(lo)]
        image[(0, *(slice(a, b) for a, b in zip(lo, hi, strict=True)))] += value
        rows.append([index, 0, *lo, *hi])
    return Example(image, np.array(rows, dtype=np.float32))


@pytest.mark.parametrize("dims", [2, 3])
def test_boxes_move_with_what_they_hold(dims: int) -> None:
    plan = plan_of(
        dims,
        augmentation=AugmentationPlan(flip_axes=(0, 1), scale=0.2, shift=0.1),
    )
    learner, rng = DetectionLearner(plan), np.random.default_rng(1)
    for seed in range(6):
        batch = learner.draw([blocks(dims, seed, plan.patch_voxels[0])], [0, 0], rng, CPU)
        for image, objects in zip(batch.images[:, 0], batch.objects, strict=True):
            for row in objects[objects[:, 1] == 0]:
                lo, hi = row[2 : 2 + dims], row[2 + dims :]
                bright = image > 1 if row[0] else image < -1
                where = bright.nonzero().float()
                assert (where.amin(0) - lo).abs().max() <= 1
                assert (where.amax(0) + 1 - hi).abs().max() <= 1


def test_a_turn_does_not_let_boxes_grow_and_takes_their_middle_along() -> None:
    rng = np.random.default_rng(0)
    turn = AugmentationPlan(rotate_degrees=45.0)
    box = np.array([[0, 0, 20, 30, 32, 42]], dtype=np.float32)
    for _ in range(20):
        affine = draw_affine(turn, (1.0, 1.0), (64, 64), rng)
        ((_, _, *ends),) = move_objects(box, affine, (64, 64), (64, 64))
        lo, hi = np.array(ends[:2]), np.array(ends[2:])
        np.testing.assert_allclose(hi - lo, 12, rtol=1e-5)
        middle = affine[:, :2] @ ((lo + hi) / 2 - 32) + affine[:, 2] + 32
        np.testing.assert_allclose(middle, [26, 36], atol=1e-4)


def test_what_is_cut_off_is_ignored_and_what_is_out_of_sight_is_left_out() -> None:
    same = np.eye(2, 3)
    rows = np.array(
        [[1, 0, 0, 0, 8, 8], [0, 0, -6, 0, 4, 8], [0, 0, -8, 0, 2, 8], [1, 0, -9, 0, -1, 8]], np.float32
    )
    moved = move_objects(rows, same, (16, 16), (16, 16))
    assert moved[:, :2].tolist() == [[1, 0], [0, 0], [0, 1]]
    assert moved[1, 2:].tolist() == [0, 0, 4, 8]


@pytest.mark.parametrize("loss", ["focal", "bce"])
@pytest.mark.parametrize("dims", [2, 3])
def test_a_few_steps_find_the_objects_of_a_batch(dims: int, loss: str) -> None:
    torch.manual_seed(0)
    plan = plan_of(dims, loss=loss, class_weights=(1.0, 1.5))
    learner, rng = DetectionLearner(plan), np.random.default_rng(0)
    network = learner.networks(plan)["network"].train()
    example = blocks(dims, 3, plan.patch_voxels[0])
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.01)
    batch = learner.draw([example], [0] * 4, rng, CPU)
    losses = []
    for _ in range(60):
        optimiser.zero_grad()
        value = learner.step(batch, {"network": network})["network"]
        value.backward()
        optimiser.step()
        losses.append(value.item())
    assert losses[-1] < 0.2 * losses[0]
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    rows = suppress_rows(find_boxes(TorchRuntime(plan, weights, "cpu"), example.image, plan, 1), plan)
    for index in (0, 1):
        best = rows[rows[:, 0] == index][0]
        np.testing.assert_allclose(best[2:], example.target[index, 2:], atol=1.5)
        assert best[1] > 0.5


def test_the_plan_asks_for_mixed_images() -> None:
    examples = [blocks(2, seed, 32) for seed in range(4)]
    for name, wanted in (("copy_paste", [3, 3, 3, 3]), ("mosaic", None), ("rotate_degrees", [2, 2, 2, 2])):
        plan = plan_of(2, augmentation=AugmentationPlan(**{name: 1.0}))
        batch = DetectionLearner(plan).draw(examples, [0, 1, 2, 3], np.random.default_rng(0), CPU)
        numbers = [len(objects) for objects in batch.objects]
        assert numbers == wanted if wanted else numbers != [2, 2, 2, 2]


def test_images_without_objects_are_learnt_from() -> None:
    plan = plan_of(2)
    learner = DetectionLearner(plan)
    network = learner.networks(plan)["network"].train()
    empty = Example(np.zeros((1, 40, 40, 1), np.float32), np.zeros((0, 8), np.float32))
    batch = learner.draw([empty], [0, 0], np.random.default_rng(0), CPU)
    value = learner.step(batch, {"network": network})["network"]
    value.backward()
    assert torch.isfinite(value)
    assert value > 0


def test_patches_hold_objects_whole_where_they_are_asked_for() -> None:
    plan = plan_of(2, augmentation=AugmentationPlan())
    learner, rng = DetectionLearner(plan), np.random.default_rng(0)
    image = np.zeros((1, 200, 150, 1), np.float32)
    target = np.array([[0, 0, 150, 20, 0, 158, 28, 1], [1, 1, 10, 10, 0, 20, 20, 1]], np.float32)
    for _ in range(20):
        (objects,) = learner.draw([Example(image, target)], [0], rng, CPU).objects
        (own,) = objects[(objects[:, 0] == 0) & (objects[:, 1] == 0)]
        assert (own[4:] - own[2:4]).tolist() == [8, 8]
