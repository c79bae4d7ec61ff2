"""Ordinal classification: one of several classes in order, such as grades, for a whole image."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from scanwright.core import metrics
from scanwright.core.statistics import Key
from scanwright.data.dataset import Dataset
from scanwright.data.plan import Plan
from scanwright.data.prediction import ClassPrediction
from scanwright.data.settings import Settings
from scanwright.data.volume import Volume
from scanwright.errors import SettingsError
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.rules import Choice
from scanwright.tasks.base import Record, Summary
from scanwright.tasks.classification import Classification, count_confusions
from scanwright.tasks.probabilities import Judge
from scanwright.tasks.referral import ReferralJudge, draw_risk
from scanwright.transforms.steps import History
from scanwright.types import FloatArray, IntArray, JsonDict

_NUMBERED = re.compile(r"^(\D*)(\d+(?:\.\d+)?)$")


class Ordinal(Classification):
    """A probability for each grade of a whole image; the grade is their median (decision note 33)."""

    name = "ordinal"
    answer = "grade"
    score = "kappa"
    chance = 0.0

    def plan(self, facts: Fingerprint, settings: Settings) -> Plan:
        order = choose_order(tuple(facts.classes), settings.classes, facts.dataset.source)
        ordered = replace(facts, classes={name: facts.classes[name] for name in order.value})
        plan = super().plan(ordered, settings)
        reasons = {
            "task": "asked for: the classes are grades",
            "answer": "the classes are in order",
            "classes": order.reason,
            "loss": "squared distance between cumulative probabilities: the further off, the worse",
            "class_weights": "none: the median is to be that of the grades as frequent as they are",
            "label_smoothing": "0: it would give weight to grades that are far off",
        }
        return replace(
            plan,
            answer=self.answer,
            loss="emd",
            class_weights=(),
            label_smoothing=0.0,
            reasons={**plan.reasons, **reasons},
        )

    def check(self, dataset: Dataset, settings: Settings) -> None:
        choose_order(self._usable_classes(dataset), settings.classes, dataset.source)

    def decode(
        self,
        case: str,
        outputs: FloatArray,
        plan: Plan,
        history: History,
        image: Volume,
        thresholds: Mapping[str, float],
    ) -> ClassPrediction:
        """The median: no other grade is nearer to the true one in the mean of what is held possible."""
        prediction = super().decode(case, outputs, plan, history, image, thresholds)
        reached = np.cumsum(list(prediction.probabilities.values())) >= 0.5
        return replace(prediction, decided=plan.classes[int(np.argmax(reached))])

    def summarise(self, records: Sequence[Record], plan: Plan) -> Summary:
        names = plan.classes
        truth, predicted = (
            np.array([names.index(record[key]) for record in records], dtype=np.int64)
            for key in ("truth", "predicted")
        )
        truths = [(record["truth"],) for record in records]
        judge, sets = Judge(records, truths, plan), ReferralJudge(records, truths, plan)

        def statistic(rows: IntArray) -> dict[Key, float]:
            confusion = metrics.confusion_matrix(truth[rows], predicted[rows], len(names))
            numbers: dict[Key, float] = {
                ("kappa", ""): metrics.quadratic_kappa(confusion),
                ("grade_error", ""): metrics.mean_class_distance(confusion),
                ("within_one", ""): metrics.within_one(confusion),
                ("accuracy", ""): metrics.accuracy(confusion),
                ("balanced_accuracy", ""): metrics.balanced_accuracy(confusion),
            }
            recalls = zip(names, metrics.recall(confusion), strict=True)
            numbers |= {("recall", name): float(value) for name, value in recalls}
            numbers |= judge.statistic(rows)
            return numbers | sets.statistic(rows)

        own = {name: np.flatnonzero(truth == c) for c, name in enumerate(names)}
        support = {
            (number, name): held for number in ("recall", *sets.of_class) for name, held in own.items()
        }
        return Summary(statistic, support, {"grade_error": "grades"}, by_chance=judge.by_chance)

    def tables(self, records: Sequence[Record], plan: Plan) -> JsonDict:
        matrix = count_confusions(records, plan.classes)
        truths = [(record["truth"],) for record in records]
        return {
            "confusion": {"classes": list(plan.classes), "matrix": matrix.tolist()},
            "reliability": Judge(records, truths, plan).reliability(),
            "risk": draw_risk(records, plan),
        }

    def goodness(self, record: Record, plan: Plan) -> float:
        """Near to 0 when all that is held probable is near to the truth."""
        places = np.arange(len(plan.classes)) - plan.classes.index(record["truth"])
        return -float(np.abs(places) @ [record["probabilities"][name] for name in plan.classes])


def choose_order(found: Sequence[str], asked: Sequence[str], source: str) -> Choice[tuple[str, ...]]:
    """The classes, the lowest first: as the user says, else by the numbers that they are, or end in.

    Args:
        found: in the data.
        asked: by the user; nothing where nobody says.
        source: of the data.

    Raises:
        SettingsError: nobody says, or what is said names other classes than the data.
    """
    if asked and sorted(asked) == sorted(found):
        return Choice(tuple(asked), "in the order that the user gives")
    matches = [_NUMBERED.match(name) for name in found]
    if not asked and all(matches) and len({match[1] for match in matches if match}) == 1:
        return Choice(tuple(sorted(found, key=_number)), "in the order of their numbers")
    raise SettingsError(
        "the order names other classes than the data" if asked else "the order of the classes is not known",
        subject=source,
        expected=f"each of {', '.join(found)}",
        received=f"classes={','.join(asked)}" if asked else "",
        do="Give them, the lowest first, divided by commas: --set classes=…",
    )


def _number(name: str) -> float:
    match = _NUMBERED.match(name)
    return float(match[2]) if match else 0.0
