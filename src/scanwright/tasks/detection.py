"""Detection: which objects an image holds, each with a class, a box and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scanwright.core.boxes import clip_boxes
from scanwright.core.suppression import fuse_boxes, soft_suppress, suppress
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy, Target
from scanwright.data.dataset import Dataset
from scanwright.data.plan import AugmentationPlan, Plan
from scanwright.data.prediction import BoxPrediction, Prediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning import rules
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.networks import Scene, choose_family, design_network
from scanwright.planning.objects import choose_box_plan, choose_object_grid
from scanwright.tasks.base import Example, Record, Summary, check_answer
from scanwright.tasks.box_numbers import (
    box_goodness,
    box_tables,
    choose_box_thresholds,
    measure_boxes,
    summarise_boxes,
)
from scanwright.transforms.preprocess import preprocess
from scanwright.transforms.steps import History, move_boxes, restore_boxes
from scanwright.types import AnyArray, FloatArray, IntArray, JsonDict

# Of a case, after suppression: more are not looked at by anyone.
MOST_FINDINGS = 1000


class Detection:
    """Objects: from an image to boxes on the same grid, with the user's own classes (decision note 36)."""

    name = "detection"
    target = "boxes"
    answer = "boxes"
    score = "ap"
    chance = 0.0

    def check(self, dataset: Dataset, settings: Settings) -> None:
        """Boxes are known once they are read."""

    def plan(self, facts: Fingerprint, settings: Settings) -> Plan:
        minutes = settings.budget_minutes
        names = tuple(facts.classes)
        channels = rules.choose_channels(facts)
        grid = choose_object_grid(facts, minutes)
        boxes = choose_box_plan(grid.value, facts.dims)
        i, j, k = rules.working_shape(facts, grid.value.spacing_mm, grid.value.longest_side).tolist()
        family = choose_family(facts, "boxes", settings.family)
        small = grid.value.small_voxels
        design = design_network(family, Scene((i, j, k), grid.value.spacing_mm, facts.dims, minutes, small))
        flips = rules.choose_flips(facts, sided=rules.tell_sides(names))
        shares = rules.choose_class_shares(facts, names)
        return Plan(
            task=self.name,
            answer=self.answer,
            dims=facts.dims,
            channels=channels.value,
            classes=names,
            spacing_mm=grid.value.spacing_mm,
            longest_side=grid.value.longest_side,
            patch_voxels=design.patch_voxels.value,
            batch_size=8 if facts.dims == 2 else 2,
            network=design.network.value,
            loss="focal",
            class_shares=shares.value,
            learning_rate=2e-3,
            weight_decay=5e-2,
            foreground_fraction=0.7,
            augmentation=AugmentationPlan(
                flip_axes=flips.value,
                rotate_degrees=10.0,
                scale=0.3,
                brightness=0.1,
                contrast=0.15,
                gamma=0.2,
                noise=0.05,
            ),
            mirror_axes=flips.value,
            overlap=0.25,
            boxes=boxes.value,
            minutes=minutes,
            seed=settings.seed,
            precision="bf16-mixed",
            reasons={
                **rules.common_reasons(facts, settings),
                "task": "the cases have boxes, or masks whose pieces are the objects",
                "answer": "any number of objects, each with a class and a box",
                "channels": channels.reason,
                "classes": "those of the objects of the training side, with the names that the data gives",
                "class_weights": "none: each object counts the same",
                "class_shares": f"objects of each class, {shares.reason}",
                "logit_adjustment": "0: each class is asked for by itself",
                "label_smoothing": "none: boxes are trusted",
                "spacing_mm": grid.reason,
                "longest_side": grid.reason,
                "patch_voxels": design.patch_voxels.reason,
                "batch_size": "steady gradients, yet many steps in the time given",
                "network": design.network.reason,
                "loss": "focal: most places are empty, and easy",
                "sampling": "uniform: every case as often as the others",
                "foreground_fraction": "where an image is larger than a patch, most patches hold an object",
                "augmentation": "objects may turn, grow and brighten a little, and must not change class",
                "mirror_axes": flips.reason,
                "overlap": "an object on the border of one tile lies whole in the next",
                "boxes": boxes.reason,
            },
        )

    def encode(self, case: Case, plan: Plan) -> Example:
        image, boxes = case.image.read(), case.boxes.read()
        array, history = preprocess(image, plan)
        known = np.array([name in plan.classes for name in boxes.classes], dtype=bool)
        moved = move_boxes(boxes.box_ijk, history, image.shape)
        inside = clip_boxes(moved, array.shape[1:])
        seen = known & (inside[:, 1] > inside[:, 0]).all(axis=1)
        rows = np.zeros((len(boxes), 8), dtype=np.float32)
        rows[:, 0] = [
            plan.classes.index(name) if ok else 0 for name, ok in zip(boxes.classes, known, strict=True)
        ]
        rows[:, 1] = boxes.ignored
        rows[:, 2:] = inside.reshape(-1, 6)
        return Example(array, rows[seen])

    def truth(self, example: Example, plan: Plan) -> dict[str, Target]:
        boxes = boxes_of(np.asarray(example.target), plan)
        return {"boxes": Lazy("boxes", lambda: boxes)}

    def has_thresholds(self, plan: Plan) -> bool:
        return True

    def choose_thresholds(
        self, outputs: Sequence[FloatArray], targets: Sequence[AnyArray], plan: Plan
    ) -> dict[str, float]:
        found = [found_boxes(suppress_rows(rows, plan), plan) for rows in outputs]
        true = [boxes_of(np.asarray(target), plan) for target in targets]
        return choose_box_thresholds(list(zip(found, true, strict=True)), plan)

    def decode(
        self,
        case: str,
        outputs: FloatArray,
        plan: Plan,
        history: History,
        image: Volume,
        thresholds: Mapping[str, float],
    ) -> Prediction:
        check_answer(outputs, case)
        rows = suppress_rows(outputs, plan)
        restored = restore_boxes(rows[:, 2:].reshape(-1, 2, 3), history, image.shape)
        inside = clip_boxes(restored, image.shape)
        kept = (inside[:, 1] > inside[:, 0]).all(axis=1)
        rows[:, 2:] = inside.reshape(-1, 6)
        return BoxPrediction(case, found_boxes(rows[kept], plan), thresholds, affine_ras=image.affine_ras)

    def measure(self, prediction: Prediction, truth: Case, plan: Plan, *, full: bool = True) -> Record:
        if not isinstance(prediction, BoxPrediction):
            raise DataError("detection measures boxes", subject=truth.name)
        return measure_boxes(prediction, truth.boxes.read(), truth.patient, plan, prediction.affine_ras)

    def summarise(self, records: Sequence[Record], plan: Plan) -> Summary:
        return summarise_boxes(records, plan)

    def tables(self, records: Sequence[Record], plan: Plan) -> JsonDict:
        return box_tables(records, plan)

    def goodness(self, record: Record, plan: Plan) -> float:
        return box_goodness(record, plan)


