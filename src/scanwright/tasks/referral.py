"""Referral: which answers may stand, which a person must see, and how often that rule is right.

An answer stands where the set of possible answers is that answer alone, and the image is like those that the
model learnt from. Of new patients of each class a share
of ``level`` or more then has an answer that names the class, or is referred; see ``core/conformal.py`` for
whom that is promised.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from scanwright.core.conformal import Conformal, risk_coverage
from scanwright.core.statistics import Key, mean_defined
from scanwright.data.plan import Plan
from scanwright.data.prediction import ClassPrediction, Doubt, LabelsPrediction, Prediction, Referral
from scanwright.tasks.base import Record
from scanwright.tasks.probabilities import stack_probabilities
from scanwright.types import BoolArray, IntArray, JsonDict

OF_CLASS = ("set_coverage", "missed_unseen")
SEVERAL = "more than one answer is possible"
NONE = "no class fits"
OTHER = "the possible answer is another one than the predicted"
UNLIKE, FEW_GAPS = "unlike.", "few_gaps"
Answer = TypeVar("Answer", bound=Prediction)


def refer(
    prediction: ClassPrediction | LabelsPrediction, own: Mapping[str, float], conformal: Conformal
) -> Referral | None:
    """What is possible, and why a person must see it; ``None`` where validation cases were too few.

    Args:
        prediction: what was decided.
        own: the network's own probabilities.
        conformal: of the model.
    """
    if not conformal.is_fitted:
        return None
    possible = conformal.possible(own)
    if isinstance(prediction, ClassPrediction):
        reason = NONE if not possible else SEVERAL if len(possible) > 1 else ""
        return Referral(possible, reason or OTHER * (possible != (prediction.predicted,)))
    absent = set(conformal.maybe_absent(own))
    both = absent & set(possible)
    neither = set(own) - absent - set(possible)
    reason = SEVERAL if both else NONE if neither else OTHER * (possible != prediction.predicted)
    return Referral(possible, reason)


def add_doubts(prediction: Answer, doubts: Sequence[Doubt]) -> Answer:
    """The prediction with why it may be wrong; where answers are referred at all, this one then is.

    Args:
        prediction: of an image.
        doubts: in what that is unlike those that the model learnt from.
    """
    prediction = replace(prediction, doubts=tuple(doubts))
    if not isinstance(prediction, (ClassPrediction, LabelsPrediction)) or prediction.referral is None:
        return prediction
    serious = [doubt for doubt in doubts if doubt.kind != FEW_GAPS]
    reasons = [prediction.referral.reason, *map(_told, serious)]
    referral = replace(prediction.referral, reason="; ".join(reason for reason in reasons if reason))
    return replace(prediction, referral=referral)


def _told(doubt: Doubt) -> str:
    if doubt.kind == "gaps":
        return f"{doubt.received} of the voxels are not numbers"
    if doubt.kind.startswith(UNLIKE):
        return f"{doubt.kind.removeprefix(UNLIKE)} unlike the images learnt from"
    return f"{doubt.kind} is {doubt.received}, learnt from {doubt.expected}"


def record_referral(prediction: ClassPrediction | LabelsPrediction) -> Record:
    """What a record holds of it; nothing where there is none."""
    own = prediction.referral
    return {} if own is None else {"possible": list(own.possible), "refer": own.reason}


class ReferralJudge:
    """How often sets hold the truth and people are asked; gives nothing where there are no sets.

    Args:
        records: with "possible" and "refer", or without.
        truths: the classes that each record's case has.
        plan: the decisions.
    """

    def __init__(self, records: Sequence[Record], truths: Sequence[Collection[str]], plan: Plan) -> None:
        self.names = plan.classes
        self.has_sets = bool(records) and all("possible" in record for record in records)
        if self.has_sets:
            self.held = self._marked(truths)
            self.possible = self._marked([record["possible"] for record in records])
            self.referred = np.array([bool(record["refer"]) for record in records])
            said = [record["predicted"] for record in records]
            named = self._marked([(one,) if isinstance(one, str) else one for one in said])
            self.missed = ~named & ~self.referred[:, None]

    @property
    def of_class(self) -> tuple[str, ...]:
        """Numbers that only the cases of a class stand behind."""
        return OF_CLASS if self.has_sets else ()

    def statistic(self, rows: IntArray) -> dict[Key, float]:
        """Numbers of some cases. Of all: "set_size" and "referred". Of each class among the cases that have
        it, and as the mean over the classes: "set_coverage" (the set holds it) and "missed_unseen" (the
        answer does not name it, and no person is asked)."""
        if not self.has_sets:
            return {}
        numbers: dict[Key, float] = {
            ("set_size", ""): mean_defined(self.possible[rows].sum(axis=1)),
            ("referred", ""): mean_defined(self.referred[rows]),
        }
        for name, found in zip(OF_CLASS, (self.possible, self.missed), strict=True):
            each = [mean_defined(one) for one in np.where(self.held[rows], found[rows], np.nan).T]
            numbers[name, ""] = mean_defined(each)
            numbers |= {(name, group): one for group, one in zip(self.names, each, strict=True)}
        return numbers

    def _marked(self, sets: Sequence[Collection[str]]) -> BoolArray:
        """(case, class), which classes each set holds."""
        return np.array([[name in one for name in self.names] for one in sets], dtype=bool)


def draw_risk(records: Sequence[Record], plan: Plan) -> JsonDict:
    """Share of the cases answered, the surest first and those that are referred last, and share of these that
    are wrong: "x" and "y"."""
    if plan.answer == "labels":  # an answer is as sure as the least sure of its parts
        scores = stack_probabilities(records, plan.classes)
        sure = np.maximum(scores, 1 - scores).min(axis=1)
    else:
        sure = np.array([record["probabilities"][record["predicted"]] for record in records])
    sure = sure - np.array([bool(record.get("refer")) for record in records])
    coverage, risk = risk_coverage(sure, [record["truth"] != record["predicted"] for record in records])
    return {"x": coverage.tolist(), "y": risk.tolist()}
