"""A manifest can name whatever scanwright reads: what is written so opens as the same cases."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from builders import (
    ball_mask,
    bids_folder,
    class_folders,
    coco_folder,
    dicom_series,
    nnunet_folder,
    noise,
    voc_folder,
    write_dicom,
    write_nifti,
    write_picture,
    write_text,
    yolo_folder,
)
from dicom_objects import image, report, segmentation, square, structures
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io import open_dataset
from scanwright.io.dataset import find_cases
from scanwright.io.writing.manifest_csv import write_manifest


def series(uid: str, patient: str, **fields: object) -> list:
    slices = dicom_series(4, series=uid)
    for one in slices:
        one.PatientID, one.StudyInstanceUID = patient, f"{uid}.9"
        for name, value in fields.items():
            setattr(one, name, value)
    return slices


def heap(root: Path) -> Path:
    """Two patients' series under random names in the same folders."""
    return write_dicom(
        root, [*series("1.2.3", "P-1", BodyPartExamined="CHEST"), *series("1.2.4", "P-2"), report()]
    )


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
    return write_dicom(
        root,
        [
            *image(),
            structures({"Lung": [square(3, 5, 4, k) for k in (1, 2)]}),
            segmentation([(1, 3, spot)], {1: "artery"}),
            *series("1.2.4", "P-2"),
            structures({"lung": [square(8, 8, 3, 1)]}, refers_to="1.2.4", frame_uid="1.2.88"),
        ],
    )


def masked_by_name(root: Path) -> Path:
    """A folder of one series with a mask in NIfTI named after it."""
    write_dicom(root / "P1", series("1.2.3", "P-1"))
    (case,) = find_cases(root).cases
    volume = case.image.read()
    write_nifti(root / "P1_mask.nii.gz", ball_mask(volume.shape), volume.affine_ras)
    return root


def npz(root: Path, several: bool = False) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for n, split in enumerate(("train", "test")):
        arrays[f"{split}_images"] = noise((5, 6, 8, 3), seed=n)
        labels = np.arange(10).reshape(5, 2) % 3 % 2 if several else np.arange(5).reshape(-1, 1) % 2
        arrays[f"{split}_labels"] = labels
    np.savez_compressed(root / "small.npz", **arrays)
    return root / "small.npz"


def channels_of_one_file(root: Path) -> Path:
    """As in the Decathlon."""
    for n in range(2):
        write_nifti(root / "imagesTr" / f"{n}.nii.gz", noise((8, 7, 6, 2), seed=n))
        write_nifti(root / "labelsTr" / f"{n}.nii.gz", ball_mask((8, 7, 6)))
    told = '{"channel_names": {"0": "T2", "1": "ADC"}, "labels": {"background": 0, "gland": 1}}'
    write_text(root / "dataset.json", told)
    return root


PLACES: dict[str, Callable[[Path], Path]] = {
    "an export": heap,
    "echoes of a series": echoes,
    "SEG and RTSTRUCT": outlined,
    "masks named after series": masked_by_name,
    "an npz": npz,
    "an npz of several labels": lambda root: npz(root, several=True),
    "the folder of an npz": lambda root: npz(root).parent,
    "channels": lambda root: nnunet_folder(root, channels=2),
    "channels of one file": channels_of_one_file,
    "BIDS": bids_folder,
    "classes": class_folders,
    "VOC": voc_folder,
    "YOLO": yolo_folder,
    "COCO": coco_folder,
}


def assert_same(found: Dataset, wanted: Dataset) -> None:
    assert found.set_aside == ()
    for one, other in zip(found.cases, wanted.cases, strict=True):
        assert (one.name, one.patient, one.split) == (other.name, other.patient, other.split)
        assert one.facts == other.facts
        np.testing.assert_array_equal(one.image.read().array, other.image.read().array)
        assert one.targets.keys() == other.targets.keys()
        for kind in ("label", "labels", "values"):
            assert one.targets.get(kind) == other.targets.get(kind)
        if "mask" in other.targets:
            np.testing.assert_array_equal(one.mask.read().array, other.mask.read().array)
            assert one.mask.read().same_grid(other.mask.read())
        if "boxes" in other.targets:
            np.testing.assert_allclose(one.boxes.read().box_ijk, other.boxes.read().box_ijk)
            assert one.boxes.read().classes == other.boxes.read().classes


@pytest.mark.parametrize("make", PLACES.values(), ids=PLACES.keys())
def test_what_was_written_opens_as_the_same_cases(make: Callable[[Path], Path], tmp_path: Path) -> None:
    wanted = find_cases(make(tmp_path / "data"))
    assert wanted.cases
    folder = tmp_path / "elsewhere" / "out"
    folder.mkdir(parents=True)
    write_manifest(folder, wanted, wanted.cases)
    found = find_cases(folder)
    assert_same(found, wanted)
    assert {**found.class_names, "0": "background"} == {**wanted.class_names, "0": "background"}
    # And once more from what was opened, in another place.
    again = tmp_path / "again"
    again.mkdir()
    write_manifest(again, found, found.cases)
    assert_same(find_cases(again / "manifest.csv"), wanted)


