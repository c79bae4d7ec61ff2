"""Studies of each patient, by date."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from builders import bids_folder, dicom_series, write_dicom, write_nifti, write_text
from scanwright.errors import DataError
from scanwright.followup.studies import find_timelines, read_date
from scanwright.io.dicom.dates import find_dates


@pytest.mark.parametrize("text", ["2024-03-01", "20240301", "2024/3/1", "2024.03.01", "2024-03-01T10:00:00"])
def test_dates_that_begin_with_the_year_are_read(text: str) -> None:
    assert read_date(text) == dt.date(2024, 3, 1)


@pytest.mark.parametrize("text", ["01/03/2024", "2024-13-01", "2024-02-30", "spring", "2024", "1.3.24"])
def test_other_dates_are_refused_by_what_they_say(text: str) -> None:
    with pytest.raises(DataError, match="not understood"):
        read_date(text)


def test_bids_sessions_have_the_dates_of_their_table(tmp_path: Path) -> None:
    root = bids_folder(tmp_path, ("sub-01_ses-b", "sub-01_ses-a"))
    lines = ("session_id\tacq_time", "ses-a\t2024-01-01T08:00:00", "ses-b\t2023-01-01T08:00:00")
    write_text(root / "sub-01" / "sub-01_sessions.tsv", *lines)
    (timeline,) = find_timelines(root).timelines
    assert timeline.patient == "01"
    assert [study.name for study in timeline.studies] == ["sub-01_ses-b", "sub-01_ses-a"]


def test_dicom_studies_have_the_dates_of_their_headers(tmp_path: Path) -> None:
    for n, day in enumerate(("20240501", "20240101")):
        slices = dicom_series(series=f"1.2.{n + 3}")
        for one in slices:
            one.StudyInstanceUID, one.StudyDate = f"1.9.{n}", day
        write_dicom(tmp_path / str(n), slices, seed=n)
        mask = np.zeros((16, 24, 6), np.uint8)
        write_nifti(tmp_path / f"1.2.{n + 3}.nii.gz", mask)
    found = find_timelines(tmp_path, masks_needed=False)
    (timeline,) = found.timelines
    assert timeline.patient == "P-7"
    assert [study.date for study in timeline.studies] == [dt.date(2024, 1, 1), dt.date(2024, 5, 1)]
    assert sorted(find_dates(tmp_path).values()) == ["20240101", "20240501"]


def test_studies_of_two_patients_are_two_timelines(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_nifti(tmp_path / f"{name}.nii.gz", np.zeros((4, 4, 4), np.int16), np.eye(4))
    rows = [f"{name},{name},2024-01-0{n},{name}.nii.gz,{name}.nii.gz" for n, name in enumerate("ab", start=1)]
    write_text(tmp_path / "manifest.csv", "case,patient,date,image,mask", *rows)
    found = find_timelines(tmp_path)
    assert [one.patient for one in found.timelines] == ["a", "b"]
    assert found.timelines[0].notes == ("one_date",)


def test_two_sexes_under_one_name_are_doubted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_nifti(tmp_path / f"{name}.nii.gz", np.zeros((4, 4, 4), np.int16), np.eye(4))
    rows = [
        f"{name},p,2024-01-0{n},{name}.nii.gz,{name}.nii.gz,{sex}"
        for n, (name, sex) in enumerate(("aF", "bM"), start=1)
    ]
    write_text(tmp_path / "manifest.csv", "case,patient,date,image,mask,sex", *rows)
    (timeline,) = find_timelines(tmp_path).timelines
    assert timeline.notes == ("two_sexes",)