def boxes_of(rows: AnyArray, plan: Plan) -> Boxes:
    """Targets, as in Example, as boxes on the working grid."""
    flags = tuple("difficult" if ignored else "" for ignored in rows[:, 1])
    classes = tuple(plan.classes[int(index)] for index in rows[:, 0])
    return Boxes(rows[:, 2:].reshape(-1, 2, 3), classes, flags=flags)


def found_boxes(rows: FloatArray, plan: Plan) -> Boxes:
    """Findings, as ``find_boxes`` gives them, as boxes with scores."""
    classes = tuple(plan.classes[int(index)] for index in rows[:, 0])
    return Boxes(rows[:, 2:].reshape(-1, 2, 3), classes, rows[:, 1])


def suppress_rows(rows: FloatArray, plan: Plan) -> FloatArray:
    """Of findings (n, 8), as ``find_boxes`` gives them, one for each object; the surest first."""
    kept = [np.zeros((0, 8), dtype=np.float64)]
    for index in np.unique(rows[:, 0]):
        own = rows[rows[:, 0] == index].astype(np.float64)
        boxes, scores = own[:, 2:].reshape(-1, 2, 3), own[:, 1]
        if plan.boxes.suppression == "weighted":
            boxes, scores = fuse_boxes(boxes, scores, plan.boxes.overlap)
        elif plan.boxes.suppression == "soft":
            scores = soft_suppress(boxes, scores)
        else:
            chosen: IntArray = suppress(boxes, scores, plan.boxes.overlap)
            boxes, scores = boxes[chosen], scores[chosen]
        kept.append(np.column_stack([np.full(len(scores), index), scores, boxes.reshape(-1, 6)]))
    together = np.concatenate(kept)
    order = np.argsort(-together[:, 1], kind="stable")[:MOST_FINDINGS]
    return np.asarray(together[order])
