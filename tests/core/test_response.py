"""Response as the guidelines decide it: a table of cases, each with the section that decides it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from scanwright.core.response import (
    RECIST,
    VOLUME,
    Context,
    Verdict,
    Visit,
    assess,
    assess_immune,
    assess_rano,
)
from scanwright.report.response_texts import EN, ZH, in_words

GOLDEN = Path(__file__).parents[1] / "golden" / "recist.csv"
CASES = list(csv.DictReader(GOLDEN.read_text(encoding="utf-8").splitlines()))


def size_of(text: str) -> float | None:
    """Of a target as the table writes it; the parts of a split one are added."""
    return None if text == "?" else sum(float(part) for part in text.rstrip("N").split("+"))


def read(visits: str) -> tuple[list[Visit], frozenset[str], list[Context]]:
    """Visits as the table writes them, which targets are nodes, and what RANO asks beside the pictures."""
    found, contexts = [], []
    nodes = frozenset(re.findall(r"(\w+)=[\d.]+N", visits))
    for text in visits.split(" > "):
        day = re.match(r"@(\d+)", text)
        said = dict(re.findall(r"(steroids|clinical|flair)=(\w+)", text))
        contexts.append(Context(**said))
        text = re.sub(r"@\d+|\bC( (steroids|clinical|flair)=\w+)*", "", text)
        parts = dict(part.strip().partition(" ")[::2] for part in text.split(";"))
        pairs = {key: dict(one.split("=") for one in parts.get(key, "").split()) for key in ("T", "NT")}
        found.append(
            Visit(
                {name: size_of(size) for name, size in pairs["T"].items()},
                pairs["NT"],
                tuple(parts.get("NEW", "").split()),
                float(parts["NEWMM"]) if "NEWMM" in parts else None,
                float(day[1]) if day else None,
            )
        )
    return found, nodes, contexts[1:]


def verdict(rules: str, visits: str) -> Verdict:
    """Of the last visit."""
    found, nodes, contexts = read(visits)
    if rules == "irecist":
        return assess_immune(found, nodes)[-1]
    if rules == "rano":
        return assess_rano(found, contexts)[-1]
    return assess(found, nodes, VOLUME if rules == "volume" else RECIST)[-1].overall


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['rules']} {case['case']}: {case['why']}")
def test_the_guideline_decides(case: dict[str, str]) -> None:
    decided = verdict(case["rules"], case["visits"])
    assert decided.answer == case["answer"]
    assert "nan" not in in_words(decided.rule, dict(decided.facts))
    assert "nan" not in in_words(decided.rule, dict(decided.facts), "zh")


def test_the_table_has_cases_enough_and_each_names_its_section() -> None:
    assert len(CASES) >= 120
    assert all(case["section"] for case in CASES)


def test_every_rule_that_is_decided_has_words_in_both_languages() -> None:
    source = (Path(assess.__code__.co_filename)).read_text(encoding="utf-8")
    named = set(re.findall(r'"((?:target|non_target|overall|immune|rano)\.\w+)"', source))
    assert named <= set(EN) == set(ZH)
    gaps = {key: set(re.findall(r"{(\w+)", text)) for key, text in EN.items()}
    assert gaps == {key: set(re.findall(r"{(\w+)", text)) for key, text in ZH.items()}


def test_each_category_has_its_own_verdict() -> None:
    found, nodes, _ = read("T a=40 n=20N; NT x=present > T a=0 n=8; NT x=present")
    one = assess(found, nodes)[0]
    assert (one.target.answer, one.target.rule) == ("CR", "target.cr_nodes")
    assert (one.non_target.answer, one.overall.rule) == ("NON-CR/NON-PD", "overall.cr_but_non_target")
    assert (one.total, one.nadir) == (8, 60)
    told = in_words(one.overall.rule, dict(one.overall.facts))
    assert told == "Targets CR, but non-targets NON-CR/NON-PD: at most PR (RECIST 1.1, table 1)."


def test_rano_says_what_nobody_told() -> None:
    found, _, _ = read("T a=400 > T a=0")
    assert assess_rano(found)[0].facts["missing"] == "steroids, clinical, flair"


def test_a_target_that_was_not_measured_at_baseline_is_none() -> None:
    with pytest.raises(ValueError, match="baseline"):
        assess([Visit({"a": None}), Visit({"a": 3.0})])
    with pytest.raises(ValueError, match="baseline"):
        assess([])


def test_nothing_to_follow_is_not_evaluable() -> None:
    assert assess([Visit(), Visit()])[0].overall == Verdict(
        "NE", "overall.no_disease", {"target": "NONE", "non_target": "NONE", "new": 0}
    )
