"""A patient on two sides of the splits that the data gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    by_patient: dict[str, list[Exam]] = defaultdict(list)
    for exam in examined.exams:
        if exam.case.patient is not None and exam.case.split is not None:
            by_patient[exam.case.patient].append(exam)
    torn = [own for own in by_patient.values() if len({exam.case.split for exam in own}) > 1]
    if torn:
        names = tuple(exam.name for own in torn for exam in own)
        yield Found(names, {"n": len(torn), "of": len(by_patient)})


KIND = Kind(
    "split_patients",
    "error",
    Words(
        "{n} of {of} patients stand on two sides of the given split",
        "Images of one patient are alike. A model judged on patients it has trained on looks better "
        "than it is.",
        "Split by patient. scanwright keeps such a patient on the stricter side only and says so.",
    ),
    Words(
        "{of} 名患者中有 {n} 名同时出现在给定划分的两侧",
        "同一患者的图像彼此相似。用训练过的患者来测试，模型会显得比实际更好。",
        "请按患者划分。scanwright 只在更严格的一侧保留这些患者，并予以说明。",
    ),
    find,
)
