"""Patients who can be named from the files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scanwright.inspection.exam import Exam, Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

MOST_BOXES = 3


def _looked_at(examined: Examined) -> tuple[Exam, ...]:
    """Also what was set aside: it lies in the folder all the same, and goes where that goes."""
    return (*examined.exams, *examined.unread, *examined.beside)


def _with(examined: Examined, fact: str) -> tuple[str, ...]:
    return tuple(exam.name for exam in _looked_at(examined) if exam.case.facts.get(fact))


def find_in_header(examined: Examined) -> Iterator[Found]:
    names = _with(examined, "identity")
    if names:
        yield Found(names, {"n": len(names), "of": len(_looked_at(examined))} | _among(examined, names))


def find_in_picture(examined: Examined) -> Iterator[Found]:
    looked_at = _looked_at(examined)
    names = _with(examined, "burned_in")
    if names:
        how = {"how": "as their headers say", "how_zh": "文件头注明"}
        said = {"of": len(looked_at)} | _among(examined, names)
        yield Found(names, {"n": len(names), "by": "header"} | said | how)
    written = {exam.name: exam.lines for exam in looked_at if exam.lines}
    if written:
        longest = {name: max(line.n_marks for line in lines) for name, lines in written.items()}
        how = {
            "how": f"by their pixels (up to {max(longest.values())} letter-like marks in a row)",
            "how_zh": f"据像素判断（一行最多 {max(longest.values())} 个类似字符的标记）",
        }
        where = {name: [list(line.box_ij) for line in lines[:MOST_BOXES]] for name, lines in written.items()}
        planes = {name: [line.k for line in lines[:MOST_BOXES]] for name, lines in written.items()}
        names = tuple(sorted(written, key=lambda name: -longest[name]))
        said = {"of": sum(not exam.problem for exam in looked_at)} | _among(examined, names)
        yield Found(names, {"n": len(names), "by": "pixels", "where": where, "planes": planes} | said | how)


def _among(examined: Examined, names: tuple[str, ...]) -> dict[str, Any]:
    n = len({exam.name for exam in examined.beside} & {*names})
    told = {"also": f", {n} of them beside the cases", "also_zh": f"（其中 {n} 个不在病例之列）"}
    return {"n_beside": n} | (told if n else {"also": "", "also_zh": ""})


def find_unseen(examined: Examined) -> Iterator[Found]:
    seen = {exam.name for exam in (*examined.exams, *examined.beside) if not exam.problem}
    missed = [exam.name for exam in (*examined.unread, *examined.beside) if exam.problem]
    missed += [entry.case for entry in examined.dataset.set_aside]
    names = tuple(name for name in dict.fromkeys(missed) if name not in seen)
    if names:
        yield Found(names, {"n": len(names)})


HEADER = Kind(
    "identifiers",
    "note",
    Words(
        "The headers of {n} of {of} cases, series and other DICOM files name the patient{also}",
        "Names, birth dates or accession numbers are in the files: whoever gets them knows who it is.",
        "De-identify the files before they leave the hospital.",
    ),
    Words(
        "{of} 个病例、序列及其他 DICOM 文件中有 {n} 个的文件头含有患者身份信息{also_zh}",
        "文件中有姓名、出生日期或检查号：拿到文件的人就能知道患者是谁。",
        "在文件离开医院之前请先去标识化。",
    ),
    find_in_header,
)
PICTURE = Kind(
    "burned_in",
    "warning",
    Words(
        "The pictures of {n} of {of} cases show writing, {how}{also}",
        "Burned-in text can name the patient, and a model can learn from it instead of from the anatomy.",
        "Look at them, in full size. Crop or mask the writing in all images alike before they leave the "
        "hospital.",
    ),
    Words(
        "{of} 个病例中有 {n} 个的图像带有烧录文字，{how_zh}{also_zh}",
        "烧录文字可能暴露患者身份，模型也可能从文字而不是解剖结构学习。",
        "请以原始大小查看；在图像离开医院之前，以同样方式裁剪或遮盖所有图像中的文字。",
    ),
    find_in_picture,
)
UNSEEN = Kind(
    "not_looked_at",
    "note",
    Words(
        "Set aside and not searched, or not to the end, for names and writing: {n}",
        "They lie in the folder all the same, and go where it goes: a name may stand in their headers or "
        "pixels.",
        "Look at them yourself, or take them out of the folder, before it leaves the hospital.",
    ),
    Words(
        "已搁置且未检查（或未完整检查）姓名和文字：{n} 个",
        "它们仍在文件夹中，会随之一起传出；文件头或像素中可能有患者姓名。",
        "在文件夹离开医院之前，请自行查看，或将其移出。",
    ),
    find_unseen,
)
