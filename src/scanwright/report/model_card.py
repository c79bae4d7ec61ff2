"""The model card (Mitchell et al., FAT* 2019): what a model is, what for, how good, for whom not."""

from __future__ import annotations

from scanwright.report import study_facts as facts
from scanwright.report.texts import Words
from scanwright.types import JsonDict

# Heading → what the run knows of it. Of headings without facts only a person knows.
SECTIONS = (
    ("model", (facts.technology, facts.specification, facts.output, facts.availability)),
    ("use", ()),
    (
        "data",
        (facts.source, facts.acquisition, facts.reference, facts.preparation, facts.flow, facts.disjoint),
    ),
    ("training", (facts.initialisation, facts.training, facts.selection, facts.ensemble)),
    ("results", (facts.partition, facts.numbers, facts.uncertainty, facts.subgroups)),
    ("limits", (facts.limits, facts.doubts)),
    ("ethics", ()),
)


def render_model_card(evaluation: JsonDict, lang: str = "en") -> str:
    """The card of the model that was judged; what only a person knows is marked.

    Args:
        evaluation: as in ``evaluation.json``.
        lang: of all that is ours; names of files, classes and settings stay as they are.
    """
    words = Words(lang)
    lines = [
        f"# {words('card')}: {facts.escape(str(evaluation['model']['run']))}",
        "",
        f"> {words('research_only')}",
    ]
    for name, told in SECTIONS:
        lines += ["", f"## {words(f'card.{name}')}", ""]
        lines += [f"- {facts.escape(text)}" for fact in told if (text := fact(evaluation, words))]
        if not told:
            lines.append(f"**{words('card.todo')}** {words(f'card.{name}.todo')}")
    return "\n".join(lines) + "\n"
