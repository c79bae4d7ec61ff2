"""A folder is recognised by its layout; what is odd is named, and the rest goes on."""

import json
import pickle

import numpy as np
import pytest

from builders import (
    ball_mask,
    class_folders,
    data_root,
    dicom_series,
    nnunet_folder,
    noise,
    real_data,
    write_dicom,
    write_nifti,
    write_picture,
    write_text,
)
from scanwright.errors import DataError, SettingsError
from scanwright.io import open_dataset, open_inputs


def names(dataset):
    return [case.name for case in dataset.cases]


def set_aside(dataset):
    return {aside.case: aside.reason for aside in dataset.set_aside}


def paired_folder(root, images="images", masks="masks", suffix=".png", ending=""):
    for name in ("a", "b"):
        if suffix == ".png":
            write_picture(root / images / f"{name}.png", noise((6, 8)))
            write_picture(root / masks / f"{name}{ending}.png", (noise((6, 8)) > 100).astype(np.uint8))
        else:
            write_nifti(root / images / f"{name}{suffix}", noise((6, 8, 5)))
            write_nifti(root / masks / f"{name}{ending}{suffix}", ball_mask((6, 8, 5)))
    return root


# --- nnU-Net raw and Decathlon


def test_nnunet_folders_need_no_description(tmp_path):
    dataset = open_dataset(nnunet_folder(tmp_path))
    assert (dataset.layout, dataset.target, names(dataset)) == ("nnU-Net raw", "mask", ["a", "b", "c"])
    case = dataset.cases[0]
    assert case.image.source == "imagesTr/a.nii.gz"
    assert case.image.read().same_grid(case.mask.read())


def test_channel_files_are_stacked_in_order(tmp_path):
    dataset = open_dataset(nnunet_folder(tmp_path, channels=2))
    assert names(dataset) == ["a", "b", "c"]
    assert dataset.cases[0].image.read().n_channels == 2


def test_channels_on_two_grids_are_an_error_of_that_case(tmp_path):
    nnunet_folder(tmp_path, ("a",), channels=2)
    write_nifti(tmp_path / "imagesTr" / "a_0001.nii.gz", noise((12, 10, 8)), np.eye(4))
    with pytest.raises(DataError, match=r"imagesTr/a_0001\.nii\.gz: the channels .* not lie on one grid"):
        open_dataset(tmp_path).cases[0].image.read()


def test_a_case_that_lacks_a_channel_is_set_aside(tmp_path):
    nnunet_folder(tmp_path, channels=3)
    (tmp_path / "imagesTr" / "b_0002.nii.gz").unlink()
    assert set_aside(open_dataset(tmp_path)) == {"b": "2 of 3 channels are there"}


@pytest.mark.parametrize(
    ("described", "channels"),
    [
        ({"labels": {"0": "background", "1": "front"}, "modality": {"0": "MRI"}}, ("MRI",)),  # Decathlon
        ({"labels": {"background": 0, "front": 1}, "channel_names": {"0": "T1"}}, ("T1",)),  # nnU-Net v2
    ],
)
def test_both_directions_of_labels_in_the_description(tmp_path, described, channels):
    nnunet_folder(tmp_path)
    write_text(tmp_path / "dataset.json", json.dumps(described))
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == {"0": "background", "1": "front"}
    assert dataset.channels == channels
    assert dataset.notes == ()


def test_regions_are_noted(tmp_path):
    nnunet_folder(tmp_path)
    write_text(
        tmp_path / "dataset.json", json.dumps({"labels": {"background": 0, "whole": [1, 2], "core": 2}})
    )
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == {"0": "background", "2": "core"}
    assert "'whole' joins the labels [1, 2]" in dataset.notes[0]


