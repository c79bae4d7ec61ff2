"""``inspect``: the files it writes, and the manifest that it cleans."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

import scanwright as sw
from builders import (
    coco_folder,
    dicom_series,
    dicom_slice,
    noise,
    voc_folder,
    write_dicom,
    write_nifti,
    write_picture,
    write_text,
    yolo_folder,
)
from commands import Command
from dicom_objects import image as slices
from dicom_objects import item, square, structures
from scanwright.errors import DataError, OutputError, SettingsError
from tiny import ball_volumes, disc_classes


@pytest.fixture
def flawed(tmp_path: Path) -> Path:
    """A folder per class in which one picture stands twice, once under the wrong class, with a nasty name."""
    data = disc_classes(tmp_path / "data")
    shutil.copy(data / "disc" / "d0.png", data / "nothing" / "<b>&.png")
    shutil.copy(data / "disc" / "d1.png", data / "disc" / "d1 again.png")
    return data


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_holds_what_the_file_holds(flawed: Path, tmp_path: Path, lang: str) -> None:
    inspection = sw.inspect(flawed, tmp_path / "out", lang=lang)
    content = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    page = (tmp_path / "out" / "findings.html").read_text(encoding="utf-8")
    assert [one["kind"] for one in content] == [one.kind for one in inspection.findings]
    assert {"kind", "severity", "cases", "why", "action", "evidence"} <= set(content[0])
    assert content[0]["kind"] == "two_labels"
    for one in inspection.in_words(lang):
        assert one.title in page
    assert "<b>&" not in page
    assert "nothing/&lt;b&gt;&amp;" in page
    assert not re.search(r"(src|href)=[\"']?https?:", page)
    assert ("科研" in page) == (lang == "zh")


def test_a_cleaned_manifest_opens_and_leaves_out_what_it_should(flawed: Path, tmp_path: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in flawed.rglob("*"))
    sw.inspect(flawed, tmp_path / "out", apply=True)
    cleaned = sw.open(tmp_path / "out")
    names = {case.name for case in cleaned.cases}
    assert {case.name for case in sw.open(flawed).cases} - names == {
        "disc/d0",
        "nothing/<b>&",
        *({"disc/d1", "disc/d1 again"} - names),
    }
    assert len({"disc/d1", "disc/d1 again"} & names) == 1
    assert all(case.image.read().array.size for case in cleaned.cases)
    assert before == sorted((path, path.stat().st_mtime_ns) for path in flawed.rglob("*"))


def test_a_cleaned_manifest_keeps_masks_and_the_names_of_classes(tmp_path: Path) -> None:
    data = ball_volumes(tmp_path / "data", 6)
    masks = sorted((data / "labelsTr").iterdir())
    write_nifti(masks[0], np.zeros((5, 5, 5), np.uint8))
    inspection = sw.inspect(data, tmp_path / "out", apply=True)
    assert inspection.findings[0].kind == "mask_elsewhere"
    cleaned, whole = sw.open(tmp_path / "out"), sw.open(data)
    assert len(cleaned) == 5
    assert dict(cleaned.class_names) == dict(whole.class_names)
    mask = cleaned.cases[0].mask.read()
    np.testing.assert_array_equal(mask.array, whole.cases[1].mask.read().array)


@pytest.mark.parametrize("build", [voc_folder, yolo_folder, coco_folder])
def test_a_cleaned_manifest_keeps_boxes_and_leaves_out_those_of_another_image(
    build: Callable[[Path], Path], tmp_path: Path
) -> None:
    data = build(tmp_path / "data")
    before = sw.open(data)
    if build is not yolo_folder:  # which tells no size
        write_picture(data / before.cases[1].image.source, noise((5, 5)))
    sw.inspect(data, tmp_path / "out", apply=True)
    cleaned = {case.name: case for case in sw.open(tmp_path / "out").cases}
    assert before.cases[0].name in cleaned
    assert (before.cases[1].name in cleaned) == (build is yolo_folder)
    for name, case in cleaned.items():
        (original,) = [one for one in before.cases if one.name == name]
        np.testing.assert_array_equal(case.boxes.read().box_ijk, original.boxes.read().box_ijk)


def test_a_cleaned_manifest_keeps_several_masks_of_one_image(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for seed, name in enumerate("abc"):
        write_nifti(data / "images" / f"{name}.nii.gz", noise((9, 8, 7), seed=seed))
        for number, what in enumerate(("kidney", "tumour_1", "tumour_2")):
            mask = np.zeros((9, 8, 7), np.uint8)
            mask[number, number] = 1
            write_nifti(data / "masks" / f"{name}_{what}.nii.gz", mask)
    sw.inspect(data, tmp_path / "out", apply=True)
    cleaned, whole = sw.open(tmp_path / "out"), sw.open(data)
    assert dict(cleaned.class_names) == dict(whole.class_names) == {"1": "kidney", "2": "tumour"}
    for one, other in zip(cleaned.cases, whole.cases, strict=True):
        np.testing.assert_array_equal(one.mask.read().array, other.mask.read().array)


def test_data_without_a_usable_case_are_looked_at_too(tmp_path: Path) -> None:
    data = ball_volumes(tmp_path / "data", 3)
    for mask in (data / "labelsTr").iterdir():
        mask.rename(mask.with_name("other_" + mask.name))
    with pytest.raises(DataError):
        sw.open(data)
    assert {one.kind for one in sw.inspect(data).findings} == {"unreadable", "not_looked_at"}


def test_results_keep_apart_from_the_scans(flawed: Path) -> None:
    with pytest.raises(OutputError):
        sw.inspect(flawed, flawed)
    with pytest.raises(SettingsError):
        sw.inspect(flawed, lang="fr")


def test_the_command_says_the_worst_first_and_ends_with_3(
    flawed: Path, tmp_path: Path, command: Command
) -> None:
    said = command("inspect", flawed, "--out", tmp_path / "out", "--json")
    assert said.code == 3, said.err
    assert said.result["findings"]["error"] >= 1
    first = next(line for line in said.out.splitlines() if line.startswith("  "))
    assert first.split()[:2] == ["error", "two_labels"]


def test_a_folder_without_labels_is_looked_at_image_by_image(tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "data", 6)
    for picture in sorted(data.rglob("*.png")):
        picture.rename(data / picture.name)
    shutil.copy(data / "d0.png", data / "d0 again.png")
    inspection = sw.inspect(data)
    assert len(inspection.examined.exams) == 13
    assert ("d0", "d0 again") in [tuple(sorted(one.cases, key=len)) for one in inspection.findings]


def test_a_name_in_a_localizer_is_told_though_the_localizer_is_left_out(tmp_path: Path) -> None:
    page = Image.new("I;16", (160, 120))
    ImageDraw.Draw(page).text((5, 5), "SMITH ANNA 1961", fill=2000, font=ImageFont.load_default(14))
    scout = dicom_slice(np.asarray(page), position=(0, 0, 0), series="1.2.9")
    scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    write_dicom(tmp_path / "data" / "scan", dicom_series())
    write_dicom(tmp_path / "data" / "scout", [scout])
    (tmp_path / "data" / "broken.dcm").write_bytes(bytes(128) + b"DICM" + b"nothing more")
    found = {one.kind: one for one in sw.inspect(tmp_path / "data").findings}
    (name,) = found["left_out"].cases
    assert (found["left_out"].severity, name[:6]) == ("note", "scout/")
    assert f"({name}/" in found["left_out"].title
    assert found["burned_in"].cases == (name,)
    assert "1 of them beside the cases" in found["burned_in"].title
    assert (found["identifiers"].evidence["n"], found["identifiers"].evidence["of"]) == (2, 3)
    assert found["unreadable"].cases == found["not_looked_at"].cases == ("broken.dcm",)


def test_series_that_nobody_asked_for_are_searched_for_names_too(tmp_path: Path) -> None:
    page = Image.new("I;16", (160, 120))
    ImageDraw.Draw(page).text((5, 5), "SMITH ANNA 1961", fill=2000, font=ImageFont.load_default(14))
    pages = [dicom_slice(np.asarray(page), position=(0, 0, 2 * k), series="1.2.9") for k in range(5)]
    write_dicom(tmp_path / "scan", dicom_series())
    write_dicom(tmp_path / "other", pages)
    inspection = sw.inspect(tmp_path, series="1.2.3$")
    assert [exam.name for exam in inspection.examined.exams] == ["1.2.3"]
    found = {one.kind: one for one in inspection.findings}
    assert found["burned_in"].cases == ("1.2.9",)
    assert found["identifiers"].evidence["of"] == 2
    assert "left_out" not in found


def test_names_in_headers_of_whatever_dicom_lies_there_are_told(tmp_path: Path) -> None:
    anonymous = {"PatientName": "", "PatientBirthDate": "", "AccessionNumber": ""}
    named = {**anonymous, "PatientName": "Smith^Anna"}
    contours = structures({"organ": [square(1, 1, 3, k) for k in range(4)]})
    lost = dicom_slice(noise((9, 8)), position=(0, 0, 0), series="")
    copy = deepcopy(slices(4)[0])
    for one in (contours, lost, copy):
        for name, value in named.items():
            setattr(one, name, value)
    disc = Dataset()
    disc.file_meta = FileMetaDataset()
    disc.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    disc.file_meta.MediaStorageSOPInstanceUID = "1.2.5"
    disc.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    disc.DirectoryRecordSequence = [item(DirectoryRecordType="PATIENT", PatientName="Smith^Anna")]
    data = tmp_path / "data"
    write_dicom(data / "scan", slices(4, **anonymous))
    for name, one in {"contours": contours, "lost.dcm": lost, "z/copy": copy, "DICOMDIR": disc}.items():
        (data / name).parent.mkdir(exist_ok=True)
        one.save_as(data / name, enforce_file_format=True)
    found = {one.kind: one for one in sw.inspect(data).findings}
    assert set(found["identifiers"].cases) == {"contours", "lost.dcm", "z/copy", "DICOMDIR"}
    assert found["not_looked_at"].cases == ("lost.dcm",)


def test_names_in_dicom_among_the_files_of_another_layout_are_told(tmp_path: Path) -> None:
    data = ball_volumes(tmp_path / "data", 6)
    write_dicom(data / "originals", dicom_series(4))
    (told,) = [one for one in sw.inspect(data).findings if one.kind == "identifiers"]
    assert (told.cases, told.evidence["of"]) == (("1.2.3",), 7)


def test_the_series_of_a_manifest_are_not_told_twice(tmp_path: Path) -> None:
    for n, series in enumerate(("1.2.3", "1.2.4", "1.2.5")):
        write_dicom(tmp_path / f"scan{n}", dicom_series(4, series=series))
    write_text(tmp_path / "manifest.csv", "case,image,label", "a,scan0,ill", "b,#1.2.4,well")
    (told,) = [one for one in sw.inspect(tmp_path).findings if one.kind == "identifiers"]
    assert (told.cases, told.evidence["of"]) == (("a", "b", "1.2.5"), 3)


def test_a_series_that_is_left_out_and_damaged_is_not_called_fine(tmp_path: Path) -> None:
    write_dicom(tmp_path / "scan", dicom_series())
    other = dicom_series(11, series="1.2.9")
    for one in other:
        one.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    write_dicom(tmp_path / "other", other)
    for number, file in enumerate(sorted(path for path in (tmp_path / "other").rglob("*") if path.is_file())):
        if number == 3:
            file.write_bytes(file.read_bytes()[:-200])
    for series in (None, "1.2.3$"):
        found = {one.kind: one for one in sw.inspect(tmp_path, series=series).findings}
        assert "left_out" not in found
        assert (found["unreadable"].severity, len(found["unreadable"].cases)) == ("warning", 1)
        assert "damaged" in found["unreadable"].title


def stop(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("verb", ["inspect", "convert", "enhance"])
def test_ctrl_c_leaves_no_empty_folder(flawed: Path, tmp_path: Path, verb: str) -> None:
    further = {"inspect": {}, "convert": {"to": "manifest"}, "enhance": {"steps": "median=1"}}[verb]
    with pytest.raises(KeyboardInterrupt):
        getattr(sw, verb)(flawed, tmp_path / "out", progress=stop, **further)
    assert not (tmp_path / "out").exists()


def test_a_zip_is_refused_for_apply_before_anything_is_read(
    flawed: Path, tmp_path: Path, command: Command
) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "scans"), "zip", flawed))
    with pytest.raises(DataError, match="Unpack it"):
        sw.inspect(archive, tmp_path / "out", apply=True, progress=stop)
    said = command("inspect", archive, "--apply", "--out", tmp_path / "out")
    assert said.code == 1
    assert "Reading" not in said.err
    assert not (tmp_path / "out").exists()


def test_nothing_usable_ends_with_1_a_page_and_no_manifest(tmp_path: Path, command: Command) -> None:
    data = ball_volumes(tmp_path / "data", 3)
    for image in (data / "imagesTr").iterdir():
        image.write_bytes(b"")
    said = command("inspect", data, "--apply", "--out", tmp_path / "out")
    assert (said.code, "No case is left" in said.out) == (1, True)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["findings.html", "findings.json"]


def test_the_command_shows_every_kind_however_many_there_are_of_one(tmp_path: Path, command: Command) -> None:
    data = disc_classes(tmp_path / "data", 12)
    for picture in sorted((data / "disc").iterdir()):
        shutil.copy(picture, picture.with_name(f"{picture.stem} again.png"))
    said = command("inspect", data, "--out", tmp_path / "out")
    kinds = {one["kind"] for one in json.loads((tmp_path / "out" / "findings.json").read_text("utf-8"))}
    assert {"same_picture", "few_patients"} <= kinds
    assert all(kind in said.out for kind in kinds)
    assert sum("same_picture" in line for line in said.out.splitlines()) == 2
    assert "… and 10 more like it" in said.out


def test_the_chinese_page_says_layout_and_notes_in_chinese(tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "data", 6)
    (data / "readme.txt").write_text("of mine")
    sw.inspect(data, tmp_path / "out", lang="zh")
    page = (tmp_path / "out" / "findings.html").read_text(encoding="utf-8")
    assert "每类一个文件夹" in page
    assert "未使用：readme.txt" in page
    assert "not used" not in page


def test_a_name_with_a_line_break_survives_the_cleaned_manifest(tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "data")
    shutil.move(data / "disc" / "d0.png", data / "disc" / "d\n0.png")
    sw.inspect(data, tmp_path / "out", apply=True)
    assert "disc/d\n0" in {case.name for case in sw.open(tmp_path / "out").cases}
