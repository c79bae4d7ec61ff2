"""A CSV of labels beside images, in the words of well-known sets; what is understood is told."""

import pytest

from builders import class_folders, noise, write_picture, write_text
from scanwright.errors import DataError
from scanwright.io import open_dataset, open_inputs


@pytest.fixture
def folder(tmp_path):
    """Three pictures in a folder."""
    for name in "abc":
        write_picture(tmp_path / "pictures" / f"{name}.png", noise((6, 8)))
    return tmp_path


def test_labels_joined_by_bars_as_in_chest_x_ray_14(folder):
    write_text(
        folder / "Data_Entry.csv",
        "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age",
        "a.png,Effusion|Mass,0,1,58",
        "b.png,No Finding,1,1,59",
        "lost.png,Mass,0,2,61",
    )
    dataset = open_dataset(folder)
    assert (dataset.layout, dataset.target) == ("table of labels", "labels")
    assert [(case.name, case.labels, case.patient) for case in dataset.cases] == [
        ("pictures/a", ("Effusion", "Mass"), "1"),
        ("pictures/b", (), "1"),
    ]
    assert dataset.cases[0].facts == {"Follow-up #": "0", "Patient Age": "58"}
    assert dataset.patients == 'column "patient" of Data_Entry.csv'
    assert dataset.notes == (
        "1 rows name images that are not here",
        "1 images are in no row and are not used",
        "1 cases have none of the classes, by the column labels",
    )
    assert len(open_inputs(folder)) == 3


def test_columns_of_0_and_1_in_tables_of_splits_as_in_chexpert(folder):
    for split, name in (("train", "a"), ("valid", "b")):
        write_text(
            folder / f"{split}.csv",
            "Path,Sex,Frontal,Edema,Mass",
            f"CheXpert-v1.0/pictures/{name}.png,Female,x,1.0,-1.0",
        )
    dataset = open_dataset(folder)
    assert [(case.split, case.labels) for case in dataset.cases] == [
        ("train", ("Edema",)),
        ("val", ("Edema",)),
    ]
    assert dataset.notes[0] == "classes are the columns that hold 0, 1 or -1: Edema, Mass"
    assert dataset.cases[0].facts["uncertain"] == "Mass"


def test_one_class_each_and_names_without_suffix(folder):
    write_text(folder / "labels.csv", "id,diagnosis,smoker,male", "a,sick,1,1", "b,well,0,1", "c,sick,1,0")
    dataset = open_dataset(folder)
    assert [case.label for case in dataset.cases] == ["sick", "well", "sick"]
    assert dataset.cases[0].facts == {"smoker": "1", "male": "1"}
    assert [case.name for case in dataset.cases] == ["pictures/a", "pictures/b", "pictures/c"]


@pytest.mark.parametrize(
    "lines",
    [
        ["image,age", "a.png,5", "b.png,6"],  # no label
        ["image,sick", "a.png,1", "b.png,0"],  # one column of 0 and 1 may be anything
        ["name,label", "x.png,sick", "y.png,well"],  # no image of these names
        ["image,label", "a.png,sick", "a.png,well"],  # not a row a case
        ["image,label", 'a.png,"sick'],  # no table
    ],
)
def test_other_tables_are_no_dataset(folder, lines):
    write_text(folder / "table.csv", *lines)
    with pytest.raises(DataError, match="no known layout"):
        open_dataset(folder)


def test_several_tables_are_not_guessed_between(folder):
    for name in ("one.csv", "other.csv"):
        write_text(folder / name, "image,label", "a.png,sick", "b.png,well")
    with pytest.raises(DataError, match="no known layout"):
        open_dataset(folder)
    (folder / "other.csv").unlink()
    assert open_dataset(folder).layout == "table of labels"


def test_a_table_beside_another_layout_changes_nothing(tmp_path):
    class_folders(tmp_path)
    write_text(tmp_path / "about.csv", "file,age,weight", "benign (0).png,1,0", "benign (1).png,0,1")
    dataset = open_dataset(tmp_path)
    assert (dataset.layout, dataset.notes) == ("folder per class", ("not used: about.csv",))


def test_parts_of_a_large_set_are_no_classes(tmp_path):
    """As HAM10000."""
    for number in range(4):
        write_picture(tmp_path / f"part_{number % 2}" / f"ISIC_{number}.png", noise((6, 8)))
    rows = [f"ISIC_{number},{'nv' if number < 2 else 'mel'}" for number in range(4)]
    write_text(tmp_path / "metadata.csv", "image_id,dx", *rows)
    dataset = open_dataset(tmp_path)
    assert {case.name: case.label for case in dataset.cases} == {
        "part_0/ISIC_0": "nv",
        "part_1/ISIC_1": "nv",
        "part_0/ISIC_2": "mel",
        "part_1/ISIC_3": "mel",
    }


def test_a_table_that_only_calls_the_classes_otherwise_changes_nothing(tmp_path):
    class_folders(tmp_path, per_class=1)
    write_text(tmp_path / "coded.csv", "file,label", "benign (0).png,0", "malignant (0).png,1")
    assert open_dataset(tmp_path).layout == "folder per class"


def test_a_table_that_contradicts_the_folders_of_classes_is_an_error_that_names_both(tmp_path):
    class_folders(tmp_path)
    rows = [f"benign ({n}).png,{'benign' if n else 'malignant'}" for n in range(3)]
    write_text(tmp_path / "labels.csv", "file,label", *rows)
    with pytest.raises(DataError, match=r"two complete layouts.*folder per class .* and table of labels"):
        open_dataset(tmp_path)


def test_images_of_one_name_in_two_folders_are_told_apart_by_their_path(folder):
    write_picture(folder / "more" / "a.png", noise((6, 8)))
    rows = ["more/a.png,sick", "pictures/a.png,well", "pictures/b.png,sick", "a.png,sick"]
    write_text(folder / "labels.csv", "image,label", *rows)
    dataset = open_dataset(folder)
    assert {case.name: case.label for case in dataset.cases} == {
        "more/a": "sick",
        "pictures/a": "well",
        "pictures/b": "sick",
    }
    assert dataset.notes[0] == "1 rows name images that are not here"