def test_the_decathlons_fourth_axis_is_channels_when_declared(tmp_path):
    write_nifti(tmp_path / "imagesTr" / "a.nii.gz", noise((6, 5, 4, 2)))
    write_nifti(tmp_path / "labelsTr" / "a.nii.gz", ball_mask((6, 5, 4)))
    write_text(tmp_path / "dataset.json", json.dumps({"modality": {"0": "T2", "1": "ADC"}}))
    dataset = open_dataset(tmp_path)
    assert dataset.channels == ("T2", "ADC")
    assert dataset.cases[0].image.read().array.shape == (2, 6, 5, 4)


@pytest.mark.parametrize("text", ["{", "[]", "\x00"])
def test_a_damaged_description_is_named(tmp_path, text):
    nnunet_folder(tmp_path)
    write_text(tmp_path / "dataset.json", text)
    with pytest.raises(DataError, match=r"dataset\.json"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]"])
@pytest.mark.parametrize("name", ["", "manifest.csv"])
def test_for_predictions_a_damaged_description_is_only_noted(tmp_path, text, name):
    nnunet_folder(tmp_path)
    write_text(tmp_path / "dataset.json", text)
    if name:
        write_text(tmp_path / name, "case,image", "a,imagesTr/a.nii.gz")
    dataset = open_inputs(tmp_path / name)
    assert "a" in names(dataset)
    assert any(note.startswith("not used: dataset.json: ") for note in dataset.notes)


def test_what_is_not_used_is_listed(tmp_path):
    nnunet_folder(tmp_path)
    write_nifti(tmp_path / "imagesTs" / "t.nii.gz", noise((4, 4, 4)))
    write_text(tmp_path / "readme.txt", "hello")
    assert open_dataset(tmp_path).notes == ("not used: imagesTs/, readme.txt",)


def test_images_without_mask_and_masks_without_image_are_set_aside(tmp_path):
    nnunet_folder(tmp_path)
    (tmp_path / "labelsTr" / "a.nii.gz").unlink()
    (tmp_path / "imagesTr" / "b.nii.gz").unlink()
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["c"]
    assert set_aside(dataset) == {
        "a": "the image has no mask in labelsTr",
        "b": "the mask has no image in imagesTr",
    }
    assert names(open_inputs(tmp_path)) == ["a", "c"]


def test_hidden_files_of_a_mac_are_no_images(tmp_path):
    nnunet_folder(tmp_path)
    (tmp_path / "imagesTr" / "._a.nii.gz").write_bytes(b"resource fork")
    assert names(open_dataset(tmp_path)) == ["a", "b", "c"]


# --- images + masks


@pytest.mark.parametrize("masks", ["masks", "mask", "labels", "label", "annotations", "Masks"])
def test_images_beside_masks_under_many_names(tmp_path, masks):
    dataset = open_dataset(paired_folder(tmp_path, masks=masks))
    assert (dataset.layout, names(dataset)) == ("images + masks", ["a", "b"])


@pytest.mark.parametrize("ending", ["", "_mask", "_seg", "-label", "_segmentation"])
def test_masks_match_by_name_with_or_without_an_ending(tmp_path, ending):
    assert names(open_dataset(paired_folder(tmp_path, ending=ending, suffix=".nii.gz"))) == ["a", "b"]


def test_image_and_mask_may_be_of_different_formats(tmp_path):
    write_picture(tmp_path / "images" / "a.jpg", noise((6, 8)))
    write_picture(tmp_path / "masks" / "a.png", np.eye(6, 8, dtype=np.uint8))
    assert open_dataset(tmp_path).cases[0].mask.read().shape == (8, 6, 1)


def test_two_masks_for_one_image_are_not_guessed_between(tmp_path):
    paired_folder(tmp_path)
    write_picture(tmp_path / "masks" / "a_seg.png", noise((6, 8)))
    assert set_aside(open_dataset(tmp_path)) == {"a": "2 masks fit the image"}


def test_pairs_below_folders_of_splits_have_their_split(tmp_path):
    for split in ("train", "validation", "test"):
        paired_folder(tmp_path / split)
    dataset = open_dataset(tmp_path)
    assert {case.name: case.split for case in dataset.cases if case.name.endswith("a")} == {
        "train/a": "train",
        "validation/a": "val",
        "test/a": "test",
    }


