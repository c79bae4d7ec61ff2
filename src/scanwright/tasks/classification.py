"""Classification: one of several classes for a whole image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scanwright.core import metrics
from scanwright.core.statistics import Key, mean_defined
from scanwright.data.case import Case
from scanwright.data.plan import AugmentationPlan, Plan
from scanwright.data.prediction import ClassPrediction, Prediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning import rules
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.networks import Scene, choose_family, design_network
from scanwright.tasks.base import Example, Record, Summary, check_answer
from scanwright.transforms.preprocess import preprocess
from scanwright.transforms.steps import History
from scanwright.types import AnyArray, FloatArray, IntArray


class Classification:
    """A probability for each class of a whole image."""

    name = "classification"
    target = "label"
    tiled = False
    score = "auroc"

    def plan(self, facts: Fingerprint, settings: Settings) -> Plan:
        minutes = settings.budget_minutes
        channels = rules.choose_channels(facts)
        family = choose_family(facts, "image", settings.family)
        size = rules.choose_input_size(facts, minutes, scattered=family.value == "scattering")
        flips = rules.choose_flips(facts, sided=False)
        design = design_network(family, Scene(size.value, None, facts.dims, minutes))
        counts = np.array(list(facts.classes.values()), dtype=float)
        skew = float(counts.max() / counts.min())
        weights = tuple(float(f"{w:.4g}") for w in np.sqrt(counts.sum() / (len(counts) * counts)))
        names = tuple(facts.classes)
        shares = rules.choose_class_shares(facts, names)
        return Plan(
            task=self.name,
            dims=facts.dims,
            channels=channels.value,
            classes=names,
            patch_voxels=design.patch_voxels.value,
            batch_size=int(np.clip(2 ** round(np.log2(max(4, facts.n_train / 40))), 8, 64)),
            network=design.network.value,
            loss="ce",
            class_weights=weights if skew > 1.5 else (),
            class_shares=shares.value,
            learning_rate=2e-3,
            weight_decay=5e-2,
            label_smoothing=0.05,
            augmentation=AugmentationPlan(
                flip_axes=flips.value,
                rotate_degrees=12.0,
                scale=0.15,
                shift=0.08,
                brightness=0.15,
                contrast=0.15,
                gamma=0.2,
                noise=0.05,
                mixup=0.3,
            ),
            mirror_axes=flips.value,
            minutes=minutes,
            seed=settings.seed,
            precision="bf16-mixed",
            reasons={
                **rules.COMMON_REASONS,
                "label_values": "none: whole images have a class and no mask",
                "spacing_mm": "none: whole images are fitted into one size",
                "longest_side": "none: whole images are fitted into one size",
                "loss": "cross-entropy: gives probabilities, not only a class",
                "class_shares": f"images of each class, {shares.reason}",
                "logit_adjustment": "0: it moves the line between the classes and not their ranking",
                "sampling": "uniform: every image as often as the others; nothing shows yet that drawing "
                "rare classes oftener ranks better than weights do",
                "foreground_fraction": "none: an image is seen whole",
                "overlap": "none: an image is seen whole",
                "tolerance_mm": "none: nothing is outlined",
                "task": "the cases have a class",
                "dims": "every image is a single plane" if facts.dims == 2 else "images have depth",
                "channels": channels.reason,
                "classes": "as the data names them",
                "patch_voxels": ", ".join(filter(None, (size.reason, design.patch_voxels.reason))),
                "batch_size": "about 40 steps or more for each look at all images",
                "network": design.network.reason,
                "class_weights": f"the largest class is {skew:.1f} times the smallest"
                + ("; errors in rare classes weigh more" if skew > 1.5 else ""),
                "learning_rate": "AdamW with warm-up and cosine decay: stable for these networks",
                "label_smoothing": "some labels are wrong, and probabilities should not be too sure",
                "augmentation": "what may differ between two pictures of the same patient",
                "mirror_axes": flips.reason,
                "minutes": "as asked for" if settings.minutes else f"effort {settings.effort}",
            },
        )

    def encode(self, case: Case, plan: Plan) -> Example:
        array, _ = preprocess(case.image.read(), plan, fit=True)
        return Example(array, np.asarray(class_index(case.label, plan, case.name), dtype=np.uint8))

    def choose_thresholds(
        self, outputs: Sequence[FloatArray], targets: Sequence[AnyArray], plan: Plan
    ) -> dict[str, float]:
        """None: the most probable class is the answer."""
        return {}

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
        values = outputs.reshape(-1).astype(np.float64)
        values = values / values.sum()
        return ClassPrediction(case, {name: float(p) for name, p in zip(plan.classes, values, strict=True)})

    def measure(self, prediction: Prediction, truth: Case, plan: Plan) -> Record:
        if not isinstance(prediction, ClassPrediction):
            raise DataError("classification measures class probabilities", subject=truth.name)
        return {
            "case": truth.name,
            "patient": truth.patient,
            "truth": plan.classes[class_index(truth.label, plan, truth.name)],
            "predicted": prediction.predicted,
            "probabilities": dict(prediction.probabilities),
        }

    def summarise(self, records: Sequence[Record], plan: Plan) -> Summary:
        names = plan.classes
        truth = np.array([names.index(record["truth"]) for record in records], dtype=np.int64)
        predicted = np.array([names.index(record["predicted"]) for record in records], dtype=np.int64)
        rows_of_scores = [[record["probabilities"][name] for name in names] for record in records]
        scores = np.array(rows_of_scores, dtype=np.float64).reshape(len(records), len(names))

        def statistic(rows: IntArray) -> dict[Key, float]:
            confusion = metrics.confusion_matrix(truth[rows], predicted[rows], len(names))
            numbers: dict[Key, float] = {}
            ranked = {
                "auroc": [metrics.auroc(scores[rows, c], truth[rows] == c) for c in range(len(names))],
                "average_precision": [
                    metrics.average_precision(scores[rows, c], truth[rows] == c) for c in range(len(names))
                ],
                "precision": list(metrics.precision(confusion)),
                "recall": list(metrics.recall(confusion)),
                "f1": list(metrics.f1(confusion)),
            }
            numbers["auroc", ""] = mean_defined(ranked["auroc"])
            numbers["accuracy", ""] = metrics.accuracy(confusion)
            numbers["balanced_accuracy", ""] = metrics.balanced_accuracy(confusion)
            for name, each in ranked.items():
                numbers[name, ""] = mean_defined(each)
                numbers.update({(name, group): float(v) for group, v in zip(names, each, strict=True)})
            return numbers

        support = {("recall", name): np.flatnonzero(truth == c) for c, name in enumerate(names)}
        return Summary(statistic, support)


def class_index(label: str, plan: Plan, case: str) -> int:
    """Position of a label among the plan's classes.

    Raises:
        DataError: the plan does not know it.
    """
    if label not in plan.classes:
        raise DataError(
            "its class is not one that the model knows",
            subject=case,
            expected=" or ".join(plan.classes),
            received=f"'{label}'",
        )
    return plan.classes.index(label)
