"""Values in masks and the names that the data give them, where these do not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanwright.data.finding import Severity
from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    names = {int(value): name for value, name in examined.dataset.class_names.items() if value.isdecimal()}
    held = {exam.name: set(mask.voxels or ()) - {0} for exam, mask in examined.masked}
    values = set().union(*held.values())
    if not names or not values:
        return
    if unnamed := sorted(values - set(names)):
        cases = tuple(case for case, own in held.items() if own & set(unnamed))
        yield Found(cases, _told("values", "值", ", ".join(map(str, unnamed)), "without a name", "没有名称"))
    if unused := sorted(set(names) - values - {0}):
        listed = ", ".join(f"{value} ({names[value]})" for value in unused)
        severity: Severity = "note"
        yield Found((), _told("names", "名称", listed, "that no mask holds", "不在任何掩膜中"), severity)


def _told(what: str, what_zh: str, listed: str, how: str, how_zh: str) -> dict[str, Any]:
    return {"what": what, "what_zh": what_zh, "listed": listed, "how": how, "how_zh": how_zh}


KIND = Kind(
    "label_names",
    "warning",
    Words(
        "Labels have {what} {how}: {listed}",
        "Masks and dataset.json (or dseg.tsv) disagree: a structure may be named wrongly, or be of another "
        "dataset.",
        "Correct the names, or find the masks that they belong to.",
    ),
    Words(
        "标签的{what_zh}{how_zh}：{listed}",
        "掩膜与 dataset.json（或 dseg.tsv）不一致：某个结构可能命名错误，或来自另一数据集。",
        "请更正名称，或找到对应的掩膜。",
    ),
    find,
)