def test_pictures_that_accompany_the_images_are_no_classes(tmp_path):
    paired_folder(tmp_path)
    for other in ("overlays", "previews"):
        for name in ("a", "b"):
            write_picture(tmp_path / other / f"{name}.png", noise((6, 8)))
    dataset = open_dataset(tmp_path)
    assert dataset.layout == "images + masks"
    assert dataset.notes == ("not used: overlays/, previews/",)


# --- folder per class


def test_a_folder_per_class(tmp_path):
    dataset = open_dataset(class_folders(tmp_path))
    assert (dataset.layout, dataset.target, len(dataset)) == ("folder per class", "label", 6)
    assert dataset.class_names == {"benign": "benign", "malignant": "malignant"}
    assert (dataset.cases[0].name, dataset.cases[0].label) == ("benign/benign (0)", "benign")


def test_classes_below_splits(tmp_path):
    for split in ("train", "val", "test"):
        class_folders(tmp_path / split)
    write_picture(tmp_path / "train" / "stray.png", noise((4, 4)))
    dataset = open_dataset(tmp_path)
    assert {(case.split, case.label) for case in dataset.cases} == {
        (split, label) for split in ("train", "val", "test") for label in ("benign", "malignant")
    }
    assert dataset.cases[0].name.startswith("test/benign/")
    assert "1 images outside the class folders are not used" in dataset.notes


def test_masks_beside_the_images_of_a_class_are_no_images(tmp_path):
    """As in the original BUSI: a mask would give the class away."""
    class_folders(tmp_path)
    for ending in ("_mask", "_mask_1"):
        write_picture(tmp_path / "benign" / f"benign (0){ending}.png", noise((9, 7)))
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 6
    assert "mask" in dataset.cases[0].targets
    assert dataset.target == "label"
    assert dataset.notes == (
        "1 images have masks beside them: --task segmentation learns from these",
        "several masks of one image are put together (1 images, lesions of one kind)",
    )


def test_two_files_of_one_name_but_different_formats_keep_apart(tmp_path):
    class_folders(tmp_path)
    write_picture(tmp_path / "benign" / "benign (0).bmp", noise((9, 7)))
    assert len(open_dataset(tmp_path)) == 7


# --- MedMNIST


def write_npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def test_medmnist_file_and_folder(tmp_path):
    images, labels = noise((5, 6, 8)), np.array([[0], [1], [1], [0], [10]])
    write_npz(
        tmp_path / "x.npz", train_images=images, train_labels=labels, val_images=images, val_labels=labels
    )
    for path in (tmp_path, tmp_path / "x.npz"):
        dataset = open_dataset(path)
        assert dataset.layout == "MedMNIST .npz"
        assert len(dataset) == 10
        assert list(dataset.class_names) == ["0", "1", "10"]
        assert {case.split for case in dataset.cases} == {"train", "val"}
        np.testing.assert_array_equal(dataset.cases[2].image.read().array[0, :, :, 0], images[2].T)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((2, 6, 8, 3), (3, 8, 6, 1)), ((2, 6, 8, 7), (1, 6, 8, 7)), ((2, 6, 8, 7, 3), (3, 6, 8, 7))],
)
def test_medmnist_colour_and_volumes(tmp_path, shape, expected):
    write_npz(tmp_path / "x.npz", test_images=noise(shape), test_labels=np.array([0, 1]))
    assert open_dataset(tmp_path).cases[0].image.read().array.shape == expected


def test_medmnist_of_several_labels_each(tmp_path):
    """As ChestMNIST: a column for each class."""
    labels = np.array([[0, 1, 1], [0, 0, 0], [0, 1, 0]])
    dataset = open_dataset(write_npz(tmp_path / "x.npz", train_images=noise((3, 4, 4)), train_labels=labels))
    assert [case.labels for case in dataset.cases] == [("1", "2"), (), ("1",)]
    assert (dataset.target, list(dataset.class_names)) == ("labels", ["0", "1", "2"])


