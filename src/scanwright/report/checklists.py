"""Reporting checklists, filled in from what a run knows: CLAIM (2024) and TRIPOD+AI.

Tejani et al., Radiology: Artificial Intelligence 2024;6:e240300, and Collins et al., BMJ 2024;385:e078378;
what an item asks for is told in our own words, see ``checklist_texts``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scanwright.report import study_facts as facts
from scanwright.report.texts import Words
from scanwright.types import JsonDict

Fact = Callable[[JsonDict, Words], str]
Section = Sequence[tuple[str, Fact | None]]
"""Items as (number of the item or its part, fact): the fact gives what the run knows of it, "" where it does
not; ``None`` where only a person can know."""


@dataclass(frozen=True)
class Answer:
    """What is said to an item: ``state`` is "filled", "begun" (``missing`` is what a person must add) or
    "open"."""

    number: str
    asked: str
    state: str
    text: str
    missing: str = ""


@dataclass(frozen=True)
class Checklist:
    """A checklist: file name, key of its texts, and what it asks for by section."""

    file: str
    name: str
    sections: Sequence[Section]

    def answer(self, evaluation: JsonDict, words: Words) -> list[list[Answer]]:
        """Every item of each section with what the run knows of it.

        Args:
            evaluation: as in ``evaluation.json``.
            words: texts of one language.
        """
        return [[self._answer(*item, evaluation, words) for item in items] for items in self.sections]

    def _answer(self, number: str, fact: Fact | None, evaluation: JsonDict, words: Words) -> Answer:
        key = f"check.{self.name}.{number}"
        text = fact(evaluation, words) if fact else ""
        missing = words(f"{key}.missing") if words.has(f"{key}.missing") else ""
        state = "open" if not text else "begun" if missing else "filled"
        return Answer(number, words(key), state, text, missing)


def render_checklist(checklist: Checklist, evaluation: JsonDict, lang: str = "en") -> str:
    """The checklist as Markdown: counts first, then a table for each section."""
    words = Words(lang)
    sections = checklist.answer(evaluation, words)
    states = [answer.state for answers in sections for answer in answers]
    counts = {state: states.count(state) for state in ("filled", "begun", "open")}
    key = f"check.{checklist.name}"
    told = words(f"{key}.counts", **counts, **({"rows": len(states)} if checklist.name == "tripod" else {}))
    lines = [f"# {words(key)}", "", told, words("check.written")]
    heads = f"| | {words('check.item')} | {words('check.answer')} |"
    for place, answers in enumerate(sections, start=1):
        lines += ["", f"## {words(f'{key}.section{place}')}", "", heads, "|---|---|---|"]
        lines += [f"| {answer.number} | {answer.asked} | {_cell(answer, words)} |" for answer in answers]
    return "\n".join(lines) + "\n"


def _cell(answer: Answer, words: Words) -> str:
    text = facts.escape(answer.text)
    if answer.state == "open":
        return f"**{words('check.todo')}**"
    return f"{text} **{words('check.add')}** {answer.missing}" if answer.state == "begun" else text


CLAIM: Sequence[Section] = (
    (
        ("1", facts.technology),
        ("2", facts.summary),
    ),
    (
        ("3", None),
        ("4", facts.question),
    ),
    (
        ("5", None),
        ("6", facts.question),
        ("7", facts.source),
        ("8", facts.exclusions),
        ("9", facts.preprocessing),
        ("10", facts.exclusions),
        ("11", None),
        ("12", facts.exclusions),
        ("13", facts.acquisition),
    ),
    (
        ("14", facts.reference),
        ("15", None),
        ("16", None),
        ("17", None),
        ("18", None),
    ),
    (
        ("19", facts.partition),
        ("20", facts.disjoint),
        ("21", facts.precision),
    ),
    (
        ("22", facts.network),
        ("23", facts.software),
        ("24", facts.initialisation),
        ("25", facts.training),
        ("26", facts.selection),
        ("27", facts.ensemble),
    ),
    (
        ("28", facts.metrics),
        ("29", facts.uncertainty),
        ("30", facts.subgroups),
        ("31", None),
        ("32", facts.internal),
        ("33", facts.external),
        ("34", None),
    ),
    (
        ("35", facts.flow),
        ("36", None),
        ("37", facts.numbers),
        ("38", facts.numbers),
        ("39", facts.failures),
    ),
    (
        ("40", facts.limits),
        ("41", None),
        ("42", facts.protocol),
        ("43", facts.availability),
        ("44", None),
    ),
)
TRIPOD: Sequence[Section] = (
    (
        ("1", facts.technology),
        ("2", facts.summary),
        ("3", None),
        ("4", facts.question),
    ),
    (
        ("5", facts.source),
        ("6", None),
        ("7", facts.preparation),
        ("8", facts.reference),
        ("9", facts.acquisition),
        ("10", facts.precision),
        ("11", facts.exclusions),
        ("12", facts.analysis),
        ("13", facts.imbalance),
        ("14", facts.subgroups),
        ("15", facts.output),
        ("16", facts.doubts),
        ("17", None),
    ),
    (
        ("18a", None),
        ("18b", None),
        ("18c", facts.protocol),
        ("18d", None),
        ("18e", None),
        ("18f", facts.availability),
        ("19", None),
    ),
    (
        ("20a", facts.flow),
        ("20b", None),
        ("20c", facts.doubts),
        ("21", facts.flow),
        ("22", facts.specification),
        ("23a", facts.performance),
        ("23b", facts.subgroups),
        ("24", None),
    ),
    (
        ("25", None),
        ("26", facts.limits),
        ("27", None),
    ),
)

CHECKLISTS = (
    Checklist("checklist-claim.md", "claim", CLAIM),
    Checklist("checklist-tripod-ai.md", "tripod", TRIPOD),
)
