"""What readers of files say is told in Chinese too, all of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import scanwright
from scanwright.errors import DataError
from scanwright.report.reasons import (
    UNKNOWN_NOTE,
    UNKNOWN_REASON,
    note_in_chinese,
    reason_in_chinese,
    source_in_chinese,
)

SOURCE = Path(scanwright.__file__).parent
# What ends a command is not on its page: opening a folder, an archive, a manifest as a whole; and converting.
ENDS_THE_COMMAND = ("io/dataset.py", "io/archive.py", "io/writing/", "io/layouts/loose.py")
CALLED_BY_OTHERS = ("none_chosen",)


def texts_of(node: ast.expr) -> list[str]:
    """The forms that a text in the source can have, with 7 in its gaps; none of one from elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            forms = [""]
            for part in parts:
                inner = part.value if isinstance(part, ast.FormattedValue) else part
                own = texts_of(inner) if isinstance(inner, ast.IfExp | ast.Constant) else []
                forms = [form + end for form in forms for end in own or ["7"]]
            return forms
        case ast.IfExp(body=one, orelse=other):
            return texts_of(one) + texts_of(other)
    return []


def told_by_readers() -> Iterator[tuple[str, str, str]]:
    """Where, the text, and the advice after it."""
    files = [
        *SOURCE.glob("io/**/*.py"),
        *(SOURCE / "data" / f"{name}.py" for name in ("boxes", "case", "volume")),
    ]
    for file in sorted([*files, SOURCE / "planning" / "facts.py"]):
        where = file.relative_to(SOURCE).as_posix()
        if where.startswith(ENDS_THE_COMMAND):
            continue
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef) or function.name in CALLED_BY_OTHERS:
                continue
            for call in ast.walk(function):
                if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                    continue
                n = {"DataError": 0, "SetAside": 2}.get(call.func.id)
                if n is None or len(call.args) <= n:
                    continue
                advice = [text for word in call.keywords if word.arg == "do" for text in texts_of(word.value)]
                for text in texts_of(call.args[n]):
                    yield f"{where}:{call.lineno}", text, next(iter(advice), "")


SAID = sorted({(text, advice) for _, text, advice in told_by_readers()})


def is_chinese(text: str) -> bool:
    """Whether it holds Chinese, and no three English words in a row."""
    return bool(re.search(r"[一-鿿]", text)) and not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", text)


def test_the_readers_say_much() -> None:
    assert len(SAID) > 100


@pytest.mark.parametrize(("problem", "advice"), SAID)
def test_every_reason_of_a_reader_is_known_in_chinese(problem: str, advice: str) -> None:
    told = reason_in_chinese(str(DataError(problem, subject="scan 7", received="7 images", do=advice)))
    assert UNKNOWN_REASON not in told
    assert is_chinese(told)
    assert not advice or told.endswith("。")


def test_what_was_expected_and_received_stays_where_it_is_no_english() -> None:
    error = DataError(
        "the mask has another shape than the image",
        expected="(3, 4, 5)",
        received="(3, 4, 6)",
        do="Export it again.",
    )
    assert (
        reason_in_chinese(str(error)) == "掩膜与图像的尺寸不同；应为(3, 4, 5)；实际为(3, 4, 6)。请重新导出。"
    )
    assert "something nobody" not in reason_in_chinese(
        "slices are missing. Received something nobody knows of."
    )


@pytest.mark.parametrize(
    "reason",
    [
        "two objects outline a structure of one name in it: two readers, or two versions? Take one of them "
        "out of the folder",
        "the image that it outlines is not there, or cannot be used",
        "it may outline any of 3 volumes of one series or frame of reference",
        "no SEG or RTSTRUCT outlines anything in it",
        "a localizer (scout)",
        "a secondary capture (screenshot) beside the volumes of its study",
        "a single slice beside the volumes of its study",
        "not used anyway, and 1.2.3: slices are missing. Received 9 slices 2 mm apart, and a gap of 4 mm. "
        "Export the series again.",
        "a mask names no structure that others have: x_odd.png",
        "3 masks fit the image, drawn by several readers: choose one",
        "1 of 2 channels are there",
        "its name is not UTF-8, so that no table or page can hold it. Rename it (convmv -f gbk -t utf8 for "
        "names from Chinese Windows)",
    ],
)
def test_reasons_that_stand_by_themselves_are_known_too(reason: str) -> None:
    assert is_chinese(reason_in_chinese(reason))
    assert UNKNOWN_REASON not in reason_in_chinese(reason)


def test_the_unknown_sends_the_reader_elsewhere_instead_of_speaking_english() -> None:
    assert reason_in_chinese("the moon is in the wrong quarter") == UNKNOWN_REASON
    assert note_in_chinese("the moon is in the wrong quarter") == UNKNOWN_NOTE


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("not used: a.txt, b.txt and 3 more", "未使用：a.txt、b.txt 等另外 3 个"),
        ("not used: dataset.json: the file is not JSON.", "未使用：dataset.json：文件不是 JSON"),
        ("1.2: slices that stand there twice and count once: 1", "1.2：1 层重复出现，只计一次"),
        ("x.png: 2 masks fit the image", "x.png：2 个掩膜对应该图像"),
    ],
)
def test_notes_are_told_with_their_names(note: str, told: str) -> None:
    assert note_in_chinese(note) == told


@pytest.mark.parametrize(
    "how",
    [
        "PatientID in the DICOM header",
        "PatientID in the DICOM header (empty for 3 cases)",
        'column "patient" of the manifest (empty for 3 cases)',
        'column "patient" of labels.csv',
        r"file-name pattern ^(\d+)_ (5 patients; 1_a and 1_b are 1)",
        r"patient pattern ^(\d+)_ (does not fit 2 of 9 cases)",
        "BIDS sub- (a/sub-1 is 1)",
    ],
)
def test_how_patients_are_known_is_told(how: str) -> None:
    assert is_chinese(source_in_chinese(how)) or how.startswith("BIDS")
