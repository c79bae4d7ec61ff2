"""Patients who can be named from the files."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

MOST_BOXES = 3


def _with(examined: Examined, fact: str) -> tuple[str, ...]:
    return tuple(exam.name for exam in examined.exams if exam.case.facts.get(fact))


def find_in_header(examined: Examined) -> Iterator[Found]:
    names = _with(examined, "identity")
    if names:
        yield Found(names, {"n": len(names), "of": len(examined.exams)})


def find_in_picture(examined: Examined) -> Iterator[Found]:
    said = {"of": len(examined.exams)}
    names = _with(examined, "burned_in")
    if names:
        how = {"how": "as their headers say", "how_zh": "文件头注明"}
        yield Found(names, {"n": len(names), "by": "header"} | said | how)
    written = {exam.name: exam.lines for exam in examined.exams if exam.lines}
    if written:
        longest = {name: max(line.n_marks for line in lines) for name, lines in written.items()}
        how = {
            "how": f"by their pixels (up to {max(longest.values())} letter-like marks in a row)",
            "how_zh": f"据像素判断（一行最多 {max(longest.values())} 个类似字符的标记）",
        }
        where = {name: [list(line.box_ij) for line in lines[:MOST_BOXES]] for name, lines in written.items()}
        names = tuple(sorted(written, key=lambda name: -longest[name]))
        yield Found(names, {"n": len(names), "by": "pixels", "where": where} | said | how)


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
        "The pictures of {n} of {of} cases show writing, {how}",
        "Burned-in text can name the patient, and a model can learn from it instead of from the anatomy.",
        "Look at them, in full size. Crop or mask the writing in all images alike before they leave the "
        "hospital.",
    ),
    Words(
        "{of} 个病例中有 {n} 个的图像带有烧录文字，{how_zh}",
        "烧录文字可能暴露患者身份，模型也可能从文字而不是解剖结构学习。",
        "请以原始大小查看；在图像离开医院之前，以同样方式裁剪或遮盖所有图像中的文字。",
    ),
    find_in_picture,
)
