"""--series means the same in every verb that reads an export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from builders import dicom_series, write_dicom
from commands import Command
from dicom_objects import square, structures
from tiny import SMALL_3D, disc_classes

N_PATIENTS = 6


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of each patient a CT and a PET, contours on both; and an MR without."""
    root = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(0)
    for patient in range(1, N_PATIENTS + 1):
        objects = []
        for number, modality in enumerate(("CT", "PT", "MR"), start=1):
            uid = f"1.2.{patient}.{number}"
            slices = dicom_series(6, series=uid)
            for one in slices:
                stored = rng.integers(0, 100, (24, 16)).astype("<u2")
                stored[5:9, 3:7] += 500
                one.PixelData = stored.tobytes()
                one.Modality, one.PatientID, one.StudyInstanceUID = modality, f"P{patient}", f"1.5.{patient}"
            objects += slices
            if modality != "MR":
                contours = {"lesion": [square(3, 5, 4, k) for k in range(1, 4)]}
                objects.append(structures(contours, refers_to=uid))
        write_dicom(root / f"P{patient}", objects)
    return root


def test_plan_and_convert_take_the_series_that_were_asked_for(
    export: Path, tmp_path: Path, command: Command
) -> None:
    planned = command("plan", export, "--out", tmp_path / "plan", "--series", "^CT ")
    assert planned.code == 0, planned
    assert f"{N_PATIENTS} cases" in planned.out
    both = command("plan", export, "--out", tmp_path / "both")
    assert f"{2 * N_PATIENTS} cases" in both.out
    assert "not used, as other series of their study have labels" in both.out
    converted = command(
        "convert", export, "--out", tmp_path / "new", "--to", "manifest", "--series", "^PT ", "--json"
    )
    assert converted.result["converted"] == N_PATIENTS


def test_train_and_evaluate_take_them_too(export: Path, tmp_path: Path, command: Command) -> None:
    options = [part for name, value in SMALL_3D.items() for part in ("--set", f"{name}={value}")]
    out = tmp_path / "run"
    trained = command("train", export, "--out", out, "--series", "^CT ", "--minutes", "0.02", *options)
    assert trained.code == 0, trained
    assert f"segmentation, {N_PATIENTS} cases" in trained.out
    judged = command("evaluate", out, export, "--series", "^CT ", "--split", "all", "--json")
    assert judged.code == 0, judged
    assert judged.result["lead"]["n"] == N_PATIENTS


@pytest.mark.parametrize("verb", ["plan", "train", "inspect", "convert"])
def test_a_series_that_is_not_there_is_said(
    verb: str, export: Path, tmp_path: Path, command: Command
) -> None:
    to = ("--to", "nnunet") if verb == "convert" else ()
    said = command(verb, export, "--out", tmp_path / "out", "--series", "ultrasound", *to)
    assert said.code == 1
    assert "no DICOM series is of the kind that was asked for" in said.err
    assert "6 CT, 6 PT, 6 MR" in said.err


@pytest.mark.parametrize("verb", ["plan", "train"])
def test_where_there_are_no_series_it_is_wrong_usage(verb: str, tmp_path: Path, command: Command) -> None:
    said = command(verb, disc_classes(tmp_path / "data"), "--out", tmp_path / "out", "--series", "CT")
    assert said.code == 2
    assert "series are chosen in a DICOM export" in said.err


def test_structures_of_series_that_were_left_out_are_not_missed(tmp_path: Path) -> None:
    objects = []
    for number, (modality, name) in enumerate({"CT": "organ", "PT": "lesion"}.items(), start=1):
        slices = dicom_series(6, series=f"1.2.{number}")
        for one in slices:
            one.Modality = modality
        contours = {name: [square(3, 5, 4, k) for k in range(1, 4)]}
        objects += [*slices, structures(contours, refers_to=f"1.2.{number}")]
    write_dicom(tmp_path, objects)
    assert [*sw.open(tmp_path, series="^CT ").class_names.values()] == ["organ"]
    assert {*sw.open(tmp_path).class_names.values()} == {"organ", "lesion"}
