"""Who belongs together, by whose word, and what a split by picture gives away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from builders import memory_case, texture
from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.data.finding import Finding
from scanwright.inspection.doctor import inspect
from scanwright.report.groups import group_tables
from scanwright.report.texts import Words
from scanwright.types import AnyArray

LABELS = ("ill", "well")


def photograph(name: str, array: AnyArray, label: str = "", **facts: object) -> Case:
    return memory_case(name, array[None, ..., None], label=label or None, affine=None, **facts)


def relatives(n_patients: int = 30, n_each: int = 3) -> list[Case]:
    """Several pictures of each patient that look alike without being copies; the class is the patient's."""
    cases = []
    for patient in range(n_patients):
        common = texture(patient).astype(float)
        for visit in range(n_each):
            own = texture(1000 + 10 * patient + visit)
            mixed = (0.5 * common + 0.5 * own).astype(np.uint8)
            cases.append(
                photograph(f"x{patient}_{visit}", mixed, LABELS[patient % 2], patient=f"who {patient}")
            )
    return cases


def groups_of(cases: Sequence[Case], patients: str = "manifest") -> Finding | None:
    findings = inspect(Dataset(tuple(cases), "made up", "here", patients=patients)).findings
    found = [one for one in findings if one.kind == "groups"]
    return found[0] if found else None


def sources(found: Finding) -> dict[str, tuple[int, int, bool]]:
    return {one["source"]: (one["cases"], one["groups"], one["used"]) for one in found.evidence["sources"]}


def test_cases_that_all_stand_alone_are_no_finding() -> None:
    assert groups_of(relatives(n_each=1)) is None
    assert groups_of([]) is None


def test_a_split_by_picture_tears_patients_and_gives_them_away() -> None:
    found = groups_of(relatives())
    assert found is not None
    by_picture, by_group = found.evidence["splits"]
    assert by_picture["torn"] > 10
    assert by_picture["seen"] > 0.5
    assert (by_group["torn"], by_group["seen"]) == (0, 0)
    for row in (by_picture, by_group):
        assert row["train"] + row["val"] + row["test"] + row["left_out"] == 90
    probe = found.evidence["probe"]
    assert probe["n"] == 90
    assert probe["picture"] > 0.75
    assert probe["group"] < probe["picture"] - 0.1
    assert found.severity == "warning"
    assert "would stand on two sides of a split by picture (none is given)" in found.title


