"""The same picture more than once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanwright.data.finding import Severity
from scanwright.inspection.exam import Exam, Examined, alike
from scanwright.inspection.kinds.base import Found, Kind, Words

# Chosen on planted copies over real ultrasound, X-ray and MR (benchmarks/doctor.py).
LEAST_ALIKE = 0.85


def find(examined: Examined) -> Iterator[Found]:
    for group in alike(examined.exams, LEAST_ALIKE):
        identical = len({exam.sha256 for exam in group}) == 1
        patients = {exam.case.patient for exam in group if exam.case.patient is not None}
        splits = {exam.case.split for exam in group if exam.case.split is not None}
        names = tuple(exam.name for exam in group)
        yield Found(
            names,
            {
                "n": len(group),
                "identical": identical,
                "patients": len(patients),
                "splits": sorted(splits),
                "how": "identical" if identical else "nearly identical",
                "how_zh": "完全相同" if identical else "几乎相同",
            },
            severity=_severity(group, len(patients), len(splits)),
            exclude=names[1:] if identical else (),
            merge=names,
        )


def _severity(group: Sequence[Exam], n_patients: int, n_splits: int) -> Severity:
    return "error" if n_patients > 1 or n_splits > 1 else "warning"


KIND = Kind(
    "same_picture",
    "warning",
    Words(
        "{n} cases show {how} pictures",
        "A model that trains on one and is judged on the other has seen the answer. It counts twice in every "
        "average. Under two patients, one of them is wrong.",
        "Keep one, or put them under one patient. scanwright keeps them on one side of the split.",
    ),
    Words(
        "{n} 个病例的图像{how_zh}",
        "如果一份用于训练、另一份用于测试，模型就等于事先看到了答案；它们在平均值中也被重复计算。若归属两名患者，其中至少一个有误。",
        "只保留一份，或归入同一患者。scanwright 会把它们放在划分的同一侧。",
    ),
    find,
)
