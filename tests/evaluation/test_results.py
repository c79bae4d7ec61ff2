"""Beside the report stand a model card and checklists: what the run knows filled in, the rest marked."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import scanwright as sw
from scanwright.errors import MissingExtraError
from scanwright.evaluation.results import EVALUATED, write_evaluation
from scanwright.report.checklists import CHECKLISTS, Answer, Checklist, render_checklist
from scanwright.report.model_card import render_model_card
from scanwright.report.pdf import check_pdf
from scanwright.report.texts import Words
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


def answers(checklist: Checklist, e: JsonDict) -> list[Answer]:
    return [answer for section in checklist.answer(e, Words("en")) for answer in section]


def test_every_file_is_written_and_replaced_only_when_asked(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == set(EVALUATED) - {"report.pdf"}


def test_every_item_is_there_once(folder: Path) -> None:
    numbers = [answer.number for answer in answers(CLAIM, content(folder))]
    assert numbers == [str(n) for n in range(1, 45)]
    numbers = [answer.number for answer in answers(TRIPOD, content(folder))]
    assert [int(number.rstrip("abcdef")) for number in numbers] == sorted(
        int(number.rstrip("abcdef")) for number in numbers
    )
    assert {int(number.rstrip("abcdef")) for number in numbers} == set(range(1, 28))


@pytest.mark.parametrize("checklist", CHECKLISTS, ids=lambda one: one.file)
def test_the_counts_are_those_of_the_rows(folder: Path, checklist) -> None:
    page = render_checklist(checklist, content(folder))
    states = [answer.state for answer in answers(checklist, content(folder))]
    filled, begun, still_open = (states.count(state) for state in ("filled", "begun", "open"))
    assert f"{filled} are filled in from the run, {begun} are begun" in page
    assert f"{still_open} are open" in page
    assert page.count("**to do** |") == still_open
    assert page.count("**To do:**") == begun
    assert 5 <= filled < len(states)


def test_what_only_a_person_can_know_stays_open(folder: Path) -> None:
    states = {answer.asked: answer.state for answer in answers(CLAIM, content(folder))}
    assert states["funding"] == states["de-identification"] == "open"
    assert states["how the reference standard was obtained"] == "begun"
    assert states["initialisation"] == "filled"


def test_the_leading_number_stands_with_its_interval(folder: Path) -> None:
    e = content(folder)
    told = {answer.number: answer.text for answer in answers(CLAIM, e)}
    assert f"n = {e['n_cases']}" in told["38"]
    assert Words("en").metric(e["score"]) in told["38"]
    assert str(e["provenance"]["steps"]) in told["25"]


def test_other_data_are_external_testing_and_the_own_are_not(folder: Path) -> None:
    e = content(folder)
    external = {answer.number: answer for answer in answers(CLAIM, {**e, "split": "external"})}
    own = {answer.number: answer for answer in answers(CLAIM, e)}
    assert (own["32"].state, own["33"].state) == ("filled", "open")
    assert (external["32"].state, external["33"].state) == ("open", "begun")
    assert "is not known" in external["33"].text


def test_cases_that_chose_the_model_are_not_called_unseen(folder: Path) -> None:
    e = content(folder)
    said = {split: answers(CLAIM, {**e, "split": split})[25].text for split in ("test", "val", "all")}
    assert "were not among those" in said["test"]
    assert "were not among those" not in said["val"] + said["all"]


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


def judged_elsewhere(e: JsonDict) -> JsonDict:
    """An evaluation of a run that learnt from one data set, on another."""
    learnt = {
        "source": "learnt.npz",
        "layout": "MedMNIST .npz",
        "patients": "unknown",
        "n_cases": 5222,
        "splits": {"train": 3995, "val": 703, "test": 524},
        "how_split": "test as given by the data; val drawn (702 of 4682 patients or unrelated cases)",
        "classes": {"0": 1214, "1": 3484},
    }
    data = {**e["data"], "source": "other", "patients": 'column "patient" of the manifest'}
    flow = {"found": 300, "set_aside": 0, "judged": e["n_cases"]}
    return {**e, "split": "external", "learnt_from": learnt, "data": data, "flow": flow}


def test_what_was_learnt_from_and_what_was_judged_are_told_apart(folder: Path) -> None:
    e = judged_elsewhere(content(folder))
    told = {answer.number: answer.text for answer in answers(CLAIM, e)}
    assert "learnt.npz" in told["7"]
    assert "other" in told["7"]
    assert "who the patients are is not known" in told["20"]
    assert "column" not in told["20"]
    assert "3995 for training" in told["35"]
    assert "703 of" not in told["19"]
    assert "702 of 4682" in told["19"]
    card = render_model_card(e)
    assert "learnt.npz" in card
    assert 'column "patient"' not in card
    assert "0 1214, 1 3484" in {answer.number: answer.text for answer in answers(TRIPOD, e)}["13"]


def test_the_run_tells_what_it_learnt_from(folder: Path) -> None:
    e = content(folder)
    learnt = e["learnt_from"]
    assert learnt["splits"] == e["provenance"]["splits"]
    assert learnt["source"] == e["data"]["source"]
    assert sum(learnt["classes"].values()) > 0


def test_each_interval_is_told_by_its_own_method(folder: Path) -> None:
    e = content(folder)
    number = {"group": "", "value": 0.9, "low": 0.8, "high": 0.95, "level": 0.95, "n": 40}
    ways = {
        "auroc": "DeLong",
        "accuracy": "Wilson",
        "brier": "patient bootstrap (BCa), 1000 resamples",
        "f1": "patient bootstrap (BCa), 1000 resamples, 3 without a value left out",
        "ece": "patient bootstrap, 1000 resamples, corrected for chance",
    }
    e["numbers"] = [{**number, "name": name, "method": method} for name, method in ways.items()]
    said = {answer.number: answer.text for answer in answers(CLAIM, e)}["29"]
    assert "DeLong: AUROC" in said
    assert "Wilson: Accuracy" in said
    assert "patient bootstrap (BCa), 1000 resamples: Brier" in said
    assert "corrected for chance: Calibration" in said or "corrected for chance: ECE" in said


def test_tripod_counts_nothing_that_is_not_answered(folder: Path) -> None:
    e = content(folder)
    states = {answer.number: answer.state for answer in answers(TRIPOD, e)}
    assert {states[number] for number in ("13", "14", "23b", "24", "27")} <= {"open", "begun"}
    assert states["24"] == states["27"] == "open"
    assert "27 items, some in parts" in render_checklist(TRIPOD, e)


ENGLISH = re.compile(r"[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}")


@pytest.mark.parametrize("split", ["test", "external"])
def test_what_is_ours_is_wholly_in_chinese(folder: Path, split: str) -> None:
    e = judged_elsewhere(content(folder)) if split == "external" else content(folder)
    pages = [render_checklist(checklist, e, "zh") for checklist in CHECKLISTS]
    for page in [*pages, render_model_card(e, "zh")]:
        for line in page.splitlines():
            assert not ENGLISH.search(line), line


def test_a_limit_is_said_once(folder: Path) -> None:
    doubt = {"kind": "unlike.texture", "expected": "", "received": "", "n": 75}
    card = render_model_card({**content(folder), "doubts": [doubt]})
    assert card.count("unlike in texture") == 1


def test_an_evaluation_that_is_stopped_leaves_no_empty_folder(tmp_path: Path, class_run: TinyRun) -> None:
    def stop(stage: str, done: float, total: float, note: str = "") -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sw.evaluate(class_run.path, class_run.data, tmp_path / "out", progress=stop)
    assert not (tmp_path / "out").exists()
