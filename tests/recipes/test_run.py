"""A recipe on a folder: what is written, what is recorded, what is left alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from builders import (
    TILTED_AFFINE,
    class_folders,
    cohort,
    dicom_series,
    memory_case,
    nnunet_folder,
    noise,
    write_dicom,
    write_nifti,
    write_picture,
)
from scanwright.errors import DataError, OutputError, SettingsError
from scanwright.io.failures_csv import read_failures
from scanwright.io.image import read_image
from scanwright.planning.facts import image_hash
from scanwright.recipes import run as recipe_run


def hashes(folder: Path) -> dict[str, str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def discs(root: Path, names: tuple[str, ...], *, sigma: float) -> Path:
    """Grey pictures of a disc with noise."""
    rows, columns = np.mgrid[:40, :36]
    for seed, name in enumerate(names):
        clean = 40 + 140 * ((rows - 20) ** 2 + (columns - 16 - seed) ** 2 < 120)
        shift = np.random.default_rng(seed).normal(0, sigma, clean.shape)
        write_picture(root / f"{name}.png", np.clip(clean + shift, 0, 255).astype(np.uint8))
    return root


def test_pictures_keep_names_folders_and_bits(tmp_path):
    data = class_folders(tmp_path / "data")
    before = hashes(data)
    result = sw.enhance(data, tmp_path / "out", steps="median=1")
    assert hashes(data) == before
    assert len(result.files) == 6
    record = json.loads((tmp_path / "out" / "steps.json").read_text())
    assert record == json.loads(json.dumps(result.content))
    for case, one in record["cases"].items():
        assert one["files"] == [f"{case}.png"]
        image = read_image(tmp_path / "out" / one["files"][0])
        assert image.array.dtype == np.uint8
        assert image_hash(image) == one["sha256_after"]
        assert image_hash(read_image(data / one["source"][0])) == one["sha256_before"]
    assert record["entries"] == ["benign", "enhance.html", "failures.csv", "malignant", "steps.json"]
    assert read_failures(tmp_path / "out" / "failures.csv") == []


def test_volumes_become_nifti_and_crop_and_spacing_are_recorded(tmp_path):
    array = np.zeros((24, 20, 12), dtype=np.int16)
    array[8:16, 6:14, 4:9] = 500
    write_nifti(tmp_path / "data" / "a.nii.gz", array)
    write_nifti(tmp_path / "data" / "b.nii", array + 7)
    result = sw.enhance(tmp_path / "data", tmp_path / "out", steps="crop=0,spacing=1.4:1.6:5,zscore")
    a = read_image(tmp_path / "out" / "a.nii.gz")
    crop, spacing, zscore = result.content["cases"]["a"]["steps"]
    assert crop["realised"]["box_ijk"] == [[8, 16], [6, 14], [4, 9]]
    assert spacing["realised"]["shape"] == list(a.shape) == [4, 4, 2]
    assert all(step["invertible"] and step["undo"] for step in (crop, spacing, zscore))
    assert a.spacing_mm == pytest.approx((1.4, 1.6, 6.25))
    first = TILTED_AFFINE @ [7.5, 5.5, 3.5, 1]
    assert np.allclose(a.affine_ras @ [-0.5, -0.5, -0.5, 1], first, atol=1e-4)
    assert (tmp_path / "out" / "b.nii.gz").is_file()
    assert result.content["cases"]["b"]["values"] == "deviations"


def test_a_picture_of_other_values_comes_back_by_its_record(tmp_path):
    data = discs(tmp_path / "data", ("a",), sigma=9)
    result = sw.enhance(data / "a.png", tmp_path / "out", steps=["percentile=0:100"])
    one = result.content["cases"]["a"]
    stored = read_image(tmp_path / "out" / "a.png").array
    assert stored.dtype == np.uint16
    unit = stored * one["stored"]["slope"] + one["stored"]["intercept"]
    low, high = (one["steps"][0]["realised"][end][0] for end in ("low", "high"))
    assert np.allclose(low + unit * (high - low), read_image(data / "a.png").array, atol=0.01)


def test_colours_of_sixteen_bits_are_one_file(tmp_path):
    pixels = noise((20, 18, 3), top=256)
    write_picture(tmp_path / "data" / "a.png", pixels)
    result = sw.enhance(tmp_path / "data", tmp_path / "out", steps="window=128:256")
    (file,) = result.files
    image = read_image(file)
    assert image.array.shape == (3, 18, 20, 1)
    assert image.array.dtype == np.uint16
    assert image_hash(image) == result.content["cases"]["a"]["sha256_after"]
    assert np.allclose(image.array[..., 0].transpose(2, 1, 0) / 65535 * 256, pixels, atol=0.01)


def test_missing_voxels_are_filled_in_a_file(tmp_path):
    array = noise((12, 11, 10)).astype(np.float32)
    array[..., 4] = 0
    array[2, 3, 7] = np.nan
    write_nifti(tmp_path / "data" / "a.nii.gz", array)
    result = sw.enhance(tmp_path / "data", tmp_path / "out", steps="fill,median=1")
    one = result.content["cases"]["a"]
    assert one["unusable_replaced"] == 0
    assert one["steps"][0]["realised"] == {"slices": [[4]], "voxels": [1]}
    assert image_hash(read_image(result.files[0])) == one["sha256_after"]


def test_a_dicom_export_and_several_channels(tmp_path):
    write_dicom(tmp_path / "export", dicom_series(n_slices=6))
    result = sw.enhance(tmp_path / "export", tmp_path / "out", steps="median=1")
    assert [file.name for file in result.files] == ["1.2.3.nii.gz"]
    assert read_image(result.files[0]).shape == (16, 24, 6)
    data = nnunet_folder(tmp_path / "data", channels=2)
    result = sw.enhance(data, tmp_path / "both", steps="gaussian=1,crop")
    assert sorted(file.name for file in result.files)[:2] == ["a_0000.nii.gz", "a_0001.nii.gz"]
    assert "another grid than their masks" in result.notes[0]


def test_denoising_comes_nearer_to_the_reference(tmp_path):
    names = tuple("abcdef")
    clean = discs(tmp_path / "clean", names, sigma=0)
    noisy = discs(tmp_path / "noisy", (*names, "g"), sigma=20)
    result = sw.enhance(noisy, tmp_path / "out", steps="median=1", reference=clean)
    numbers = {(one["name"], one["group"]): one for one in result.content["numbers"]}
    assert numbers["psnr", "change"]["low"] > 3
    assert numbers["ssim", "change"]["low"] > 0.1
    assert numbers["psnr", "change"]["n"] == 6
    assert result.content["cases"]["g"]["compared"] is None
    page = (tmp_path / "out" / "enhance.html").read_text(encoding="utf-8")
    assert "PSNR: change" in page
    assert "1 images have no reference of their name." in page
    assert page.count("<img ") == 12


def test_matching_reads_its_reference_once_and_records_it(tmp_path):
    data = discs(tmp_path / "data", ("a", "b"), sigma=5)
    other = write_picture(tmp_path / "ref" / "x,y.png", noise((30, 30), top=90))
    result = sw.enhance(data, tmp_path / "out", steps=[f"match={other}"])
    (step,) = result.content["steps"]
    assert step["files"] == {str(other): image_hash(read_image(other))}
    values = read_image(tmp_path / "out" / "a.png").array
    assert values.max() <= 90


def test_what_can_not_be_done_is_set_aside_and_the_rest_goes_on(tmp_path):
    data = discs(tmp_path / "data", ("a", "b"), sigma=5)
    (data / "broken.png").write_bytes(b"no picture")
    write_picture(data / "flat.png", np.full((20, 20), 9, np.uint8))
    result = sw.enhance(data, tmp_path / "out", steps="crop")
    rows = {row.case: row for row in read_failures(tmp_path / "out" / "failures.csv")}
    assert {case: row.stage for case, row in rows.items()} == {"broken": "read", "flat": "enhance"}
    assert "nothing brighter" in rows["flat"].reason
    assert len(result.files) == 2
    assert "flat" in (tmp_path / "out" / "enhance.html").read_text(encoding="utf-8")


def test_a_name_too_long_for_a_file_is_set_aside(tmp_path):
    cases = [memory_case(name, noise((1, 12, 12, 1)), affine=None) for name in ("a", "x" * 240)]
    result = sw.enhance(cohort(cases), tmp_path / "out", steps="median=1")
    assert len(result.files) == 1
    assert "too long" in result.set_aside[0].reason


def test_when_nothing_can_be_done_nothing_is_written(tmp_path):
    write_picture(tmp_path / "data" / "flat.png", np.full((20, 20), 9, np.uint8))
    with pytest.raises(DataError, match=r"no image can be enhanced.*nothing brighter"):
        sw.enhance(tmp_path / "data", tmp_path / "out", steps="crop")
    assert not (tmp_path / "out").exists()


def test_the_folder_is_claimed_and_only_its_own_files_are_replaced(tmp_path):
    data = discs(tmp_path / "data", ("a", "b"), sigma=5)
    sw.enhance(data, tmp_path / "out", steps="median=1")
    with pytest.raises(OutputError, match="already holds something"):
        sw.enhance(data, tmp_path / "out", steps="median=1")
    (tmp_path / "out" / "mine.txt").write_text("mine")
    (data / "b.png").unlink()
    sw.enhance(data, tmp_path / "out", steps="median=2", overwrite=True)
    assert sorted(entry.name for entry in (tmp_path / "out").iterdir()) == [
        "a.png",
        "enhance.html",
        "failures.csv",
        "mine.txt",
        "steps.json",
    ]
    deep = class_folders(tmp_path / "deep")
    sw.enhance(deep, tmp_path / "deeper", steps="median=1")
    (tmp_path / "deeper" / "benign" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"benign/mine.txt"):
        sw.enhance(deep, tmp_path / "deeper", steps="median=1", overwrite=True)
    foreign = discs(tmp_path / "foreign", ("a",), sigma=1)
    with pytest.raises(OutputError, match="no enhancement wrote"):
        sw.enhance(data, foreign, steps="median=1", overwrite=True)


@pytest.mark.parametrize("where", ["data", "data/new", "clean", "ref", "."])
def test_results_never_lie_among_the_sources(tmp_path, where):
    data, clean = (discs(tmp_path / name, ("a",), sigma=5) for name in ("data", "clean"))
    other = write_picture(tmp_path / "ref" / "x.png", noise((30, 30)))
    before = hashes(tmp_path)
    with pytest.raises(OutputError, match="among the scans"):
        sw.enhance(data, tmp_path / where, steps=f"match={other}", reference=clean, overwrite=True)
    assert hashes(tmp_path) == before


def test_wrong_wishes_are_said_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("scanwright.io.dataset.open_inputs", None)
    for steps, lang, said in (
        ("meadian=1", "en", "did you mean median"),
        ("match=nowhere.nii", "en", "does not exist"),
        ("median=1", "fr", "no such language"),
    ):
        with pytest.raises(SettingsError, match=said):
            sw.enhance(tmp_path, tmp_path / "out", steps=steps, lang=lang)
    assert not (tmp_path / "out").exists()


def test_references_of_other_names_are_an_error(tmp_path):
    data, clean = discs(tmp_path / "data", ("a",), sigma=5), discs(tmp_path / "clean", ("z",), sigma=0)
    with pytest.raises(DataError, match=r"no reference has the name of a case.*names such as a"):
        sw.enhance(data, tmp_path / "out", steps="median=1", reference=clean)
    assert not (tmp_path / "out").exists()


def test_at_most_six_pictures_spread_over_the_cases(tmp_path):
    cases = [memory_case(f"c{n:02d}", noise((1, 12, 12, 1), seed=n), affine=None) for n in range(15)]
    result = sw.enhance(cohort(cases), tmp_path / "out", steps="gaussian=1")
    page = (tmp_path / "out" / "enhance.html").read_text(encoding="utf-8")
    shown = [f"c{n:02d}" for n in range(15) if f"Image c{n:02d}, before" in page]
    assert len(shown) == 6
    assert shown[0] == "c00"
    assert shown[-1] >= "c12"
    assert len(result.files) == 15


def test_a_run_that_is_stopped_leaves_the_earlier_one(tmp_path, monkeypatch):
    data = discs(tmp_path / "data", ("a", "b"), sigma=5)
    sw.enhance(data, tmp_path / "out", steps="median=1")
    before = hashes(tmp_path / "out")

    def stop(*arguments, **values):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipe_run, "render_enhancement", stop)
    with pytest.raises(KeyboardInterrupt):
        sw.enhance(data, tmp_path / "out", steps="median=2", overwrite=True)
    assert hashes(tmp_path / "out") == before
