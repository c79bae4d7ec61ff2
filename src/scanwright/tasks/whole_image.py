"""Whole images: what all tasks share that give one answer for an image."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from scanwright.core import metrics
from scanwright.core.statistics import Key
from scanwright.data.case import Case
from scanwright.data.plan import AugmentationPlan, Plan
from scanwright.data.settings import Settings
from scanwright.planning import rules
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.networks import Scene, choose_family, design_network
from scanwright.tasks.base import Record, check_answer
from scanwright.transforms.preprocess import preprocess
from scanwright.types import BoolArray, FloatArray, JsonDict


def plan_image(
    facts: Fingerprint, settings: Settings, decided: Mapping[str, Any], reasons: Mapping[str, str]
) -> Plan:
    """The plan of a task that gives one answer for an image.

    Args:
        facts: of the data.
        settings: what the user wants.
        decided: fields of the plan that say what is to be answered and how it is learnt.
        reasons: for these.
    """
    minutes = settings.budget_minutes
    channels = rules.choose_channels(facts)
    family = choose_family(facts, "image", settings.family)
    size = rules.choose_input_size(facts, minutes, scattered=family.value == "scattering")
    flips = rules.choose_flips(facts, sided=rules.tell_sides(decided["classes"]))
    design = design_network(family, Scene(size.value, None, facts.dims, minutes))
    usual: dict[str, Any] = {
        "dims": facts.dims,
        "channels": channels.value,
        "patch_voxels": design.patch_voxels.value,
        "batch_size": int(np.clip(2 ** round(np.log2(max(4, facts.n_train / 40))), 8, 64)),
        "network": design.network.value,
        "learning_rate": 2e-3,
        "weight_decay": 5e-2,
        "augmentation": AugmentationPlan(
            flip_axes=flips.value,
            rotate_degrees=12.0,
            scale=0.15,
            shift=0.08,
            brightness=0.15,
            contrast=0.15,
            gamma=0.2,
            # Of the next device: with hardly any, a model that is sure of clean images guesses on noisy ones;
            # with much more it ranks clean ones worse (docs/decisions/0056).
            noise=0.3,
            mixup=0.3,
        ),
        "mirror_axes": flips.value,
        "minutes": minutes,
        "seed": settings.seed,
        "precision": "bf16-mixed",
    }
    return Plan(
        **{**usual, **decided},
        reasons={
            **rules.common_reasons(facts, settings),
            "channels": channels.reason,
            "patch_voxels": ", ".join(filter(None, (size.reason, design.patch_voxels.reason))),
            "batch_size": "about 40 steps or more for each look at all images",
            "network": design.network.reason,
            "augmentation": "what may differ between two pictures of a patient, also by another device",
            "mirror_axes": flips.reason,
            **reasons,
        },
    )


def encode_image(case: Case, plan: Plan) -> FloatArray:
    """The image of a case as the network sees it, float32 (channel, i, j, k).

    Raises:
        DataError: it can't be read, or does not fit the plan.
    """
    array, _ = preprocess(case.image.read(), plan)
    return array


def read_outputs(outputs: FloatArray, case: str) -> FloatArray:
    """The numbers of a whole image, (output,).

    Raises:
        DataError: one is not a number.
    """
    check_answer(outputs, case)
    return outputs.reshape(-1).astype(np.float64)


def rank_classes(
    names: Sequence[str], scores: FloatArray, held: BoolArray
) -> dict[Key, tuple[FloatArray, BoolArray]]:
    """The rankings of a summary: scores and who has the class, of each column of (case, class)."""
    return {("auroc", name): (scores[:, c], held[:, c]) for c, name in enumerate(names)}


def draw_curves(
    records: Sequence[Record], truths: Sequence[Collection[str]], names: Sequence[str]
) -> JsonDict:
    """ROC and precision–recall of each class.

    Args:
        records: with "probabilities".
        truths: the classes that each record's case has.
        names: of the classes.
    """
    curves: dict[str, dict[str, Any]] = {"roc": {}, "pr": {}}
    for name in names:
        scores = np.array([record["probabilities"][name] for record in records])
        held = np.array([name in truth for truth in truths])
        false_positive, true_positive, _ = metrics.roc_curve(scores, held)
        curves["roc"][name] = {"x": false_positive.tolist(), "y": true_positive.tolist()}
        recall, precision, _ = metrics.precision_recall_curve(scores, held)
        curves["pr"][name] = {"x": recall.tolist(), "y": precision.tolist()}
    return curves
