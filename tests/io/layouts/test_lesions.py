"""Several masks of one image: lesions are put together, structures get a value each; nothing is guessed."""

import numpy as np
import pytest

from builders import class_folders, noise, real_data, write_nifti, write_picture, write_text
from scanwright.errors import DataError
from scanwright.io import open_dataset, open_inputs, read_mask
from scanwright.io.layouts.lesions import LESIONS, Part, also_known, masks_among, named_part, part_of, settle

SHAPE = (6, 5, 4)


def names(dataset):
    return [case.name for case in dataset.cases]


def set_aside(dataset):
    return {aside.case: aside.reason for aside in dataset.set_aside}


def block(*voxels, value=1):
    mask = np.zeros(SHAPE, np.uint8)
    for place in voxels:
        mask[place] = value
    return mask


@pytest.mark.parametrize(
    ("mask", "image", "word"),
    [
        ("a.png", "a", ""),
        ("a_mask.png", "a", "mask"),
        ("a_mask_1.png", "a", "mask"),
        ("a-lesion02.nii.gz", "a", "lesion"),
        ("a (3).png", "a", ""),
        ("a_2.png", "a", ""),
        ("a_1_seg.png", "a_1", "seg"),  # the longest name that fits
        ("a_left kidney.png", "a", "left kidney"),
        ("a_20200102.png", "a", "20200102"),  # a date counts no lesions
        ("deep/b_Tumour.png", "deep/b", "tumour"),
        ("c_mask.png", "c_image", "mask"),
    ],
)
def test_names_tell_the_image_and_what_is_outlined(mask, image, word):
    known = also_known(["a", "a_1", "deep/b", "c_image"])
    assert part_of(mask, known) == (image, Part(mask, word))


def test_a_folder_named_as_the_image_holds_its_masks():
    known = also_known(["a", "deep/b"])
    assert part_of("deep/b/kidney 2.png", known) == (
        "deep/b",
        Part("deep/b/kidney 2.png", "kidney", surely=True),
    )


@pytest.mark.parametrize("mask", ["b.png", "ab_mask.png", "amask.png", "deep/a.png"])
def test_other_names_belong_to_none(mask):
    assert part_of(mask, also_known(["a"])) is None


def test_masks_are_told_from_images_only_by_their_words():
    files = ["a.png", "a_1.png", "a_mask.png", "a_mask_1.png", "a_1_seg.png", "mask.png", "b_mask.png"]
    images, masks = masks_among(files, LESIONS)
    assert images == ["a.png", "a_1.png", "mask.png", "b_mask.png"]
    assert {image: [part.file for part in parts] for image, parts in masks.items()} == {
        "a": ["a_mask.png", "a_mask_1.png"],
        "a_1": ["a_1_seg.png"],
    }


def parts(*words):
    return [Part(f"{number}_{word}", word) for number, word in enumerate(words)]


def test_one_word_is_one_kind_of_lesion():
    settled = settle({"a": parts("lesion", "lesion"), "b": parts("lesion")})
    assert settled.values["a"] == {"0_lesion": None, "1_lesion": None}
    assert (settled.problems, settled.names) == ({}, {})
    assert settled.notes() == ("several masks of one image are put together (1 images, lesions of one kind)",)


def test_words_that_images_share_are_structures_by_the_alphabet():
    settled = settle({"a": parts("tumour", "kidney"), "b": parts("kidney"), "c": parts("tumour")})
    assert settled.names == {"1": "kidney", "2": "tumour"}
    assert settled.values["a"] == {"0_tumour": 2, "1_kidney": 1}
    assert settled.values["c"] == {"0_tumour": 2}
    assert "one class each: kidney, tumour" in settled.notes()[0]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("", "seg"), "2 masks fit the image"),
        (("mask", "old"), "2 masks fit the image"),
        (("reader", "reader"), "drawn by several readers"),
        (("manual", "manual"), "drawn by several readers"),
    ],
)
def test_versions_and_readers_are_not_guessed_between(words, problem):
    settled = settle({"a": parts(*words), "b": parts("mask"), "c": parts("mask")})
    assert problem in settled.problems["a"]
    assert set(settled.values) == {"b", "c"}


def test_a_name_like_no_other_is_not_understood():
    assert "like no other" in settle({"a": parts("xyz"), "b": parts("")}).problems["a"]


def test_where_others_name_structures_a_mask_must_too():
    settled = settle({"a": parts("kidney", "tumour"), "b": parts("kidney", "tumour"), "c": parts("mask")})
    assert settled.problems == {"c": "a mask names no structure that others have: 0_mask"}


