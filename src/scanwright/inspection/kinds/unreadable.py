"""Cases that can't be read, files that make no case, and what a rule leaves out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from scanwright.data.finding import Severity
from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words
from scanwright.io.dicom.scan import CHOOSE
from scanwright.io.notes import listed
from scanwright.report.reasons import list_in_chinese, reason_in_chinese


def find_unreadable(examined: Examined) -> Iterator[Found]:
    troubles = [(exam.name, exam.problem) for exam in examined.unread]
    troubles += [(one.case, one.reason) for one in examined.dataset.set_aside if one.stage != CHOOSE]
    yield from _by_reason(troubles, _files(examined))
    known = {name for name, _ in troubles}
    damaged = [(name, why) for name, why in _damaged(examined).items() if name not in known]
    yield from _by_reason(damaged, _files(examined), severity="warning")


def find_left_out(examined: Examined) -> Iterator[Found]:
    damaged = _damaged(examined)
    chosen = [(one.case, one.reason) for one in examined.dataset.set_aside if one.stage == CHOOSE]
    yield from _by_reason([entry for entry in chosen if entry[0] not in damaged], _files(examined))


def _damaged(examined: Examined) -> dict[str, str]:
    """Of what is not used anyway, what could not be read when it was searched for writing."""
    return {exam.name: f"not used anyway, and {exam.problem}" for exam in examined.beside if exam.problem}


def _by_reason(
    troubles: Iterable[tuple[str, str]], file_of: Mapping[str, str], severity: Severity | None = None
) -> Iterator[Found]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, problem in troubles:
        reasons[problem.removeprefix(f"{name}: ")].append(name)
    for reason, names in sorted(reasons.items()):
        # A series may be named by its UID alone, by which nobody finds it.
        files = [file_of[name] for name in names if name in file_of]
        where = f" ({listed(files)})" if files else ""
        evidence = {"n": len(names), "reason": reason, "files": files, "where": where}
        where_zh = f"（{list_in_chinese(listed(files))}）" if files else ""
        evidence |= {"reason_zh": reason_in_chinese(reason), "where_zh": where_zh}
        yield Found(tuple(names), evidence, severity, exclude=tuple(names))


def _files(examined: Examined) -> dict[str, str]:
    return {exam.name: exam.case.facts["file"] for exam in examined.beside if "file" in exam.case.facts}


KIND = Kind(
    "unreadable",
    "error",
    Words(
        "Can't be used: {n}, {reason}{where}",
        "They are left out of everything. When only hard cases are left out, the result looks better than "
        "it is.",
        "Mend or export them again.",
    ),
    Words(
        "{n} 例无法使用：{reason_zh}{where_zh}",
        "这些病例不会参与任何步骤。如果缺失的恰好都是困难病例，结果会显得比实际更好。",
        "请修复或重新导出。",
    ),
    find_unreadable,
)
LEFT_OUT = Kind(
    "left_out",
    "note",
    Words(
        "Left out on purpose: {n}, {reason}{where}",
        "Nothing was found wrong with the few of their planes that were read, but nothing is learnt from "
        "them either. They lie in the folder all the same, and go where it goes.",
        "Nothing, unless you miss one: --series takes the series that you name.",
    ),
    Words(
        "有意不用：{n} 例，{reason_zh}{where_zh}",
        "抽查的少数层面未发现问题，只是不参与学习；但仍在文件夹中，会随之一起传出。",
        "无需处理；如需使用，请用 --series 指定序列。",
    ),
    find_left_out,
)
