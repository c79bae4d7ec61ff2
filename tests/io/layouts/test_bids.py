"""BIDS: masks find their image by entities, sessions are cases, and what is not clear is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from builders import ball_mask, bids_folder, noise, write_nifti, write_text
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError
from scanwright.io import open_dataset, open_inputs
from scanwright.io.dataset import find_cases
from scanwright.io.layouts.bids_names import BidsFile, fits, parse


def names(dataset: Dataset) -> list[str]:
    return [case.name for case in dataset.cases]


def set_aside(dataset: Dataset) -> dict[str, str]:
    return {aside.case: aside.reason for aside in dataset.set_aside}


def file(path: str) -> BidsFile:
    parsed = parse(path)
    assert parsed is not None
    return parsed


def masks(root: Path) -> Path:
    return root / "derivatives" / "lesions"


# --- names


def test_a_name_tells_entities_and_suffix() -> None:
    one = file("sub-01/ses-2/anat/sub-01_ses-2_acq-fast_run-1_T1w.nii.gz")
    assert dict(one.entities) == {"sub": "01", "ses": "2", "acq": "fast", "run": "1"}
    assert (one.suffix, one.session, one.contrast, one.is_mask) == ("T1w", ("01", "2"), "acq-fast_T1w", False)
    assert parse("code/readme.nii.gz") is None


def test_the_folder_tells_the_subject_when_the_name_does_not() -> None:
    assert file("derivatives/x/sub-07/ses-1/mask.nii.gz").session == ("07", "1")
    assert file("derivatives/x/sub-07/ses-1/mask.nii.gz").suffix == "mask"


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("sub-1_dseg", True),
        ("sub-1_desc-brain_mask", True),
        ("sub-1_seg", True),
        ("sub-1_lesions", True),
        ("sub-1_msk", True),
        ("sub-1_T1w_label-lesion_roi", True),
        ("sub-1_label-lesion", True),
        ("sub-1_label-GM_probseg", False),
        ("sub-1_desc-preproc_T1w", False),
    ],
)
def test_masks_are_known_by_suffix_or_label(name: str, is_so: bool) -> None:
    assert file(f"derivatives/x/sub-1/{name}.nii.gz").is_mask is is_so


@pytest.mark.parametrize(
    ("mask", "image", "is_so"),
    [
        ("sub-1_dseg", "sub-1_acq-a_run-2_T1w", True),
        ("sub-1_run-02_dseg", "sub-1_run-2_T1w", True),
        ("sub-1_run-1_dseg", "sub-1_run-2_T1w", False),
        ("sub-1_run-1_dseg", "sub-1_T1w", False),
        ("sub-1_acq-b_desc-manual_mask", "sub-1_acq-a_T1w", False),
        ("sub-1_space-MNI_label-L_mask", "sub-1_T1w", False),
        ("sub-1_space-MNI_label-L_mask", "sub-1_space-MNI_T1w", True),
        ("sub-1_space-T1w_dseg", "sub-1_T1w", True),
        ("sub-1_space-T1w_dseg", "sub-1_FLAIR", False),
        ("sub-1_space-orig_dseg", "sub-1_FLAIR", True),
        ("sub-1_T1w_label-lesion_roi", "sub-1_T1w", True),
        ("sub-1_T1w_label-lesion_roi", "sub-1_FLAIR", False),
    ],
)
def test_a_mask_fits_an_image_whose_entities_it_shares(mask: str, image: str, is_so: bool) -> None:
    assert fits(file(f"d/sub-1/{mask}.nii.gz"), file(f"sub-1/anat/{image}.nii.gz")) is is_so


# --- cases


def test_subjects_are_cases_and_patients(tmp_path: Path) -> None:
    dataset = open_dataset(bids_folder(tmp_path))
    assert (dataset.layout, dataset.patients, dataset.channels) == ("BIDS", "BIDS sub-", ("T1w",))
    assert names(dataset) == ["sub-01", "sub-02", "sub-03"]
    assert [case.patient for case in dataset.cases] == ["01", "02", "03"]
    case = dataset.cases[0]
    assert case.image.source == "sub-01/anat/sub-01_T1w.nii.gz"
    assert case.image.read().same_grid(case.mask.read())
    assert (dataset.notes, dataset.set_aside) == ((), ())


def test_each_session_is_a_case_of_its_patient(tmp_path: Path) -> None:
    dataset = open_dataset(bids_folder(tmp_path, ("sub-01_ses-1", "sub-01_ses-2", "sub-02_ses-1")))
    assert names(dataset) == ["sub-01_ses-1", "sub-01_ses-2", "sub-02_ses-1"]
    assert [case.patient for case in dataset.cases] == ["01", "01", "02"]
    assert [case.facts for case in dataset.cases] == [{"session": "1"}, {"session": "2"}, {"session": "1"}]


def test_a_mask_without_session_belongs_to_the_only_one(tmp_path: Path) -> None:
    bids_folder(tmp_path, ("sub-01_ses-1", "sub-01_ses-2", "sub-02_ses-1"))
    for subject in ("sub-01", "sub-02"):
        write_nifti(masks(tmp_path) / f"{subject}_dseg.nii.gz", ball_mask())
        (masks(tmp_path) / subject / "ses-1" / "anat" / f"{subject}_ses-1_dseg.nii.gz").unlink()
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["sub-01_ses-2", "sub-02_ses-1"]
    assert set_aside(dataset)["derivatives/lesions/sub-01_dseg.nii.gz"] == "the mask has no image"
    assert "no mask fits sub-01/ses-1/anat/" in set_aside(dataset)["sub-01_ses-1"]


def test_masks_alone_are_enough_of_a_sign(tmp_path: Path) -> None:
    (bids_folder(tmp_path) / "dataset_description.json").unlink()
    assert open_dataset(tmp_path).layout == "BIDS"


def test_without_masks_there_is_nothing_to_learn_and_much_to_predict(tmp_path: Path) -> None:
    bids_folder(tmp_path, contrasts=("FLAIR", "T1w"))
    for mask in masks(tmp_path).rglob("*.nii.gz"):
        mask.unlink()
    with pytest.raises(DataError, match=r"no case has a mask or a label.*derivatives"):
        open_dataset(tmp_path)
    for dataset in (open_inputs(tmp_path), find_cases(tmp_path)):
        assert names(dataset) == ["sub-01", "sub-02", "sub-03"]
        assert dataset.cases[0].image.read().n_channels == 2


def test_sessions_without_mask_are_for_predictions_only(tmp_path: Path) -> None:
    bids_folder(tmp_path)
    (masks(tmp_path) / "sub-02" / "anat" / "sub-02_dseg.nii.gz").unlink()
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["sub-01", "sub-03"]
    assert set_aside(dataset) == {
        "sub-02": "no mask fits sub-02/anat/sub-02_T1w.nii.gz. Received no mask in derivatives/."
    }
    assert names(open_inputs(tmp_path)) == ["sub-01", "sub-02", "sub-03"]


def test_two_masks_for_one_image_are_both_named(tmp_path: Path) -> None:
    bids_folder(tmp_path)
    second = "derivatives/other/sub-02/anat/sub-02_label-lesion_mask.nii.gz"
    write_nifti(tmp_path / second, ball_mask())
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["sub-01", "sub-03"]
    reason = set_aside(dataset)["sub-02"]
    assert "2 masks fit sub-02/anat/sub-02_T1w.nii.gz" in reason
    assert "derivatives/lesions/sub-02/anat/sub-02_dseg.nii.gz" in reason
    assert second in reason


def test_two_masks_for_every_image_are_an_error_that_names_both(tmp_path: Path) -> None:
    bids_folder(tmp_path, ("sub-01",))
    write_nifti(masks(tmp_path) / "sub-01" / "anat" / "sub-01_desc-brain_mask.nii.gz", ball_mask())
    with pytest.raises(DataError, match=r"2 masks fit .*desc-brain_mask\.nii\.gz and .*sub-01_dseg\.nii\.gz"):
        open_dataset(tmp_path)


def test_two_runs_need_a_mask_that_names_one(tmp_path: Path) -> None:
    bids_folder(tmp_path, ("sub-01", "sub-02"))
    for subject in ("sub-01", "sub-02"):
        first = tmp_path / subject / "anat" / f"{subject}_T1w.nii.gz"
        first.rename(first.with_name(f"{subject}_run-1_T1w.nii.gz"))
        write_nifti(first.with_name(f"{subject}_run-2_T1w.nii.gz"), noise((12, 10, 8), seed=7))
    mask = masks(tmp_path) / "sub-02" / "anat" / "sub-02_dseg.nii.gz"
    mask.rename(mask.with_name("sub-02_run-2_dseg.nii.gz"))
    dataset = open_dataset(tmp_path)
    assert [case.image.source for case in dataset.cases] == ["sub-02/anat/sub-02_run-2_T1w.nii.gz"]
    assert "several T1w of one session" in set_aside(dataset)["sub-01"]
    assert "sub-01_run-1_T1w.nii.gz and " in set_aside(dataset)["sub-01"]


# --- contrasts


def test_contrasts_of_every_session_on_one_grid_are_channels(tmp_path: Path) -> None:
    dataset = open_dataset(bids_folder(tmp_path, contrasts=("T1w", "FLAIR", "ce-gad_T1w")))
    assert dataset.channels == ("FLAIR", "T1w", "ce-gad_T1w")
    image = dataset.cases[0].image.read()
    assert image.n_channels == 3
    np.testing.assert_array_equal(image.array[1], noise((12, 10, 8), seed=0))
    assert dataset.notes == ()


def test_a_contrast_that_some_sessions_lack_is_not_used(tmp_path: Path) -> None:
    bids_folder(tmp_path, contrasts=("FLAIR", "T1w"))
    (tmp_path / "sub-02" / "anat" / "sub-02_FLAIR.nii.gz").unlink()
    dataset = open_dataset(tmp_path)
    assert (dataset.channels, len(dataset)) == (("T1w",), 3)
    assert dataset.notes == ("the image is T1w; not used: FLAIR (in 2 of 3 sessions)",)


def test_the_contrast_on_the_masks_grid_is_used_and_what_lies_elsewhere_is_not(tmp_path: Path) -> None:
    bids_folder(tmp_path, contrasts=("FLAIR", "T1w", "T2w"))
    for subject in ("sub-01", "sub-02", "sub-03"):
        write_nifti(tmp_path / subject / "anat" / f"{subject}_FLAIR.nii.gz", noise((6, 5, 4)))
    dataset = open_dataset(tmp_path)
    assert dataset.channels == ("T1w", "T2w")
    assert dataset.notes == ("the image is T1w and T2w; not used: FLAIR (not on the grid of T1w)",)


def test_the_contrast_most_sessions_have_is_used_where_none_is_everywhere(tmp_path: Path) -> None:
    bids_folder(tmp_path, contrasts=("FLAIR", "T1w"))
    (tmp_path / "sub-02" / "anat" / "sub-02_FLAIR.nii.gz").unlink()
    (tmp_path / "sub-03" / "anat" / "sub-03_FLAIR.nii.gz").unlink()
    (tmp_path / "sub-01" / "anat" / "sub-01_T1w.nii.gz").unlink()
    dataset = open_dataset(tmp_path)
    assert (dataset.channels, names(dataset)) == (("T1w",), ["sub-02", "sub-03"])
    assert set_aside(dataset) == {"sub-01": "the session has no T1w."}
    assert "FLAIR (in 1 of 3 sessions)" in dataset.notes[0]


def test_time_series_are_left_out(tmp_path: Path) -> None:
    bids_folder(tmp_path)
    write_nifti(tmp_path / "sub-01" / "func" / "sub-01_task-rest_bold.nii.gz", noise((4, 4, 4, 9)))
    dataset = open_dataset(tmp_path)
    assert dataset.channels == ("T1w",)
    assert dataset.notes == ("not used, because the files hold time series: task-rest_bold",)


def test_a_damaged_image_is_named_when_it_is_read(tmp_path: Path) -> None:
    bids_folder(tmp_path)
    (tmp_path / "sub-01" / "anat" / "sub-01_T1w.nii.gz").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"sub-01/anat/sub-01_T1w\.nii\.gz"):
        open_dataset(tmp_path).cases[0].image.read()


# --- tables


def test_participants_and_sessions_give_facts_and_no_labels(tmp_path: Path) -> None:
    bids_folder(tmp_path, ("sub-01_ses-1", "sub-01_ses-2", "sub-02_ses-1"))
    write_text(
        tmp_path / "participants.tsv",
        "participant_id\tage\tgroup\todd",
        "sub-01\t61\tpatient\tn/a",
        "sub-02\t58\tcontrol",
    )
    write_text(tmp_path / "sub-01" / "sub-01_sessions.tsv", "session_id\tage", "ses-2\t62")
    dataset = open_dataset(tmp_path)
    assert [dict(case.facts) for case in dataset.cases] == [
        {"age": "61", "group": "patient", "session": "1"},
        {"age": "62", "group": "patient", "session": "2"},
        {"age": "58", "group": "control", "session": "1"},
    ]
    assert all("label" not in case.targets for case in dataset.cases)


def test_a_split_column_is_the_split(tmp_path: Path) -> None:
    bids_folder(tmp_path)
    write_text(
        tmp_path / "participants.tsv", "participant_id\tsplit", "sub-01\ttrain", "sub-02\ttest", "sub-03\tn/a"
    )
    dataset = open_dataset(tmp_path)
    assert [case.split for case in dataset.cases] == ["train", "test", None]
    assert all("split" not in case.facts for case in dataset.cases)


def test_a_split_column_of_something_else_is_a_fact(tmp_path: Path) -> None:
    bids_folder(tmp_path)
    write_text(tmp_path / "participants.tsv", "participant_id\tsplit", "sub-01\tleft", "sub-02\ttest")
    dataset = open_dataset(tmp_path)
    assert [case.split for case in dataset.cases] == [None, None, None]
    assert dataset.cases[0].facts == {"split": "left"}
    assert "kept as a fact" in dataset.notes[0]


@pytest.mark.parametrize("text", ["id\tage\n01\t61\n", "participant_id\tage\tage\n", "", "\xff"])
def test_a_table_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    bids_folder(tmp_path)
    (tmp_path / "participants.tsv").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"participants\.tsv: the table"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("place", ["dseg.tsv", "derivatives/dseg.tsv", "derivatives/lesions/atlas_dseg.tsv"])
def test_label_names_come_from_dseg_tables(tmp_path: Path, place: str) -> None:
    bids_folder(tmp_path)
    write_text(
        tmp_path / place, "index\tname\tcolor", "0\tbackground\t#000", "1\tlesion\t#f00", "2\tn/a\t#fff"
    )
    assert open_dataset(tmp_path).class_names == {"0": "background", "1": "lesion"}


def test_what_is_no_part_of_it_is_noted(tmp_path: Path) -> None:
    bids_folder(tmp_path)
    write_text(tmp_path / "code" / "run.py", "pass")
    write_text(tmp_path / "README.md", "hello")
    assert open_dataset(tmp_path).notes == ("not used: code/",)
