"""After a crop or another spacing, everything stays where it is in the patient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TILTED_AFFINE
from scanwright.core.geometry import resample
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.grids import crop, spacing

LENGTH = st.floats(0.4, 6)


def places(volume):
    """Patient mm of every voxel, (i, j, k, 3)."""
    grid = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij"), axis=-1)
    return grid @ volume.affine_ras[:3, :3].T + volume.affine_ras[:3, 3]


def corner(affine, shape, ends):
    """Patient mm of an outer corner: half a voxel beyond the centres."""
    index = [(-0.5, n - 0.5)[end] for n, end in zip(shape, ends, strict=True)]
    return affine[:3, :3] @ index + affine[:3, 3]


@given(LENGTH, LENGTH, LENGTH)
def test_another_spacing_keeps_the_outer_corners(i, j, k):
    image = Volume(np.zeros((1, 12, 10, 8), np.uint8), TILTED_AFFINE)
    made = spacing(image, i=i, j=j, k=k)
    for ends in np.ndindex(2, 2, 2):
        ours = corner(made.image.affine_ras, made.image.shape, ends)
        assert np.allclose(ours, corner(TILTED_AFFINE, image.shape, ends), atol=1e-9)
    assert made.image.spacing_mm == pytest.approx(made.realised["spacing"])


@pytest.mark.parametrize("to", [(0.35, 0.4, 1.25), (1.4, 1.6, 5.0), (0.7, 0.8, 2.5)])
def test_what_depends_on_the_place_alone_stays(to):
    line = places(Volume(np.zeros((1, 24, 20, 16)), TILTED_AFFINE)) @ [1.0, -0.5, 0.3]
    made = spacing(
        Volume(line[None].astype(np.float32), TILTED_AFFINE), **dict(zip("ijk", to, strict=True))
    ).image
    error = abs(made.array[0] - places(made) @ [1.0, -0.5, 0.3])
    assert error[2:-2, 2:-2, 2:-2].max() < 1e-4


def test_the_record_of_a_spacing_brings_the_grid_back():
    image = Volume(np.random.default_rng(0).random((1, 12, 10, 8), np.float32), TILTED_AFFINE)
    made = spacing(image, i=0.35, j=0.4, k=1.25)
    assert resample(made.image.array, made.realised["shape_before"]).shape == image.array.shape
    assert np.allclose(made.realised["affine_before"], TILTED_AFFINE)


def test_one_slice_stays_one_and_pictures_are_in_pixels():
    assert spacing(Volume(np.zeros((1, 9, 8, 1)), TILTED_AFFINE), i=1, j=1, k=0.1).image.shape[2] == 1
    made = spacing(Volume(np.zeros((3, 40, 30, 1), np.uint8)), i=2, j=2, k=2)
    assert made.image.array.shape == (3, 20, 15, 1)
    assert made.image.affine_ras is None
    assert made.realised["affine_before"] is None


def test_an_image_that_would_fill_the_memory_is_refused():
    with pytest.raises(DataError, match="too large"):
        spacing(Volume(np.zeros((1, 100, 100, 100), np.uint8), np.eye(4)), i=0.01, j=0.01, k=0.01)


def ball(shape=(30, 26, 20), centre=(12, 14, 9), radius=6):
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    inside = np.linalg.norm(grid - centre, axis=-1) <= radius
    return (5 + 100 * inside).astype(np.int16)[None]


@given(
    st.tuples(st.integers(7, 22), st.integers(7, 18), st.integers(7, 12)),
    st.floats(0, 5),
)
def test_a_crop_holds_the_body_with_its_margin_in_place(centre, margin):
    image = Volume(ball(centre=centre), TILTED_AFFINE)
    made = crop(image, margin=margin)
    for axis, (low, high) in enumerate(made.realised["box_ijk"]):
        assert low <= centre[axis] - 6
        assert high > centre[axis] + 6
        gap = centre[axis] - 6 - low
        assert low == 0 or gap * image.spacing_mm[axis] >= margin - 1e-5  # hardly a margin is none
        assert gap * image.spacing_mm[axis] < margin + image.spacing_mm[axis]
    box = tuple(slice(low, high) for low, high in made.realised["box_ijk"])
    assert np.array_equal(made.image.array, image.array[(slice(None), *box)])
    assert np.allclose(places(made.image), places(image)[box])
    assert made.image.array.dtype == np.int16


def test_the_record_of_a_crop_puts_it_back():
    image = Volume(ball(), TILTED_AFFINE)
    made = crop(image, margin=2)
    back = np.full((1, *made.realised["shape_before"]), 5)
    back[(slice(None), *(slice(low, high) for low, high in made.realised["box_ijk"]))] = made.image.array
    assert np.array_equal(back, image.array)


def test_specks_and_single_bright_voxels_do_not_hold_the_box_open():
    array = ball().astype(np.float32)
    array[0, 29, 25, 19] = 30000
    assert crop(Volume(array, np.eye(4)), margin=0).realised["box_ijk"] == [[6, 19], [8, 21], [3, 16]]


def test_a_blank_image_can_not_be_cropped():
    with pytest.raises(DataError, match="nothing brighter"):
        crop(Volume(np.ones((1, 5, 5, 5)), np.eye(4)))