def test_pickled_objects_are_refused_without_being_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    labels = np.array([Trap(), Trap()], dtype=object)
    np.savez(tmp_path / "x.npz", train_images=noise((2, 4, 4)), train_labels=labels)
    with pytest.raises(DataError, match=r"x\.npz: the file holds pickled"):
        open_dataset(tmp_path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"a": np.zeros(3)}, "not laid out as MedMNIST"),
        ({"train_images": noise((3, 4, 4)), "train_labels": np.full((3, 14), 2)}, "more than 0 and 1"),
        (
            {"train_images": noise((3, 4, 4)), "train_labels": np.zeros(2)},
            r"3 train_images and train_labels of shape \(2,\)",
        ),
        ({"train_images": noise((3, 4, 4)), "train_labels": np.array([0, 0.5, 1])}, "not whole numbers"),
        ({"train_images": noise((3, 4)), "train_labels": np.zeros(3)}, "does not hold pictures"),
    ],
)
def test_other_npz_files_are_refused_with_the_reason(tmp_path, arrays, reason):
    with pytest.raises(DataError, match=f"x.npz.*{reason}"):
        open_dataset(write_npz(tmp_path / "x.npz", **arrays))


def test_a_cut_npz_is_a_data_error(tmp_path):
    path = write_npz(tmp_path / "x.npz", train_images=noise((30, 9, 9)), train_labels=np.zeros(30))
    whole = path.read_bytes()
    for share in (0, 0.3, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(DataError, match=r"x\.npz"):
            open_dataset(path)


def test_several_npz_files_are_not_guessed_between(tmp_path):
    for name in ("x.npz", "y.npz"):
        write_npz(tmp_path / name, train_images=noise((2, 4, 4)), train_labels=np.zeros(2))
    with pytest.raises(DataError, match=r"several \.npz"):
        open_dataset(tmp_path)


# --- manifest


def test_a_manifest_ties_cases_with_facts(tmp_path):
    paired_folder(tmp_path, "scans", "drawn", suffix=".nii.gz")
    write_text(
        tmp_path / "manifest.csv",
        "case,patient,date,site,split,image,mask,sex,time",
        "one,p1,2020-01-02,north,train,scans/a.nii.gz,drawn/a.nii.gz,f,3",
        "",
        f"two,p1,,south,Validation,{tmp_path / 'scans' / 'b.nii.gz'},drawn/b.nii.gz,,",
    )
    dataset = open_dataset(tmp_path)
    assert (dataset.layout, names(dataset)) == ("manifest.csv", ["one", "two"])
    one, two = dataset.cases
    assert one.facts == {"date": "2020-01-02", "site": "north", "sex": "f"}
    assert (one.patient, one.split, two.split) == ("p1", "train", "val")
    assert one.image.read().same_grid(one.mask.read())
    assert two.image.read().shape == (6, 8, 5)
    assert dataset.patients == 'column "patient" of the manifest'
    assert dataset.notes == ("columns of the manifest that are not used yet: time",)


def test_a_manifest_of_labels_and_channels(tmp_path):
    for name in ("a", "b"):
        write_picture(tmp_path / f"{name}.png", noise((5, 4)))
    write_text(
        tmp_path / "manifest.csv", "case;image:t1;image:t2;label", "x;a.png;b.png;sick", "y;b.png;a.png;well"
    )
    dataset = open_dataset(tmp_path / "manifest.csv")
    assert dataset.channels == ("t1", "t2")
    assert dataset.class_names == {"sick": "sick", "well": "well"}
    assert dataset.cases[0].image.read().array.shape == (2, 4, 5, 1)
    assert dataset.cases[1].label == "well"


def test_rows_that_point_nowhere_are_set_aside(tmp_path):
    write_picture(tmp_path / "a.png", noise((5, 4)))
    write_text(
        tmp_path / "manifest.csv",
        "case,image,mask,label,split",
        "good,a.png,,x,",
        "lost,b.png,,x,",
        "maskless,a.png,b.png,x,",
        "empty,,,x,",
        "split,a.png,,x,exam",
        "series,1.2.3.4,,x,",
    )
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["good"]
    reasons = set_aside(dataset)
    assert "file of the column image does not exist. Received b.png" in reasons["lost"]
    assert "column mask does not exist" in reasons["maskless"]
    assert "column image is empty" in reasons["empty"]
    assert "unknown split" in reasons["split"]
    assert "no DICOM file there has this SeriesInstanceUID" in reasons["series"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["case,image"], "no rows"),
        (["case,picture", "a,b"], "no image column"),
        (["case,image", "a,b,c"], "line 2 has 3 cells"),
        (["image,image", "a,b"], "two columns of one name"),
        (["case,image", '"a,b'], "not a table"),
    ],
)
def test_a_table_that_is_none_is_an_error(tmp_path, lines, reason):
    write_text(tmp_path / "manifest.csv", *lines)
    with pytest.raises(DataError, match=f"manifest.csv.*{reason}"):
        open_dataset(tmp_path)


