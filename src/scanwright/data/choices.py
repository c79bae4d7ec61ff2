"""Choices of how to learn: the names that a plan may use, and which of its fields each brings or takes.

No torch here: what the names stand for is in ``training/optimisers.py``, ``schedule.py``, ``losses.py`` and
``sampling.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SAMPLINGS = ("uniform", "balanced")
INVERSE = "inverse"
"""What ``class_weights`` may be set to, instead of numbers."""

# What a name is usually trained with (decision note 30). AdamW takes its decay off the weights; the others
# add it to the gradient, where far less of it does as much.
OPTIMISERS: Mapping[str, Mapping[str, float]] = {
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
MASK_LOSSES: Mapping[str, Sequence[str]] = {
    "dice_ce": ("class_weights", "label_smoothing"),
    "ce": SHAPING,
    "focal": ("class_weights", "logit_adjustment"),
    "dice": (),
    "tversky": (),
    "boundary": ("class_weights", "label_smoothing"),
}


def inverse_weights(shares: Sequence[float]) -> list[float]:
    """Weight of each class, inverse to its share: 1 on the average over what is learnt from."""
    return [float(f"{1 / (len(shares) * share):.4g}") for share in shares]