def test_files_of_two_formats_are_two_versions():
    settled = settle({"a": [Part("a_mask.png", "mask"), Part("a_mask.tif", "mask")]})
    assert settled.problems == {"a": "2 masks fit the image"}


def test_names_in_a_folder_of_the_image_may_be_anything():
    hashes = {
        image: [Part(f"{image}/{n}{image}", f"{n}{image}", surely=True) for n in range(3)] for image in "ab"
    }
    settled = settle(hashes)
    assert (settled.n_merged, settled.names, settled.problems) == (2, {}, {})


def test_a_structure_of_one_image_counts_in_a_folder():
    found = {"a": [named_part("a/kidney.png", "a"), named_part("a/tumour.png", "a")]}
    found |= {"b": [named_part("b/kidney.png", "b")]}
    assert settle(found).names == {"1": "kidney", "2": "tumour"}


def test_the_name_of_the_image_before_a_structure_is_left_out():
    assert named_part("masks/a_kidney.nii.gz", "a").word == "kidney"
    assert named_part("masks/a.nii.gz", "a").word == ""
    assert named_part("masks/abc_kidney.nii.gz", "a").word == "abc_kidney"


# --- on disc


def lesion_folder(root, masks="masks/{name}_lesion{n}.nii.gz", cases=("a", "b")):
    """Two lesions an image: voxels (1, 1, 1) and (3, 3, 3)."""
    for seed, name in enumerate(cases):
        write_nifti(root / "images" / f"{name}.nii.gz", noise(SHAPE, seed=seed))
        for n, place in enumerate([(1, 1, 1), (3, 3, 3)], start=1):
            write_nifti(root / masks.format(name=name, n=n), block(place))
    return root


@pytest.mark.parametrize(
    "masks", ["masks/{name}_lesion{n}.nii.gz", "masks/{name}/{n}.nii.gz", "masks/{name}_{n}.nii.gz"]
)
def test_lesions_become_one_mask(tmp_path, masks):
    dataset = open_dataset(lesion_folder(tmp_path, masks))
    assert (dataset.layout, names(dataset)) == ("images + masks", ["a", "b"])
    mask = dataset.cases[0].mask
    np.testing.assert_array_equal(mask.read().array[0], block((1, 1, 1), (3, 3, 3)))
    assert (len(mask.parts), len(mask.further)) == (2, 1)
    assert mask.read().same_grid(dataset.cases[0].image.read())


def test_structures_get_a_value_each_and_the_smaller_lies_on_top(tmp_path):
    for name in ("a", "b"):
        write_nifti(tmp_path / "images" / f"{name}.nii.gz", noise(SHAPE))
        write_nifti(
            tmp_path / "masks" / f"{name}_kidney.nii.gz", block((1, 1, 1), (2, 2, 2), (3, 3, 3), value=7)
        )
        write_nifti(tmp_path / "masks" / f"{name}_aorta.nii.gz", block((2, 2, 2)))
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == {"1": "aorta", "2": "kidney"}
    mask = dataset.cases[0].mask.read()
    assert [int(mask.array[0][place]) for place in ((1, 1, 1), (2, 2, 2), (0, 0, 0))] == [2, 1, 0]
    assert mask.array.dtype == np.uint8


def test_values_of_lesions_stay(tmp_path):
    """A mask of values 1 and 2 with a second file for one more lesion."""
    write_nifti(tmp_path / "images" / "a.nii.gz", noise(SHAPE))
    write_nifti(tmp_path / "masks" / "a_mask.nii.gz", block((1, 1, 1)) + block((2, 2, 2), value=2))
    write_nifti(tmp_path / "masks" / "a_mask_1.nii.gz", block((3, 3, 3), value=2))
    mask = open_dataset(tmp_path).cases[0].mask.read().array[0]
    assert [int(mask[n, n, n]) for n in (1, 2, 3)] == [1, 2, 2]


def test_masks_of_two_grids_and_of_several_structures_in_one_are_errors_of_their_case(tmp_path):
    lesion_folder(tmp_path)
    write_nifti(tmp_path / "masks" / "a_lesion2.nii.gz", block((1, 1, 1)), np.eye(4))
    with pytest.raises(DataError, match=r"masks/a_lesion2\.nii\.gz: the masks .* one grid.*another affine"):
        open_dataset(tmp_path).cases[0].mask.read()
    for name in ("a", "b"):
        write_nifti(
            tmp_path / "masks" / f"{name}_lesion2.nii.gz", block((1, 1, 1)) + block((2, 2, 2), value=2)
        )
        (tmp_path / "masks" / f"{name}_lesion2.nii.gz").rename(tmp_path / "masks" / f"{name}_kidney.nii.gz")
        (tmp_path / "masks" / f"{name}_lesion1.nii.gz").rename(tmp_path / "masks" / f"{name}_aorta.nii.gz")
    with pytest.raises(DataError, match=r"a_kidney\.nii\.gz: the mask holds several values.*1, 2"):
        open_dataset(tmp_path).cases[0].mask.read()


