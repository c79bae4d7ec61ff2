"""Labels that can be told without looking at the anatomy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from scanwright.core.metrics import auroc
from scanwright.data.case import STUDY
from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

FEWEST_CASES = 20
HIGH_AUROC = 0.8
MOST_VALUES = 20


def find(examined: Examined) -> Iterator[Found]:
    exams = examined.labelled
    counts = Counter(exam.label for exam in exams)
    classes = [name for name, n in counts.items() if n >= FEWEST_CASES]
    if len(classes) < 2:
        return
    for clue, values in _clues(exams).items():
        for name in sorted(classes) if len(classes) > 2 else sorted(classes)[:1]:
            truth = np.array([exam.label == name for exam in exams])
            value = auroc(values, truth)
            strength = max(value, 1 - value)
            if strength >= HIGH_AUROC:
                evidence = {
                    "class": name,
                    "clue": _EN[clue],
                    "clue_zh": _ZH[clue],
                    "auroc": round(strength, 3),
                }
                yield Found((), evidence)
    for fact, telling in _facts(exams, classes).items():
        yield Found((), telling | {"clue": f"the column {fact}", "clue_zh": f"列 {fact}"})


def _clues(exams: Sequence[Exam]) -> dict[str, np.ndarray]:
    return {
        "size": np.array([float(np.prod(exam.shape)) for exam in exams]),
        "aspect": np.array([exam.shape[0] / max(1, exam.shape[1]) for exam in exams]),
        "border": np.array([exam.border for exam in exams]),
        "contrast": np.array([exam.high - exam.low for exam in exams]),
        "writing": np.array([float(sum(line.n_marks for line in exam.lines)) for exam in exams]),
    }


def _facts(exams: Sequence[Exam], classes: Sequence[str]) -> dict[str, dict[str, object]]:
    """Columns whose value tells the class of cases that were left out when their value was looked up."""
    found: dict[str, dict[str, object]] = {}
    columns = {fact for exam in exams for fact in exam.case.facts} - {STUDY}
    for column in sorted(columns):
        values = [exam.case.facts.get(column, "") for exam in exams]
        if not 2 <= len(set(values)) <= MOST_VALUES:
            continue
        for name in sorted(classes) if len(classes) > 2 else sorted(classes)[:1]:
            truth = np.array([exam.label == name for exam in exams])
            held: dict[str, list[int]] = defaultdict(list)
            for n, held_value in enumerate(values):
                held[held_value].append(n)
            score = np.empty(len(exams))
            for members in held.values():
                total = truth[members].sum()
                for n in members:  # the share of the class among the others with this value
                    score[n] = (total - truth[n] + truth.mean()) / len(members)
            told = auroc(score, truth)
            if told >= HIGH_AUROC:
                found[column] = {"class": name, "auroc": round(told, 3)}
    return found


_EN = {
    "size": "the size of the image",
    "aspect": "the proportions of the image",
    "border": "the brightness of the border",
    "contrast": "the range of intensities",
    "writing": "the writing in the image",
}
_ZH = {
    "size": "图像大小",
    "aspect": "图像长宽比",
    "border": "边缘亮度",
    "contrast": "灰度范围",
    "writing": "图像中的文字",
}
KIND = Kind(
    "shortcut",
    "warning",
    Words(
        "{clue} alone tells {class} from the rest (AUROC {auroc})",
        "A model may learn this instead of the disease, and fail wherever images are made otherwise.",
        "Crop or resize all images alike, and judge on images of another site or scanner.",
    ),
    Words(
        "仅凭{clue_zh}即可区分 {class}（AUROC {auroc}）",
        "模型可能学到的是它而不是疾病，换一种采集方式就会失效。",
        "请统一裁剪或缩放，并在其他机构或设备的图像上评估。",
    ),
    find,
)