def test_the_given_split_is_judged_where_there_is_one() -> None:
    splits = ("train", "val", "test")
    cases = [
        replace(case, split=splits[n % 3] if n < 30 else splits[n // 3 % 3])
        for n, case in enumerate(relatives())
    ]
    found = groups_of(cases)
    assert found is not None
    given, by_group = found.evidence["splits"]
    assert (given["torn"], given["seen"]) == (10, round(10 / 31, 4))
    assert (by_group["test"], by_group["left_out"]) == (31, 20)
    assert "the given split" in found.title


def test_where_all_patients_are_torn_no_split_by_group_is_shown() -> None:
    splits = ("train", "val", "test")
    found = groups_of([replace(case, split=splits[n % 3]) for n, case in enumerate(relatives())])
    assert found is not None
    (given,) = found.evidence["splits"]
    assert (given["by"], given["torn"], given["seen"]) == ("given", 30, 1.0)
    by_given = group_tables(found.evidence, Words("en"))[1].rows[0]
    assert (by_given[0], by_given[-1].endswith("(By picture)")) == ("As given", True)


def test_what_the_program_draws_is_not_called_given() -> None:
    found = groups_of([replace(case, split="train") for case in relatives()])
    assert found is not None
    assert [row["by"] for row in found.evidence["splits"]] == ["picture", "group"]
    assert "a split by picture" in found.title
    some = [replace(case, split="train" if n < 60 else "test") for n, case in enumerate(relatives())]
    found = groups_of([*some, photograph("x0_9", texture(3), patient="who 0")])
    assert found is not None
    row = found.evidence["splits"][0]
    assert [row[name] for name in ("by", "train", "val", "test", "left_out")] == ["given", 60, 0, 30, 1]


def test_a_given_split_that_tears_nobody_is_nothing_to_be_warned_of() -> None:
    whole = [replace(case, split="train" if n < 60 else "test") for n, case in enumerate(relatives())]
    found = groups_of(whole)
    assert found is not None
    assert (found.evidence["torn"], found.severity) == (0, "note")
    assert found.evidence["probe"]["picture"] - found.evidence["probe"]["group"] > 0.05


def test_every_source_is_counted_and_the_named_patient_is_used() -> None:
    cases = [replace(case, facts={"study": case.name[:-2]}) for case in relatives()]
    copy = photograph("x0_7", texture(500), patient="who 0")
    again = photograph("x1_7", texture(500), patient="who 1")
    found = groups_of([*cases, copy, again])
    assert found is not None
    assert sources(found) == {
        "patients": (92, 30, True),
        "studies": (90, 30, False),
        "file_names": (92, 30, False),
        "pictures": (2, 1, True),
    }
    assert found.evidence["conflicts"] == [{"source": "pictures", "n": 1, "examples": [["x0_7", "x1_7"]]}]
    assert found.evidence["n_groups"] == 29


def test_a_study_of_two_patients_is_a_conflict() -> None:
    cases = [replace(case, facts={"study": str(n // 6)}) for n, case in enumerate(relatives())]
    found = groups_of(cases)
    assert found is not None
    (conflict,) = found.evidence["conflicts"]
    assert (conflict["source"], conflict["n"], len(conflict["examples"])) == ("studies", 15, 5)


def test_where_nobody_is_named_studies_are_used() -> None:
    cases = [replace(case, patient=None, facts={"study": case.name[:-2]}) for case in relatives()]
    found = groups_of(cases, "unknown")
    assert found is not None
    assert sources(found) == {"studies": (90, 30, True), "file_names": (90, 30, False)}
    assert found.evidence["n_related"] == 30


def test_names_that_gave_the_patients_are_not_counted_twice() -> None:
    words = "file-name pattern ^([A-Za-z]*[_-]?\\d+)(?=[_\\-. ]) (30 patients; x0_0 and x0_1 are x0)"
    cases = [replace(case, patient=case.name[:-2]) for case in relatives()]
    found = groups_of(cases, words)
    assert found is not None
    assert sources(found) == {"patients": (90, 30, True)}


def test_without_classes_the_relatives_are_counted_and_nothing_is_probed() -> None:
    found = groups_of([replace(case, targets={}) for case in relatives()])
    assert found is not None
    assert found.evidence["probe"] is None
    assert found.evidence["splits"][0]["seen"] > 0.5
    assert found.severity == "note"


def test_two_patients_are_too_few_for_a_split_by_group() -> None:
    found = groups_of(relatives(2))
    assert found is not None
    assert [row["by"] for row in found.evidence["splits"]] == ["picture"]
    assert groups_of(relatives(1, 2)) is None


def test_very_many_cases_are_probed_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanwright.inspection.groups.MOST_AT_ONCE", 40)
    found = groups_of(relatives())
    assert found is not None
    assert found.evidence["probe"]["n"] == 40


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_tables_say_what_the_evidence_says(lang: str) -> None:
    copy = photograph("copy", relatives()[0].image.read().array[0, :, :, 0], "ill", patient="other")
    found = groups_of([*relatives(), copy])
    assert found is not None
    who, splits = group_tables(found.evidence, Words(lang))
    assert len(who.rows) == len(found.evidence["sources"])
    assert all(len(row) == len(table.heads) for table in (who, splits) for row in table.rows)
    assert "x0_0" in who.note
    assert "copy" in who.note
    by_picture = found.evidence["splits"][0]
    assert str(by_picture["torn"]) in splits.rows[0]
    assert f"{found.evidence['probe']['group']:.3f}" == splits.rows[1][-1]
