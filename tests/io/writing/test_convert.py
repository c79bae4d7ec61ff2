"""A dataset that was converted is the same dataset: cases, patients, splits, voxels, places, names."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import scanwright as sw
from builders import (
    TILTED_AFFINE,
    ball_mask,
    bids_folder,
    class_folders,
    coco_folder,
    cohort,
    dicom_series,
    labelled_pictures,
    masked_volumes,
    memory_case,
    nnunet_folder,
    noise,
    voc_folder,
    write_dicom,
    write_nifti,
    write_picture,
    write_text,
    yolo_folder,
)
from scanwright.data.boxes import Boxes
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError, OutputError, SettingsError
from scanwright.io.writing.convert import TARGETS

OF_MASKS = ("nnunet", "bids", "manifest")


def names(dataset: Dataset) -> list[str]:
    return [case.name for case in dataset.cases]


def set_aside(entries: object) -> dict[str, str]:
    return {one.case: one.reason for one in entries}  # type: ignore[attr-defined]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_same_images(before: Dataset, after: Dataset) -> None:
    for one, other in zip(before.cases, after.cases, strict=True):
        image, again = one.image.read(), other.image.read()
        np.testing.assert_array_equal(again.array, image.array)
        assert again.array.dtype == image.array.dtype
        if image.affine_ras is None:
            assert again.affine_ras is None
        else:
            np.testing.assert_allclose(again.affine_ras, image.affine_ras, atol=1e-4)


def assert_same_masks(before: Dataset, after: Dataset) -> None:
    """The same voxels bear the same name, whatever the number."""
    for one, other in zip(before.cases, after.cases, strict=True):
        mask, again = one.mask.read(), other.mask.read()
        for value in np.unique(mask.array)[1:]:
            name = before.class_names.get(str(value), f"label {value}")
            numbers = [number for number, other_name in after.class_names.items() if other_name == name]
            number = int(numbers[0]) if numbers else value
            np.testing.assert_array_equal(again.array == number, mask.array == value)
        np.testing.assert_array_equal(again.array == 0, mask.array == 0)
        assert other.image.read().same_grid(again)


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    """Six cases of three patients: splits, facts, two channels, and values 0, 2, 5, of which 5 is named."""
    root = tmp_path / "source"
    lines = ["case,patient,split,image:T1,image:FLAIR,mask,site,age"]
    for k, split in enumerate(["train", "train", "val", "val", "test", "test"]):
        for channel, name in enumerate(("t1", "flair")):
            write_nifti(root / name / f"{k}.nii.gz", noise((7, 6, 5), seed=10 * k + channel).astype(np.int16))
        mask = ball_mask((7, 6, 5), label=2)
        mask[0, 0, 0] = 5
        write_nifti(root / "truth" / f"{k}.nii.gz", mask)
        lines.append(
            f"case {k},P{k // 2},{split},t1/{k}.nii.gz,flair/{k}.nii.gz,truth/{k}.nii.gz,north,{60 + k}"
        )
    write_text(root / "manifest.csv", *lines)
    write_text(root / "dataset.json", json.dumps({"labels": {"background": 0, "lesion": 5}}))
    return root


# --- round trips


def test_a_manifest_holds_everything(patients: Path, tmp_path: Path) -> None:
    before, converted = sw.open(patients), sw.convert(patients, tmp_path / "out", to="manifest")
    after = sw.open(tmp_path / "out")
    assert (converted.notes, converted.set_aside, after.notes) == ((), (), ())
    for attribute in ("name", "patient", "split", "facts"):
        assert [getattr(c, attribute) for c in after.cases] == [getattr(c, attribute) for c in before.cases]
    assert (after.channels, after.class_names) == (before.channels, before.class_names)
    assert_same_images(before, after)
    for one, other in zip(before.cases, after.cases, strict=True):
        np.testing.assert_array_equal(other.mask.read().array, one.mask.read().array)


def test_nnunet_gets_consecutive_values_and_its_test_cases_apart(patients: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before, converted = sw.open(patients), sw.convert(patients, out, to="nnunet")
    after = sw.open(out)
    assert sorted(p.name for p in (out / "imagesTs").iterdir()) == [
        f"case_{k}_000{c}.nii.gz" for k in (4, 5) for c in (0, 1)
    ]
    assert sorted(p.name for p in (out / "labelsTr").iterdir()) == [f"case_{k}.nii.gz" for k in range(4)]
    assert json.loads((out / "dataset.json").read_text()) == {
        "channel_names": {"0": "T1", "1": "FLAIR"},
        "labels": {"background": 0, "label 2": 1, "lesion": 2},
        "numTraining": 4,
        "file_ending": ".nii.gz",
        "label_values_before": {"background": 0, "label 2": 2, "lesion": 5},
    }
    assert converted.notes[0] == "label values are consecutive, as nnU-Net demands: 2 → 1, 5 → 2"
    assert "folds" in converted.notes[1]
    for attribute in ("name", "patient", "split", "facts"):
        assert [getattr(c, attribute) for c in after.cases] == [getattr(c, attribute) for c in before.cases]
    assert after.channels == before.channels
    assert_same_images(before, after)
    assert_same_masks(before, after)


def test_nnunets_own_folders_can_be_read_without_the_manifest(patients: Path, tmp_path: Path) -> None:
    sw.convert(patients, tmp_path / "out", to="nnunet")
    (tmp_path / "out" / "manifest.csv").unlink()
    after = sw.open(tmp_path / "out")
    assert (after.layout, len(after), after.channels) == ("nnU-Net raw", 4, ("T1", "FLAIR"))
    assert after.class_names == {"0": "background", "1": "label 2", "2": "lesion"}


def test_bids_keeps_patients_splits_facts_and_values(patients: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before, converted = sw.open(patients), sw.convert(patients, out, to="bids")
    after = sw.open(out)
    assert (after.layout, after.patients) == ("BIDS", "BIDS sub-")
    assert names(after)[:3] == ["sub-P0_ses-01", "sub-P0_ses-02", "sub-P1_ses-01"]
    for attribute in ("patient", "split"):
        assert [getattr(c, attribute) for c in after.cases] == [getattr(c, attribute) for c in before.cases]
    for one, other in zip(before.cases, after.cases, strict=True):
        assert {key: value for key, value in other.facts.items() if key != "session"} == one.facts
    assert (out / "participants.tsv").read_text().splitlines()[:2] == [
        "participant_id\tsite\tsplit",
        "sub-P0\tnorth\ttrain",
    ]
    assert (out / "sub-P0" / "sub-P0_sessions.tsv").read_text().splitlines()[1] == "ses-01\t60"
    assert after.class_names == {"0": "background", "5": "lesion"}
    assert converted.notes == (
        "BIDS knows no order of contrasts: channels are read back in the order of their names",
    )
    assert after.channels == ("FLAIR", "T1w")
    for one, other in zip(before.cases, after.cases, strict=True):
        np.testing.assert_array_equal(other.image.read().array[::-1], one.image.read().array)
        np.testing.assert_allclose(other.image.read().affine_ras, TILTED_AFFINE, atol=1e-4)
        np.testing.assert_array_equal(other.mask.read().array, one.mask.read().array)


@pytest.mark.parametrize("to", OF_MASKS)
@pytest.mark.parametrize("build", [nnunet_folder, bids_folder])
def test_layouts_of_volumes_turn_into_each_other(
    build: Callable[[Path], Path], to: str, tmp_path: Path
) -> None:
    before = sw.open(build(tmp_path / "source"))
    content = tree(tmp_path / "source")
    converted = sw.convert(before, tmp_path / "out", to=to)
    assert tree(tmp_path / "source") == content
    after = sw.open(tmp_path / "out")
    assert len(converted.written) == len(before)
    if to != "bids":
        assert names(after) == names(before)
    if before.layout == "BIDS":
        assert [case.patient for case in after.cases] == ["01", "02", "03"]
        assert after.channels == ("T1w",)
    assert_same_images(before, after)
    assert_same_masks(before, after)


def test_bids_to_bids_is_the_same_again(tmp_path: Path) -> None:
    root = bids_folder(
        tmp_path / "source", ("sub-1_ses-a", "sub-1_ses-b", "sub-2_ses-a"), ("T1w", "ce-gad_T1w")
    )
    write_text(root / "participants.tsv", "participant_id\tsex\tsplit", "sub-1\tF\ttest", "sub-2\tM\ttrain")
    write_text(root / "dseg.tsv", "index\tname", "1\tlesion")
    before = sw.open(root)
    converted = sw.convert(before, tmp_path / "out", to="bids")
    after = sw.open(tmp_path / "out")
    assert converted.notes == ()
    for attribute in ("name", "patient", "split", "facts"):
        assert [getattr(c, attribute) for c in after.cases] == [getattr(c, attribute) for c in before.cases]
    assert (after.channels, after.class_names, after.notes) == (before.channels, before.class_names, ())
    assert_same_images(before, after)


def test_dicom_becomes_nifti_in_the_same_place(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_dicom(source / "export", dicom_series())
    write_text(source / "manifest.csv", "case,image,mask", "a,1.2.3,a.nii.gz")
    first = sw.open(write_text(source / "bare.csv", "case,image,label", "a,1.2.3,x"))
    image = first.cases[0].image.read()
    write_nifti(source / "a.nii.gz", ball_mask(image.shape), image.affine_ras)
    before = sw.open(source)
    for to, channel in (("nnunet", "CT"), ("bids", "ct"), ("manifest", None)):
        sw.convert(before, tmp_path / to, to=to)
        after = sw.open(tmp_path / to)
        assert_same_images(before, after)
        assert_same_masks(before, after)
        assert after.channels == ((channel,) if channel else ())
        # BIDS allows letters and digits only.
        assert after.cases[0].patient == {"bids": "P7"}.get(to, "P-7")
        assert after.cases[0].facts["modality"] == "CT"
        assert b"Secret" not in b"".join(tree(tmp_path / to).values())
    at = np.round(image.affine_ras @ [10, 20, 3, 1], 4)
    written = nib.load(next((tmp_path / "nnunet" / "imagesTr").iterdir()))
    np.testing.assert_allclose(written.affine @ [10, 20, 3, 1], at, atol=1e-4)
    assert list(at[:3]) == [143, 146, -485]


@pytest.mark.parametrize("to", ["nnunet", "manifest"])
def test_photographs_become_png(tmp_path: Path, to: str) -> None:
    root = tmp_path / "source"
    for k in range(3):
        write_picture(root / "images" / f"{k}.tif", noise((9, 7, 3), seed=k))
        write_picture(
            root / "masks" / f"{k}.png", np.where(noise((9, 7), seed=k) > 100, 255, 0).astype(np.uint8)
        )
    before, converted = sw.open(root), sw.convert(root, tmp_path / "out", to=to)
    after = sw.open(tmp_path / "out")
    assert {one.ending for one in converted.written} == {".png"}
    assert names(after) == names(before)
    assert_same_images(before, after)
    if to == "nnunet":
        described = json.loads((tmp_path / "out" / "dataset.json").read_text())
        assert described["file_ending"] == ".png"
        assert described["channel_names"] == {"0": "red", "1": "green", "2": "blue"}
        assert described["labels"] == {"background": 0, "label 255": 1}
        assert set(np.unique(after.cases[0].mask.read().array)) == {0, 1}
    else:
        np.testing.assert_array_equal(after.cases[1].mask.read().array, before.cases[1].mask.read().array)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32])
def test_pictures_of_any_depth_keep_their_values(tmp_path: Path, channels: int, kind: type) -> None:
    image = noise((channels, 8, 6, 1)).astype(kind) * kind(1 if kind is np.uint8 else 300)
    data = cohort([memory_case("a", image, label="x", affine=None)])
    sw.convert(data, tmp_path / "out", to="manifest")
    again = sw.open(tmp_path / "out").cases[0].image.read()
    assert again.affine_ras is None
    np.testing.assert_array_equal(again.array, image)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.int64, np.float32])
def test_volumes_keep_their_values_and_type(tmp_path: Path, kind: type) -> None:
    image = noise((1, 5, 4, 3)).astype(kind) * kind(3)
    data = cohort([memory_case("a", image, mask=ball_mask((5, 4, 3)))])
    sw.convert(data, tmp_path / "out", to="manifest")
    assert_same_images(data, sw.open(tmp_path / "out"))


def test_classes_go_to_a_manifest_with_their_splits(tmp_path: Path) -> None:
    for split in ("train", "test"):
        class_folders(tmp_path / "source" / split)
    before = sw.open(tmp_path / "source")
    sw.convert(before, tmp_path / "out", to="manifest")
    after = sw.open(tmp_path / "out")
    assert (names(after), after.class_names) == (names(before), before.class_names)
    assert [(c.label, c.split) for c in after.cases] == [(c.label, c.split) for c in before.cases]
    assert_same_images(before, after)


def test_arrays_of_a_medmnist_file_become_pictures(tmp_path: Path) -> None:
    arrays = {}
    for split in ("train", "val", "test"):
        arrays |= {f"{split}_images": noise((2, 9, 9)), f"{split}_labels": np.array([[0], [1]])}
    np.savez(tmp_path / "a.npz", **arrays)
    sw.convert(tmp_path / "a.npz", tmp_path / "out", to="manifest")
    before, after = sw.open(tmp_path / "a.npz"), sw.open(tmp_path / "out")
    assert [(c.name, c.label, c.split) for c in after.cases] == [
        (c.name, c.label, c.split) for c in before.cases
    ]
    assert_same_images(before, after)


# --- what a target can't hold


@pytest.mark.parametrize("to", ["nnunet", "bids"])
def test_classes_are_refused_where_only_masks_can_be(tmp_path: Path, to: str) -> None:
    with pytest.raises(SettingsError, match=r"holds masks, and not classes.*Use --to manifest"):
        sw.convert(class_folders(tmp_path / "source"), tmp_path / "out", to=to)
    assert not (tmp_path / "out").exists()


def test_an_unknown_target_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nnunet, bids, manifest.*Received coco"):
        sw.convert(tmp_path, tmp_path / "out", to="coco")


def test_photographs_are_no_volumes_of_bids(tmp_path: Path) -> None:
    data = cohort([memory_case("a", noise((1, 8, 6, 1)), mask=ball_mask((8, 6, 1)), affine=None)])
    with pytest.raises(DataError, match=r"no case can be written as BIDS.*The first: a: .*spacing"):
        sw.convert(data, tmp_path / "out", to="bids")
    assert not (tmp_path / "out").exists()


def test_volumes_without_spacing_are_not_given_one(tmp_path: Path) -> None:
    data = cohort([memory_case("a", noise((1, 8, 6, 4)), label="x", affine=None), *labelled_pictures(1)])
    converted = sw.convert(data, tmp_path / "out", to="manifest")
    assert "spacing of the image is not known" in set_aside(converted.set_aside)["a"]
    assert len(sw.open(tmp_path / "out")) == 2


def test_pictures_of_fractions_are_set_aside(tmp_path: Path) -> None:
    image = noise((1, 8, 6, 1)).astype(np.float32) / 3
    data = cohort([memory_case("a", image, label="x", affine=None), *labelled_pictures(1)])
    converted = sw.convert(data, tmp_path / "out", to="manifest")
    assert "PNG can't hold its values" in set_aside(converted.set_aside)["a"]


def test_cases_of_another_kind_than_most_are_set_aside_and_leave_nothing(tmp_path: Path) -> None:
    two = memory_case("two", noise((2, 12, 10, 8)), mask=ball_mask(), patient="q")
    for to in OF_MASKS:
        converted = sw.convert(cohort([*masked_volumes(3), two]), tmp_path / to, to=to)
        reason = set_aside(converted.set_aside)["two"]
        assert "Expected 1 channel in 1 .nii.gz, as 3 cases have. Received 2 channels in 2 .nii.gz" in reason
        assert not [file for file in tree(tmp_path / to) if "two" in file or "sub-q" in file]
        assert not (tmp_path / to / "sub-q").exists()
        assert len(sw.open(tmp_path / to)) == 3


def test_what_cannot_be_read_is_listed_with_what_opening_had_set_aside(tmp_path: Path) -> None:
    root = nnunet_folder(tmp_path / "source", ("a", "b", "c", "d"))
    (root / "imagesTr" / "a.nii.gz").write_bytes(b"broken")
    write_nifti(root / "labelsTr" / "b.nii.gz", ball_mask((5, 5, 5)))
    (root / "labelsTr" / "c.nii.gz").unlink()
    converted = sw.convert(root, tmp_path / "out", to="manifest")
    with (tmp_path / "out" / "failures.csv").open(newline="") as stream:
        rows = {row["case"]: row for row in csv.DictReader(stream)}
    assert {name: row["stage"] for name, row in rows.items()} == {"a": "read", "b": "read", "c": "read"}
    assert "does not lie on the grid" in rows["b"]["reason"]
    assert set_aside(converted.set_aside).keys() == rows.keys()
    assert names(sw.open(tmp_path / "out")) == ["d"]


def test_nnunet_needs_a_mask_of_every_case(tmp_path: Path) -> None:
    bare = memory_case("bare", noise((1, 12, 10, 8)))
    converted = sw.convert(cohort([*masked_volumes(2), bare]), tmp_path / "out", to="nnunet")
    assert set_aside(converted.set_aside) == {"bare": "the case has no mask, and nnU-Net needs one."}


def test_classes_beside_masks_are_said_to_be_lost(tmp_path: Path) -> None:
    both = memory_case("both", noise((1, 12, 10, 8)), mask=ball_mask(), label="sick")
    data = cohort([*masked_volumes(2), both])
    assert sw.convert(data, tmp_path / "b", to="bids").notes[0] == (
        "not written, as BIDS holds masks: classes (cases with some: 1)"
    )
    for to in ("manifest", "nnunet"):
        assert sw.convert(data, tmp_path / to, to=to).notes == ()
        assert sw.open(tmp_path / to).cases[2].label == "sick"


# --- boxes, several classes, numbers


def assert_same_targets(before: Dataset, after: Dataset) -> None:
    """All that is told of the cases, in order."""
    for attribute in ("name", "patient", "split", "facts"):
        assert [getattr(c, attribute) for c in after.cases] == [getattr(c, attribute) for c in before.cases]
    assert (after.class_names, after.target) == (before.class_names, before.target)
    for one, other in zip(before.cases, after.cases, strict=True):
        assert one.targets.keys() == other.targets.keys()
        for kind in one.targets.keys() & {"label", "labels", "values"}:
            assert one.targets[kind] == other.targets[kind]
        if "boxes" in one.targets:
            boxes, again = one.boxes.read(), other.boxes.read()
            np.testing.assert_array_equal(again.box_ijk, boxes.box_ijk)
            assert (again.classes, again.flags) == (boxes.classes, boxes.flags)
    assert_same_images(before, after)


@pytest.mark.parametrize("build", [voc_folder, yolo_folder, coco_folder])
def test_boxes_are_kept_by_a_manifest_and_refused_by_layouts_of_masks(
    build: Callable[[Path], Path], tmp_path: Path
) -> None:
    before = sw.open(build(tmp_path / "source"))
    content = tree(tmp_path / "source")
    converted = sw.convert(before, tmp_path / "out", to="manifest")
    assert (converted.notes, converted.set_aside) == ((), ())
    assert tree(tmp_path / "source") == content
    after = sw.open(tmp_path / "out")
    assert (after.layout, after.notes, after.set_aside) == ("manifest.csv", (), ())
    assert_same_targets(before, after)
    sw.convert(after, tmp_path / "again", to="manifest")
    assert (tmp_path / "again" / "boxes.csv").read_bytes() == (tmp_path / "out" / "boxes.csv").read_bytes()
    for to in ("nnunet", "bids"):
        with pytest.raises(SettingsError, match=r"holds masks, and not boxes.*Use --to manifest"):
            sw.convert(before, tmp_path / to, to=to)


def test_several_classes_and_numbers_are_kept_by_a_manifest(tmp_path: Path) -> None:
    for name in "abcd":
        write_picture(tmp_path / "source" / f"{name}.png", noise((6, 8)))
    lines = ["a.png,P1,1,0,61,x", "b.png,P1,0,0,0.1,", "c.png,P2,,,,y", "d.png,P2,-1,1,,x"]
    write_text(
        tmp_path / "source" / "manifest.csv", "image,patient,label:Edema,label:Rare,value:age,site", *lines
    )
    before = sw.open(tmp_path / "source")
    sw.convert(before, tmp_path / "out", to="manifest")
    after = sw.open(tmp_path / "out")
    assert_same_targets(before, after)
    assert [case.targets.get("labels") for case in after.cases] == [("Edema",), (), None, ("Rare",)]
    assert after.cases[3].facts == {"site": "x", "uncertain": "Edema"}


def test_boxes_in_volumes_are_written_in_voxels_and_mm(tmp_path: Path) -> None:
    boxes = Boxes(np.array([[[1.0, 2, 3], [4, 5, 6]]]), ("nodule",), flags=("difficult",))
    case = memory_case("v", noise((1, 12, 10, 8)), mask=ball_mask(), boxes=boxes)
    for to in ("manifest", "nnunet"):
        sw.convert(cohort([case]), tmp_path / to, to=to)
        with (tmp_path / to / "boxes.csv").open(newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert float(row["z_lo_mm"]) == pytest.approx(5 + 2.5 * 2.5)
        np.testing.assert_array_equal(sw.open(tmp_path / to).cases[0].boxes.read().box_ijk, boxes.box_ijk)
    notes = sw.convert(cohort([case]), tmp_path / "bids", to="bids").notes
    assert notes[0] == "not written, as BIDS holds masks: boxes (cases with some: 1)"


def test_boxes_of_another_image_are_set_aside_by_name(tmp_path: Path) -> None:
    root = voc_folder(tmp_path / "source")
    write_picture(root / "JPEGImages" / "b.png", noise((5, 5)))
    converted = sw.convert(root, tmp_path / "out", to="manifest")
    assert "image of another size" in set_aside(converted.set_aside)["b"]
    assert names(sw.open(tmp_path / "out")) == ["a", "c"]


def test_lesions_and_structures_become_one_mask(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_nifti(tmp_path / "source" / "images" / f"{name}.nii.gz", noise((7, 6, 5)))
        for number, what in enumerate(("kidney", "tumour 1", "tumour 2")):
            mask = np.zeros((7, 6, 5), np.uint8)
            mask[number, number] = 1
            write_nifti(tmp_path / "source" / "masks" / f"{name}_{what}.nii.gz", mask)
    before = sw.open(tmp_path / "source")
    assert before.class_names == {"1": "kidney", "2": "tumour"}
    for to in OF_MASKS:
        sw.convert(before, tmp_path / to, to=to)
        assert_same_masks(before, sw.open(tmp_path / to))


# --- names


def test_names_that_files_cannot_bear_stay_apart_and_come_back(tmp_path: Path) -> None:
    called = ("a/b", "a b", "a_b", "A_B", "ä", "..hidden", "x_0000")
    data = cohort([memory_case(name, noise((1, 12, 10, 8)), mask=ball_mask()) for name in called])
    for to in ("nnunet", "manifest"):
        sw.convert(data, tmp_path / to, to=to)
        assert names(sw.open(tmp_path / to)) == list(called)
    files = {path.casefold() for path in tree(tmp_path / "nnunet") if path.startswith("labelsTr")}
    assert len(files) == len(called)
    assert "labelstr/a_b.nii.gz" in files


def test_patients_whose_labels_would_be_one_stay_apart(tmp_path: Path) -> None:
    cases = [
        memory_case(f"c{k}", noise((1, 12, 10, 8)), mask=ball_mask(), patient=patient)
        for k, patient in enumerate(["a-1", "a1", None, "a1"])
    ]
    converted = sw.convert(cohort(cases), tmp_path / "out", to="bids")
    after = sw.open(tmp_path / "out")
    assert names(after) == ["sub-a1_ses-01", "sub-a1_ses-02", "sub-a12_ses-01", "sub-c2_ses-01"]
    assert "cases without a known patient became subjects of their own: 1" in converted.notes[0]
    assert "without a known patient" in (tmp_path / "out" / "README").read_text()
    record = json.loads((tmp_path / "out" / "conversion.json").read_text())
    assert record["cases"]["c0"]["mask"] == "derivatives/masks/sub-a12/ses-01/anat/sub-a12_ses-01_dseg.nii.gz"


def test_facts_whose_names_mean_something_else_get_an_underscore(tmp_path: Path) -> None:
    facts = {"time": "3", "label": "x", "a:b": "y", "split": "odd", "participant_id": "7", "site": "n\tm"}
    data = cohort([memory_case("a", noise((1, 12, 10, 8)), mask=ball_mask(), facts=facts)])
    sw.convert(data, tmp_path / "m", to="manifest")
    read = sw.open(tmp_path / "m").cases[0]
    assert read.facts["time_"] == "3"
    assert read.facts["a_b_"] == "y"
    assert "label" not in read.targets
    sw.convert(data, tmp_path / "b", to="bids")
    read = sw.open(tmp_path / "b").cases[0]
    assert (read.facts["participant_id_"], read.facts["split_"], read.facts["site"]) == ("7", "odd", "n m")
    assert read.split is None


def test_labels_of_one_name_and_ignored_voxels_suit_nnunet(tmp_path: Path) -> None:
    mask = ball_mask(label=1)
    mask[0, 0, :4] = [3, 4, 9, 12]
    class_names = {"0": "air", "1": "lesion", "3": "lesion", "4": "ignore", "12": "background"}
    data = cohort([memory_case("a", noise((1, 12, 10, 8)), mask=mask)], class_names=class_names)
    sw.convert(data, tmp_path / "out", to="nnunet")
    described = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert described["labels"] == {
        "background": 0,
        "lesion": 1,
        "lesion (3)": 2,
        "label 9": 3,
        "background (12)": 4,
        "ignore": 5,
    }
    after = nib.load(tmp_path / "out" / "labelsTr" / "a.nii.gz").get_fdata()
    assert list(after[0, 0, :4]) == [2, 5, 3, 4]


def test_images_of_one_dataset_are_one_contrast(tmp_path: Path) -> None:
    known = memory_case("a", noise((1, 12, 10, 8)), mask=ball_mask(), facts={"modality": "CT"})
    sw.convert(cohort([known, *masked_volumes(2)]), tmp_path / "out", to="bids")
    assert (len(sw.open(tmp_path / "out")), sw.open(tmp_path / "out").channels) == (3, ("image",))


def test_contrasts_get_the_words_of_bids_and_others_are_noted(tmp_path: Path) -> None:
    image = noise((3, 12, 10, 8))
    data = cohort([memory_case("a", image, mask=ball_mask())], channels=("T1", "my map", "DWI"))
    converted = sw.convert(data, tmp_path / "out", to="bids")
    assert converted.written[0].images == (
        "sub-a/anat/sub-a_T1w.nii.gz",
        "sub-a/anat/sub-a_mymap.nii.gz",
        "sub-a/dwi/sub-a_DWI.nii.gz",
    )
    assert "not among the suffixes of BIDS: mymap, DWI" in converted.notes[-1]


# --- the folder


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_text(out / "diary.txt", "mine")
    source = nnunet_folder(tmp_path / "source")
    with pytest.raises(OutputError, match="already holds something"):
        sw.convert(source, out, to="bids")
    sw.convert(source, out, to="bids", overwrite=True)
    assert (out / "diary.txt").read_text() == "mine\n"
    assert len(sw.open(out)) == 3


def test_overwriting_removes_what_a_conversion_wrote_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    sw.convert(bids_folder(tmp_path / "source"), out, to="bids")
    write_text(out / "diary.txt", "mine")
    sw.convert(nnunet_folder(tmp_path / "other"), out, to="nnunet", overwrite=True)
    assert sorted(entry.name for entry in out.iterdir()) == [
        "conversion.json",
        "dataset.json",
        "diary.txt",
        "failures.csv",
        "imagesTr",
        "labelsTr",
        "manifest.csv",
    ]


def test_an_earlier_conversion_stays_until_the_next_one_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    sw.convert(nnunet_folder(tmp_path / "source"), out, to="nnunet")
    content = tree(out)
    bare = cohort([memory_case("bare", noise((1, 12, 10, 8)))])
    with pytest.raises(DataError, match="no case can be written"):
        sw.convert(bare, out, to="nnunet", overwrite=True)
    assert tree(out) == content


@pytest.mark.parametrize("record", [None, "{", "[]", '{"entries": ["../source", "imagesTr/a", 3, ".."]}'])
def test_overwriting_never_takes_data_that_no_conversion_wrote(tmp_path: Path, record: str | None) -> None:
    source, out = nnunet_folder(tmp_path / "source"), nnunet_folder(tmp_path / "out")
    if record is not None:
        write_text(out / "conversion.json", record)
    content = tree(tmp_path)
    with pytest.raises(OutputError, match="no conversion wrote, and it would be in the way"):
        sw.convert(source, out, to="nnunet", overwrite=True)
    assert tree(tmp_path) == content


def test_results_keep_apart_from_the_scans(tmp_path: Path) -> None:
    source = nnunet_folder(tmp_path / "source")
    with pytest.raises(OutputError, match="may not lie among the scans"):
        sw.convert(source, source, to="bids", overwrite=True)


def test_no_layout_takes_results_into_its_folder(tmp_path: Path) -> None:
    source = nnunet_folder(tmp_path / "source")
    with pytest.raises(OutputError, match="may not lie among the scans"):
        sw.convert(source, source / "new", to="bids")
    assert not (source / "new").exists()


def test_several_modalities_are_told_and_lie_apart_in_bids(tmp_path: Path) -> None:
    made = [
        memory_case(str(n), noise((1, 12, 10, 8), seed=n), mask=ball_mask(), facts={"modality": modality})
        for n, modality in enumerate(["CT", "CT", "PT"])
    ]
    converted = sw.convert(cohort(made), tmp_path / "bids", to="bids")
    assert [one.images[0].split("/")[1] for one in converted.written] == ["ct", "ct", "pet"]
    assert converted.notes[0] == "images differ in the modality: CT (2), PT (1)"
    assert any("lie apart, in ct/, pet/" in note for note in converted.notes)
    assert any("no place for CT" in note for note in converted.notes)
    converted = sw.convert(cohort(made), tmp_path / "manifest", to="manifest")
    assert converted.notes == ("images differ in the modality: CT (2), PT (1)",)
    found = [one.title for one in sw.inspect(tmp_path / "manifest").findings if one.kind == "odd_image"]
    assert any("modality by the table" in title and "PT" in title for title in found)


def test_what_is_stopped_half_way_leaves_nothing(tmp_path: Path) -> None:
    def stop(stage: str, done: float, total: float, note: str = "") -> None:
        if done == 2:
            raise KeyboardInterrupt

    source = nnunet_folder(tmp_path / "source")
    with pytest.raises(KeyboardInterrupt):
        sw.convert(source, tmp_path / "out", to="manifest", progress=stop)
    assert not (tmp_path / "out").exists()
    (tmp_path / "out" / ".partial-killed").mkdir(parents=True)
    sw.convert(source, tmp_path / "out", to="manifest")
    assert not (tmp_path / "out" / ".partial-killed").exists()


def test_a_converted_dataset_can_be_moved(tmp_path: Path) -> None:
    for to in TARGETS:
        sw.convert(nnunet_folder(tmp_path / f"source {to}"), tmp_path / "out", to=to)
        shutil.rmtree(tmp_path / f"source {to}")
        moved = (tmp_path / "out").rename(tmp_path / f"moved {to}")
        assert len([case.mask.read() for case in sw.open(moved).cases]) == 3


def test_a_channel_of_several_modalities_is_just_an_image(tmp_path: Path) -> None:
    cases = [
        memory_case(name, noise((1, 12, 10, 8)), mask=ball_mask(), facts={"modality": modality})
        for name, modality in (("a", "CT"), ("b", "MR"))
    ]
    sw.convert(cohort(cases), tmp_path / "out", to="nnunet")
    described = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert described["channel_names"] == {"0": "image"}


def test_what_somebody_put_between_the_files_of_a_conversion_is_not_removed(tmp_path: Path) -> None:
    source, out = nnunet_folder(tmp_path / "data"), tmp_path / "out"
    sw.convert(source, out, to="nnunet")
    own = out / "labelsTr" / "corrected.nii.gz"
    own.write_bytes(b"a day of work")
    with pytest.raises(OutputError, match=r"no conversion wrote.*labelsTr/corrected\.nii\.gz"):
        sw.convert(source, out, to="nnunet", overwrite=True)
    assert own.read_bytes() == b"a day of work"
    own.unlink()
    sw.convert(source, out, to="nnunet", overwrite=True)


def test_patients_that_bids_makes_up_stay_unknown(tmp_path: Path) -> None:
    known = memory_case("a", noise((1, 12, 10, 8)), mask=ball_mask(), patient="P7")
    sw.convert(cohort([known, *masked_volumes(2)]), tmp_path / "mixed", to="bids")
    mixed = sw.open(tmp_path / "mixed")
    assert sorted(str(case.patient) for case in mixed.cases) == ["None", "None", "P7"]
    assert mixed.patients == "BIDS sub- (unknown for 2 cases)"
    sw.convert(cohort(masked_volumes(3)), tmp_path / "none", to="bids")
    again = sw.open(tmp_path / "none")
    assert (again.patients, {case.patient for case in again.cases}) == ("unknown", {None})


def test_a_name_too_long_for_a_file_is_one_case_less(tmp_path: Path) -> None:
    data = cohort([*masked_volumes(2), memory_case("x" * 300, noise((1, 12, 10, 8)), mask=ball_mask())])
    converted = sw.convert(data, tmp_path / "out", to="bids")
    assert (len(converted.written), len(converted.set_aside)) == (2, 1)
    assert converted.set_aside[0].reason == "its name is too long for a file"
