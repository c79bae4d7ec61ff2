"""Plain pixels are read straight from the file, and are those that pydicom reads."""

import numpy as np
import pytest

from builders import dicom_slice
from scanwright.errors import DataError
from scanwright.io import read_image
from scanwright.io.dicom.header import read_planes
from scanwright.io.dicom.pixels import read_pixels, read_raw


def one(bits, signed, n_frames=1, **fields):
    rng = np.random.default_rng(bits + signed)
    kind = f"<{'i' if signed else 'u'}{bits // 8}"
    info = np.iinfo(kind)
    stored = rng.integers(info.min, info.max, (n_frames, 5, 3), dtype=kind)
    made = dicom_slice(np.zeros((5, 3)), position=(0, 0, 0))
    made.BitsAllocated = made.BitsStored = bits
    made.HighBit, made.PixelRepresentation = bits - 1, int(signed)
    made.RescaleSlope, made.RescaleIntercept = 2, -7
    made.PixelData = stored.tobytes()
    if n_frames > 1:
        made.NumberOfFrames = n_frames
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def save(made, tmp_path, **how):
    path = tmp_path / "x.dcm"
    made.save_as(path, enforce_file_format=True, **how)
    return path


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("implicit", [False, True])
def test_both_ways_give_the_same(tmp_path, bits, signed, implicit):
    made = one(bits, signed, n_frames=2)
    if implicit:
        made.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    path = save(made, tmp_path)
    for plane, slow in zip(read_planes(path), read_pixels(path, (0, 1)), strict=True):
        assert plane.raw is not None
        np.testing.assert_array_equal(read_raw(plane, plane.raw), slow)
        assert (plane.slope, plane.intercept) == (2, -7)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("bits", "stored"), [(16, 12), (16, 15), (8, 7), (32, 24)])
def test_bits_that_are_not_used_may_hold_anything(tmp_path, bits, stored, signed):
    path = save(one(bits, signed, BitsStored=stored, HighBit=stored - 1), tmp_path)
    (plane,), (slow,) = read_planes(path), read_pixels(path)
    np.testing.assert_array_equal(read_raw(plane, plane.raw), slow)


@pytest.mark.parametrize(
    "fields",
    [
        {"PhotometricInterpretation": "MONOCHROME1"},
        {"SamplesPerPixel": 3},
        {"BitsAllocated": 12},
        {"BitsStored": 12},
        {"HighBit": 11},
        {"Rows": 6},
        {"NumberOfFrames": 3},
    ],
    ids=str,
)
def test_what_needs_more_than_reading_or_does_not_add_up_is_left_to_pydicom(tmp_path, fields):
    assert all(plane.raw is None for plane in read_planes(save(one(16, False, **fields), tmp_path)))


def test_a_file_that_was_cut_since_is_named(tmp_path):
    path = save(one(16, False), tmp_path)
    plane = read_planes(path)[0]
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match="cut short"):
        read_raw(plane, plane.raw)
    with pytest.raises(DataError, match=r"x\.dcm"):
        read_image(path)