def test_masks_beside_their_images(tmp_path):
    """As BUSI without its folders of classes."""
    for name in ("benign (1)", "benign (2)", "normal (1)"):
        write_picture(tmp_path / f"{name}.png", noise((6, 8)))
    for ending, place in (("_mask", (0, 0)), ("_mask_1", (5, 7))):
        drawn = np.zeros((6, 8), np.uint8)
        drawn[place] = 255
        for name in ("benign (1)", "benign (2)")[: 2 - ending.count("1")]:
            write_picture(tmp_path / f"{name}{ending}.png", drawn)
    dataset = open_dataset(tmp_path)
    assert (dataset.layout, names(dataset)) == ("masks beside images", ["benign (1)", "benign (2)"])
    assert set_aside(dataset) == {"normal (1)": "no mask is named after it"}
    first, second = (case.mask.read().array[0, :, :, 0] for case in dataset.cases)
    assert (first[0, 0], first[7, 5], second[0, 0], second[7, 5]) == (255, 255, 255, 0)
    assert len(open_inputs(tmp_path)) == 3
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
    for path in list(tmp_path.glob("*.png")):
        path.rename(tmp_path / ("test" if "(2)" in path.name else "train") / path.name)
    assert [case.split for case in open_dataset(tmp_path).cases] == ["test", "train"]


def test_few_images_with_masks_among_many_are_no_such_layout(tmp_path):
    for n in range(5):
        write_picture(tmp_path / f"{n}.png", noise((6, 8)))
    write_picture(tmp_path / "0_mask.png", noise((6, 8)))
    with pytest.raises(DataError, match="no known layout"):
        open_dataset(tmp_path)


def test_masks_beside_the_images_of_classes_are_a_second_target(tmp_path):
    class_folders(tmp_path)
    for n, ending in enumerate(("_mask", "_mask_1", "_segmentation")):
        drawn = np.zeros((9, 7), np.uint8)
        drawn[n, n] = 255
        write_picture(tmp_path / "benign" / f"benign ({n // 2}){ending}.png", drawn)
    dataset = open_dataset(tmp_path)
    assert dataset.target == "label"
    masks = {case.name: case.mask.read().array for case in dataset.cases if "mask" in case.targets}
    assert {name: int((mask > 0).sum()) for name, mask in masks.items()} == {
        "benign/benign (0)": 2,
        "benign/benign (1)": 1,
    }


def test_a_manifest_may_name_several_masks(tmp_path):
    lesion_folder(tmp_path)
    write_text(
        tmp_path / "manifest.csv",
        "image,mask",
        "images/a.nii.gz,masks/a_lesion1.nii.gz|masks/a_lesion2.nii.gz",
        "images/b.nii.gz,masks/b_lesion1.nii.gz | masks/none.nii.gz",
    )
    dataset = open_dataset(tmp_path)
    assert names(dataset) == ["images/a"]
    np.testing.assert_array_equal(dataset.cases[0].mask.read().array[0], block((1, 1, 1), (3, 3, 3)))
    assert "column mask does not exist. Received masks/none.nii.gz" in set_aside(dataset)["images/b"]


def test_real_kidneys_cut_into_lesions_come_back_as_they_were(tmp_path):
    """Each connected part in a file of its own."""
    from scipy import ndimage

    source = next(iter(sorted(real_data("kits19-masks").glob("case_*/segmentation.nii.gz"))))
    whole = read_mask(source)
    array = whole.array[0, ::8, ::4, ::4]
    affine = whole.affine_ras @ np.diag([8, 4, 4, 1])
    write_nifti(tmp_path / "images" / "k.nii.gz", array.astype(np.int16), affine)
    n_files = 0
    for value in (1, 2):
        numbered, n = ndimage.label(array == value)
        for part in range(1, n + 1):
            n_files += 1
            drawn = np.where(numbered == part, np.uint8(value), np.uint8(0))
            write_nifti(tmp_path / "masks" / "k" / f"{n_files}.nii.gz", drawn, affine)
    assert n_files > 1
    np.testing.assert_array_equal(open_dataset(tmp_path).cases[0].mask.read().array[0], array)