@pytest.mark.parametrize("name", ["an export", "SEG and RTSTRUCT", "an npz", "channels of one file", "VOC"])
def test_the_doctor_cleans_whatever_it_can_read(name: str, tmp_path: Path) -> None:
    data = PLACES[name](tmp_path / "data")
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    inspection = sw.inspect(data, tmp_path / "out", apply=True)
    cleaned = replace(inspection.examined.dataset, cases=tuple(inspection.cleaned()))
    assert_same(find_cases(tmp_path / "out"), cleaned)
    left = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert left == before


def test_addresses_are_relative_and_readable(tmp_path: Path) -> None:
    data, pictures = find_cases(heap(tmp_path / "data")), open_dataset(npz(tmp_path / "pictures"))
    assert "../data#1.2.3," in write_manifest(tmp_path / "pictures", data, data.cases).read_text()
    assert (
        ",small.npz#train/4," in write_manifest(tmp_path / "pictures", pictures, pictures.cases).read_text()
    )


def test_a_series_is_named_by_its_uid_its_folder_or_both(tmp_path: Path) -> None:
    write_dicom(tmp_path / "one", series("1.2.3", "P-1"))
    write_dicom(tmp_path / "two", series("1.2.4", "P-2"))
    rows = ("a,1.2.3,x", "b,two,y", "c,two#1.2.4,y", "d,#1.2.3,x")
    write_text(tmp_path / "manifest.csv", "case,image,label", *rows)
    assert [case.patient for case in open_dataset(tmp_path).cases] == ["P-1", "P-2", "P-2", "P-1"]


def test_a_file_may_have_a_hash_in_its_name(tmp_path: Path) -> None:
    write_picture(tmp_path / "a#1.png", noise((5, 4)))
    npz(tmp_path / "of #2")
    write_text(tmp_path / "manifest.csv", "case,image,label", "x,a#1.png,p", "y,of #2/small.npz#test/0,q")
    dataset = open_dataset(tmp_path)
    assert [case.image.read().shape for case in dataset.cases] == [(4, 5, 1), (8, 6, 1)]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("small.npz#train/5", "there is no such picture"),
        ("small.npz#train/-1", "there is no such picture"),
        ("small.npz#train/" + 5000 * "9", "there is no such picture"),
        ("small.npz#other/1", "there is no such picture"),
        ("small.npz#../train/1", "there is no such picture"),
        ("small.npz#1.2.3", "there is no such picture"),
        ("a.nii.gz#train/1", "only an .npz file and a DICOM export"),
        ("nowhere#1.2.3", "file of the column image does not exist"),
        ("../#", "file of the column image does not exist"),
        ("\x00#1.2.3", "file of the column image does not exist"),
        (9000 * "a" + "#1", "file of the column image does not exist"),
        ("dicom#9.9", "has this SeriesInstanceUID"),
        ("dicom#../../secret", "has this SeriesInstanceUID"),
        ("dicom#1.2.3_EchoTime-1", "no volumes of the series are called so"),
        ("dicom#1.2.3", "several volumes"),
        ("/#1.2.3", "a whole disk is not searched"),
        (40 * "../" + "#1.2.3", "a whole disk is not searched"),
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
    assert [reason in one.reason for one in dataset.set_aside] == [True], dataset.set_aside


@pytest.mark.parametrize("column", ["mask", "boxes", "image:b"])
def test_only_the_one_image_of_a_row_may_lie_with_others(column: str, tmp_path: Path) -> None:
    npz(tmp_path)
    write_picture(tmp_path / "a.png", noise((6, 8)))
    first = "image:a" if column == "image:b" else "image"
    write_text(tmp_path / "manifest.csv", f"case,{first},{column},label", "x,a.png,small.npz#train/1,p")
    (refused,) = find_cases(tmp_path / "manifest.csv").set_aside
    assert f"the file of the column {column} does not exist" in refused.reason


def test_objects_and_voxels_do_not_make_one_mask(tmp_path: Path) -> None:
    write_dicom(tmp_path / "a", image())
    segmentation([(1, 2, np.ones((24, 16)))], {1: "lung"}).save_as(
        tmp_path / "seg.dcm", enforce_file_format=True
    )
    write_nifti(tmp_path / "m.nii.gz", ball_mask())
    write_text(tmp_path / "manifest.csv", "case,image,mask", "x,a,seg.dcm|m.nii.gz")
    dataset = find_cases(tmp_path / "manifest.csv")
    assert dataset.cases == ()
    assert "DICOM objects or of files of voxels" in dataset.set_aside[0].reason


def test_what_lies_in_a_zip_is_refused_with_what_to_do(tmp_path: Path) -> None:
    zipped = shutil.make_archive(str(tmp_path / "data"), "zip", nnunet_folder(tmp_path / "data"))
    with pytest.raises(DataError, match="Unpack it"):
        sw.inspect(zipped, tmp_path / "out", apply=True)
    assert not (tmp_path / "out").exists()


def test_damaged_files_count_only_of_an_export_that_some_row_uses(tmp_path: Path) -> None:
    write_dicom(tmp_path / "own", series("1.2.3", "P"))
    write_text(tmp_path / "own" / "bad.dcm", "no DICOM")
    write_text(tmp_path / "else" / "foreign.dcm", "no DICOM")
    write_text(tmp_path / "manifest.csv", "case,image,label", "x,own#1.2.3,p", "y,else#1.2.3,q")
    assert [one.case for one in find_cases(tmp_path / "manifest.csv").set_aside] == ["y", "bad.dcm"]
