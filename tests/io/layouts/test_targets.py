"""What the columns of a manifest say: several classes, numbers, boxes."""

import numpy as np
import pytest

from builders import TILTED_AFFINE, dicom_series, noise, write_dicom, write_nifti, write_picture, write_text
from scanwright.errors import DataError
from scanwright.io import open_dataset


@pytest.fixture
def folder(tmp_path):
    """Three pictures."""
    for name in "abc":
        write_picture(tmp_path / f"{name}.png", noise((6, 8)))
    return tmp_path


def manifest(folder, *lines):
    write_text(folder / "manifest.csv", *lines)
    return open_dataset(folder)


def set_aside(dataset):
    return {aside.case: aside.reason for aside in dataset.set_aside}


def test_names_of_classes_joined_by_bars(folder):
    dataset = manifest(folder, "image,labels", "a.png,effusion|Edema ", "b.png,", "c.png,No Finding")
    assert [case.labels for case in dataset.cases] == [("effusion", "Edema"), (), ()]
    assert dataset.target == "labels"
    assert set(dataset.class_names) == {"effusion", "Edema"}
    assert dataset.notes == ("2 cases have none of the classes, by the column labels",)


def test_names_joined_by_another_mark_are_told(folder):
    dataset = manifest(folder, "image,labels", "a.png,edema;mass", "b.png,edema|mass", "c.png,mass; left")
    assert set(dataset.class_names) == {"edema", "mass", "edema;mass", "mass; left"}
    assert dataset.notes == (
        "classes that look like others joined by ; count as classes of their own; | joins names: edema;mass",
    )


def test_a_column_for_each_class(folder):
    lines = ["image,label:Edema,label:Mass", "a.png,1,0.0", "b.png,no,0", "c.png,,"]
    dataset = manifest(folder, *lines)
    assert [case.targets.get("labels") for case in dataset.cases] == [("Edema",), (), None]
    assert dataset.class_names == {"Edema": "Edema", "Mass": "Mass"}
    assert dataset.notes == ()


def test_what_is_uncertain_or_left_out_counts_as_0_and_is_told(folder):
    """As CheXpert writes it."""
    dataset = manifest(folder, "image,label:Edema,label:Mass", "a.png,-1.0,1.0", "b.png,,0", "c.png,u,-1")
    assert [case.labels for case in dataset.cases] == [("Mass",), (), ()]
    assert [case.facts.get("uncertain") for case in dataset.cases] == ["Edema", None, "Edema|Mass"]
    assert dataset.notes == (
        "1 empty cells of label: columns, beside filled ones, count as 0",
        "3 uncertain cells (-1) count as 0; the fact 'uncertain' names the classes",
    )


def test_numbers_keep_the_names_of_their_columns(folder):
    lines = [
        "image,value:age,value:ejection fraction,value",
        "a.png,61,0.55,",
        "b.png,n/a,1e-3,7",
        "c.png,,,",
    ]
    dataset = manifest(folder, *lines)
    assert [case.targets.get("values") for case in dataset.cases] == [
        {"age": 61.0, "ejection fraction": 0.55},
        {"ejection fraction": 0.001, "value": 7.0},
        None,
    ]
    assert dataset.target == "values"


def test_cells_that_say_something_else_set_their_row_aside(folder):
    lines = [
        "case,image,label:x,value:y",
        "a,a.png,maybe,1",
        "b,b.png,1,inf",
        "c,c.png,0,1",
        "d,a.png,1,old",
        "e,a.png,2,",
    ]
    dataset = manifest(folder, *lines)
    assert [case.name for case in dataset.cases] == ["c"]
    reasons = set_aside(dataset)
    assert "label:x does not say whether the case has the class" in reasons["a"]
    assert "'2'" in reasons["e"]
    for case in "bd":
        assert "value:y does not hold a number" in reasons[case]


def test_a_mask_beside_other_targets_is_still_what_is_learnt(folder):
    write_picture(folder / "m.png", np.eye(6, 8, dtype=np.uint8))
    dataset = manifest(folder, "image,mask,label,value:age", "a.png,m.png,sick,61", "b.png,m.png,well,62")
    assert dataset.target == "mask"
    assert [case.label for case in dataset.cases] == ["sick", "well"]


