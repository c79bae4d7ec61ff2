"""The same picture more than once."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words
from scanwright.inspection.kinds.two_labels import labels_of


def find(examined: Examined) -> Iterator[Found]:
    contradicted = [
        {exam.name for exam in group} for group in examined.copies(turned=False) if len(labels_of(group)) > 1
    ]
    for group in examined.copies():
        own = {exam.name for exam in group}
        pairs = [pair for pair in examined.copy_pairs if examined.exams[pair.a].name in own]
        identical = len({exam.sha256 for exam in group}) == 1
        mirrored = any(pair.turned for pair in pairs)
        patients = {exam.case.patient for exam in group if exam.case.patient is not None}
        splits = {exam.case.split for exam in group if exam.case.split is not None}
        is_error = len(patients) > 1 or len(splits) > 1
        if own in contradicted and not is_error:
            continue  # two_labels says more
        names = tuple(exam.name for exam in group)
        first = {exam.sha256: exam.name for exam in reversed(group)}
        how = "identical" if identical else "mirrored" if mirrored else "near"
        yield Found(
            names,
            {
                "n": len(group),
                "identical": identical,
                "mirrored": mirrored,
                "agreement": min(pair.agreement for pair in pairs),
                "patients": len(patients),
                "splits": sorted(splits),
                "how": _EN[how],
                "how_zh": _ZH[how],
            },
            severity="error" if is_error else None,
            exclude=tuple(exam.name for exam in group if first[exam.sha256] != exam.name),
            merge=names,
        )


_EN = {
    "identical": "identical pictures",
    "near": "nearly identical pictures",
    "mirrored": "one picture, mirrored or turned",
}
_ZH = {"identical": "完全相同", "near": "几乎相同", "mirrored": "为同一图像（经镜像或旋转）"}
KIND = Kind(
    "same_picture",
    "warning",
    Words(
        "{n} cases show {how}",
        "A model that trains on one and is judged on the other has seen the answer. It counts twice in every "
        "average. Under two patients, one of them is wrong.",
        "Keep one, or put them under one patient; --apply does so, and leaves out identical copies.",
    ),
    Words(
        "{n} 个病例的图像{how_zh}",
        "如果一份用于训练、另一份用于测试，模型就等于事先看到了答案；它们在平均值中也被重复计算。若归属两名患者，其中至少一个有误。",
        "只保留一份，或归入同一患者；--apply 会这样做，并去掉完全相同的副本。",
    ),
    find,
)
