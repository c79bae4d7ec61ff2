"""Choices of how to learn: the names that a plan may use, and which of its fields each brings or takes.

No torch here: what the names stand for is in ``training/optimisers.py``, ``schedule.py``, ``losses.py`` and
``sampling.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanwright.data.box_plan import BoxPlan
    from scanwright.data.plan import Plan

SAMPLINGS = ("uniform", "balanced")
INVERSE = "inverse"
"""What ``class_weights`` may be set to, instead of numbers."""

# What a name is usually trained with (decision note 30). Muon and AdamW take their decay off the weights; the
# others add it to the gradient, where far less of it does as much.
OPTIMISERS: Mapping[str, Mapping[str, float]] = {
    "muon": {"learning_rate": 2e-3, "momentum": 0.95, "weight_decay": 1e-2},
    "adamw": {"learning_rate": 2e-3, "momentum": 0.0, "weight_decay": 1e-2},
    "adam": {"learning_rate": 2e-3, "momentum": 0.0, "weight_decay": 1e-4},
    "rmsprop": {"learning_rate": 1e-3, "momentum": 0.0, "weight_decay": 1e-4},
    "adagrad": {"learning_rate": 2e-2, "momentum": 0.0, "weight_decay": 1e-4},
    "sgd": {"learning_rate": 0.3, "momentum": 0.0, "weight_decay": 1e-4},
    "momentum": {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
    "nesterov": {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 1e-4},
}
# The last two rise by themselves: one for the whole of their warm-up, one in each cycle.
SCHEDULES: Mapping[str, Mapping[str, float]] = {
    "cosine": {"warmup": 0.05},
    "constant": {"warmup": 0.05},
    "exponential": {"warmup": 0.05},
    "step": {"warmup": 0.05},
    "polynomial": {"warmup": 0.05},
    "plateau": {"warmup": 0.05},
    "one_cycle": {"warmup": 0.3},
    "cyclic": {"warmup": 0.0},
}
BROUGHT: Mapping[str, Mapping[str, Mapping[str, float]]] = {"optimiser": OPTIMISERS, "schedule": SCHEDULES}
"""Field → its names → other fields that take these values when the user sets the name and not them."""

SHAPING = ("class_weights", "label_smoothing", "logit_adjustment")
# A loss → those of SHAPING that act in it. An overlap has no cross-entropy for them to act in, and counts
# every class the same already.
CLASS_LOSSES: Mapping[str, Sequence[str]] = {"ce": SHAPING, "focal": SHAPING, "mse": SHAPING, "mae": SHAPING}
GRADE_LOSSES: Mapping[str, Sequence[str]] = {"emd": SHAPING, **CLASS_LOSSES}
LABEL_LOSSES: Mapping[str, Sequence[str]] = dict.fromkeys(
    ("bce", "focal"), ("class_weights", "label_smoothing")
)
VALUE_LOSSES: Mapping[str, Sequence[str]] = {"mse": (), "mae": (), "huber": ()}
BOX_LOSSES: Mapping[str, Sequence[str]] = dict.fromkeys(("focal", "bce"), ("class_weights",))
MASK_LOSSES: Mapping[str, Sequence[str]] = {
    "dice_ce": ("class_weights", "label_smoothing"),
    "ce": SHAPING,
    "focal": ("class_weights", "logit_adjustment"),
    "dice": (),
    "tversky": (),
    "boundary": ("class_weights", "label_smoothing"),
}


@dataclass(frozen=True)
class Answer:
    """What the outputs of a network stand for.

    Attributes:
        about: in words, for messages.
        activation: what makes them of the network's last layer: "softmax" (probabilities that add up to 1),
            "sigmoid" (each a probability by itself), "boxes" (that of the classes; the sides as they are) or
            "none" (as they are).
        losses: that it can be learnt by, where it is not masks; see SHAPING.
    """

    about: str
    activation: str
    losses: Mapping[str, Sequence[str]]


ANSWERS: Mapping[str, Answer] = {
    "class": Answer("images with one class each", "softmax", CLASS_LOSSES),
    "grade": Answer("images with one grade each", "softmax", GRADE_LOSSES),
    "labels": Answer("images with any number of classes", "sigmoid", LABEL_LOSSES),
    "value": Answer("images with a number", "none", VALUE_LOSSES),
    "boxes": Answer("images with boxes", "boxes", BOX_LOSSES),
}


def inverse_weights(shares: Sequence[float]) -> list[float]:
    """Weight of each class, inverse to its share: 1 on the average over what is learnt from."""
    return [float(f"{1 / (len(shares) * share):.4g}") for share in shares]


def learning_misfits(plan: Plan) -> Iterator[str]:
    """What of a plan does not go with its kind of answer, and choices that have nothing to act on."""
    yield from _value_misfits(plan) if plan.answer == "value" else _class_misfits(plan)
    answer = ANSWERS[plan.answer]
    losses, seen = (MASK_LOSSES, "masks") if plan.label_values else (answer.losses, answer.about)
    if plan.loss not in losses:
        yield f"loss={plan.loss} is not for {seen}, which can be learnt by {' or '.join(losses)}"
        return
    for name in SHAPING:
        if getattr(plan, name) and name not in losses[plan.loss]:
            fitting = " or ".join(loss for loss, fields in losses.items() if name in fields)
            yield f"{name} has nothing to act on in loss={plan.loss}" + (
                f", but in {fitting}" * bool(fitting)
            )
    if plan.answer == "boxes":
        yield from _point_misfits(plan.boxes)
    if plan.logit_adjustment and not plan.class_shares:
        yield "logit_adjustment needs class_shares, how often each class occurs"
    with_momentum = [name for name, brought in OPTIMISERS.items() if brought["momentum"]]
    if (plan.momentum > 0) != (plan.optimiser in with_momentum):
        yield f"momentum must be above 0 for optimiser={' or '.join(with_momentum)}, and 0 for the others"


def _point_misfits(boxes: BoxPlan) -> Iterator[str]:
    point, value = boxes.operating_point, boxes.operating_value
    if point == "f1" and value:
        yield (
            "boxes.operating_value has nothing to act on at boxes.operating_point=f1, but at sensitivity or "
            "false_alarms"
        )
    if point == "sensitivity" and not 0 < value <= 1:
        yield "boxes.operating_point=sensitivity needs a boxes.operating_value above 0 and up to 1"


def _class_misfits(plan: Plan) -> Iterator[str]:
    n_classes = len(plan.classes)
    least, words = (1, "one") if plan.answer in ("labels", "boxes") else (2, "two")
    if n_classes < least or len(set(plan.classes)) != n_classes:
        yield f"classes must be {words} or more different names"
    if plan.target:
        yield "target names a number, and the answer is a class"
    if plan.label_values and plan.answer != "class":
        yield f"answer={plan.answer} is not for masks, and label_values are"


def _value_misfits(plan: Plan) -> Iterator[str]:
    if plan.classes or not plan.target:
        yield "where the answer is a number, classes must be empty, and target is its name"
    if plan.augmentation.cutmix:
        yield "augmentation.cutmix is for classes: a part of an image has no known part of its number"
    if plan.sampling != "uniform":
        yield f"sampling={plan.sampling} is for classes"
