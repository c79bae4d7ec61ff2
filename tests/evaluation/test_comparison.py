"""Comparisons: the same cases for both, the test that fits, and nothing claimed that was not shown."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scanwright as sw
from builders import classification_plan, segmentation_plan, write_picture
from commands import Command
from judged import Records, classified, outlined, scores_of
from scanwright.core.comparison import delong_test
from scanwright.errors import DataError, SettingsError
from scanwright.evaluation.comparison import FEWEST_TO_CLAIM, compare_records
from scanwright.tasks.classification import Classification
from scanwright.tasks.segmentation import Segmentation
from scanwright.types import silent
from tiny import SMALL_2D, SMALL_CLASSES, THREE_ROUNDS, TinyRun, disc, disc_classes, plan_of


def judged(a: Records, b: Records) -> dict[tuple[str, str], dict[str, Any]]:
    content = compare_records(
        Classification(), classification_plan(), (a, b), n_resamples=400, progress=silent
    )
    json.dumps(content, allow_nan=False)
    return {(number["name"], number["group"]): number for number in content["numbers"]}


def outlines(a: Records, b: Records) -> dict[str, Any]:
    plan = segmentation_plan(classes=("background", "tumour"), label_values=(0, 1))
    return compare_records(Segmentation(), plan, (a, b), n_resamples=400, progress=silent)


def test_a_better_model_is_called_so_by_delong_where_each_patient_has_one_case() -> None:
    a, ill = scores_of(80, apart=0.5)
    b, _ = scores_of(80, apart=4.0, seed=1)
    numbers = judged(classified(a, ill), classified(b, ill))
    lead, area = numbers["auroc", ""], delong_test(a, b, ill)
    assert lead["verdict"] == "b_better"
    assert lead["test"] == "DeLong"
    assert (lead["p"], lead["low"], lead["high"]) == pytest.approx((area.p, area.low, area.high))
    assert lead["p_holm"] > lead["p"]
    assert numbers["accuracy", ""]["test"] == "McNemar"
    assert numbers["f1", ""]["test"] == "bootstrap"
    turned = judged(classified(b, ill), classified(a, ill))["auroc", ""]
    assert turned["verdict"] == "a_better"
    assert turned["difference"] == pytest.approx(-lead["difference"])


def test_where_patients_have_several_cases_only_the_bootstrap_is_used() -> None:
    a, ill = scores_of(120, apart=1.0)
    b, _ = scores_of(120, apart=2.0, seed=1)
    numbers = judged(classified(a, ill, each=2), classified(b, ill, each=2))
    assert {number["test"] for number in numbers.values()} == {"bootstrap"}
    assert numbers["auroc", ""]["n_patients"] == 60
    unknown = [{**record, "patient": None} for record in classified(a, ill)]
    numbers = judged(unknown, [{**record, "patient": None} for record in classified(b, ill)])
    assert numbers["auroc", ""]["test"] == "bootstrap"
    assert numbers["auroc", ""]["n_patients"] is None


def test_the_same_model_twice_shows_no_difference() -> None:
    a, ill = scores_of(60, apart=1.0)
    for number in judged(classified(a, ill), classified(a, ill)).values():
        assert number["difference"] == 0
        assert number["verdict"] == "no_difference_shown"
        assert number["p"] in (1, None)


@pytest.mark.parametrize("each", [1, 2])
def test_a_total_difference_is_claimed_though_no_resample_varies(each: int) -> None:
    ill = np.arange(96) % 2 == 0
    right, wrong = np.where(ill, 0.9, 0.1), np.where(ill, 0.1, 0.9)
    forth = judged(classified(right, ill, each=each), classified(wrong, ill, each=each))
    back = judged(classified(wrong, ill, each=each), classified(right, ill, each=each))
    for key in (("recall", "malignant"), ("accuracy", ""), ("balanced_accuracy", ""), ("auroc", "")):
        assert forth[key]["difference"] == -1
        assert (forth[key]["low"], forth[key]["high"]) == (None, None)
        assert (forth[key]["verdict"], back[key]["verdict"]) == ("a_better", "b_better"), key
    assert forth["recall", "malignant"]["p"] == pytest.approx(2.0 ** (1 - 48))
    assert forth["recall", "malignant"]["test"] == "McNemar"
    assert forth["auroc", ""]["test"] == "bootstrap"


def test_below_a_stated_number_of_patients_nothing_is_claimed() -> None:
    n = FEWEST_TO_CLAIM - 2
    a, ill = scores_of(n, apart=0.0)
    numbers = judged(classified(a, ill), classified(ill * 0.9, ill))
    assert numbers["accuracy", ""]["difference"] > 0.2
    assert {(number["verdict"], number["p"]) for number in numbers.values()} == {("too_few", None)}


def test_an_area_of_a_rare_class_is_not_claimed_either() -> None:
    a, _ = scores_of(60, apart=1.0)
    ill = np.arange(60) < 5
    numbers = judged(classified(a, ill), classified(ill * 0.9, ill))
    assert numbers["auroc", ""]["verdict"] == "too_few"
    assert numbers["accuracy", ""]["verdict"] != "too_few"


def test_noise_is_seldom_called_a_difference() -> None:
    ill = np.arange(60) % 2 == 0
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(25):
        common = 1.5 * (ill - 0.5) + rng.normal(size=60)
        a, b = (1 / (1 + np.exp(-(common + rng.normal(0, 0.5, 60)))) for _ in range(2))
        found = judged(classified(a, ill), classified(b, ill)).values()
        wrong += any(
            number["verdict"] in ("a_better", "b_better") and not number["group"] for number in found
        )
    assert wrong <= 4  # Holm promises 5 % of the studies; more than 4 of 25 would be one chance in 130


def test_means_are_compared_by_signed_ranks_over_the_cases_that_both_have() -> None:
    rng = np.random.default_rng(6)
    dice = rng.uniform(0.6, 0.8, 40)
    near, far = rng.uniform(1, 3, 40), rng.uniform(4, 6, 40)
    near[:4] = math.nan  # where b found nothing, it has no distance
    better = dice + rng.uniform(0.02, 0.08, 40)
    content = outlines(outlined(dice, far), outlined(better, near))
    numbers = {(number["name"], number["group"]): number for number in content["numbers"]}
    assert numbers["dice", ""]["test"] == "Wilcoxon"
    assert numbers["dice", ""]["verdict"] == "b_better"
    assert numbers["dice", ""]["n"] == 40
    distance = numbers["hd95", "tumour"]
    assert (distance["n"], distance["better"], distance["verdict"]) == (36, "smaller", "b_better")
    assert distance["a"] == pytest.approx(far[4:].mean())
    assert distance["unit"] == "mm"
    assert numbers["volume_bias", "tumour"]["better"] is None


def test_cases_come_worst_first_for_b() -> None:
    dice = np.linspace(0.3, 0.9, 30)
    turned = outlines(outlined(dice, dice), outlined(dice[::-1], dice))["cases"]
    assert [one["case"] for one in turned[:2]] == ["c29", "c28"]
    assert turned[0]["difference"] == pytest.approx(-0.6)
    assert [one["difference"] for one in turned] == sorted(one["difference"] for one in turned)


def other_model(data: Path, out: Path, overrides: dict[str, str], *, seed: int = 1) -> Path:
    plan = plan_of(data, THREE_ROUNDS, overrides={**overrides, "learning_rate": "0.02"}, seed=seed)
    sw.train(data, out, plan=plan, threads=1)
    return out


def test_two_runs_are_judged_on_the_test_cases_of_both(
    class_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    other = other_model(class_run.data, tmp_path / "other", SMALL_CLASSES)
    said = command(
        "compare", class_run.path, other, class_run.data, "--out", tmp_path / "out", "--threads", 1
    )
    assert said.code == 0, said.err
    assert "Too few patients to claim anything" in said.out
    content = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    of = json.loads((class_run.path / "splits.json").read_text())["of"]
    assert {one["case"] for one in content["cases"]} == {n for n, split in of.items() if split == "test"}
    assert content["split"] == "test"
    assert content["models"]["b"]["run"] == "other"
    evaluated = sw.evaluate(class_run.path, class_run.data, threads=1).number("accuracy")
    comparison = sw.compare(class_run.path, other, class_run.data, threads=1)
    assert comparison.number("accuracy")["a"] == evaluated["value"]
    with pytest.raises(SettingsError, match="no such number"):
        comparison.number("beauty")
    assert "<html" in (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")


def test_a_model_that_learnt_from_the_others_test_cases_is_refused(
    class_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    other = other_model(class_run.data, tmp_path / "other", SMALL_CLASSES, seed=2)
    said = command(
        "compare", class_run.path, other, class_run.data, "--out", tmp_path / "out", "--threads", 1
    )
    assert said.code == 1
    assert "the other model learnt from" in said.err
    assert "same splits" in said.err
    fresh = disc_classes(tmp_path / "fresh", 4, seed=50)
    for source in ("disc", "nothing"):  # of which one picture was learnt from, under another name
        first = next(iter(sorted((class_run.data / source).iterdir())))
        shutil.copy(first, fresh / source / "copy.png")
    comparison = sw.compare(class_run.path, other, fresh, threads=1)
    assert comparison.content["split"] == "external"
    assert comparison.content["n_cases"] + len(comparison.set_aside) == 10


def test_models_that_answer_other_questions_are_refused(
    class_run: TinyRun, photo_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    said = command("compare", class_run.path, photo_run.path, class_run.data, "--out", tmp_path / "out")
    assert said.code == 2
    assert "do not have the same task" in said.err


def test_masks_are_compared_and_what_one_can_not_judge_is_left_out_for_both(
    photo_run: TinyRun, tmp_path: Path
) -> None:
    other = other_model(photo_run.data, tmp_path / "other", SMALL_2D)
    rng = np.random.default_rng(80)
    for number in range(4):
        picture, inside = disc(rng)
        write_picture(tmp_path / "data" / "images" / f"new{number}.png", picture)
        mask = inside if number else inside[:10]  # of another size than its picture
        write_picture(tmp_path / "data" / "masks" / f"new{number}.png", mask.astype(np.uint8))
    comparison = sw.compare(photo_run.path, other, tmp_path / "data", tmp_path / "out", lang="zh", threads=1)
    assert comparison.content["n_cases"] == 3
    assert [entry.case for entry in comparison.set_aside] == ["new0"]
    assert "new0" in (tmp_path / "out" / "failures.csv").read_text(encoding="utf-8")
    assert 'lang="zh' in (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")


def test_no_case_for_both_is_an_error(photo_run: TinyRun, tmp_path: Path) -> None:
    picture, inside = disc(np.random.default_rng(81))
    write_picture(tmp_path / "data" / "images" / "new.png", picture)
    write_picture(tmp_path / "data" / "masks" / "new.png", inside[:10].astype(np.uint8))
    with pytest.raises(DataError, match="no case can be judged by both"):
        sw.compare(photo_run.path, photo_run.path, tmp_path / "data", threads=1)
