"""The same box more than once."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    held = sorted((-boxes.n_twice, exam.name) for exam, boxes, _ in examined.boxed if boxes.n_twice)
    if held:
        yield Found(tuple(name for _, name in held), {"n": -sum(n for n, _ in held)})


KIND = Kind(
    "box_twice",
    "warning",
    Words(
        "{n} box(es) repeat another one of their class (overlap of 0.95 or more)",
        "One object counts twice, and a model that finds it once is said to have missed one.",
        "Remove the copies; often two readers' boxes were put into one file.",
    ),
    Words(
        "{n} 个检测框与同类的另一个重复（重叠 0.95 或以上）",
        "同一目标被计两次；模型找到一次，仍会被算作漏检一个。",
        "请删除重复的框；常见原因是把两位医生的标注合并到了一个文件。",
    ),
    find,
)
