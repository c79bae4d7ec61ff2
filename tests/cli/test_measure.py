"""``scanwright measure``: numbers, a table, pictures and a page; what it can't measure, it says."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from builders import noise, write_picture
from commands import Command

AFFINE = np.diag([-0.8, -0.8, 2.5, 1.0])


def write(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


@pytest.fixture
def scan(tmp_path: Path) -> tuple[Path, Path]:
    """Two lesions, one of which touches the upper end."""
    mask = np.zeros((40, 36, 12), dtype=np.uint8)
    mask[10:20, 12:18, 4:8] = 1
    mask[30:33, 30:32, 11] = 2
    image = np.random.default_rng(0).normal(40, 10, mask.shape).astype(np.int16)
    (tmp_path / "scans").mkdir()
    return write(tmp_path / "scans" / "ct.nii.gz", image), write(tmp_path / "scans" / "mask.nii.gz", mask)


def test_lesions_are_measured_and_written(tmp_path: Path, scan, command: Command) -> None:
    out = tmp_path / "out"
    said = command("measure", *scan, "--out", out, "--unit", "HU", "--json")
    assert said.code == 0, said.err
    assert said.result["lesions"] == 2
    content = json.loads((out / "measurements.json").read_text())
    first, second = content["lesions"]
    corner = np.hypot(10, 6 - 1) * 0.8, np.hypot(10 - 1, 6) * 0.8
    assert first["long_mm"] == pytest.approx(max(corner))
    assert first["volume_ml"] == pytest.approx(240 * 0.8 * 0.8 * 2.5 / 1000)
    assert second["borders"] == ["k+"]
    assert second["label"] == 2
    assert first["ibsi"]["stat_mean"] == pytest.approx(first["intensity"]["mean"])
    with (out / "measurements.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert float(rows[0]["long_mm"]) == first["long_mm"]
    assert float(rows[1]["stat_max"]) == second["ibsi"]["stat_max"]
    page = (out / "measure.html").read_text(encoding="utf-8")
    assert page.count("<img src=") == 2
    assert "Research use only" in page
    assert "touches the edge" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_speaks_chinese(tmp_path: Path, scan, command: Command) -> None:
    said = command("measure", *scan, "--out", tmp_path / "out", "--lang", "zh", "--instances", "--label", "1")
    assert said.code == 0, said.err
    page = (tmp_path / "out" / "measure.html").read_text(encoding="utf-8")
    assert "病灶测量" in page
    assert "仅供科研使用" in page
    assert "每个标签为一个病灶" in page


def test_an_empty_mask_is_an_answer(tmp_path: Path, scan, command: Command) -> None:
    empty = write(tmp_path / "empty.nii.gz", np.zeros((40, 36, 12), dtype=np.uint8))
    said = command("measure", scan[0], empty, "--out", tmp_path / "out")
    assert said.code == 0, said.err
    assert "The mask holds no lesion" in said.out
    assert "no lesion" in (tmp_path / "out" / "measure.html").read_text()


def test_organs_name_where_a_lesion_lies(tmp_path: Path, scan, command: Command) -> None:
    organs = np.zeros((40, 36, 12), dtype=np.uint8)
    organs[:18] = 5
    path = write(tmp_path / "organs.nii.gz", organs)
    said = command("measure", *scan, "--organs", path, "--out", tmp_path / "out")
    assert said.code == 0, said.err
    first, second = json.loads((tmp_path / "out" / "measurements.json").read_text())["lesions"]
    assert (first["organ"], first["organ_share"]) == (5, 0.8)
    assert second["organ"] is None


def test_a_mask_whose_axes_run_otherwise_is_turned(tmp_path: Path, scan, command: Command) -> None:
    turned = nib.as_closest_canonical(nib.load(scan[1]))
    nib.save(turned, tmp_path / "turned.nii.gz")
    for name, mask in (("a", scan[1]), ("b", tmp_path / "turned.nii.gz")):
        assert command("measure", scan[0], mask, "--out", tmp_path / name).code == 0
    a, b = (json.loads((tmp_path / name / "measurements.json").read_text())["lesions"] for name in "ab")
    assert a[0]["intensity"] == b[0]["intensity"]


def test_a_photograph_is_measured_in_pixels(tmp_path: Path, command: Command) -> None:
    (tmp_path / "scans").mkdir()
    mask = np.zeros((30, 40), dtype=np.uint8)
    mask[10:14, 5:25] = 255
    write_picture(tmp_path / "scans" / "a.png", noise((30, 40, 3), seed=1))
    write_picture(tmp_path / "scans" / "a_mask.png", mask)
    files = (tmp_path / "scans" / name for name in ("a.png", "a_mask.png"))
    said = command("measure", *files, "--out", tmp_path / "out")
    assert said.code == 0, said.err
    assert "px (lesion 1)" in said.out
    assert "no mm or ml are claimed" in (tmp_path / "out" / "measure.html").read_text()


def test_what_does_not_fit_is_refused_in_words(tmp_path: Path, scan, command: Command) -> None:
    other = write(tmp_path / "other.nii.gz", np.zeros((10, 10, 5), dtype=np.uint8))
    many = write(tmp_path / "many.nii.gz", np.arange(40 * 36 * 12, dtype=np.int16).reshape(40, 36, 12))
    moved = AFFINE.copy()
    moved[0, 3] = 30
    away = write(tmp_path / "away.nii.gz", np.zeros((40, 36, 12), dtype=np.uint8), moved)
    for arguments, code, words in (
        ((scan[0], other), 1, "another shape than the image"),
        ((scan[0], away), 1, "lies elsewhere in the patient"),
        ((*scan, "--unit", "mg"), 2, "no such unit"),
        ((*scan, "--label", "77"), 2, "no such label"),
        ((scan[0], many), 1, "The image comes first"),
        ((*scan, "--lang", "fr"), 2, "en or zh"),
        ((tmp_path / "nothing.nii.gz", scan[1]), 1, "nothing.nii.gz"),
        ((scan[0].parent, scan[1]), 1, "one image is taken at a time"),
    ):
        said = command("measure", *arguments, "--out", tmp_path / "refused")
        assert said.code == code, words
        assert words in said.err
        assert not (tmp_path / "refused").exists()
    said = command("measure", *scan, "--out", scan[0].parent)
    assert said.code == 1
    assert "holds" in said.err or "among the scans" in said.err
