"""Masks are whole numbers, come back as written, and are written whole or not at all."""

import errno

import nibabel as nib
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageFilter

from builders import TILTED_AFFINE, ball_mask, real_data, write_nifti, write_picture
from scanwright.data.volume import Volume
from scanwright.errors import DataError, OutputError
from scanwright.io import read_image, read_mask, write_mask


def mask_of(labels, affine=TILTED_AFFINE):
    return Volume(np.asarray(labels)[np.newaxis], affine_ras=affine)


@given(
    labels=hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.uint16, np.int64]),
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=5),
        elements=st.integers(0, 120),
    )
)
def test_a_written_mask_comes_back_with_its_labels_and_its_grid(tmp_path_factory, labels):
    path = write_mask(tmp_path_factory.mktemp("mask") / "case.one", mask_of(labels))
    assert path.name == "case.one.nii.gz"
    back = read_mask(path)
    np.testing.assert_array_equal(back.array[0], labels)
    np.testing.assert_allclose(back.affine_ras, TILTED_AFFINE, atol=1e-4)


@pytest.mark.parametrize("values", [(0, 2, 4), (0, 300), (-1, 0, 5), (0, 70000)])
def test_labels_come_back_as_they_were(tmp_path, values):
    labels = np.resize(values, (3, 4, 5))
    assert set(np.unique(read_mask(write_mask(tmp_path / "x", mask_of(labels))).array)) == set(values)


def test_the_mask_of_a_nifti_keeps_codes_and_grid_of_its_input_and_nothing_else(tmp_path):
    image = nib.Nifti1Image(np.zeros((4, 5, 6), np.float32), None)
    image.set_sform(TILTED_AFFINE, code=4)
    image.set_qform(TILTED_AFFINE, code=2)
    image.header["descrip"] = b"someone's name"
    image.to_filename(tmp_path / "in.nii.gz")
    mask = mask_of(ball_mask((4, 5, 6)), read_image(tmp_path / "in.nii.gz").affine_ras)
    written = nib.load(write_mask(tmp_path / "out", mask, like=tmp_path / "in.nii.gz"))
    assert int(written.header["sform_code"]) == 4
    assert int(written.header["qform_code"]) == 2
    assert b"name" not in written.header["descrip"].tobytes()
    np.testing.assert_allclose(written.affine, image.affine, atol=1e-4)
    assert written.get_data_dtype() == np.uint8


def test_a_sheared_grid_is_kept(tmp_path):
    sheared = TILTED_AFFINE.copy()
    sheared[0, 2] = 0.4
    written = nib.load(write_mask(tmp_path / "x", mask_of(ball_mask(), sheared)))
    np.testing.assert_allclose(written.affine, sheared, atol=1e-4)


def test_the_mask_of_a_photograph_is_a_png_of_its_size(tmp_path):
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    path = write_mask(tmp_path / "a" / "photo", mask_of(labels, None))
    assert path.name == "photo.png"
    with Image.open(path) as image:
        assert image.size == (3, 4)
    np.testing.assert_array_equal(read_mask(path).array[0], labels)


def test_png_keeps_labels_above_255(tmp_path):
    path = write_mask(tmp_path / "x.png", mask_of(np.full((3, 4, 1), 1000), None))
    assert (read_mask(path).array == 1000).all()


def test_what_a_png_cannot_hold_is_refused(tmp_path):
    with pytest.raises(OutputError, match="PNG"):
        write_mask(tmp_path / "x.png", mask_of(np.full((3, 4, 1), -1), None))
    with pytest.raises(OutputError, match="whole numbers"):
        write_mask(tmp_path / "x", Volume(np.zeros((1, 2, 2, 2), np.float32)))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_mask_and_no_remains(tmp_path, monkeypatch):
    path = write_mask(tmp_path / "x", mask_of(ball_mask()))
    before = path.read_bytes()

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(nib.Nifti1Image, "to_filename", fail)
    with pytest.raises(OutputError, match="disk is full"):
        write_mask(tmp_path / "x", mask_of(ball_mask(label=2)))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_float_masks_of_whole_numbers_are_integers(tmp_path):
    mask = read_mask(write_nifti(tmp_path / "x.nii.gz", ball_mask(label=4).astype(np.float64)))
    assert mask.array.dtype == np.uint8
    assert set(np.unique(mask.array)) == {0, 4}


