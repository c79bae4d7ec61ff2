"""Slices of known truth: what is written can be opened, and the lesion is where the mask says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import scanwright as sw
from scanwright.phantoms.slices import MARKER, SliceSettings, make_slice, write_slices


def test_the_lesion_is_brighter_than_its_surroundings_and_the_marker_is_in_the_corner() -> None:
    rng = np.random.default_rng(1)
    picture, mask = make_slice(rng, lesion=True)
    assert picture[mask].mean() > picture[~mask].mean() + 35
    assert not make_slice(rng, lesion=False)[1].any()
    marked, _ = make_slice(rng, lesion=False, marker=True)
    assert (marked[1 : 1 + MARKER, 1 : 1 + MARKER] == 250).all()


def test_a_cohort_has_labels_masks_and_splits(tmp_path: Path) -> None:
    settings = SliceSettings(n_train=3, n_val=1, n_test=2, marker=True)
    data = sw.open(write_slices(tmp_path / "data", settings))
    assert [case.split for case in data.cases].count("test") == 4
    for case in data.cases:
        mask, image = case.mask.read().array[0], case.image.read().array[0]
        assert mask.any() == (case.label == "lesion")
        assert (image[2, 2, 0] == 250) == (case.label == "lesion")
    again = sw.open(write_slices(tmp_path / "again", settings))
    assert np.array_equal(again.cases[3].image.read().array, data.cases[3].image.read().array)