def test_a_manifest_of_another_encoding_says_so(tmp_path):
    (tmp_path / "manifest.csv").write_bytes("case,image\nä,b.png\n".encode("utf-16"))
    with pytest.raises(DataError, match=r"manifest\.csv.*UTF-8"):
        open_dataset(tmp_path)


def test_a_table_saved_by_excel_is_told_how_to_be_saved(tmp_path):
    (tmp_path / "manifest.csv").write_bytes("case,image\nä,b.png\n".encode("cp1252"))
    with pytest.raises(DataError, match=r'manifest\.csv.*Windows-1252.*"CSV UTF-8"'):
        open_dataset(tmp_path)


@pytest.mark.parametrize(("text", "said"), [('{\n"a": }', "in line 2"), ("[" * 100_000, "brackets")])
def test_a_description_that_is_no_json_is_told_where(tmp_path, text, said):
    nnunet_folder(tmp_path)
    write_text(tmp_path / "dataset.json", text)
    with pytest.raises(DataError, match=f"not JSON.*{said}"):
        open_dataset(tmp_path)


def test_two_rows_of_one_name_are_an_error(tmp_path):
    write_picture(tmp_path / "a.png", noise((5, 4)))
    write_text(tmp_path / "manifest.csv", "case,image,label", "a,a.png,x", "a,a.png,y")
    with pytest.raises(DataError, match="two cases have one name"):
        open_dataset(tmp_path)


def test_an_unsorted_export_is_tied_to_masks_by_series(tmp_path):
    write_dicom(tmp_path / "dicom", dicom_series(4, series="1.2.3") + dicom_series(5, series="1.2.4"))
    write_dicom(tmp_path / "dicom", dicom_series(3, series="1.2.5"), seed=2)
    affine = np.diag([-0.7, -0.7, 5, 1.0])
    affine[:3, 3] = (150, 160, -500)
    for uid, n_slices in (("1.2.3", 4), ("1.2.4", 5)):
        write_nifti(tmp_path / "masks" / f"{uid}.nii.gz", ball_mask((16, 24, n_slices)), affine)
    write_text(
        tmp_path / "manifest.csv",
        "case,image,mask,scanner",
        "one,1.2.3,masks/1.2.3.nii.gz,mine",
        "two,1.2.4,masks/1.2.4.nii.gz,",
    )
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["one", "two"]
    for case in dataset.cases:
        assert case.image.read().same_grid(case.mask.read())
        assert case.patient == "P-7"
    assert dataset.patients == "PatientID in the DICOM header"
    assert dataset.cases[0].facts == {"modality": "CT", "scanner": "mine", "identity": "in the header"}
    assert dataset.notes == ("1 DICOM series are in no row of the manifest",)


