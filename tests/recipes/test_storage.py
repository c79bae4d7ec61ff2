"""Pictures become whole numbers that PNG can hold; the record brings their values back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TILTED_AFFINE, cohort, memory_case, noise
from scanwright.data.volume import Volume
from scanwright.recipes.storage import places, stored_values, to_store

BYTES, WORDS, FLOATS = (np.dtype(kind) for kind in (np.uint8, np.uint16, np.float32))


def picture(values):
    return Volume(np.asarray(values, dtype=np.float32).reshape(1, -1, 1, 1))


def test_volumes_and_whole_pictures_stay_as_they_are():
    volume = Volume(noise((1, 4, 4, 4)).astype(np.float32) - 0.5, TILTED_AFFINE)
    whole = Volume(noise((1, 4, 4, 1)))
    for image in (volume, whole):
        stored, record = to_store(image, "source", BYTES)
        assert stored is image
        assert record == {}
        assert np.array_equal(stored_values(stored, record), image.array)


@pytest.mark.parametrize(
    ("values", "source", "kind"),
    [
        ([0.4, 254.6], BYTES, np.uint8),
        ([0.4, 256.0], BYTES, np.uint16),
        ([-0.4, 3.0], WORDS, np.uint16),
    ],
)
def test_values_in_the_units_of_the_source_are_rounded(values, source, kind):
    stored, record = to_store(picture(values), "source", source)
    assert stored.array.dtype == kind
    assert record == {"slope": 1.0, "intercept": 0.0, "cut": 0}
    assert abs(stored_values(stored, record).ravel() - values).max() <= 0.5


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20))
def test_the_unit_range_takes_sixteen_bits_by_fixed_numbers(values):
    stored, record = to_store(picture(values), "unit", BYTES)
    assert stored.array.dtype == np.uint16
    assert (record["slope"], record["intercept"], record["cut"]) == (1 / 65535, 0.0, 0)
    assert abs(stored_values(stored, record).ravel() - values).max() <= 0.5 / 65535 + 1e-9


def test_deviations_far_out_are_cut_and_counted():
    stored, record = to_store(picture([-9, -8, 0, 1.5, 9]), "deviations", BYTES)
    assert record["cut"] == 2
    assert stored_values(stored, record).ravel() == pytest.approx([-8, -8, 0, 1.5, 65535 / 4096 - 8], abs=1)
    assert stored.array.ravel()[2] == 8 * 4096


@pytest.mark.parametrize(
    ("values", "source"), [([-3.5, 2], BYTES), ([0, 1e6], WORDS), ([0.25, 0.75], FLOATS), ([7, 7], FLOATS)]
)
def test_what_fits_nothing_takes_its_own_range(values, source):
    stored, record = to_store(picture(values), "source", source)
    assert stored.array.dtype == np.uint16
    assert stored_values(stored, record).ravel() == pytest.approx(values, rel=1e-6)


def test_whole_numbers_that_png_can_not_hold_take_their_own_range():
    stored, record = to_store(Volume(np.array([-5, 70000]).reshape(1, 2, 1, 1)), "source", np.dtype(int))
    assert stored.array.dtype == np.uint16
    assert stored_values(stored, record).ravel() == pytest.approx([-5, 70000])


def test_names_stay_below_the_folder_and_apart():
    names = ["a b/c (1)", "../x", "x", "/etc/y", "s/.hidden", "A B/C (1)"]
    where = places(cohort([memory_case(name, noise((1, 2, 2, 1))) for name in names]))
    given = [where[name].images(1)[0] for name in names]
    assert given[0] == "a b/c (1)"
    assert len({name.casefold() for name in given}) == len(names)
    assert not any(name.startswith("/") or ".." in name or "/." in name for name in given)
    assert where["x"].images(2) == ["x_0000", "x_0001"]
