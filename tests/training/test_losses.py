"""Losses: each as written down in numpy, and as MONAI has it where it does."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.losses import DiceLoss, FocalLoss, TverskyLoss
from scipy import ndimage

from builders import classification_plan, segmentation_plan
from scanwright.data.choices import ANSWERS, MASK_LOSSES
from scanwright.data.plan import Plan
from scanwright.training.losses import (
    EDGE_REACH,
    EDGE_WEIGHT,
    FOCUS,
    IMAGE_LOSSES,
    MISSED,
    VOXEL_LOSSES,
    Terms,
    measure_images,
    measure_voxels,
    overlap_loss,
    share_of_others,
)

N_CLASSES = 3
WEIGHTS = (0.5, 2.0, 3.0)
IMAGES = classification_plan(classes=("a", "b", "c"))
VOXELS = segmentation_plan(classes=("background", "a", "b"), label_values=(0, 1, 2))


def images(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (5, class) and shares of mixed images."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 2, (5, N_CLASSES)), rng.dirichlet(np.ones(N_CLASSES), 5)


def volumes(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (2, class, i, j, k) and class indices."""
    rng = np.random.default_rng(seed)
    shape = (2, 9, 8, 7)
    return rng.normal(0, 2, (2, N_CLASSES, *shape[1:])), rng.integers(0, N_CLASSES, shape)


def softmax(logits: np.ndarray) -> np.ndarray:
    grown = np.exp(logits - logits.max(1, keepdims=True))
    return grown / grown.sum(1, keepdims=True)


def one_hot(targets: np.ndarray) -> np.ndarray:
    return np.moveaxis(np.eye(N_CLASSES)[targets], -1, 1)


def of_images(plan: Plan, logits: np.ndarray, shares: np.ndarray) -> float:
    return measure_images(plan, torch.from_numpy(logits).float(), torch.from_numpy(shares).float()).item()


def of_voxels(plan: Plan, logits: np.ndarray, targets: np.ndarray) -> float:
    return measure_voxels(plan, torch.from_numpy(logits).float(), torch.from_numpy(targets)).item()


def overlap(p: np.ndarray, t: np.ndarray, missed: float, w: np.ndarray | float = 1.0) -> float:
    """1 − Tversky's index, mean over the classes but background."""
    indices = []
    for c in range(1, N_CLASSES):
        hit = (w * p[:, c] * t[:, c]).sum()
        false, lost = (w * p[:, c] * (1 - t[:, c])).sum(), (w * (1 - p[:, c]) * t[:, c]).sum()
        indices.append(hit / (hit + (1 - missed) * false + missed * lost))
    return 1 - float(np.mean(indices))


IMAGE_NUMPY = {
    "ce": lambda p, t, w: -(w * t * np.log(p)).sum(1).mean(),
    "focal": lambda p, t, w: -(w * t * (1 - p) ** FOCUS * np.log(p)).sum(1).mean(),
    "mse": lambda p, t, w: (((p - t) ** 2).sum(1) * (w * t).sum(1)).mean(),
    "mae": lambda p, t, w: (np.abs(p - t).sum(1) * (w * t).sum(1)).mean(),
}


