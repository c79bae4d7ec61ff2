"""Photographs come as (channel, column, row, 1), upright, with the values that stand in the file."""

import contextlib

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from builders import dicom_series, noise, real_data, write_picture
from scanwright.errors import DataError
from scanwright.io import read_image

GREY = noise((6, 9))
COLOUR = noise((6, 9, 3))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".gif"])
def test_grey_pictures_are_read_exactly(tmp_path, suffix):
    volume = read_image(write_picture(tmp_path / f"x{suffix}", GREY))
    assert volume.affine_ras is None
    assert volume.modality == "photograph"
    np.testing.assert_array_equal(volume.array[0, :, :, 0], GREY.T)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_colour_pictures_have_three_channels(tmp_path, suffix):
    volume = read_image(write_picture(tmp_path / f"x{suffix}", COLOUR))
    assert volume.array.shape == (3, 9, 6, 1)
    assert volume.array[2, 4, 5, 0] == COLOUR[5, 4, 2]  # column 4, row 5


def test_jpeg_is_read(tmp_path):
    volume = read_image(write_picture(tmp_path / "x.jpg", np.full((8, 8, 3), 90, np.uint8)))
    assert abs(int(volume.array.mean()) - 90) <= 2


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_kept(tmp_path, suffix):
    deep = GREY.astype(np.uint16) * 257
    volume = read_image(write_picture(tmp_path / f"x{suffix}", deep))
    assert volume.array.dtype == np.uint16
    np.testing.assert_array_equal(volume.array[0, :, :, 0], deep.T)


def test_sixteen_bits_of_colour_are_kept_in_png_and_tiff(tmp_path):
    deep = COLOUR.astype(np.uint16) * 257 + 3
    sitk.WriteImage(sitk.GetImageFromArray(deep, isVector=True), str(tmp_path / "x.png"))
    tifffile.imwrite(tmp_path / "x.tif", deep, photometric="rgb")
    for name in ("x.png", "x.tif"):
        volume = read_image(tmp_path / name)
        np.testing.assert_array_equal(volume.array[..., 0], deep.transpose(2, 1, 0))


def test_a_grey_palette_gives_one_channel_and_a_colour_palette_three(tmp_path):
    image = Image.fromarray(GREY % 3).convert("P")
    image.putpalette([10, 10, 10, 90, 90, 90, 200, 200, 200])
    image.save(tmp_path / "grey.png")
    image.putpalette([10, 0, 0, 0, 90, 0, 0, 0, 200])
    image.save(tmp_path / "colour.png")
    grey, colour = read_image(tmp_path / "grey.png"), read_image(tmp_path / "colour.png")
    np.testing.assert_array_equal(grey.array[0, :, :, 0], np.array([10, 90, 200])[GREY % 3].T)
    assert colour.n_channels == 3
    assert set(np.unique(colour.array[1])) == {0, 90}


@pytest.mark.parametrize("n_colours", [1, 3])
def test_transparent_pixels_are_put_on_black(tmp_path, n_colours):
    pixels = np.full((4, 5, n_colours + 1), 200, np.uint8)
    pixels[..., -1] = 255
    pixels[0, 0, -1], pixels[1, 0, -1] = 0, 128
    Image.fromarray(pixels).save(tmp_path / "x.png")
    volume = read_image(tmp_path / "x.png")
    assert volume.n_channels == n_colours
    assert volume.array[0, 0, 0, 0] == 0
    assert volume.array[0, 0, 1, 0] == 200 * 128 // 255
    assert volume.array[0, 1, 1, 0] == 200


def as_displayed(stored, orientation):
    """TIFF 6.0, tag 274: which side of the scene the 0th row and the 0th column of the file show."""
    rows_first = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.T,
        6: lambda x: np.rot90(x, -1),
        7: lambda x: x[::-1, ::-1].T,
        8: lambda x: np.rot90(x),
    }
    return rows_first[orientation](stored)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".jpg", {"quality": 100}), (".tif", {}), (".tif", {"compression": "tiff_lzw"}), (".png", {})],
)
def test_exif_orientation_is_applied(tmp_path, orientation, suffix, options):
    stored = np.kron(GREY, np.ones((8, 8), np.uint8))
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(stored).save(tmp_path / f"x{suffix}", exif=exif, **options)
    read = read_image(tmp_path / f"x{suffix}").array[0, :, :, 0].T
    np.testing.assert_allclose(read.astype(int), as_displayed(stored, orientation).astype(int), atol=3)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_compressed_tiffs_are_read(tmp_path, compression):
    write_picture(tmp_path / "x.tif", np.full((16, 16), 77, np.uint8), compression=compression)
    assert abs(float(read_image(tmp_path / "x.tif").array.mean()) - 77) < 2


