"""A manifest can point to whatever scanwright reads: what is written so opens as the same cases."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from builders import (
    class_folders,
    dicom_series,
    nnunet_folder,
    noise,
    write_dicom,
    write_nifti,
    write_picture,
    write_text,
)
from outlines import IMAGE_UID, image, segmentation, square, structures
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io import open_dataset, open_inputs
from scanwright.io.dataset import find_cases
from scanwright.io.layouts.manifest import write_manifest


def series(uid: str, patient: str, **fields: object) -> list:
    slices = dicom_series(4, series=uid)
    for one in slices:
        one.PatientID, one.StudyInstanceUID = patient, f"{uid}.9"
        for name, value in fields.items():
            setattr(one, name, value)
    return slices


def heap(root: Path) -> Path:
    """Two patients' series under random names in the same folders."""
    return write_dicom(root, [*series("1.2.3", "P-1"), *series("1.2.4", "P-2")])


def echoes(root: Path) -> Path:
    """Two echoes of one series, which are two volumes."""
    slices = []
    for n, echo in enumerate((4.6, 12.2)):
        for k, one in enumerate(series("1.2.3", "P-1", EchoTime=echo, Modality="MR")):
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{n}.{k}"
            one.PixelData = (np.frombuffer(one.PixelData, np.int16) + n).tobytes()
            slices.append(one)
    return write_dicom(root, slices)


def outlined(root: Path) -> Path:
    """A series with two objects that outline something in it, and one with one."""
    spot = np.zeros((24, 16))
    spot[5:9, 3:7] = 1
    other = [one for one in series("1.2.4", "P-2")]
    return write_dicom(
        root,
        [
            *image(),
            structures({"Lung": [square(3, 5, 4, k) for k in (1, 2)]}),
            segmentation([(1, 3, spot)], {1: "artery"}),
            *other,
            structures({"lung": [square(8, 8, 3, 1)]}, refers_to="1.2.4", frame_uid="1.2.88"),
        ],
    )


def npz(root: Path) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{split}_{part}": value
        for n, split in enumerate(("train", "test"))
        for part, value in (
            ("images", noise((5, 6, 8, 3), seed=n)),
            ("labels", np.arange(5).reshape(-1, 1) % 2),
        )
    }
    np.savez_compressed(root / "small.npz", **arrays)
    return root / "small.npz"


def zipped(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


PLACES = {
    "an export": lambda root: heap(root / "data"),
    "echoes of a series": lambda root: echoes(root / "data"),
    "SEG and RTSTRUCT": lambda root: outlined(root / "data"),
    "an npz": lambda root: npz(root / "data"),
    "a folder of an npz": lambda root: npz(root / "data").parent,
    "channels": lambda root: nnunet_folder(root / "data", channels=2),
    "classes": lambda root: class_folders(root / "data"),
    "a zipped export": lambda root: zipped(outlined(root / "data")),
    "zipped channels": lambda root: zipped(nnunet_folder(root / "data", channels=2)),
    "a zipped npz": lambda root: zipped(npz(root / "data").parent),
}


def told(dataset: Dataset) -> list[tuple]:
    return [
        (case.name, case.patient, case.split, case.targets.get("label"), dict(case.facts))
        for case in dataset.cases
    ]


def assert_same(found: Dataset, wanted: Dataset) -> None:
    assert told(found) == told(wanted)
    assert dict(found.class_names) == dict(wanted.class_names)
    for one, other in zip(found.cases, wanted.cases, strict=True):
        np.testing.assert_array_equal(one.image.read().array, other.image.read().array)
        assert one.targets.keys() == other.targets.keys()
        if "mask" in other.targets:
            mask, truth = one.mask.read(), other.mask.read()
            np.testing.assert_array_equal(mask.array, truth.array)
            assert mask.same_grid(truth)


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES.keys())
def test_what_was_written_opens_as_the_same_cases(make, tmp_path: Path) -> None:
    wanted = find_cases(make(tmp_path))
    assert len(wanted) >= 2
    folder = tmp_path / "elsewhere" / "out"
    folder.mkdir(parents=True)
    write_manifest(folder, wanted, wanted.cases)
    found = find_cases(folder)
    assert found.set_aside == ()
    assert_same(found, wanted)
    # And once more from what was opened, in another place.
    again = tmp_path / "again"
    again.mkdir()
    write_manifest(again, found, found.cases)
    assert_same(find_cases(again), wanted)


@pytest.mark.parametrize("name", ["an export", "SEG and RTSTRUCT", "an npz", "a zipped export"])
def test_the_doctor_cleans_what_is_no_file_of_its_own(name: str, tmp_path: Path) -> None:
    data = PLACES[name](tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path).rglob("*") if path.is_file()}
    inspection = sw.inspect(data, tmp_path / "out", apply=True)
    cleaned = replace(inspection.examined.dataset, cases=tuple(inspection.cleaned()))
    found = find_cases(tmp_path / "out")
    assert_same(replace(found, class_names=cleaned.class_names), cleaned)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())


