"""Images of another modality, region, direction or number of channels than the rest, by what files say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

LARGEST_MINORITY = 0.2
# Films from the front and from behind show the same, as those from either side do.
_VIEWS = {"ap": "frontal", "pa": "frontal", "ll": "lateral", "rl": "lateral", "lat": "lateral"}


@dataclass(frozen=True)
class _Fact:
    """Something in which all images should be alike.

    Attributes:
        en, zh: its name.
        of: its value.
        is_told: whether people fill it in, in words of their own: then it may be empty, and only a few that
            differ mean anything.
        may_lack: whether it may be empty.
    """

    en: str
    zh: str
    of: Callable[[Exam], str]
    is_told: bool = False
    may_lack: bool = False


def _told(exam: Exam, *columns: str) -> str:
    """What a column of the data says, under its name here or in DICOM."""
    said = {column.casefold(): value for column, value in exam.case.facts.items()}
    return next((said[column] for column in columns if said.get(column)), "").strip().casefold()


def _view(exam: Exam) -> str:
    said = _told(exam, "view", "viewposition")
    return _VIEWS.get(said, said)


def _tabled_modality(exam: Exam) -> str:
    """What a conversion wrote down where the files can't say it."""
    return "" if exam.modality else _told(exam, "modality").upper()


FACTS = (
    _Fact("modality", "成像方式", lambda exam: exam.modality),
    _Fact("modality by the table", "表中的成像方式", _tabled_modality, may_lack=True),
    _Fact("number of channels", "通道数", lambda exam: str(exam.n_channels)),
    _Fact("number of planes", "层数", lambda exam: "one" if exam.shape[2] == 1 else "many"),
    _Fact("body part", "检查部位", lambda exam: _told(exam, "body_part", "bodypartexamined"), is_told=True),
    _Fact("view", "投照方向", _view, is_told=True),
)


_ZH = {"one": "单层", "many": "多层", "": "未知"}


def find(examined: Examined) -> Iterator[Found]:
    for fact in FACTS:
        values = {exam.name: fact.of(exam) for exam in examined.exams}
        if fact.is_told or fact.may_lack:
            values = {name: value for name, value in values.items() if value}
        counts = Counter(values.values())
        if len(counts) < 2:
            continue
        usual, n_usual = counts.most_common(1)[0]
        if 2 * n_usual <= len(values):
            if not fact.is_told:
                yield Found(tuple(values), _mixed(fact, counts))
            continue
        odd = tuple(name for name, value in values.items() if value != usual)
        few = len(odd) <= LARGEST_MINORITY * len(values)
        if fact.is_told and not few:
            continue
        strange = sorted(set(counts) - {usual})
        others = ", ".join(other or "unknown" for other in strange)
        others_zh = "、".join(_ZH.get(other, other) for other in strange)
        yield Found(
            odd,
            {
                "n": len(odd),
                "fact": fact.en,
                "fact_zh": fact.zh,
                "others": others,
                "usual": usual or "unknown",
                "said": f"Images with another {fact.en}: {len(odd)}; {others}, "
                f"where {usual or 'unknown'} is usual",
                "said_zh": f"{len(odd)} 幅图像的{fact.zh}不同：{others_zh}，而通常为 {_ZH.get(usual, usual)}",
            },
            severity="error" if few and not fact.is_told else "warning",
        )


def _mixed(fact: _Fact, counts: Counter[str]) -> dict[str, Any]:
    """Where none is usual nothing is odd, and no model learns from one what it needs for the next."""
    listed = ", ".join(f"{value or 'unknown'} ({n})" for value, n in sorted(counts.items()))
    listed_zh = "、".join(f"{_ZH.get(value, value)}（{n}）" for value, n in sorted(counts.items()))
    evidence = {"n": sum(counts.values()), "fact": fact.en, "fact_zh": fact.zh, "usual": ""}
    return evidence | {
        "said": f"Images differ in the {fact.en}: {listed}; none is usual",
        "said_zh": f"图像的{fact.zh}各不相同：{listed_zh}，没有哪种占多数",
    }


KIND = Kind(
    "odd_image",
    "warning",
    Words(
        "{said}",
        "They may be of another examination, and do not teach what the others teach.",
        "Check that they belong here; leave out those that do not.",
    ),
    Words(
        "{said_zh}",
        "它们可能来自另一种检查，学不到与其他图像相同的内容。",
        "请确认是否属于本数据集，剔除不属于的。",
    ),
    find,
)
