"""Classes that hardly occur."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

FEWEST_CASES = 10


def find(examined: Examined) -> Iterator[Found]:
    names = examined.dataset.class_names
    holders: dict[str, list[str]] = defaultdict(list)
    for exam in examined.exams:
        for name in exam.classes:
            holders[name].append(exam.name)
    for exam, mask in examined.masked:
        for name in [names.get(str(v), str(v)) for v in mask.voxels or {} if v != 0]:
            holders[name].append(exam.name)
    counts = Counter({name: len(own) for name, own in holders.items()})
    # Of boxes it is objects that teach, however few images hold them.
    drawn = Counter(name for _, _, boxes in examined.boxed for name in boxes.classes)
    # Classes that the data names and no case has.
    labels = {name for value, name in names.items() if value != "0" or name == "0"} if counts else set()
    for name in sorted(counts.keys() | labels):
        if counts[name] < FEWEST_CASES:
            is_drawn = name in drawn or (bool(drawn) and not counts[name])
            many = _worded(counts[name], drawn[name] if is_drawn else None)
            found = {"class": name, "n": counts[name]} | many
            yield Found(tuple(holders[name]), found, severity="error" if counts[name] < 3 else "warning")


def _worded(n_cases: int, n_objects: int | None) -> dict[str, Any]:
    if n_objects is None:
        return {"many": f"cases: {n_cases}", "many_zh": f"病例数 {n_cases}"}
    return {
        "n_objects": n_objects,
        "many": f"objects: {n_objects}, images with one: {n_cases}",
        "many_zh": f"目标数 {n_objects}，含有目标的图像数 {n_cases}",
    }


KIND = Kind(
    "rare_class",
    "warning",
    Words(
        "Class {class}, {many}",
        "It takes a case to train, one to choose and one to judge; below ten images that hold it, no figure "
        "on the class means much.",
        "Add images that hold it, merge the class with another, or leave it out.",
    ),
    Words(
        "类别 {class}：{many_zh}",
        "训练、选择与测试至少各需一例；少于十例时，该类别的任何指标都没有多大意义。",
        "请补充病例、与其他类别合并，或不使用该类别。",
    ),
    find,
)