def test_addresses_are_relative_and_readable(tmp_path: Path) -> None:
    data = find_cases(heap(tmp_path / "data"))
    (tmp_path / "out").mkdir()
    text = write_manifest(tmp_path / "out", data, data.cases).read_text()
    assert "../data#1.2.3," in text
    pictures = open_dataset(npz(tmp_path / "data"))
    text = write_manifest(tmp_path / "out", pictures, pictures.cases).read_text()
    assert "../data/small.npz#train/4," in text


def test_a_series_is_found_by_its_uid_below_the_manifest_and_by_its_folder(tmp_path: Path) -> None:
    write_dicom(tmp_path / "one", series("1.2.3", "P-1"))
    write_dicom(tmp_path / "two", series("1.2.4", "P-2"))
    rows = ("a,1.2.3,x", "b,two,y", "c,two#1.2.4,y", "d,#1.2.3,x")
    write_text(tmp_path / "manifest.csv", "case,image,label", *rows)
    dataset = open_dataset(tmp_path)
    assert [case.patient for case in dataset.cases] == ["P-1", "P-2", "P-2", "P-1"]


def test_a_file_may_have_a_hash_or_a_bar_in_its_name(tmp_path: Path) -> None:
    for name in ("a#1.png", "b|c.png"):
        write_picture(tmp_path / name, noise((5, 4)))
    write_text(tmp_path / "manifest.csv", "case,image,mask,label", "x,a#1.png,,p", "y,b|c.png,b|c.png,q")
    dataset = open_inputs(tmp_path)
    assert dataset.set_aside == ()
    assert all(case.image.read().shape == (4, 5, 1) for case in dataset.cases)
    assert dataset.cases[1].mask.read().shape == (4, 5, 1)


def test_structures_have_the_values_that_dataset_json_gives(tmp_path: Path) -> None:
    wanted = find_cases(outlined(tmp_path / "data"))
    (tmp_path / "out").mkdir()
    write_manifest(tmp_path / "out", wanted, wanted.cases)
    write_text(tmp_path / "out" / "dataset.json", '{"labels": {"background": 0, "artery": 7, "LUNG": 3}}')
    found = find_cases(tmp_path / "out")
    assert set(np.unique(found.cases[0].mask.read().array)) == {0, 3, 7}
    (tmp_path / "out" / "dataset.json").unlink()
    assert dict(find_cases(tmp_path / "out").class_names) == {"1": "artery", "2": "Lung"}


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("small.npz#train/5", "there is no such picture"),
        ("small.npz#train/-1", "there is no such picture"),
        ("small.npz#other/1", "there is no such picture"),
        ("small.npz#1.2.3", "there is no such picture"),
        ("a.nii.gz#train/1", "there is no such picture"),
        ("nowhere#1.2.3", "file of the column image does not exist"),
        ("dicom#9.9", "has this SeriesInstanceUID"),
        ("dicom#1.2.3_EchoTime-1", "no such volume"),
        ("dicom", "several volumes"),
    ],
)
def test_an_address_that_leads_nowhere_is_set_aside_with_the_reason(
    cell: str, reason: str, tmp_path: Path
) -> None:
    npz(tmp_path)
    echoes(tmp_path / "dicom")
    write_nifti(tmp_path / "a.nii.gz", noise((4, 4, 4)))
    write_text(tmp_path / "manifest.csv", "case,image,label", "good,small.npz#train/4,x", f"bad,{cell},x")
    dataset = open_dataset(tmp_path)
    assert [case.name for case in dataset.cases] == ["good"]
    assert [reason in one.reason for one in dataset.set_aside] == [True]


def test_a_mask_in_dicom_needs_its_series_and_names_that_are_known(tmp_path: Path) -> None:
    outlined(tmp_path / "data")
    write_nifti(tmp_path / "a.nii.gz", noise((4, 4, 4)))
    (cell, *_) = [
        path.relative_to(tmp_path).as_posix()
        for path in sorted((tmp_path / "data").rglob("*"))
        if path.is_file() and b"artery" in path.read_bytes()
    ]
    write_text(tmp_path / "dataset.json", '{"labels": {"background": 0, "liver": 1}}')
    rows = (f"a,a.nii.gz,{cell}", f"b,data#{IMAGE_UID},{cell}", f"c,data#{IMAGE_UID},{cell}#x")
    write_text(tmp_path / "manifest.csv", "case,image,mask", *rows)
    reasons = {one.case: one.reason for one in find_cases(tmp_path / "manifest.csv").set_aside}
    assert "the image is none" in reasons["a"]
    assert "does not name what the mask outlines" in reasons["b"]
    assert "a file was expected" in reasons["c"]


def test_cases_that_come_from_no_file_are_refused(tmp_path: Path) -> None:
    made = open_dataset(class_folders(tmp_path / "data"))
    gone = replace(made.cases[0], inputs={"image": replace(made.cases[0].image, source="gone.png")})
    with pytest.raises(DataError, match="only for cases that come from files"):
        write_manifest(tmp_path, made, [gone])
    assert not os.path.exists(tmp_path / "manifest.csv")
