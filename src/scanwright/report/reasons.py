"""Why something can't be used, and what was noticed, in Chinese; from the English of those who read files.

Messages are made in English where the trouble is met, far from any page. Here they are known by their form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from scanwright.report.reasons_zh import ADVICE, DETAILS, NOTES, PROBLEMS, SOURCES

UNKNOWN_REASON = "原因的英文原文见 findings.json"
UNKNOWN_NOTE = "另有一条说明，英文原文见命令行输出"
_ADVICE_FOLLOWS = re.compile(r"(?<=[.?!]) (?=[A-Z])")
_SENTENCE = re.compile(r"[a-z]{2,},? [a-z]{2,},? [a-z]{2,}")


def reason_in_chinese(reason: str) -> str:
    """A reason, see ``errors``: the problem, what was expected and received, and what to do.

    What is not known is left out; where the problem itself is not, the reader is sent to ``findings.json``.
    """
    rest, advice = _split_advice(reason.strip())
    rest, _, received = rest.partition(" Received ")
    rest, _, expected = rest.partition(" Expected ")
    problem = _known_problem(rest.rstrip(".?! "))
    if problem is None:
        return UNKNOWN_REASON
    parts = [problem]
    parts += [f"应为{told}" for told in [_detail(expected)] if told]
    parts += [f"实际为{told}" for told in [_detail(received)] if told]
    return "；".join(parts) + (f"。{advice}" if advice else "")


def note_in_chinese(note: str) -> str:
    """A note of a dataset; one that is not known sends the reader to the command line."""
    told = _translate(note, NOTES) or _known_problem(note.rstrip(".?! "))
    return told or UNKNOWN_NOTE


def source_in_chinese(how: str) -> str:
    """How patients are known."""
    return _translate(how, SOURCES) or how


def list_in_chinese(listed: str) -> str:
    """Names as ``io.notes.listed`` joins them."""
    return re.sub(r" and (\d+) more$", r" 等另外 \1 个", listed).replace(", ", "、")


def _split_advice(reason: str) -> tuple[str, str]:
    """A reason without its advice, and the advice in Chinese."""
    for start in _ADVICE_FOLLOWS.finditer(reason):
        if told := _translate(reason[start.end() :], ADVICE):
            return reason[: start.start()], told
    return reason, ""


def _known_problem(text: str) -> str | None:
    """Of a problem, which may stand behind the name of its file or case."""
    if told := _translate(text, PROBLEMS):
        return told
    for colon in re.finditer(": ", text):
        if told := _translate(text[colon.end() :], PROBLEMS):
            return f"{text[: colon.start()]}：{told}"
    return None


def _detail(text: str) -> str:
    text = text.rstrip(". ")
    told = _translate(text, DETAILS)
    return told if told is not None else "" if _SENTENCE.search(text) else text


def _translate(text: str, table: Mapping[str, str]) -> str | None:
    for english, chinese in table.items():
        if found := _pattern(english).fullmatch(text):
            return chinese.format(*(_gap(part) for part in found.groups()))
    return None


def _gap(text: str) -> str:
    """What fills a gap: names and numbers stay, a problem that is quoted does not."""
    return _known_problem(text.rstrip(".")) or list_in_chinese(text)


@cache
def _pattern(english: str) -> re.Pattern[str]:
    pattern = "(.+?)".join(map(re.escape, english.split("{}")))
    # At the start stands a single word, such as a number, unless a colon ends it: then it is any name.
    return re.compile(re.sub(r"^\(\.\+\?\)(?!:)", r"(\\S+?)", pattern), re.DOTALL)
