"""Uncertainty of single answers: the model's own, and that of answers that differ.

What the network itself holds probable says little where it errs surely. Answers of several networks, to
mirrored or slightly lighter images, or with features left out at random, show how far the answer hangs on
chance. Their mean's entropy is the whole uncertainty; what is left when the mean of their own entropies is
taken off (mutual information; Gal 2016) is how far they disagree.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np

from scanwright.core.uncertainty import entropy
from scanwright.data.case import Lazy
from scanwright.data.plan import Plan
from scanwright.data.prediction import Sampled
from scanwright.data.volume import Volume
from scanwright.errors import SettingsError
from scanwright.inference.predict import Runtime, predict_array
from scanwright.tasks.settled import is_exclusive
from scanwright.tasks.uncertainty import case_uncertainty
from scanwright.transforms.preprocess import preprocess
from scanwright.transforms.steps import History, restore
from scanwright.types import FloatArray

METHODS = ("tta", "dropout", "ensemble")
PASSES = 8
"""With features left out."""
SHADES = ((1.0, 0.0), (0.9, 0.0), (1.1, 0.0), (1.0, -0.1), (1.0, 0.1))
"""Contrast and brightness, in deviations, where there are few mirrored images."""
FEWEST_MIRRORED = 4
Answer: TypeAlias = Callable[[FloatArray], FloatArray]
"""A preprocessed image (channel, i, j, k) → probabilities (class, i, j, k)."""


def open_answers(
    plan: Plan,
    method: str,
    run: Runtime,
    members: Callable[[], Sequence[Runtime]],
    dropped: Callable[[], Runtime],
) -> list[Answer]:
    """What gives the answers that are compared.

    Args:
        plan: of the model.
        method: "tta" (test-time augmentation), "dropout" or "ensemble".
        run: the model's network, or the mean of its networks.
        members: opens its networks, each by itself.
        dropped: opens it with features left out at random.

    Raises:
        SettingsError: the model has no such answers to give.
    """
    if method not in METHODS:
        raise SettingsError(
            "no such uncertainty", expected=" or ".join(METHODS), received=f"uncertainty={method}"
        )
    if plan.answer in ("boxes", "value"):
        raise SettingsError(
            "only answers with probabilities have this uncertainty",
            received=f"a model for {'boxes' if plan.answer == 'boxes' else 'numbers'}",
            do="Leave out --uncertainty.",
        )
    if method == "ensemble":
        runs = members()
        if len(runs) < 2:
            raise SettingsError(
                "the model is a single network, and an ensemble is several",
                do="Use --uncertainty tta, or train with --folds 5.",
            )
        return [partial(predict_array, one, plan=plan) for one in runs]
    if method == "dropout":
        if not plan.network.dropout:
            raise SettingsError(
                "the network was trained without dropout",
                expected="network.dropout above 0",
                do="Use --uncertainty tta, or train with --set network.dropout=0.2.",
            )
        return [partial(predict_array, dropped(), plan=plan, mirror=False)] * PASSES
    axes = plan.mirror_axes
    flips = [chosen for n in range(len(axes) + 1) for chosen in itertools.combinations(axes, n)]
    shades = SHADES if len(flips) < FEWEST_MIRRORED else SHADES[:1]
    return [partial(_altered, run, plan, flip, *shade) for flip in flips for shade in shades]


def _altered(
    run: Runtime, plan: Plan, axes: Sequence[int], contrast: float, brightness: float, array: FloatArray
) -> FloatArray:
    """Answer to a mirrored and shaded image, mirrored back."""
    over = tuple(1 + axis for axis in axes)
    seen = np.ascontiguousarray(np.flip(array, over) * np.float32(contrast) + np.float32(brightness))
    answer = predict_array(run, seen, plan, mirror=False)
    return np.flip(answer, over) if plan.is_tiled else answer


def sample_uncertainty(answers: Sequence[Answer], image: Volume, plan: Plan) -> Sampled:
    """How uncertain answers are together, and how far they disagree.

    Args:
        answers: from :func:`open_answers`.
        image: as it came.
        plan: of the model.

    Raises:
        DataError: the image does not fit the plan.
    """
    array, history = preprocess(image, plan)
    exclusive = is_exclusive(plan)
    mean = np.zeros((), dtype=np.float32)
    own = np.zeros((), dtype=np.float32)
    for answer in answers:  # only their sums are kept
        outputs = answer(array)
        mean = mean + outputs / np.float32(len(answers))
        own = own + entropy(outputs, exclusive=exclusive) / np.float32(len(answers))
    total = entropy(mean, exclusive=exclusive)
    numbers = [case_uncertainty(mean, plan, one) for one in (total, np.maximum(total - own, 0))]
    voxels = Lazy("uncertainty", lambda: _on_grid(total, history, image)) if plan.is_tiled else None
    return Sampled(numbers[0], numbers[1], voxels)


def _on_grid(voxels: FloatArray, history: History, image: Volume) -> Volume:
    return Volume(restore(voxels[None].astype(np.float32), history), image.affine_ras)
