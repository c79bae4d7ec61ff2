"""Classification: one of several classes for a whole image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scanwright.core import metrics
from scanwright.core.calibration import FEWEST_CASES, FEWEST_OF_EACH, even_threshold
from scanwright.core.statistics import Key, mean_defined
from scanwright.data.case import Case, Target
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import ClassPrediction, Prediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning import rules
from scanwright.planning.answers import drop_lonely_classes
from scanwright.planning.fingerprint import Fingerprint
from scanwright.tasks.base import Example, Record, Summary
from scanwright.tasks.probabilities import Judge, draw_net_benefit, record_probabilities, stack_probabilities
from scanwright.tasks.referral import ReferralJudge, draw_risk, record_referral
from scanwright.tasks.whole_image import draw_curves, encode_image, plan_image, rank_classes, read_outputs
from scanwright.transforms.steps import History
from scanwright.types import AnyArray, FloatArray, IntArray, JsonDict

WEIGHED = ("class_weights", "logit_adjustment", "sampling")
"""Fields of the plan by which a user says what the classes weigh."""


class Classification:
    """A probability for each class of a whole image."""

    name = "classification"
    target = "label"
    answer = "class"
    score = "auroc"
    chance = 0.5

    def check(self, dataset: Dataset, settings: Settings) -> None:
        self._usable_classes(dataset)

    def _usable_classes(self, dataset: Dataset) -> list[str]:
        """Of which there are cases enough; raises where there is nothing to tell apart."""
        usable, _ = drop_lonely_classes([case for case in dataset.cases if self.target in case.targets])
        return sorted({case.label for case in usable})

    def plan(self, facts: Fingerprint, settings: Settings) -> Plan:
        counts = np.array(list(facts.classes.values()), dtype=float)
        skew = float(counts.max() / counts.min())
        weights = tuple(float(f"{w:.4g}") for w in np.sqrt(counts.sum() / (len(counts) * counts)))
        names = tuple(facts.classes)
        shares = rules.choose_class_shares(facts, names)
        decided = {
            "task": self.name,
            "classes": names,
            "loss": "ce",
            "class_weights": weights if skew > 1.5 else (),
            "class_shares": shares.value,
            "label_smoothing": 0.05,
        }
        reasons = {
            "task": "the cases have a class",
            "classes": "as the data names them",
            "loss": "cross-entropy: gives probabilities, not only a class",
            "class_shares": f"images of each class, {shares.reason}",
            "class_weights": f"the largest class is {skew:.1f} times the smallest"
            + ("; errors in rare classes weigh more" if skew > 1.5 else ""),
            "logit_adjustment": "0: it moves the line between the classes and not their ranking",
            "sampling": "uniform: every image as often as the others; nothing shows yet that drawing "
            "rare classes oftener ranks better than weights do",
            "label_smoothing": "some labels are wrong, and probabilities should not be too sure",
        }
        return plan_image(facts, settings, decided, reasons)

    def encode(self, case: Case, plan: Plan) -> Example:
        index = class_index(case.label, plan, case.name)
        return Example(encode_image(case, plan), np.asarray(index, dtype=np.uint8))

    def truth(self, example: Example, plan: Plan) -> dict[str, Target]:
        return {"label": plan.classes[int(example.target)]}

    def has_thresholds(self, plan: Plan) -> bool:
        """Of two classes, unless the user has said himself how they are to be weighed."""
        return len(plan.classes) == 2 and plan.answer == "class" and not set(WEIGHED) & set(plan.overruled)

    def choose_thresholds(
        self, outputs: Sequence[FloatArray], targets: Sequence[AnyArray], plan: Plan
    ) -> dict[str, float]:
        """The network's own probability from which the second class is called, see ``even_threshold``; none
        where validation cases are too few to say."""
        if not outputs or not self.has_thresholds(plan):
            return {}
        second = np.array([output.reshape(-1)[1] for output in outputs], dtype=np.float64)
        held = np.array([int(np.asarray(target).item()) == 1 for target in targets])
        if len(held) < FEWEST_CASES["temperature"] or min(held.sum(), (~held).sum()) < FEWEST_OF_EACH:
            return {}
        return {plan.classes[1]: even_threshold(second, held)}

    def decode(
        self,
        case: str,
        outputs: FloatArray,
        plan: Plan,
        history: History,
        image: Volume,
        thresholds: Mapping[str, float],
    ) -> ClassPrediction:
        values = read_outputs(outputs, case)
        values = values / values.sum()
        return ClassPrediction(case, {name: float(p) for name, p in zip(plan.classes, values, strict=True)})

    def measure(self, prediction: Prediction, truth: Case, plan: Plan, *, full: bool = True) -> Record:
        if not isinstance(prediction, ClassPrediction):
            raise DataError("classification measures class probabilities", subject=truth.name)
        return {
            "case": truth.name,
            "patient": truth.patient,
            "truth": plan.classes[class_index(truth.label, plan, truth.name)],
            "predicted": prediction.predicted,
            **record_probabilities(prediction),
            **record_referral(prediction),
        }

    def summarise(self, records: Sequence[Record], plan: Plan) -> Summary:
        names = plan.classes
        truth = np.array([names.index(record["truth"]) for record in records], dtype=np.int64)
        predicted = np.array([names.index(record["predicted"]) for record in records], dtype=np.int64)
        scores = stack_probabilities(records, names)
        truths = [(record["truth"],) for record in records]
        judge, sets = Judge(records, truths, plan), ReferralJudge(records, truths, plan)

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
            numbers |= judge.statistic(rows)
            return numbers | sets.statistic(rows)

        own = {name: np.flatnonzero(truth == c) for c, name in enumerate(names)}
        support = {
            (number, name): held for number in ("recall", *sets.of_class) for name, held in own.items()
        }
        rankings = rank_classes(names, scores, truth[:, None] == np.arange(len(names)))
        if len(names) == 2:  # the one is the mirror of the other, and the mean of both is either
            rankings["auroc", ""] = rankings["auroc", names[1]]
        return Summary(statistic, support, rankings=rankings, by_chance=judge.by_chance)

    def tables(self, records: Sequence[Record], plan: Plan) -> JsonDict:
        truths = [(record["truth"],) for record in records]
        curves = draw_curves(records, truths, plan.classes)
        confusion = count_confusions(records, plan.classes)
        return {
            "confusion": {"classes": list(plan.classes), "matrix": confusion.tolist()},
            "curves": curves,
            "reliability": Judge(records, truths, plan).reliability(),
            "risk": draw_risk(records, plan),
            "decision": draw_net_benefit(
                records, truths, plan, plan.classes[-1:] if len(plan.classes) == 2 else plan.classes
            ),
        }

    def goodness(self, record: Record, plan: Plan) -> float:
        return float(record["probabilities"][record["truth"]])


def count_confusions(records: Sequence[Record], names: Sequence[str]) -> IntArray:
    """Counts, (true class, predicted class)."""
    truth, predicted = ([names.index(record[key]) for record in records] for key in ("truth", "predicted"))
    return metrics.confusion_matrix(truth, predicted, len(names))


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
