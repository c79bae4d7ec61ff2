"""Gallery: the cases that tell most of what a model can and can't, chosen from the records, with pictures."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from scanwright.core.uncertainty import risk_area
from scanwright.data.case import Case
from scanwright.data.plan import Plan
from scanwright.data.prediction import BoxPrediction, ClassPrediction, MaskPrediction, Prediction
from scanwright.report.box_pictures import Findings, box_panel
from scanwright.report.pictures import RANKS, Picture, Rank, case_panel
from scanwright.report.tables import told
from scanwright.tasks.base import Record
from scanwright.tasks.box_numbers import tell_findings
from scanwright.tasks.catalogue import find_task
from scanwright.types import JsonDict, Progress

Packed: TypeAlias = bytes | BoxPrediction
N_EACH = 2
WORST_QUARTER = 0.25
FEWEST_RANKED = 10
"""Cases, below which no curve tells whether doubts come before errors."""


def record_doubt(prediction: Prediction) -> Record:
    """What a record holds of how sure an answer is, and how unlike its image is to those learnt from."""
    numbers = {"uncertainty": prediction.uncertainty, "strangeness": prediction.strangeness}
    kept: Record = {name: value for name, value in numbers.items() if value is not None}
    sampled = getattr(prediction, "sampled", None)
    if sampled is not None:
        kept |= {"sampled_uncertainty": sampled.total, "disagreement": sampled.disagreement}
    return kept


def choose_telling(records: Sequence[Record], plan: Plan) -> list[tuple[Record, list[Rank]]]:
    """The worst, the surest wrong, the most uncertain, the strangest, some median and the best cases, none
    twice: each with all that it was chosen for, the most alarming first."""
    task = find_task(plan.task)
    ranked = sorted(records, key=lambda record: task.goodness(record, plan))
    n = min(N_EACH, len(ranked) // 3) or 1
    middle = max(0, len(ranked) // 2 - n // 2)
    name = "sampled_uncertainty" if any("sampled_uncertainty" in one for one in records) else "uncertainty"
    doubtful = sorted([one for one in ranked if name in one], key=lambda one: -one[name])
    wrong = {one["case"] for one in _gone_wrong(ranked)}
    # Of few cases the worst and the best are shown, and the middle is among them.
    chosen: dict[Rank, Sequence[Record]] = {
        "worst": ranked[:n],
        "surest_wrong": [one for one in reversed(doubtful) if one["case"] in wrong][:n],
        "most_uncertain": doubtful[:n],
        "strangest": sorted(
            [one for one in ranked if "strangeness" in one], key=lambda one: -one["strangeness"]
        )[:n],
        "median": ranked[middle : middle + n] if len(ranked) > N_EACH else [],
        "best": ranked[-n:],
    }
    why: dict[str, list[Rank]] = {}
    for rank in RANKS:
        for record in chosen.get(rank, ()):
            why.setdefault(record["case"], []).append(rank)
    of = {record["case"]: record for record in records}
    return [(of[case], ranks) for case, ranks in why.items()]


def _gone_wrong(ranked: Sequence[Record]) -> Sequence[Record]:
    """Wrong answers about whole images; of all else the worst quarter."""
    if ranked and "predicted" in ranked[0]:
        return [one for one in ranked if one["predicted"] != one["truth"]]
    n = int(WORST_QUARTER * len(ranked))
    return ranked[:n] if n > 1 else []  # of a single one there is no surest


def judge_doubts(records: Sequence[Record], plan: Plan) -> JsonDict | None:
    """Whether doubts come before errors: the area under the risk–coverage curve by each of them, beside the
    best that is possible and chance; ``None`` where nothing can be told."""
    task = find_task(plan.task)
    names = [
        name
        for name in ("uncertainty", "sampled_uncertainty", "disagreement", "strangeness")
        if all(name in record for record in records)
    ]
    is_whole = plan.answer in ("class", "grade", "labels") and not plan.label_values
    if len(records) < FEWEST_RANKED or not (is_whole or plan.label_values) or not names:
        return None
    if is_whole:
        loss = np.array([record["predicted"] != record["truth"] for record in records], dtype=np.float64)
    else:
        loss = np.array([1 - task.goodness(record, plan) for record in records])
    areas = {name: risk_area([record[name] for record in records], loss) for name in names}
    return {
        "loss": "wrong" if is_whole else f"1 - {task.score}",
        "n": len(records),
        "areas": areas,
        "best": risk_area(loss, loss),
        "chance": float(loss.mean()),
    }


def pack(prediction: Prediction) -> Packed:
    """What is drawn of a prediction, small enough to keep every one until the telling cases are known: a
    mask compressed, of boxes those that count."""
    if isinstance(prediction, BoxPrediction):
        return replace(prediction, boxes=prediction.found)
    if not isinstance(prediction, MaskPrediction):
        return b""
    return zlib.compress(np.ascontiguousarray(prediction.mask.array, dtype=np.int32).tobytes(), level=1)


def draw_telling(
    telling: Sequence[tuple[Record, list[Rank]]],
    cases: Mapping[str, Case],
    packed: Mapping[str, Packed],
    plan: Plan,
    progress: Progress,
) -> list[Picture]:
    """A picture of each chosen case.

    Args:
        telling: from :func:`choose_telling`.
        cases, packed: by name of the case.
        plan: of the model.
        progress: told after every picture.
    """
    pictures = []
    for done, (record, ranks) in enumerate(telling):
        name = record["case"]
        progress("Drawing", done, len(telling), name)
        picture = _picture(cases[name], packed[name], ranks[0], record, plan=plan)
        told_of = ("sampled_uncertainty", "strangeness")
        doubts: dict[str, float] = {key: float(record[key]) for key in told_of if key in record}
        if "sampled_uncertainty" not in doubts and "uncertainty" in record:
            doubts = {"uncertainty": float(record["uncertainty"]), **doubts}
        pictures.append(replace(picture, also=tuple(ranks[1:]), numbers={**picture.numbers, **doubts}))
    progress("Drawing", len(telling), len(telling), "")
    return pictures


def _picture(case: Case, packed: Packed, rank: Rank, record: Record, *, plan: Plan) -> Picture:
    image = case.image.read()
    if isinstance(packed, BoxPrediction):
        return _box_picture(case, packed, rank, record, plan=plan)
    if not packed:
        png = case_panel(image.array, affine_ras=image.affine_ras, modality=image.modality)
        truth, predicted = record["truth"], record["predicted"]
        sure = {"probability": record["probabilities"][predicted]} if isinstance(predicted, str) else {}
        likelier = ""
        if isinstance(predicted, str):
            likelier = ClassPrediction(case.name, record["probabilities"], decided=predicted).likelier
        return Picture(case.name, png, rank, sure, told(truth), told(predicted), likelier=likelier)
    prediction = np.frombuffer(zlib.decompress(packed), dtype=np.int32).reshape(image.shape)
    labels = {v: n for v, n in zip(plan.label_values, plan.classes, strict=True) if v != plan.label_values[0]}
    png = case_panel(
        image.array,
        case.mask.read().array[0],
        prediction,
        image.affine_ras,
        modality=image.modality,
        labels=labels,
    )
    numbers = {
        f"dice {name}" if len(record["classes"]) > 1 else "dice": own["dice"]
        for name, own in record["classes"].items()
    }
    return Picture(case.name, png, rank, {k: v for k, v in numbers.items() if np.isfinite(v)})


def _box_picture(case: Case, prediction: BoxPrediction, rank: Rank, record: Record, *, plan: Plan) -> Picture:
    image, true = case.image.read(), case.boxes.read()
    false, missed = tell_findings(prediction, true, plan, image.affine_ras)
    findings = Findings(prediction.boxes, true, false, missed)
    png = box_panel(image.array, findings, image.affine_ras, modality=image.modality)
    own = record["classes"].values()
    counts = {name: sum(one[name] for one in own) for name in ("true", "found", "hits")}
    numbers = {
        "objects": counts["true"],
        "hits": counts["hits"],
        "misses": counts["true"] - counts["hits"],
        "false_findings": counts["found"] - counts["hits"],
    }
    return Picture(case.name, png, rank, numbers)
