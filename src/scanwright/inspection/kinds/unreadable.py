"""Cases that can't be read, and files that make no case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for exam in examined.unread:
        reasons[exam.problem.removeprefix(f"{exam.name}: ")].append(exam.name)
    for entry in examined.dataset.set_aside:
        reasons[entry.reason.removeprefix(f"{entry.case}: ")].append(entry.case)
    for reason, names in sorted(reasons.items()):
        yield Found(tuple(names), {"n": len(names), "reason": reason}, exclude=tuple(names))


KIND = Kind(
    "unreadable",
    "error",
    Words(
        "{n} case(s) can't be used: {reason}",
        "They are left out of everything. When only hard cases are left out, the result looks better than "
        "it is.",
        "Mend or export them again.",
    ),
    Words(
        "{n} 例无法使用：{reason}",
        "这些病例不会参与任何步骤。如果缺失的恰好都是困难病例，结果会显得比实际更好。",
        "请修复或重新导出。",
    ),
    find,
)
