"""The grid of an image is told without its pixels."""

import numpy as np
import pytest
from PIL import Image

from builders import dicom_series, noise, write_nifti, write_picture
from scanwright.errors import DataError
from scanwright.io.image import read_grid, read_image


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.gif", "a.tif", "a.nii.gz", "a.nii", "a.dcm"])
def test_the_grid_is_that_of_the_image(tmp_path, name):
    path = tmp_path / name
    if ".nii" in name:
        write_nifti(path, noise((6, 9, 4)))
    elif name == "a.dcm":
        dicom_series(1)[0].save_as(path, enforce_file_format=True)
    else:
        write_picture(path, noise((6, 9)))
    assert read_grid(path).same_grid(read_image(path))
    assert read_grid(path).shape == read_image(path).shape


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_pictures_that_lie_are_turned(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = write_picture(tmp_path / f"a{suffix}", noise((6, 9)), exif=exif)
    assert read_grid(path).shape == read_image(path).shape


def test_a_grid_takes_no_room(tmp_path):
    write_picture(tmp_path / "a.png", noise((6, 9, 3)))
    assert read_grid(tmp_path / "a.png").array.strides == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "problem"), [(b"", "empty"), (b"\x89PNG", "damaged"), (None, "not exist")]
)
def test_what_cannot_be_read_is_named(tmp_path, content, problem):
    if content is not None:
        (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=f"mine: .*{problem}"):
        read_grid(tmp_path / "a.png", subject="mine")


def test_a_folder_is_a_series(tmp_path):
    with pytest.raises(DataError, match="mine"):
        read_grid(tmp_path, subject="mine")
    assert np.isfinite(read_grid(write_nifti(tmp_path / "a.nii", noise((3, 3, 3)))).affine_ras).all()
