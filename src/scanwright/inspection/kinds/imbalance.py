"""One class outnumbers another by far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

MOST_RATIO = 5.0


def find(examined: Examined) -> Iterator[Found]:
    counts = Counter(exam.label for exam in examined.labelled)
    if len(counts) < 2:
        return
    (most, n_most), (least, n_least) = counts.most_common(1)[0], counts.most_common()[-1]
    if n_most > MOST_RATIO * n_least:
        share = round(100 * n_most / counts.total())
        yield Found((), {"most": most, "n_most": n_most, "least": least, "n_least": n_least, "share": share})


KIND = Kind(
    "imbalance",
    "note",
    Words(
        "{most} ({n_most}) outnumbers {least} ({n_least})",
        "Who always says {most} is right in {share} % of cases: plain accuracy flatters.",
        "Read balanced accuracy and the figures of each class. The plan weighs the classes.",
    ),
    Words(
        "{most}（{n_most} 例）远多于 {least}（{n_least} 例）",
        "一律回答 {most} 也有 {share}% 的正确率：普通准确率会虚高。",
        "请看平衡准确率与各类别的指标。计划会对类别加权。",
    ),
    find,
)