def test_a_manifest_may_name_a_series_by_folder_or_a_dicom_file(tmp_path):
    write_dicom(tmp_path / "ct", dicom_series(4))
    dicom_series(1)[0].save_as(tmp_path / "one.dcm", enforce_file_format=True)
    (tmp_path / "none").mkdir()
    write_text(tmp_path / "manifest.csv", "case,image,label", "a,ct,x", "b,one.dcm,y", "c,none,y")
    dataset = open_dataset(tmp_path)
    assert [case.image.read().shape[2] for case in dataset.cases] == [4, 1]
    assert "0 series" in set_aside(dataset)["c"]


# --- which layout


def test_an_empty_folder_and_a_missing_one(tmp_path):
    with pytest.raises(DataError, match=r"no known layout.*imagesTr/.*Received nothing"):
        open_dataset(tmp_path)
    with pytest.raises(DataError, match="no image found"):
        open_inputs(tmp_path)
    for opened in (open_dataset, open_inputs):
        with pytest.raises(DataError, match="no such file or folder"):
            opened(tmp_path / "none")


def test_images_without_labels_say_what_was_found_and_what_is_known(tmp_path):
    for index in range(12):
        write_picture(tmp_path / f"{index:02d}.png", noise((4, 4)))
    with pytest.raises(
        DataError, match=r"labelled dataset.*masks/.*Received 00\.png.*and 4 more.*manifest\.csv"
    ):
        open_dataset(tmp_path)
    assert len(open_inputs(tmp_path)) == 12


def test_a_manifest_without_targets_has_no_labels(tmp_path):
    write_picture(tmp_path / "a.png", noise((4, 4)))
    write_text(tmp_path / "manifest.csv", "case,image", "a,a.png")
    with pytest.raises(DataError, match="no case has a mask or a label"):
        open_dataset(tmp_path)
    assert names(open_inputs(tmp_path)) == ["a"]


def test_a_single_file_is_no_dataset_but_an_input(tmp_path):
    path = write_nifti(tmp_path / "x.y.nii.gz", noise((4, 4, 4)))
    with pytest.raises(DataError, match=r"no labelled dataset.* \.zip .*manifest\.csv\. Name the folder"):
        open_dataset(path)
    assert names(open_inputs(path)) == ["x.y"]


@pytest.mark.parametrize(
    ("builders", "both"),
    [
        ((nnunet_folder, paired_folder), r"nnU-Net raw \(imagesTr, .* and images \+ masks"),
        ((nnunet_folder, class_folders), r"nnU-Net raw .* and folder per class \(benign, malignant\)"),
        ((paired_folder, class_folders), r"images \+ masks .* and folder per class"),
    ],
)
def test_two_complete_layouts_are_an_error_that_names_both(tmp_path, builders, both):
    for build in builders:
        build(tmp_path)
    with pytest.raises(DataError, match=f"two complete layouts.*{both}"):
        open_dataset(tmp_path)


def test_a_manifest_beside_another_layout_must_speak_of_it(tmp_path):
    nnunet_folder(tmp_path)
    write_picture(tmp_path / "a.png", noise((4, 4)))
    write_text(tmp_path / "manifest.csv", "case,image,label", "a,a.png,x")
    with pytest.raises(DataError, match=r"manifest\.csv .* and nnU-Net raw"):
        open_dataset(tmp_path)
    write_text(tmp_path / "manifest.csv", "case,image,mask", "a,imagesTr/a.nii.gz,labelsTr/a.nii.gz")
    assert open_dataset(tmp_path).layout == "manifest.csv"


def test_the_users_pattern_names_patients(tmp_path):
    nnunet_folder(tmp_path, ("L1x", "L1y", "L2x"))
    dataset = open_dataset(tmp_path, patient_pattern=r"^(L\d)")
    assert [case.patient for case in dataset.cases] == ["L1", "L1", "L2"]
    with pytest.raises(SettingsError):
        open_dataset(tmp_path, patient_pattern="(")


