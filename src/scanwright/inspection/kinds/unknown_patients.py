"""Nobody says which images belong to one patient."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def find(examined: Examined) -> Iterator[Found]:
    lost = tuple(exam.name for exam in examined.exams if exam.case.patient is None)
    if lost:
        yield Found((), {"n": len(lost), "of": len(examined.exams)})


KIND = Kind(
    "unknown_patients",
    "warning",
    Words(
        "For {n} of {of} cases nothing says who the patient is",
        "Two images of one patient may end up on two sides of the split, and the result looks better than it "
        "is.",
        "Add a manifest.csv with a column patient, or name the patient in the file names and use "
        "--patient-pattern.",
    ),
    Words(
        "{of} 例中有 {n} 例无法得知患者是谁",
        "同一患者的两幅图像可能落在划分的两侧，使结果显得比实际更好。",
        "请提供含 patient 列的 manifest.csv，或在文件名中写明患者并使用 --patient-pattern。",
    ),
    find,
)
