"""Classes that hardly occur."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

FEWEST_CASES = 10


def find(examined: Examined) -> Iterator[Found]:
    names = examined.dataset.class_names
    counts = Counter(name for exam in examined.exams for name in exam.classes)
    for _, mask in examined.masked:
        counts.update(names.get(str(v), str(v)) for v in mask.voxels or {} if v != 0)
    # Classes that the data names and no case has.
    labels = {name for value, name in names.items() if value != "0" or name == "0"} if counts else set()
    for name in sorted(counts.keys() | labels):
        if counts[name] < FEWEST_CASES:
            holders = [e.name for e in examined.exams if name in e.classes]
            found = {"class": name, "n": counts[name]}
            yield Found(tuple(holders), found, severity="error" if counts[name] < 3 else "warning")


KIND = Kind(
    "rare_class",
    "warning",
    Words(
        "Class {class}: {n} case(s)",
        "It takes a case to train, one to choose and one to judge; below ten, no figure on the "
        "class means much.",
        "Add cases, merge the class with another, or leave it out.",
    ),
    Words(
        "类别 {class}：仅 {n} 例",
        "训练、选择与测试至少各需一例；少于十例时，该类别的任何指标都没有多大意义。",
        "请补充病例、与其他类别合并，或不使用该类别。",
    ),
    find,
)
