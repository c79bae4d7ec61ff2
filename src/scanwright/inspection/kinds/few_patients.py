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
FEWEST = 3  # one to train, one to choose, one to judge


def find(examined: Examined) -> Iterator[Found]:
    if not examined.exams or not (examined.labelled or examined.masked):
        return
    known = _patients(examined)
    if len(known) < FEWEST:
        return
    tested = [e.case.patient or e.name for e in examined.exams if e.case.split == "test"]
    n_test = len(set(tested)) or max(1, round(TEST_SHARE * len(known)))
    # A share near 0.8, such as accuracy; or a mean of Dice.
    deviation = 0.4 if examined.labelled else DICE_DEVIATION
    half = 1.96 * deviation / math.sqrt(n_test)
    if 2 * half > WIDEST:
        yield Found(
            (),
            {
                "n": len(known),
                "n_test": n_test,
                "half": round(half, 2),
                "figure": "accuracy" if examined.labelled else "Dice",
                "figure_zh": "准确率" if examined.labelled else "Dice",
            },
        )


def find_none(examined: Examined) -> Iterator[Found]:
    n = len(_patients(examined))
    if 0 < n < FEWEST and (examined.labelled or examined.masked):
        yield Found((), {"n": n})


def _patients(examined: Examined) -> set[str]:
    """Who knows no patient is one by itself."""
    return {exam.case.patient or exam.name for exam in examined.exams}


KIND = Kind(
    "few_patients",
    "warning",
    Words(
        "Of {n} patients {n_test} can be judged on",
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
NO_SPLIT = Kind(
    "no_split",
    "warning",
    Words(
        f"Too few patients for any split: {{n}}, and at least {FEWEST} are needed",
        "Without one to train, one to choose and one to judge nothing can be learnt and shown.",
        "Add patients.",
    ),
    Words(
        f"患者过少，无法划分：{{n}} 名，至少需要 {FEWEST} 名",
        "训练、选择与测试至少各需一名患者，否则既无法学习，也无法说明效果。",
        "请增加患者。",
    ),
    find_none,
)
