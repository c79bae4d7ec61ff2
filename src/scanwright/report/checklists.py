"""Reporting checklists, filled in from what a run knows: CLAIM (2024) and TRIPOD+AI.

Tejani et al., Radiology: Artificial Intelligence 2024;6:e240300, and Collins et al., BMJ 2024;385:e078378;
what an item asks for is told in our own words. In English, as journals want them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scanwright.report import study_facts as facts
from scanwright.types import JsonDict

Fact = Callable[[JsonDict], str]


@dataclass(frozen=True)
class Item:
    """What a checklist asks for.

    Attributes:
        number: as the checklist counts.
        asked: in a few words.
        fact: gives what the run knows of it, "" where it does not; ``None`` where only a person can know.
        missing: what a person must add to the fact; "" where the fact is the whole answer.
    """

    number: str
    asked: str
    fact: Fact | None = None
    missing: str = ""


@dataclass(frozen=True)
class Answer:
    """What is said to an item: ``state`` is "filled", "begun" (a person must add to it) or "open"."""

    item: Item
    state: str
    text: str


@dataclass(frozen=True)
class Checklist:
    """A checklist: file name, title, and what it asks for by section."""

    file: str
    title: str
    sections: tuple[tuple[str, tuple[Item, ...]], ...]

    def answer(self, evaluation: JsonDict) -> list[Answer]:
        """Every item with what the run knows of it.

        Args:
            evaluation: as in ``evaluation.json``.
        """
        return [_answer(item, evaluation) for _, items in self.sections for item in items]


def _answer(item: Item, evaluation: JsonDict) -> Answer:
    text = item.fact(evaluation) if item.fact else ""
    return Answer(item, "open" if not text else "begun" if item.missing else "filled", text)


def render_checklist(checklist: Checklist, evaluation: JsonDict) -> str:
    """The checklist as Markdown: counts first, then a table for each section."""
    answers = {answer.item: answer for answer in checklist.answer(evaluation)}
    states = [answer.state for answer in answers.values()]
    lines = [
        f"# {checklist.title}",
        "",
        f"Of {len(states)} items {states.count('filled')} are filled in from the run, "
        f"{states.count('begun')} are begun and need what only you know, {states.count('open')} are open.",
        "Written by scanwright from `evaluation.json`; what it cannot know is marked **to do**.",
    ]
    for section, items in checklist.sections:
        lines += ["", f"## {section}", "", "| | item | answer |", "|---|---|---|"]
        lines += [f"| {item.number} | {item.asked} | {_cell(answers[item])} |" for item in items]
    return "\n".join(lines) + "\n"


def _cell(answer: Answer) -> str:
    text = facts.escape(answer.text)
    if answer.state == "open":
        return "**to do**"
    return f"{text} **To do:** {answer.item.missing}" if answer.state == "begun" else text


def _items(*rows: tuple[str, str] | tuple[str, str, Fact] | tuple[str, str, Fact, str]) -> tuple[Item, ...]:
    return tuple(Item(*row) for row in rows)


CLAIM: Sequence[tuple[str, tuple[Item, ...]]] = (
    (
        "Title and abstract",
        _items(
            ("1", "identified as a study of AI, the category of technology named", facts.technology),
            ("2", "structured summary", facts.summary, "background and conclusions"),
        ),
    ),
    (
        "Introduction",
        _items(
            ("3", "background, intended use and clinical role"),
            ("4", "aims, objectives, hypotheses", facts.question, "the hypothesis"),
        ),
    ),
    (
        "Methods: design and data",
        _items(
            ("5", "prospective or retrospective"),
            ("6", "goal of the study", facts.question, "whether it is to create, explore or compare"),
            ("7", "data sources", facts.source, "where, when and by whom the data were collected"),
            ("8", "inclusion and exclusion criteria", facts.exclusions, "which patients were eligible"),
            ("9", "preprocessing", facts.preprocessing),
            ("10", "selection of parts of the data", facts.exclusions, "whether parts were left out before"),
            ("11", "de-identification"),
            ("12", "missing data", facts.exclusions),
            ("13", "acquisition protocol", facts.acquisition, "scanners and protocols"),
        ),
    ),
    (
        "Methods: reference standard",
        _items(
            ("14", "how the reference standard was obtained", facts.reference, "who made it, and how"),
            ("15", "why this reference standard"),
            ("16", "source of the annotations, and the annotators' experience"),
            ("17", "annotation of the test set"),
            ("18", "variability between and within annotators"),
        ),
    ),
    (
        "Methods: partitions",
        _items(
            ("19", "how cases were assigned to partitions", facts.partition),
            ("20", "the level at which partitions are disjoint", facts.disjoint),
            ("21", "intended sample size", facts.precision, "what was intended, and why"),
        ),
    ),
    (
        "Methods: model and training",
        _items(
            ("22", "description of the model", facts.network),
            ("23", "software", facts.software),
            ("24", "initialisation", facts.initialisation),
            ("25", "training", facts.training),
            ("26", "how the final model was selected", facts.selection),
            ("27", "ensembles", facts.ensemble),
        ),
    ),
    (
        "Methods: evaluation",
        _items(
            ("28", "metrics", facts.metrics),
            ("29", "significance and uncertainty", facts.uncertainty),
            ("30", "robustness", facts.subgroups, "changes of the images that were tried"),
            ("31", "explainability"),
            ("32", "evaluation on internal data", facts.internal),
            ("33", "testing on external data", facts.external),
            ("34", "registration of a clinical trial"),
        ),
    ),
    (
        "Results",
        _items(
            ("35", "cases included and excluded", facts.flow),
            ("36", "characteristics of the cases in each partition"),
            ("37", "performance on all partitions", facts.numbers, "of the other partitions"),
            ("38", "diagnostic performance and its precision", facts.numbers),
            ("39", "failure analysis", facts.failures, "why they failed"),
        ),
    ),
    (
        "Discussion and other information",
        _items(
            ("40", "limitations", facts.limits, "those of your study"),
            ("41", "implications for practice"),
            ("42", "protocol and technical details", facts.protocol, "where the protocol is"),
            ("43", "availability of software, model and data", facts.availability, "of model and data"),
            ("44", "funding"),
        ),
    ),
)

TRIPOD: Sequence[tuple[str, tuple[Item, ...]]] = (
    (
        "Title, abstract, introduction",
        _items(
            (
                "1",
                "title: develops or evaluates a model, of whom, for which outcome",
                facts.technology,
                "of whom",
            ),
            ("2", "abstract", facts.summary, "background and conclusions"),
            ("3", "healthcare context, target population, known inequalities"),
            ("4", "objectives", facts.question, "the objectives of the study"),
        ),
    ),
    (
        "Methods",
        _items(
            ("5", "sources and dates of the data", facts.source, "dates, and how representative they are"),
            ("6", "setting, eligibility, treatments"),
            ("7", "data preparation and quality", facts.preparation),
            ("8", "outcome, and how it was assessed", facts.reference, "by whom, and blind to what"),
            ("9", "predictors", facts.acquisition, "why these images"),
            ("10", "sample size", facts.precision, "how the size was arrived at"),
            ("11", "missing data", facts.exclusions),
            ("12", "analysis: partition, model, tuning, measures", facts.analysis),
            ("13", "class imbalance", facts.imbalance),
            ("14", "fairness", facts.subgroups),
            ("15", "output of the model, and its thresholds", facts.output),
            ("16", "differences between training and evaluation data", facts.doubts),
            ("17", "ethical approval"),
        ),
    ),
    (
        "Open science, patients and public",
        _items(
            ("18a", "funding"),
            ("18b", "conflicts of interest"),
            ("18c", "protocol", facts.protocol, "where the protocol is"),
            ("18d", "registration"),
            ("18e", "data sharing"),
            ("18f", "code sharing", facts.availability, "of what is your own"),
            ("19", "involvement of patients and the public"),
        ),
    ),
    (
        "Results",
        _items(
            ("20a", "flow of participants", facts.flow),
            ("20b", "characteristics of the participants"),
            ("20c", "development compared with evaluation data", facts.doubts, "their characteristics"),
            ("21", "participants and outcomes in each analysis", facts.flow),
            ("22", "the full model", facts.specification),
            ("23a", "performance with intervals, also of subgroups", facts.numbers),
            ("23b", "heterogeneity between sites", facts.subgroups),
            ("24", "updating of the model", facts.initialisation),
        ),
    ),
    (
        "Discussion",
        _items(
            ("25", "interpretation, fairness in the light of other studies"),
            ("26", "limitations", facts.limits, "those of your study"),
            (
                "27",
                "usability in current care: poor input, users, next steps",
                facts.limits,
                "who is to use it",
            ),
        ),
    ),
)

CHECKLISTS = (
    Checklist("checklist-claim.md", "CLAIM 2024: AI in medical imaging", tuple(CLAIM)),
    Checklist("checklist-tripod-ai.md", "TRIPOD+AI: prediction models", tuple(TRIPOD)),
)
