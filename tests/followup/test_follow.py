"""Patients followed through time, from the files to the page."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from builders import write_nifti, write_text
from followed import DATES, followed_patient, manifest, study
from scanwright.errors import DataError, OutputError, SettingsError
from scanwright.followup.follow import FollowUp
from tiny import TinyRun

SMALL = ((50, 15, 30), (36, 30, 22))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("patient")
    return manifest(root, followed_patient(root))


@pytest.fixture(scope="module")
def followed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> FollowUp:
    return sw.follow(source, tmp_path_factory.mktemp("out") / "one", rules=("irecist", "volume", "rano"))


def test_lesions_keep_their_names_over_all_dates(followed: FollowUp) -> None:
    (patient,) = followed.patients
    first, second, new = patient["lesions"]
    assert [row["long_mm"] for row in first["sizes"]] == pytest.approx([36, 30, 22], abs=4)
    assert [row["long_mm"] for row in second["sizes"]] == pytest.approx([16, 20, 25], abs=4)
    assert [row["status"] for row in new["sizes"]] == ["absent", "absent", "seen"]
    assert new["events"] == [{"study": "P1-2", "event": "appeared"}]
    assert [one["role"] for one in patient["lesions"]] == ["target", "target", "new"]


def test_verdicts_follow_the_rules(followed: FollowUp) -> None:
    verdicts = followed.patients[0]["verdicts"]
    assert [row["overall"]["answer"] for row in verdicts["recist"]] == ["SD", "PD"]
    assert [row["overall"]["answer"] for row in verdicts["irecist"]] == ["iSD", "iUPD"]
    assert verdicts["recist"][1]["overall"]["rule"] == "overall.new"
    assert set(verdicts) == {"recist", "irecist", "volume", "rano"}
    assert followed.patients[0]["best"] == "SD"
    assert followed.patients[0]["progressed_day"] == 120


def test_growth_and_change_are_told_with_how_sure_they_are(followed: FollowUp) -> None:
    shrinking, growing, _ = followed.patients[0]["lesions"]
    assert (
        growing["growth"]["probability_of_growth"] > 0.9 > 0.1 > shrinking["growth"]["probability_of_growth"]
    )
    low, high = growing["growth"]["percent_a_month"][1:]
    assert low < high
    assert growing["changes"][-1]["probability_grew"] > 0.95
    assert growing["growth"]["forecast"][-1]["day"] > 365


def test_what_is_written_says_the_same(followed: FollowUp) -> None:
    assert followed.out is not None
    assert json.loads((followed.out / "follow.json").read_text()) == followed.content
    page = (followed.out / "follow.html").read_text()
    assert len(page) < 5_000_000
    assert page.count("data:image/jpeg;base64,") == 9
    assert "PD: progressive disease" in page
    assert 'src="http' not in page


def test_every_date_shows_the_same_place(source: Path, followed: FollowUp) -> None:
    affines = [one["registration"] for one in followed.patients[0]["studies"]]
    assert affines[0] is None
    assert not any(one["failed"] for one in affines[1:])


def test_a_reader_overrules_and_it_is_recorded(source: Path, followed: FollowUp, tmp_path: Path) -> None:
    assert followed.out is not None
    text = (followed.out / "reader.toml").read_text()
    rows = tomllib.loads(text)["lesion"]
    assert [row["name"] for row in rows] == ["L1", "L2", "L3"]
    changed = text.replace('role = "new"', 'role = "ignored"').replace('name = "L2"', 'name = "nodule"')
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "reader.toml").write_text(changed)
    again = sw.follow(source, tmp_path / "out", overwrite=True, lang="zh")
    kept = tomllib.loads((tmp_path / "out" / "reader.toml").read_text())["lesion"]
    assert [(row["role"], row["proposed"]) for row in kept][-1] == ("ignored", "new")
    (patient,) = again.patients
    assert [one["name"] for one in patient["lesions"]] == ["L1", "nodule", "L3"]
    assert [one["uid"] for one in patient["lesions"]] == [
        one["uid"] for one in followed.patients[0]["lesions"]
    ]
    assert patient["overruled"] == [{"lesion": "L3", "what": "role", "proposed": "new", "chosen": "ignored"}]
    assert patient["verdicts"]["recist"][-1]["overall"]["answer"] == "SD"
    assert "阅片者" in (tmp_path / "out" / "follow.html").read_text()


@pytest.mark.slow
def test_a_reader_may_say_which_lesion_is_which(source: Path, followed: FollowUp, tmp_path: Path) -> None:
    assert followed.out is not None
    rows = tomllib.loads((followed.out / "reader.toml").read_text())["lesion"]
    second, third = (row["seen"]["P1-2"] for row in rows[1:])
    text = (followed.out / "reader.toml").read_text()
    seen = f'"P1-2" = {json.dumps(second)}'
    assert text.count(seen) == 1
    (tmp_path / "reader.toml").write_text(text.replace(seen, f'"P1-2" = {json.dumps(second + third)}'))
    with pytest.raises(SettingsError, match="one piece to two lesions"):
        sw.follow(source, reader=tmp_path / "reader.toml")
    given = text.replace(f'"P1-2" = {json.dumps(third)}', '"P1-2" = []').replace(
        seen, f'"P1-2" = {json.dumps(second + third)}'
    )
    (tmp_path / "reader.toml").write_text(given)
    (patient,) = sw.follow(source, reader=tmp_path / "reader.toml").patients
    assert [one["name"] for one in patient["lesions"]] == ["L1", "L2"]
    assert len(patient["lesions"][1]["sizes"][2]["pieces"]) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("lesion = 3", "laid out"),
        ('[[lesion]]\npatient = "P1"\nname = "L1"\nrole = "goal"', "not written as it should be"),
        ('[[visit]]\npatient = "P1"\nstudy = "P1-1"\nsteroids = "lots"', "visit in the reader"),
        ("[[lesion", "can't be read"),
        ('[[lesion]]\npatient = "P1"\nname = "L1"\nseen = { "P1-1" = [7] }', "no such lesion"),
        ('[[lesion]]\npatient = "P1"\nname = "L1"\nnod = true', "not written as it should be"),
        ('[[lesion]]\npatient = "P9"\nname = "L1"', "patient that is not here"),
        ('[[visit]]\npatient = "P1"\nstudy = "P1-9"', "study that is not here"),
        ('[[visit]]\npatient = "P1"\nstudy = "P1-1"\nprogressed = ["L9"]', "is no non-target"),
    ],
)
def test_a_readers_file_that_makes_no_sense_is_refused_in_words(
    source: Path, tmp_path: Path, line: str, message: str
) -> None:
    (tmp_path / "reader.toml").write_text(line + "\n")
    with pytest.raises(SettingsError, match=message):
        sw.follow(source, reader=tmp_path / "reader.toml")


def test_results_are_not_written_among_others(source: Path, followed: FollowUp) -> None:
    with pytest.raises(OutputError, match="already holds"):
        sw.follow(source, followed.out)
    with pytest.raises(OutputError, match="among the scans"):
        sw.follow(source, source / "out")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"register": "elastic"}, "register=elastic"),
        ({"rules": ["choi"]}, "rules=choi"),
        ({"test_retest": -5.0}, "test_retest"),
        ({"lang": "de"}, "lang=de"),
    ],
)
def test_wrong_options_are_refused_before_the_work(source: Path, options: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        sw.follow(source, **options)


def test_what_cannot_be_followed_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    rows = followed_patient(tmp_path, dates=DATES[:2])
    rows += [
        "no-date,P1,,P1-0.nii.gz,P1-0-mask.nii.gz,CT",
        "odd-date,P1,03/04/2024,P1-0.nii.gz,P1-0-mask.nii.gz,CT",
    ]
    rows += [
        f"twice,P1,{DATES[0]},P1-1.nii.gz,P1-1-mask.nii.gz,CT",
        "alone,P1,2024-07-01,,P1-0-mask.nii.gz,CT",
    ]
    rows += ["bare,P1,2024-08-01,P1-0.nii.gz,,CT", "other,P1,2024-09-01,P1-0.nii.gz,small.nii.gz,CT"]
    write_nifti(tmp_path / "small.nii.gz", np.ones((4, 4, 4), np.uint8), np.eye(4))
    result = sw.follow(manifest(tmp_path, rows))
    reasons = {one.case: one.reason for one in result.set_aside}
    assert "date is missing" in reasons["no-date"]
    assert "03/04/2024" in reasons["odd-date"]
    assert "same date" in reasons["twice"]
    assert "mask without its image" in reasons["alone"]
    assert "no mask" in reasons["bare"]
    assert "other" in reasons
    assert [one["study"] for one in result.patients[0]["studies"]] == ["P1-0", "P1-1"]


def test_one_date_is_measured_and_not_compared(tmp_path: Path) -> None:
    result = sw.follow(
        manifest(tmp_path, followed_patient(tmp_path, dates=DATES[:1])), tmp_path.with_name("one")
    )
    (patient,) = result.patients
    assert patient["notes"] == ["one_date"]
    assert patient["verdicts"] == {}
    assert patient["best"] is None
    assert "one date only" in (tmp_path.with_name("one") / "follow.html").read_text()


def test_all_lesions_vanished_is_a_complete_response(tmp_path: Path) -> None:
    rows = followed_patient(tmp_path, dates=DATES[:2], lesions=[((50, 15, 30), (36, 0))])
    out = tmp_path.with_name("vanished")
    (patient,) = sw.follow(manifest(tmp_path, rows), out).patients
    assert patient["verdicts"]["recist"][0]["overall"]["answer"] == "CR"
    assert patient["warning"] is None
    assert f"The mask of {DATES[1]} is empty" in (out / "follow.html").read_text()


def test_another_region_is_recognised_and_nothing_is_matched_by_place(tmp_path: Path) -> None:
    rows = followed_patient(tmp_path, dates=DATES[:1])
    rng = np.random.default_rng(0)
    image, _, affine = study(0)
    write_nifti(tmp_path / "noise.nii.gz", rng.normal(0, 15, image.shape).astype(np.int16), affine)
    rows.append(f"elsewhere,P1,{DATES[1]},noise.nii.gz,P1-0-mask.nii.gz,CT")
    result = sw.follow(manifest(tmp_path, rows), tmp_path.with_name("elsewhere"))
    (patient,) = result.patients
    assert patient["studies"][1]["registration"]["failed"]
    assert [(one.case, one.stage) for one in result.set_aside] == [("elsewhere", "register")]
    (row,) = patient["verdicts"]["recist"]
    assert row["sum"] is None
    assert "sum" not in row["target"]["facts"]
    page = (tmp_path.with_name("elsewhere") / "follow.html").read_text()
    assert "Sum of targets: not known" in page
    assert patient["studies"][1]["notes"] == ["failed"]
    assert [one["sizes"][1]["status"] for one in patient["lesions"]] == ["unknown"] * 2
    assert patient["verdicts"]["recist"][0]["overall"]["answer"] == "NE"


@pytest.mark.slow
def test_a_changed_modality_is_said_and_sizes_are_not_compared(tmp_path: Path) -> None:
    rows = followed_patient(tmp_path, dates=DATES[:2])
    rows[1] = rows[1].replace(",CT", ",MR")
    (patient,) = sw.follow(manifest(tmp_path, rows)).patients
    assert patient["notes"] == ["modality"]
    assert all(one["changes"] == [] and one["growth"] is None for one in patient["lesions"])


@pytest.mark.slow
def test_a_cohort_is_shown_together_and_each_patient_has_a_page(tmp_path: Path) -> None:
    source = tmp_path / "in"
    rows = followed_patient(source, dates=DATES[:2])
    rows += followed_patient(
        source, dates=DATES[:2], patient="P2", seed=1, lesions=[((50, 15, 30), (36, 20))]
    )
    result = sw.follow(manifest(source, rows), tmp_path / "out")
    cohort = result.content["cohort"]
    assert cohort["best"] == {"PR": 1, "SD": 1}
    assert (tmp_path / "out" / "patients" / "P2.html").is_file()
    page = (tmp_path / "out" / "follow.html").read_text()
    assert 'href="patients/P1.html"' in page
    assert cohort["survival"] is None or cohort["survival"]["n"] == 2


def test_nothing_to_follow_is_an_error_in_words(tmp_path: Path) -> None:
    rows = followed_patient(tmp_path, dates=DATES[:1])
    with pytest.raises(DataError, match="date is missing"):
        sw.follow(manifest(tmp_path, [rows[0].replace(DATES[0], "")]))


def test_the_error_of_measuring_may_be_given(tmp_path: Path) -> None:
    one_date = manifest(tmp_path, followed_patient(tmp_path, dates=DATES[:1]))
    (patient,) = sw.follow(one_date, test_retest=7.0).patients
    assert patient["lesions"][0]["sizes"][0]["log_volume_sd"] == pytest.approx(0.07)


def test_a_model_outlines_what_has_no_mask(volume_run: TinyRun, tmp_path: Path) -> None:
    image = next((volume_run.data / "imagesTr").iterdir()).resolve()
    source = tmp_path / "in"
    write_text(source / "manifest.csv", "case,patient,date,image", f"one,P,{DATES[0]},{image.name}")
    (source / image.name).write_bytes(image.read_bytes())
    result = sw.follow(source, tmp_path / "out", model=volume_run.path)
    assert [path.name for path in (tmp_path / "out" / "masks").iterdir()] == ["one.nii.gz"]
    assert result.patients[0]["studies"][0]["study"] == "one"
