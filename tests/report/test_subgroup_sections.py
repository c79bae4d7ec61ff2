"""The section about subgroups: what differs, what does not, and what can't be told."""

import pytest

from report.evaluations import classification_evaluation
from scanwright.report.page import render_report
from scanwright.report.subgroup_sections import subgroup_tables
from scanwright.report.texts import Words


def group(name, value, n, *, too_few=False):
    number = {"name": "auroc", "group": "", "value": value, "low": value - 0.05, "high": value + 0.05}
    number |= {"n": n, "n_patients": n, "too_few": too_few, "unit": ""}
    return {"name": name, "n_cases": n, "n_patients": n, "too_few": too_few, "numbers": [number]}


def gap(a, b, difference, *, p, differs):
    ends = {"low": difference - 0.06, "high": difference + 0.06}
    return {
        "a": a,
        "b": b,
        "name": "auroc",
        "difference": difference,
        **ends,
        "p_holm": p,
        "differs": differs,
    }


def divided(**known):
    one = {
        "column": "site",
        "groups": [group("north", 0.93, 80), group("south", 0.8, 60), group("other", 0.7, 9, too_few=True)],
        "n_without": 4,
        "gaps": [gap("north", "south", -0.13, p=0.012, differs=True)],
    }
    return {**classification_evaluation(), "subgroups": [one | known]}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_groups_stand_with_their_numbers_and_what_differs_is_said(lang):
    words = Words(lang)
    ((title, table, lines),) = subgroup_tables(divided(), words)
    assert title == {"en": "By site", "zh": "按中心"}[lang]
    assert table.rows[0][0].startswith("north")
    assert table.rows[2][0].startswith(words("subgroups.other"))
    assert "0.012" in lines[1]
    assert "4" in lines[-1]
    page = render_report(divided(), lang=lang)
    assert words("subgroups") in page
    assert words("summary.few", n=9) in page
    assert words("subgroups") not in render_report(classification_evaluation(), lang=lang)


def test_no_difference_is_not_called_equality():
    small = gap("north", "south", 0.02, p=1.0, differs=False)
    ((_, _, lines),) = subgroup_tables(divided(gaps=[small]), Words("en"))
    assert "does not show that the groups are alike" in lines[1]


def test_what_could_not_be_tested_is_said():
    small = gap("north", "south", 0.02, p=None, differs=False) | {"low": None, "high": None}
    ((_, _, lines),) = subgroup_tables(divided(gaps=[small]), Words("en"))
    assert "could not be tested" in lines[1]
    assert len(subgroup_tables(divided(gaps=[]), Words("en"))[0][2]) == 2