def test_tiffs_of_other_kinds_are_read(tmp_path):
    tifffile.imwrite(
        tmp_path / "planar.tif", COLOUR.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"
    )
    tifffile.imwrite(tmp_path / "float.tif", GREY.astype(np.float64))
    tifffile.imwrite(tmp_path / "white.tif", GREY, photometric="miniswhite")
    tifffile.imwrite(tmp_path / "bits.tif", GREY > 100, photometric="minisblack")
    np.testing.assert_array_equal(
        read_image(tmp_path / "planar.tif").array[..., 0], COLOUR.transpose(2, 1, 0)
    )
    assert read_image(tmp_path / "float.tif").array.dtype == np.float32
    np.testing.assert_array_equal(read_image(tmp_path / "white.tif").array[0, :, :, 0], 255 - GREY.T)
    np.testing.assert_array_equal(read_image(tmp_path / "bits.tif").array[0, :, :, 0], (GREY.T > 100) * 255)


def test_several_frames_or_pages_are_refused(tmp_path):
    frames = [Image.fromarray(noise((6, 9), seed=seed)) for seed in range(3)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    tifffile.imwrite(tmp_path / "x.tif", noise((5, 6, 9)), photometric="minisblack")
    with pytest.raises(DataError, match=r"x\.gif: the picture has 3 frames"):
        read_image(tmp_path / "x.gif")
    with pytest.raises(DataError, match=r"x\.tif: the TIFF holds a stack of 5 pages"):
        read_image(tmp_path / "x.tif")


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    path = write_picture(tmp_path / "x.png", GREY)
    for limit in (GREY.size - 1, GREY.size // 3):  # Pillow warns of the first and refuses the second
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match=r"x\.png: the picture says that it is implausibly large"):
            read_image(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".gif", ".bmp"])
@given(share=st.floats(0, 0.9))
def test_cut_pictures_never_give_a_traceback(tmp_path_factory, suffix, share):
    path = write_picture(tmp_path_factory.mktemp("cut") / f"x{suffix}", noise((40, 40)))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match="x"):
        read_image(path)


@given(
    place=st.floats(0, 0.999),
    byte=st.integers(0, 255),
    suffix=st.sampled_from([".png", ".tif", ".gif", ".bmp"]),
)
def test_a_changed_byte_gives_a_picture_or_a_data_error(tmp_path_factory, place, byte, suffix):
    path = write_picture(tmp_path_factory.mktemp("byte") / f"x{suffix}", noise((12, 12)))
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] = byte
    path.write_bytes(content)
    with contextlib.suppress(DataError):
        # Anything but a DataError fails the test by itself; what is read must be a picture.
        assert read_image(path).array.ndim == 4


def test_real_fundus_photographs_are_read_as_pillow_reads_them():
    path = real_data("retina-drive") / "training" / "images" / "21_training.tif"
    with Image.open(path) as image:
        expected = np.asarray(image)
    np.testing.assert_array_equal(read_image(path).array[..., 0], expected.transpose(2, 1, 0))


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_print_colours_become_three_channels(tmp_path, mode):
    path = write_picture(tmp_path / "x.tif", COLOUR, mode)
    assert read_image(path).n_channels == 3


@pytest.mark.parametrize(("mode", "pixels", "transparency"), [("L", GREY, 5), ("RGB", COLOUR, (1, 2, 3))])
def test_a_transparent_colour_is_put_on_black(tmp_path, mode, pixels, transparency):
    pixels = pixels.copy()
    pixels[2, 1] = transparency
    Image.fromarray(pixels).save(tmp_path / "x.png", transparency=transparency)
    volume = read_image(tmp_path / "x.png")
    assert volume.n_channels == len(mode)
    assert (volume.array[:, 1, 2, 0] == 0).all()


def test_bits_become_black_and_white(tmp_path):
    volume = read_image(write_picture(tmp_path / "x.png", GREY, "1"))
    assert set(np.unique(volume.array)) <= {0, 255}


def test_colour_with_alpha_in_sixteen_bits_is_put_on_black(tmp_path):
    deep = np.full((4, 5, 4), 40000, np.uint16)
    deep[..., 3] = 32768
    sitk.WriteImage(sitk.GetImageFromArray(deep, isVector=True), str(tmp_path / "x.png"))
    volume = read_image(tmp_path / "x.png")
    assert volume.array.shape == (3, 5, 4, 1)
    assert (volume.array == 40000 * 32768 // 65535).all()


def test_dicom_that_begins_like_a_tiff_is_dicom(tmp_path):
    (one,) = dicom_series(1)
    one.preamble = b"II*\0".ljust(128, b"\0")
    one.save_as(tmp_path / "x.dcm", enforce_file_format=True)
    assert read_image(tmp_path / "x.dcm").modality == "CT"
    (tmp_path / "x.dcm").rename(tmp_path / "x")
    assert read_image(tmp_path / "x").modality == "CT"
