"""Beside the report stand a model card and checklists: what the run knows filled in, the rest marked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import scanwright as sw
from scanwright.errors import MissingExtraError
from scanwright.evaluation.results import EVALUATED, write_evaluation
from scanwright.report.checklists import CHECKLISTS, render_checklist
from scanwright.report.model_card import render_model_card
from scanwright.report.pdf import check_pdf
from scanwright.types import JsonDict
from tiny import TinyRun

CLAIM, TRIPOD = CHECKLISTS


@pytest.fixture(scope="module", params=["photo_run", "class_run"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run: TinyRun = request.getfixturevalue(request.param)
    out = tmp_path_factory.mktemp("evaluation") / "out"
    sw.evaluate(run.path, run.data, out, lang="zh", threads=1)
    return out


def content(folder: Path) -> JsonDict:
    return dict(json.loads((folder / "evaluation.json").read_text(encoding="utf-8")))


def test_every_file_is_written_and_replaced_only_when_asked(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == set(EVALUATED) - {"report.pdf"}


def test_every_item_is_there_once(folder: Path) -> None:
    numbers = [answer.item.number for answer in CLAIM.answer(content(folder))]
    assert numbers == [str(n) for n in range(1, 45)]
    numbers = [answer.item.number for answer in TRIPOD.answer(content(folder))]
    assert [int(number.rstrip("abcdef")) for number in numbers] == sorted(
        int(number.rstrip("abcdef")) for number in numbers
    )
    assert {int(number.rstrip("abcdef")) for number in numbers} == set(range(1, 28))


@pytest.mark.parametrize("checklist", CHECKLISTS, ids=lambda one: one.file)
def test_the_counts_are_those_of_the_rows(folder: Path, checklist) -> None:
    page = (folder / checklist.file).read_text(encoding="utf-8")
    answers = checklist.answer(content(folder))
    filled, begun, still_open = (
        sum(answer.state == state for answer in answers) for state in ("filled", "begun", "open")
    )
    assert f"Of {len(answers)} items {filled} are filled in from the run" in page
    assert page.count("**to do** |") == still_open
    assert page.count("**To do:**") == begun
    assert 10 <= filled < len(answers)


def test_what_only_a_person_can_know_stays_open(folder: Path) -> None:
    states = {answer.item.asked: answer.state for answer in CLAIM.answer(content(folder))}
    assert states["funding"] == states["de-identification"] == "open"
    assert states["how the reference standard was obtained"] == "begun"
    assert states["initialisation"] == "filled"


def test_the_leading_number_stands_with_its_interval(folder: Path) -> None:
    e = content(folder)
    answers = {answer.item.number: answer.text for answer in CLAIM.answer(e)}
    assert f"n = {e['n_cases']}" in answers["38"]
    assert e["score"] in answers["38"]
    assert str(e["provenance"]["steps"]) in answers["25"]


def test_other_data_are_external_testing_and_the_own_are_not(folder: Path) -> None:
    e = content(folder)
    external = {answer.item.number: answer for answer in CLAIM.answer({**e, "split": "external"})}
    own = {answer.item.number: answer for answer in CLAIM.answer(e)}
    assert (own["32"].state, own["33"].state) == ("filled", "open")
    assert (external["32"].state, external["33"].state) == ("open", "filled")


def test_cases_that_chose_the_model_are_not_called_unseen(folder: Path) -> None:
    e = content(folder)
    said = {split: CLAIM.answer({**e, "split": split})[25].text for split in ("test", "val", "all")}
    assert "used for nothing else" in said["test"]
    assert "used for nothing else" not in said["val"] + said["all"]


def test_names_of_strangers_do_not_write_the_page(folder: Path) -> None:
    e = content(folder)
    e["data"]["source"] = "a | b\n# <script>alert(1)</script> [x](javascript:y)"
    page = render_checklist(CLAIM, e) + render_model_card(e)
    assert "<script>" not in page.replace("\\<", "")
    assert "\n# \\<" not in page
    rows = [line for line in page.splitlines() if line.startswith("| 7 |")]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 4


def test_the_card_has_a_heading_for_all_in_both_languages(folder: Path) -> None:
    e = content(folder)
    english, chinese = render_model_card(e), render_model_card(e, "zh")
    assert english.count("\n## ") == chinese.count("\n## ") == 7
    assert "Research use only" in english
    assert "仅供科研使用" in chinese
    assert (folder / "model-card.md").read_text(encoding="utf-8") == chinese


def test_a_number_without_a_value_is_told_as_such(folder: Path, tmp_path: Path, class_run: TinyRun) -> None:
    result = sw.evaluate(class_run.path, class_run.data, threads=1)
    numbers = [{**one, "value": None, "low": None, "high": None} for one in result.content["numbers"]]
    (tmp_path / "out").mkdir()
    write_evaluation(replace(result, content={**result.content, "numbers": numbers}), tmp_path / "out", "en")
    assert "undefined" in (tmp_path / "out" / "checklist-claim.md").read_text()


def test_a_pdf_is_written_when_asked_for(tmp_path: Path, class_run: TinyRun) -> None:
    try:
        check_pdf("en")
    except MissingExtraError as error:
        pytest.skip(str(error))
    sw.evaluate(class_run.path, class_run.data, tmp_path / "out", pdf=True, threads=1)
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")
    sw.evaluate(class_run.path, class_run.data, tmp_path / "out", overwrite=True, threads=1)
    assert not (tmp_path / "out" / "report.pdf").exists()