def test_listing_opens_no_image(tmp_path):
    nnunet_folder(tmp_path)
    for path in (tmp_path / "imagesTr").iterdir():
        path.write_bytes(b"broken")
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 3
    with pytest.raises(DataError, match=r"^imagesTr/a\.nii\.gz: the file is damaged"):
        dataset.cases[0].image.read()


@pytest.mark.parametrize("build", [nnunet_folder, paired_folder, class_folders])
def test_cases_can_travel_to_another_process(tmp_path, build):
    case = open_dataset(build(tmp_path)).cases[0]
    copy = pickle.loads(pickle.dumps(case))  # noqa: S301 (made in this line)
    np.testing.assert_array_equal(copy.image.read().array, case.image.read().array)


# --- inputs


def test_inputs_are_found_below_folders_and_channels_stacked(tmp_path):
    for name in ("a_0000", "a_0001", "deep/b_0000", "deep/b_0001"):
        write_nifti(tmp_path / f"{name}.nii.gz", noise((4, 4, 4)))
    dataset = open_inputs(tmp_path)
    assert names(dataset) == ["a", "deep/b"]
    assert [case.image.read().n_channels for case in dataset.cases] == [2, 2]


def test_numbered_photographs_are_no_channels(tmp_path):
    for number in range(4):
        write_picture(tmp_path / "a" / f"IMG_{number:04d}.png", noise((4, 4)))
        write_picture(tmp_path / "b" / f"IMG_{number + 1:04d}.png", noise((4, 4)))
    assert len(open_inputs(tmp_path)) == 8
    assert len(open_inputs(tmp_path / "a")) == 4
    assert len(open_dataset(tmp_path)) == 8


def test_previews_beside_series_are_left_out(tmp_path):
    write_dicom(tmp_path, dicom_series(3))
    write_picture(tmp_path / "preview.jpg", noise((4, 4)))
    dataset = open_inputs(tmp_path)
    assert [case.image.read().modality for case in dataset.cases] == ["CT"]
    assert dataset.notes == ("1 pictures beside the DICOM series are not used",)


# --- real data


def test_real_datasets_are_recognised():
    root = data_root()
    expected = {
        "msd-hippocampus": ("nnU-Net raw", 197),
        "busi-breast-ultrasound": ("folder per class", 274),
        "pneumoniamnist": ("MedMNIST .npz", 5232),
        "retina-drive/training": ("images + masks", 20),
    }
    for name, (layout, n_cases) in expected.items():
        if not (root / name).exists():
            continue
        dataset = open_dataset(root / name)
        assert (dataset.layout, len(dataset)) == (layout, n_cases)
        assert dataset.patients == "unknown"
        assert dataset.cases[0].image.read().n_channels in (1, 3)


def test_the_oddities_are_named_and_nothing_is_left():
    with pytest.raises(
        DataError, match=r"no usable case.*3 set aside.*hippocampus_118: the image has no mask"
    ):
        open_dataset(real_data("msd-hippocampus-oddities"))
    assert names(open_inputs(real_data("msd-hippocampus-oddities"))) == ["hippocampus_118"]


def test_the_oddities_beside_good_pairs_are_set_aside(tmp_path):
    """A label without image, an image without label, and a foreign mask: each named, the rest goes on."""
    odd, good = real_data("msd-hippocampus-oddities"), real_data("msd-hippocampus")
    for target, sources in (
        ("images", (odd / "images", good / "imagesTr")),
        ("labels", (odd / "labels", good / "labelsTr")),
    ):
        (tmp_path / target).mkdir()
        for source in sources:
            for path in sorted(source.iterdir())[:4]:
                (tmp_path / target / path.name).symlink_to(path)
    dataset = open_dataset(tmp_path)
    assert len(dataset) == 4
    assert sorted(set_aside(dataset)) == ["hippocampus_010", "hippocampus_118", "hippocampus_281"]
