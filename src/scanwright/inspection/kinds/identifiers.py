"""Patients who can be named from the files."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words


def _with(examined: Examined, fact: str) -> Iterator[Found]:
    names = tuple(exam.name for exam in examined.exams if exam.case.facts.get(fact))
    if names:
        yield Found(names, {"n": len(names), "of": len(examined.exams)})


def find_in_header(examined: Examined) -> Iterator[Found]:
    yield from _with(examined, "identity")


def find_in_picture(examined: Examined) -> Iterator[Found]:
    yield from _with(examined, "burned_in")


HEADER = Kind(
    "identifiers",
    "note",
    Words(
        "The headers of {n} of {of} cases name the patient",
        "Names, birth dates or accession numbers are in the files: whoever gets them knows who it is.",
        "De-identify the files before they leave the hospital.",
    ),
    Words(
        "{of} 个病例中有 {n} 个的文件头含有患者身份信息",
        "文件中有姓名、出生日期或检查号：拿到文件的人就能知道患者是谁。",
        "在文件离开医院之前请先去标识化。",
    ),
    find_in_header,
)
PICTURE = Kind(
    "burned_in",
    "warning",
    Words(
        "The pictures of {n} of {of} cases show writing, as their headers say",
        "Burned-in text can name the patient, and a model can learn from it instead of from the anatomy.",
        "Crop or mask the writing in all images alike.",
    ),
    Words(
        "文件头表明 {of} 个病例中有 {n} 个的图像带有烧录文字",
        "烧录文字可能暴露患者身份，模型也可能从文字而不是解剖结构学习。",
        "请以同样方式裁剪或遮盖所有图像中的文字。",
    ),
    find_in_picture,
)
