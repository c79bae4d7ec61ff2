"""Too few patients for what is asked, with the width of the interval to expect."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scanwright.data.splits import TEST_SHARE
from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

WIDEST = 0.2
# Typical standard deviation of Dice among patients.
DICE_DEVIATION = 0.15


def find(examined: Examined) -> Iterator[Found]:
    if not examined.exams or not (examined.labelled or examined.masked):
        return
    known = [exam.case.patient or exam.name for exam in examined.exams]
    tested = [e.case.patient or e.name for e in examined.exams if e.case.split == "test"]
    n_test = len(set(tested)) or max(1, round(TEST_SHARE * len(set(known))))
    # A share near 0.8, such as accuracy; or a mean of Dice.
    deviation = 0.4 if examined.labelled else DICE_DEVIATION
    half = 1.96 * deviation / math.sqrt(n_test)
    if 2 * half > WIDEST:
        yield Found(
            (),
            {
                "n": len(set(known)),
                "n_test": n_test,
                "half": round(half, 2),
                "figure": "accuracy" if examined.labelled else "Dice",
                "figure_zh": "准确率" if examined.labelled else "Dice",
            },
        )


KIND = Kind(
    "few_patients",
    "warning",
    Words(
        "{n} patients leave {n_test} to judge on",
        "Expect an interval of about ± {half} around {figure}: small differences can't be seen.",
        "Add patients, or judge on several folds.",
    ),
    Words(
        "{n} 名患者中只有 {n_test} 名可用于测试",
        "预计 {figure_zh} 的区间约为 ± {half}，看不出小的差别。",
        "请增加患者，或采用多折评估。",
    ),
    find,
)
