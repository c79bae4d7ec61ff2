"""Images of another modality, another number of channels or another size than the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

LARGEST_MINORITY = 0.2


def find(examined: Examined) -> Iterator[Found]:
    facts: tuple[tuple[str, str, Callable[[Exam], str]], ...] = (
        ("modality", "成像方式", lambda exam: exam.modality),
        ("number of channels", "通道数", lambda exam: str(exam.n_channels)),
        ("number of planes", "层数类型", lambda exam: "one" if exam.shape[2] == 1 else "many"),
    )
    for fact, fact_zh, value in facts:
        counts = Counter(value(exam) for exam in examined.exams)
        if len(counts) < 2:
            continue
        usual = counts.most_common(1)[0][0]
        odd = tuple(exam.name for exam in examined.exams if value(exam) != usual)
        others = sorted(set(counts) - {usual})
        few = len(odd) <= LARGEST_MINORITY * len(examined.exams)
        yield Found(
            odd,
            {
                "n": len(odd),
                "fact": fact,
                "fact_zh": fact_zh,
                "others": ", ".join(other or "unknown" for other in others),
                "usual": usual or "unknown",
            },
            severity="error" if few else "warning",
        )


KIND = Kind(
    "odd_image",
    "warning",
    Words(
        "{n} image(s) have another {fact}: {others}, where {usual} is usual",
        "They may be of another examination, and do not teach what the others teach.",
        "Check that they belong here; leave out those that do not.",
    ),
    Words(
        "{n} 幅图像的{fact_zh}不同：{others}，而通常为 {usual}",
        "它们可能来自另一种检查，学不到与其他图像相同的内容。",
        "请确认是否属于本数据集，剔除不属于的。",
    ),
    find,
)