@pytest.mark.parametrize("weights", [(), WEIGHTS], ids=["equal", "weighted"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("loss", IMAGE_NUMPY)
def test_a_loss_of_images_is_as_written_down(loss: str, smoothing: float, weights: tuple[float, ...]) -> None:
    logits, shares = images()
    plan = replace(IMAGES, loss=loss, label_smoothing=smoothing, class_weights=weights)
    spread = (1 - smoothing) * shares + smoothing / N_CLASSES
    expected = IMAGE_NUMPY[loss](softmax(logits), spread, np.array(weights or (1.0,) * N_CLASSES))
    assert of_images(plan, logits, shares) == pytest.approx(expected, rel=1e-5)


def cross_entropies(p: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return -np.log((p * one_hot(targets)).sum(1))


def boundary(p: np.ndarray, targets: np.ndarray, w: np.ndarray) -> float:
    t = one_hot(targets)
    window = 2 * EDGE_REACH + 1
    ones = np.ones(targets.shape[1:])
    inside = ndimage.uniform_filter(ones, window, mode="constant")
    near = np.empty(targets.shape)
    for n, labels in enumerate(targets):
        own = [ndimage.uniform_filter(1.0 * (labels == c), window, mode="constant") for c in range(N_CLASSES)]
        near[n] = 1 - np.choose(labels, own) / inside
    edge = 1 + EDGE_WEIGHT * near
    weighted = edge * w[targets]
    mean = (weighted * cross_entropies(p, targets)).sum() / weighted.sum()
    return float(mean + overlap(p, t, 0.5, edge))


VOXEL_NUMPY = {
    "ce": lambda p, t, w: np.average(cross_entropies(p, t), weights=w[t]),
    "focal": lambda p, t, w: np.average(
        (1 - np.exp(-cross_entropies(p, t))) ** FOCUS * cross_entropies(p, t), weights=w[t]
    ),
    "dice": lambda p, t, w: overlap(p, one_hot(t), 0.5),
    "tversky": lambda p, t, w: overlap(p, one_hot(t), MISSED),
    "dice_ce": lambda p, t, w: overlap(p, one_hot(t), 0.5) + VOXEL_NUMPY["ce"](p, t, w),
    "boundary": boundary,
}


@pytest.mark.parametrize(
    ("loss", "weights"),
    [(loss, ()) for loss in VOXEL_NUMPY]
    + [(loss, WEIGHTS) for loss, acting in MASK_LOSSES.items() if "class_weights" in acting],
)
def test_a_loss_of_voxels_is_as_written_down(loss: str, weights: tuple[float, ...]) -> None:
    logits, targets = volumes()
    plan = replace(VOXELS, loss=loss, class_weights=weights)
    expected = VOXEL_NUMPY[loss](softmax(logits), targets, np.array(weights or (1.0,) * N_CLASSES))
    assert of_voxels(plan, logits, targets) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [name for name in MASK_LOSSES if "label_smoothing" in MASK_LOSSES[name]])
def test_smoothed_labels_of_voxels_cost_what_the_spread_share_costs(loss: str) -> None:
    logits, targets = volumes()
    logs = np.log(softmax(logits))
    plan = replace(VOXELS, loss=loss)
    sharp, smooth = (of_voxels(replace(plan, label_smoothing=s), logits, targets) for s in (0.0, 0.3))
    if loss == "boundary":
        assert smooth != pytest.approx(sharp)
    else:
        true = -np.mean((logs * one_hot(targets)).sum(1))
        assert smooth - sharp == pytest.approx(0.3 * (-logs.mean() - true), rel=1e-4)


MONAI = {
    "dice": DiceLoss(softmax=True, to_onehot_y=True, include_background=False, batch=True),
    "tversky": TverskyLoss(
        softmax=True, to_onehot_y=True, include_background=False, batch=True, alpha=1 - MISSED, beta=MISSED
    ),
    # MONAI's is a mean over the classes too.
    "focal": FocalLoss(use_softmax=True, to_onehot_y=True, gamma=FOCUS),
}


@pytest.mark.parametrize("loss", MONAI)
def test_a_loss_of_voxels_is_that_of_monai(loss: str) -> None:
    logits, targets = volumes()
    peer = MONAI[loss](torch.from_numpy(logits), torch.from_numpy(targets)[:, None]).item()
    peer *= N_CLASSES if loss == "focal" else 1
    assert of_voxels(replace(VOXELS, loss=loss), logits, targets) == pytest.approx(peer, rel=1e-5)


def test_every_name_of_the_plan_has_its_loss() -> None:
    assert set(IMAGE_LOSSES["class"]) == set(IMAGE_NUMPY)
    assert IMAGE_LOSSES.keys() == ANSWERS.keys() - {"boxes"}  # those are in learn/detection.py
    for name, losses in IMAGE_LOSSES.items():
        assert set(losses) == set(ANSWERS[name].losses)
    assert set(VOXEL_LOSSES) == set(MASK_LOSSES) == set(VOXEL_NUMPY)


@pytest.mark.parametrize("loss", VOXEL_LOSSES)
def test_a_sure_truth_costs_nothing_and_its_opposite_much(loss: str) -> None:
    targets = volumes()[1]
    right = of_voxels(replace(VOXELS, loss=loss), 40 * one_hot(targets), targets)
    wrong = of_voxels(replace(VOXELS, loss=loss), 40 * one_hot((targets + 1) % N_CLASSES), targets)
    assert right == pytest.approx(0, abs=1e-4)
    assert wrong > 0.9


@pytest.mark.parametrize("loss", VOXEL_LOSSES)
def test_patches_without_a_class_have_a_loss_and_a_slope(loss: str) -> None:
    logits = torch.zeros(1, N_CLASSES, 4, 4, 4, requires_grad=True)
    value = measure_voxels(replace(VOXELS, loss=loss), logits, torch.zeros(1, 4, 4, 4, dtype=torch.int64))
    value.backward()
    assert logits.grad is not None
    assert bool(torch.isfinite(value))
    assert bool(torch.isfinite(logits.grad).all())
    assert logits.grad.abs().sum() > 0


def test_the_dice_loss_is_0_for_truth_and_1_for_its_opposite() -> None:
    truth = torch.tensor([[[0, 1], [2, 2]]])
    sure = 50.0 * torch.nn.functional.one_hot(truth, 3).permute(0, 3, 1, 2).float()
    assert overlap_loss(sure, truth).item() == pytest.approx(0, abs=1e-4)
    assert overlap_loss(sure, (truth + 1) % 3).item() == pytest.approx(1, abs=1e-4)


def test_tversky_minds_a_missed_voxel_more_than_a_false_one() -> None:
    truth = torch.zeros(1, 10, 10, dtype=torch.int64)
    truth[:, 2:8, 2:8] = 1
    smaller, larger = truth.clone(), truth.clone()
    smaller[:, 2] = 0
    larger[:, 8, 2:8] = 1
    lost, false = (
        overlap_loss(50.0 * torch.nn.functional.one_hot(said, 2).permute(0, 3, 1, 2).float(), truth, MISSED)
        for said in (smaller, larger)
    )
    assert lost > 1.5 * false


def test_neighbours_of_another_class_are_counted_up_to_the_border() -> None:
    line = torch.tensor([0, 0, 0, 0, 1, 1]).reshape(1, 6, 1)
    shares = share_of_others(line, 2, (2, 0)).flatten()
    assert shares.tolist() == pytest.approx([0, 0, 1 / 5, 2 / 5, 1 / 2, 1 / 3])


def test_neighbours_are_counted_by_distance_where_slices_are_thick() -> None:
    plan = replace(VOXELS, spacing_mm=(1.0, 1.0, 5.0))
    assert Terms.of(plan, torch.device("cpu")).reach == (EDGE_REACH, EDGE_REACH, 1)
    assert Terms.of(replace(plan, spacing_mm=None), torch.device("cpu")).reach == (EDGE_REACH,) * 3


@given(st.floats(0.1, 2), st.integers(0, 100))
def test_adjusted_logits_know_the_shares_of_the_classes(tau: float, seed: int) -> None:
    logits, shares = images(seed)
    priors = np.array([0.9, 0.07, 0.03])
    adjusted = replace(IMAGES, loss="ce", logit_adjustment=tau, class_shares=tuple(priors))
    expected = of_images(replace(IMAGES, loss="ce"), logits + tau * np.log(priors), shares)
    assert of_images(adjusted, logits, shares) == pytest.approx(expected, rel=1e-4)


def test_adjustment_acts_on_voxels_along_their_classes() -> None:
    logits, targets = volumes()
    priors = np.array([0.9, 0.07, 0.03])
    plan = replace(VOXELS, loss="ce", logit_adjustment=1.0, class_shares=tuple(priors))
    moved = logits + np.log(priors).reshape(1, -1, 1, 1, 1)
    assert of_voxels(plan, logits, targets) == pytest.approx(
        of_voxels(replace(VOXELS, loss="ce"), moved, targets), rel=1e-5
    )


def test_what_fits_adjusted_shares_answers_as_if_classes_were_as_frequent() -> None:
    # Where images tell nothing, the best answer is the shares; adjusted, it is the same for every class.
    priors = (0.8, 0.15, 0.05)
    shares = torch.tensor([priors])
    logits = torch.zeros(1, N_CLASSES, requires_grad=True)
    plan = replace(IMAGES, loss="ce", logit_adjustment=1.0, class_shares=priors)
    measure_images(plan, logits, shares).backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6
    assert math.isclose(sum(priors), 1.0)


GRADES = replace(IMAGES, task="ordinal", answer="grade", loss="emd")
LABELS = replace(IMAGES, task="multilabel", answer="labels", loss="bce")
VALUE = replace(IMAGES, task="regression", answer="value", classes=(), target="age", loss="mse")


@given(st.integers(0, 100))
def test_the_distance_of_grades_is_that_of_their_cumulative_probabilities(seed: int) -> None:
    logits, shares = images(seed)
    apart = np.cumsum(softmax(logits), axis=1) - np.cumsum(shares, axis=1)
    assert of_images(GRADES, logits, shares) == pytest.approx((apart**2).sum(1).mean(), rel=1e-4, abs=1e-6)
    weighted = (apart**2).sum(1) * (shares @ WEIGHTS)
    plan = replace(GRADES, class_weights=WEIGHTS)
    assert of_images(plan, logits, shares) == pytest.approx(weighted.mean(), rel=1e-4, abs=1e-6)


def test_a_grade_further_off_costs_more() -> None:
    truth = np.array([[1.0, 0.0, 0.0]])
    near, far = (of_images(GRADES, 40 * np.eye(3)[[place]], truth) for place in (1, 2))
    assert (near, far) == (pytest.approx(1), pytest.approx(2))


@given(st.lists(st.floats(0.05, 1), min_size=3, max_size=3))
def test_no_answer_costs_less_than_the_true_probabilities_of_grades(weights: list[float]) -> None:
    shares = np.array(weights) / sum(weights)
    logits = torch.tensor(np.log(shares)[None], requires_grad=True)
    # The mean over images that are wholly of one grade, as often as their shares say.
    plan = replace(GRADES, class_weights=())
    total = torch.stack(
        [share * measure_images(plan, logits, torch.eye(3)[[n]].double()) for n, share in enumerate(shares)]
    ).sum()
    total.backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-9


@given(st.integers(0, 100))
def test_the_cross_entropy_of_labels_is_as_written_down(seed: int) -> None:
    logits, held = images(seed)
    p = 1 / (1 + np.exp(-logits))
    plain = -(held * np.log(p) + (1 - held) * np.log(1 - p))
    assert of_images(LABELS, logits, held) == pytest.approx(plain.mean(), rel=1e-4)
    weighted = replace(LABELS, class_weights=WEIGHTS)
    assert of_images(weighted, logits, held) == pytest.approx((plain * WEIGHTS).mean(), rel=1e-4)
    smooth = 0.8 * held + 0.1
    expected = -(smooth * np.log(p) + (1 - smooth) * np.log(1 - p)).mean()
    assert of_images(replace(LABELS, label_smoothing=0.2), logits, held) == pytest.approx(expected, rel=1e-4)


def test_the_focal_loss_of_labels_is_that_of_monai() -> None:
    logits, _ = images()
    held = np.random.default_rng(2).integers(0, 2, logits.shape).astype(float)
    peer = FocalLoss(gamma=FOCUS)(torch.tensor(logits), torch.tensor(held)).item()
    assert of_images(replace(LABELS, loss="focal"), logits, held) == pytest.approx(peer, rel=1e-4)


@pytest.mark.parametrize(("loss", "expected"), [("mse", 2.125), ("mae", 1.25), ("huber", 0.8125)])
def test_losses_of_numbers_are_as_counted_by_hand(loss: str, expected: float) -> None:
    values, truth = np.array([[0.0], [3.0]]), np.array([[0.5], [1.0]])
    assert of_images(replace(VALUE, loss=loss), values, truth) == pytest.approx(expected)
