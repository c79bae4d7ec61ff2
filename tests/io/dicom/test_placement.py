"""A tilted gantry: slices beside each other come to lie above each other, each voxel at its place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import dicom_slice, write_dicom
from scanwright.errors import DataError
from scanwright.io import read_image

ORIGIN = np.array([-150.0, -160.0, -500.0])
SPACING, STEP = 0.7, 5.0


def ramp(point_lps):
    """A value that is known at every place and linear, so that interpolation adds no error."""
    x, y, z = np.moveaxis(np.asarray(point_lps) - ORIGIN, -1, 0)
    return 8000 + 20 * x + 30 * y - 10 * z


def tilted_series(along_x_mm, along_y_mm, n_slices=7, shape=(24, 16)):
    """Slices of the ramp, each moved sideways against the one before."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    slices = []
    for k in range(n_slices):
        origin = ORIGIN + k * np.array([along_x_mm, along_y_mm, STEP])
        points = origin + np.stack([columns * SPACING, rows * SPACING, 0 * rows], axis=-1)
        slices.append(dicom_slice(np.rint(ramp(points)), position=tuple(origin)))
    return slices


@given(along_x=st.floats(-2.5, 2.5), along_y=st.floats(-2.5, 2.5))
def test_a_tilted_volume_shows_every_voxel_where_it_was(tmp_path_factory, along_x, along_y):
    volume = read_image(write_dicom(tmp_path_factory.mktemp("dicom"), tilted_series(along_x, along_y)))
    axes = volume.affine_ras[:3, :3]
    np.testing.assert_allclose(axes / np.linalg.norm(axes, axis=0), np.diag([-1, -1, 1]), atol=0.011)
    index = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), axis=-1)
    points = (index @ axes.T + volume.affine_ras[:3, 3]) * (-1, -1, 1)
    # What every slice holds: within its own, moved frame, a pixel from its border.
    k = index[..., 2]
    inside = np.ones(volume.shape, bool)
    for axis, (moved, n) in enumerate(((along_x, 16), (along_y, 24))):
        place = (points[..., axis] - ORIGIN[axis] - k * moved) / SPACING
        inside &= (place >= 0.01) & (place <= n - 1.01)
    assert inside.sum() > 0.8 * 7 * 23 * 15
    found = volume.array[0].astype(float) + 1024
    # Below the 0.6 degrees that count as straight, a voxel may be shown a little beside its place.
    slack = 3.0 if np.hypot(along_x, along_y) > 0.051 else 3.0 + 36 * 0.05 * 7
    assert np.abs(found - ramp(points))[inside].max() < slack


def test_what_a_tilted_slice_does_not_show_is_air(tmp_path):
    volume = read_image(write_dicom(tmp_path, tilted_series(0.0, 2.1)))
    assert volume.shape == (16, 24 + 18, 7)
    assert (volume.array[0, :, 24:, 0] == volume.array.min()).all()
    assert (volume.array[0, :, :18, 6] == volume.array.min()).all()


def test_slices_shifted_further_than_a_gantry_tilts_are_no_volume(tmp_path):
    with pytest.raises(DataError, match="further than a gantry tilts"):
        read_image(write_dicom(tmp_path, tilted_series(0.0, 6.0)))
