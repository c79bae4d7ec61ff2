"""Multi-label classification: any number of classes for a whole image, none of them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scanwright.core import metrics
from scanwright.core.statistics import Key, mean_defined
from scanwright.data.case import Case, Target
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import LabelsPrediction, Prediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning import rules
from scanwright.planning.fingerprint import Fingerprint
from scanwright.tasks.base import Example, Record, Summary
from scanwright.tasks.probabilities import Judge, draw_net_benefit, record_probabilities, stack_probabilities
from scanwright.tasks.referral import ReferralJudge, draw_risk, record_referral
from scanwright.tasks.whole_image import draw_curves, encode_image, plan_image, rank_classes, read_outputs
from scanwright.transforms.steps import History
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray, JsonDict

FEWEST_TO_CHOOSE_BY = 3
"""Validation cases with a class, and without it, from which on a threshold is chosen for it."""


class Multilabel:
    """For each class by itself, how probable it is that an image has it (decision note 33)."""

    name = "multilabel"
    target = "labels"
    answer = "labels"
    score = "auroc"
    chance = 0.5

    def check(self, dataset: Dataset, settings: Settings) -> None:
        """Nothing: any classes may go together."""

    def plan(self, facts: Fingerprint, settings: Settings) -> Plan:
        names = tuple(facts.classes)
        if not names:
            raise DataError(
                "no class is held by enough cases to learn from",
                subject=facts.dataset.source,
                do="Add cases that have the classes, or check the labels.",
            )
        shares = rules.choose_class_shares(facts, names)
        decided = {
            "task": self.name,
            "answer": self.answer,
            "classes": names,
            "loss": "bce",
            "class_shares": shares.value,
            "label_smoothing": 0.02,
        }
        reasons = {
            "task": "the cases have any number of classes",
            "answer": "each class is a question by itself",
            "classes": "as the data names them",
            "loss": "cross-entropy of each class by itself",
            "class_shares": f"images that have each class, {shares.reason}",
            "class_weights": "none: every class counts the same, and a threshold of its own makes up for "
            "its being rare",
            "logit_adjustment": "none: each class has a threshold of its own",
            "sampling": "uniform: every image as often as the others",
            "label_smoothing": "some labels are wrong, and probabilities should not be too sure",
        }
        return plan_image(facts, settings, decided, reasons)

    def encode(self, case: Case, plan: Plan) -> Example:
        return Example(encode_image(case, plan), _held(case, plan).astype(np.float32))

    def truth(self, example: Example, plan: Plan) -> dict[str, Target]:
        held = np.asarray(example.target) > 0.5
        return {"labels": tuple(name for name, has in zip(plan.classes, held, strict=True) if has)}

    def has_thresholds(self, plan: Plan) -> bool:
        return True

    def choose_thresholds(
        self, outputs: Sequence[FloatArray], targets: Sequence[AnyArray], plan: Plan
    ) -> dict[str, float]:
        """Of each class the probability that gives the best balanced accuracy (Youden's index).

        It does not depend on how many validation cases have the class; F1 would call everything positive
        where nothing is known (Lipton et al. 2014). Classes that too few of them have keep a half.
        """
        if not outputs:
            return {}
        scores = np.stack([output.reshape(-1) for output in outputs]).astype(np.float64)
        held = np.stack([np.asarray(target) for target in targets]) > 0.5
        enough = np.minimum(held.sum(axis=0), (~held).sum(axis=0)) >= FEWEST_TO_CHOOSE_BY
        return {
            name: _best_threshold(scores[:, c], held[:, c])
            for c, name in enumerate(plan.classes)
            if enough[c]
        }

    def decode(
        self,
        case: str,
        outputs: FloatArray,
        plan: Plan,
        history: History,
        image: Volume,
        thresholds: Mapping[str, float],
    ) -> Prediction:
        values = read_outputs(outputs, case)
        probabilities = {name: float(p) for name, p in zip(plan.classes, values, strict=True)}
        said = tuple(name for name, p in probabilities.items() if p >= thresholds.get(name, 0.5))
        return LabelsPrediction(case, probabilities, said)

    def measure(self, prediction: Prediction, truth: Case, plan: Plan, *, full: bool = True) -> Record:
        if not isinstance(prediction, LabelsPrediction):
            raise DataError("this task measures probabilities of several classes", subject=truth.name)
        held = _held(truth, plan)
        return {
            "case": truth.name,
            "patient": truth.patient,
            "truth": [name for name, has in zip(plan.classes, held, strict=True) if has],
            "predicted": list(prediction.predicted),
            **record_probabilities(prediction),
            **record_referral(prediction),
        }

    def summarise(self, records: Sequence[Record], plan: Plan) -> Summary:
        names = plan.classes
        shape = (len(records), len(names))
        truth, said = (
            np.array([[name in record[key] for name in names] for record in records], dtype=bool).reshape(
                shape
            )
            for key in ("truth", "predicted")
        )
        scores = stack_probabilities(records, names)
        truths = [record["truth"] for record in records]
        judge, sets = Judge(records, truths, plan), ReferralJudge(records, truths, plan)

        def statistic(rows: IntArray) -> dict[Key, float]:
            numbers: dict[Key, float] = {}
            each = [_judge(scores[rows, c], truth[rows, c], said[rows, c]) for c in range(len(names))]
            for name in each[0]:
                numbers[name, ""] = mean_defined([one[name] for one in each])
                numbers.update({(name, group): one[name] for group, one in zip(names, each, strict=True)})
            numbers |= judge.statistic(rows)
            return numbers | sets.statistic(rows)

        own = {name: np.flatnonzero(truth[:, c]) for c, name in enumerate(names)}
        support = {
            (number, name): held for number in ("recall", *sets.of_class) for name, held in own.items()
        }
        rankings = rank_classes(names, scores, truth)
        if len(names) == 1:
            rankings["auroc", ""] = rankings["auroc", names[0]]
        return Summary(statistic, support, rankings=rankings, by_chance=judge.by_chance)

    def tables(self, records: Sequence[Record], plan: Plan) -> JsonDict:
        truths = [record["truth"] for record in records]
        return {
            "curves": draw_curves(records, truths, plan.classes),
            "reliability": Judge(records, truths, plan).reliability(),
            "risk": draw_risk(records, plan),
            "decision": draw_net_benefit(records, truths, plan, plan.classes),
        }

    def goodness(self, record: Record, plan: Plan) -> float:
        rows = record["probabilities"].items()
        return float(np.mean([p if name in record["truth"] else 1 - p for name, p in rows]))


def _held(case: Case, plan: Plan) -> BoolArray:
    """Which of the plan's classes a case has, (class,). Others that it has are no matter of this model."""
    return np.isin(plan.classes, case.labels)


def _best_threshold(scores: FloatArray, held: BoolArray) -> float:
    """The middle between the two neighbouring scores that best part the cases."""
    false_positive, true_positive, thresholds = metrics.roc_curve(scores, held)
    best = int(np.argmax(true_positive - false_positive))
    if best == 0:  # saying nothing at all is best
        return 0.5
    below = thresholds[best + 1] if best + 1 < len(thresholds) else 0.0
    return float((thresholds[best] + below) / 2)


def _judge(scores: FloatArray, held: BoolArray, said: BoolArray) -> dict[str, float]:
    """The numbers of one class."""
    confusion = metrics.confusion_matrix(held, said, 2)
    recalls = metrics.recall(confusion)
    return {
        "auroc": metrics.auroc(scores, held),
        "average_precision": metrics.average_precision(scores, held),
        "balanced_accuracy": float(recalls.mean()),
        "precision": float(metrics.precision(confusion)[1]),
        "recall": float(recalls[1]),
        "f1": float(metrics.f1(confusion)[1]),
    }