def test_boxes_of_several_cases_in_one_table(folder):
    write_text(
        folder / "boxes.csv",
        "case,class,i_lo,j_lo,i_hi,j_hi",
        "a,red,1,2,5,6",
        "c,white,0,0,1,1",
        "c,red,0,0,1,x",
    )
    dataset = manifest(
        folder, "case,image,boxes", "a,a.png,boxes.csv", "b,b.png,boxes.csv", "c,c.png,boxes.csv"
    )
    assert dataset.target == "boxes"
    assert [len(case.boxes.read()) for case in dataset.cases[:2]] == [1, 0]
    with pytest.raises(DataError, match=r"^boxes\.csv: j_hi is not a number"):
        dataset.cases[2].boxes.read()


def test_a_file_of_boxes_for_each_case(folder):
    write_text(folder / "a.json", '[{"class": "red", "i_lo": 1, "j_lo": 2, "i_hi": 5, "j_hi": 6}]')
    write_text(folder / "b.csv", "i_lo,j_lo,i_hi,j_hi", "1,2,5,6", "1,2,3,4")
    dataset = manifest(
        folder, "case,image,boxes", "a,a.png,a.json", "b,b.png,b.csv", "c,c.png,", "d,c.png,lost.csv"
    )
    assert [len(case.boxes.read()) for case in dataset.cases[:2]] == [1, 2]
    assert dataset.cases[2].targets == {}
    assert "column boxes does not exist" in set_aside(dataset)["d"]


def test_nodules_of_volumes_lie_where_their_affine_says(tmp_path):
    write_nifti(tmp_path / "v.nii.gz", noise((12, 10, 8)))
    write_dicom(tmp_path / "ct", dicom_series(8))
    centre = (TILTED_AFFINE @ (5, 4, 3, 1))[:3]
    # Column 10, row 20, slice 3 of the series, as in CONTRACTS; its voxels are 0.7, 0.7 and 5 mm.
    write_text(
        tmp_path / "nodules.csv",
        "case,class,x_mm,y_mm,z_mm,diameter_mm",
        f"v,nodule,{centre[0]},{centre[1]},{centre[2]},7",
        "ct,nodule,143,146,-485,7",
    )
    write_text(tmp_path / "manifest.csv", "case,image,boxes", "v,v.nii.gz,nodules.csv", "ct,ct,nodules.csv")
    volume, series = (case.boxes.read().box_ijk[0] for case in open_dataset(tmp_path).cases)
    np.testing.assert_allclose(volume.mean(axis=0), (5.5, 4.5, 3.5), atol=1e-4)
    np.testing.assert_allclose(series.mean(axis=0), (10.5, 20.5, 3.5), atol=1e-4)
    np.testing.assert_allclose(series[1] - series[0], (10, 10, 1.4), atol=1e-4)


def test_points_with_diameters_become_boxes_of_pictures_and_volumes(tmp_path):
    write_picture(tmp_path / "a.png", noise((6, 8)))
    write_nifti(tmp_path / "b.nii.gz", noise((12, 10, 8)), TILTED_AFFINE)
    write_text(tmp_path / "points.csv", "case,class,i,j,diameter_voxels", "a,cell,4,3,3")
    write_text(
        tmp_path / "nodules.csv", "case,class,i,j,k,diameter_mm", "b,nodule,5,4,3,7", "b,nodule,1,1,1,2"
    )
    lines = ["case,image,boxes", "a,a.png,points.csv", "b,b.nii.gz,nodules.csv"]
    flat, volume = (case.boxes.read() for case in manifest(tmp_path, *lines).cases)
    np.testing.assert_array_equal(flat.box_ijk, [[[3, 2, 0], [6, 5, 1]]])
    assert volume.classes == ("nodule", "nodule")
    np.testing.assert_allclose(volume.box_ijk.mean(axis=1), [[5.5, 4.5, 3.5], [1.5, 1.5, 1.5]])


def test_rows_of_boxes_whose_case_does_not_exist_are_told(folder):
    rows = [f"{case},0,0,2,2" for case in ("a", "nobody", "nobody", "A", "x1", "x2")]
    write_text(folder / "boxes.csv", "case,i_lo,j_lo,i_hi,j_hi", *rows)
    dataset = manifest(folder, "case,image,boxes", "a,a.png,boxes.csv", "b,b.png,boxes.csv")
    assert dataset.notes == (
        "boxes.csv: rows of boxes whose case does not exist: 5, of nobody, A, x1 and 1 more",
    )