@pytest.mark.parametrize("bad", [0.5, np.nan, np.inf])
def test_a_probability_map_is_no_mask(tmp_path, bad):
    array = np.zeros((3, 3, 3), np.float32)
    array[1, 1, 1] = bad
    with pytest.raises(DataError, match=r"x\.nii\.gz.*not whole numbers"):
        read_mask(write_nifti(tmp_path / "x.nii.gz", array))


def test_a_grey_mask_saved_as_rgb_is_one_channel(tmp_path):
    labels = np.array([[0, 2], [4, 0]], np.uint8)
    path = write_picture(tmp_path / "x.png", np.repeat(labels[..., None], 3, axis=2))
    np.testing.assert_array_equal(read_mask(path).array[0, :, :, 0], labels.T)


def test_a_colour_picture_is_no_mask(tmp_path):
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[0, 0] = (255, 0, 0)
    with pytest.raises(DataError, match=r"x\.png: the mask is a colour picture"):
        read_mask(write_picture(tmp_path / "x.png", pixels))


def test_a_colour_palette_gives_its_indices(tmp_path):
    labels = np.array([[0, 1], [2, 0]], np.uint8)
    image = Image.fromarray(labels).convert("P")
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    image.save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "x.png").array[0, :, :, 0], labels.T)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_smoothed_drawing_is_cut_into_black_and_white(tmp_path, suffix):
    drawn = np.zeros((64, 64), np.uint8)
    drawn[20:40, 20:40] = 255
    smooth = Image.fromarray(drawn).filter(ImageFilter.GaussianBlur(1))
    smooth.save(tmp_path / f"x{suffix}")
    mask = read_mask(tmp_path / f"x{suffix}").array[0, :, :, 0]
    assert set(np.unique(mask)) == {0, 255}
    assert np.count_nonzero(mask != drawn.T) <= 4  # the corners


@pytest.mark.parametrize("values", [range(19), range(0, 240, 12)])
def test_many_labels_are_not_taken_for_smoothing(tmp_path, values):
    labels = np.resize(np.array(values, np.uint8), (20, 20))
    np.testing.assert_array_equal(
        read_mask(write_picture(tmp_path / "x.png", labels)).array[0, :, :, 0], labels.T
    )


def test_masks_of_bits_mean_what_is_stored(tmp_path):
    labels = np.array([[True, False], [False, False]])
    tifffile.imwrite(tmp_path / "x.tif", labels)  # writes 0 as white
    np.testing.assert_array_equal(read_mask(tmp_path / "x.tif").array[0, :, :, 0], labels.T * 255)


def test_an_empty_file_and_several_channels_are_refused(tmp_path):
    (tmp_path / "x.png").touch()
    with pytest.raises(DataError, match="empty"):
        read_mask(tmp_path / "x.png")
    record = np.zeros((3, 4, 5), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(DataError, match="several channels"):
        read_mask(write_nifti(tmp_path / "x.nii.gz", record))


def test_real_vessel_masks_are_black_and_white():
    folder = real_data("retina-drive") / "training" / "1st_manual"
    mask = read_mask(folder / "21_manual1.gif")
    assert mask.shape == (565, 584, 1)
    assert set(np.unique(mask.array)) == {0, 255}


def test_real_float_labels_are_read_as_whole_numbers():
    mask = read_mask(real_data("msd-hippocampus") / "labelsTr" / "hippocampus_003.nii.gz")
    assert mask.array.dtype == np.uint8
    assert set(np.unique(mask.array)) == {0, 1, 2}
