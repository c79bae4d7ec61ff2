"""Stored values go into one block and become measured ones there, in little more memory than the volume."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000Lossless, RLELossless

from builders import dicom_slice, write_dicom
from scanwright.errors import DataError
from scanwright.io import read_image
from scanwright.io.dicom.pixels import gathered, measured, scaled


def planes(n, *, kind="<u2", shape=(3, 2, 1)):
    rng = np.random.default_rng(n)
    return [rng.integers(0, 100, shape).astype(kind) for _ in range(n)]


@given(order=st.permutations(range(20)))
def test_planes_come_in_any_order(order):
    wanted = planes(20)
    block = gathered(((number, wanted[number]) for number in order), 20)
    assert block.shape == (1, 2, 3, 20)
    assert block.T.flags.c_contiguous  # plane after plane
    for number, plane in enumerate(wanted):
        np.testing.assert_array_equal(block[..., number], plane.T)


def test_planes_of_several_kinds_get_one_that_holds_all():
    mixed = [*planes(17, kind="<u2"), *planes(3, kind="<i2"), *planes(3, kind=">u2")]
    block = gathered(iter(enumerate(mixed)), len(mixed))
    assert block.dtype == np.int32
    np.testing.assert_array_equal(block[..., 18], mixed[18].T)
    assert gathered(iter(enumerate(planes(2, kind=">u2"))), 2).dtype == np.dtype("=u2")


@pytest.mark.parametrize("n_grey", [3, 16, 17])
def test_grey_and_colour_make_no_volume(n_grey):
    mixed = [*planes(n_grey), *planes(2, shape=(3, 2, 3))]
    with pytest.raises(DataError, match="some images are in colour"):
        gathered(iter(enumerate(mixed)), len(mixed))


@given(
    kind=st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4"]),
    slopes=st.sampled_from([(1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (1.0, 0.25, 3.5)]),
    intercepts=st.sampled_from(
        [(0, 0, 0), (-1024, -1024, -1024), (0, 5, -40000), (0.5, 0, 0), (2**25, 2**25, 2**25), (70000, 0, 1)]
    ),
    seed=st.integers(0, 1000),
)
def test_values_are_what_the_header_says(kind, slopes, intercepts, seed):
    """Against the formula in double precision; whole numbers in int16 or else int32, if one holds them."""
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    stored = np.random.default_rng(seed).integers(low, high, (1, 2, 3, 3), dtype=kind, endpoint=True)
    exact = stored.astype(np.float64) * slopes + intercepts
    values = measured(stored.copy(), slopes, intercepts)
    if not any(intercepts) and slopes == (1.0, 1.0, 1.0):
        assert values.dtype == np.dtype(kind)
    elif slopes == (1.0, 1.0, 1.0) and max(np.abs(intercepts)) <= 1 << 24 and 0.5 not in intercepts:
        fitting = [
            one
            for one in ("i2", "i4")
            if np.iinfo(one).min <= exact.min() <= exact.max() <= np.iinfo(one).max
        ]
        assert values.dtype == np.dtype(fitting[0] if fitting else "f4")
    else:
        assert values.dtype == np.float32
    np.testing.assert_array_equal(values, exact.astype(values.dtype))


def test_uptake_is_a_factor_and_floats():
    np.testing.assert_array_equal(scaled(np.array([1, -2], np.int16), 0.5), np.array([0.5, -1], np.float32))
    values = np.array([1.5, 3], np.float32)
    assert scaled(values, 2.0) is values


def large_series(n_slices=40, side=128):
    rng = np.random.default_rng(0)
    one = rng.integers(0, 300, (side, side))
    return [dicom_slice(one, position=(0, 0, float(k))) for k in range(n_slices)]


def as_frames(slices):
    """The same volume in one file."""
    whole = slices[0]
    whole.NumberOfFrames = len(slices)
    whole.PixelData = b"".join(one.PixelData for one in slices)
    whole.PerFrameFunctionalGroupsSequence = Sequence([Dataset() for _ in slices])
    for k, own in enumerate(whole.PerFrameFunctionalGroupsSequence):
        for group, name, value in (
            ("PlanePositionSequence", "ImagePositionPatient", [0, 0, k]),
            ("PlaneOrientationSequence", "ImageOrientationPatient", [1, 0, 0, 0, 1, 0]),
            ("PixelMeasuresSequence", "PixelSpacing", [0.7, 0.7]),
        ):
            item = Dataset()
            setattr(item, name, value)
            setattr(own, group, Sequence([item]))
    return [whole]


@pytest.mark.parametrize("slope", [1, 0.5])
@pytest.mark.parametrize("frames", [False, True])
@pytest.mark.parametrize("encoding", [None, RLELossless, JPEG2000Lossless])
def test_reading_takes_little_more_memory_than_the_volume(tmp_path, monkeypatch, encoding, frames, slope):
    monkeypatch.setattr("scanwright.io.dicom.pixels._LARGE_BYTES", 1 << 17)  # as this file is small
    slices = as_frames(large_series()) if frames else large_series()
    for one in slices:
        one.RescaleSlope = slope
        if encoding:
            one.compress(encoding, generate_instance_uid=False)
    folder = write_dicom(tmp_path, slices)
    read_image(folder)  # what is loaded once is no part of it
    tracemalloc.start()
    volume = read_image(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert volume.array.shape == (1, 128, 128, 40)
    assert peak <= 2 * volume.array.nbytes
