"""Features of a lesion agree with the reference values of the IBSI."""

from __future__ import annotations

import csv
import os
from decimal import Decimal
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from scanwright.core.ibsi import Recipe, ibsi_features
from scanwright.core.texture import WAYS

ROOT = Path(os.environ.get("SCANWRIGHT_DATA", "")) / "ibsi-phantoms"
PHANTOM = ROOT / "ibsi_1_digital_phantom" / "nifti"
FAMILIES = ("morph", "loc", "stat", "ih", "ivh", "cm", "rlm", "szm", "dzm", "ngt", "ngl")


@pytest.mark.skipif(not PHANTOM.is_dir(), reason="needs $SCANWRIGHT_DATA/ibsi-phantoms")
def test_every_agreed_value_of_the_digital_phantom_is_within_its_tolerance() -> None:
    image = nib.load(PHANTOM / "image" / "phantom.nii.gz")
    mask = np.asarray(nib.load(PHANTOM / "mask" / "mask.nii.gz").dataobj) > 0
    spacing = [float(step) for step in image.header.get_zooms()]
    ours, n = ibsi_features(image.get_fdata(), mask, spacing, Recipe(bin_width=1, bin_lowest=1, ways=WAYS))
    assert n == 74
    with (ROOT / "ibsi_1_reference_values" / "ibsi_1_dig_phantom.csv").open(encoding="utf-8") as stream:
        rows = [row for row in list(csv.reader(stream, delimiter=";"))[1:] if row[0]]
    assert {tag.split("_")[0] for _, _, tag in rows} == set(FAMILIES)
    off = {}
    for value, tolerance, tag in rows:
        last_digit = 10.0 ** (Decimal(value).adjusted() - 2)
        if abs(ours[tag] - float(value)) > float(tolerance) + last_digit / 2 * (1 + 1e-9):
            off[tag] = ours[tag], float(value)
    assert not off


def ball(radius: float = 5.0) -> np.ndarray:
    grid = np.indices((15, 15, 15)) - 7.0
    return np.asarray((grid**2).sum(axis=0) <= radius**2)


def test_a_finer_grid_keeps_the_shape() -> None:
    mask, image = ball(), np.random.default_rng(0).normal(size=(15, 15, 15))
    plain, _ = ibsi_features(image, mask, (2, 2, 2), Recipe(ways=()))
    finer, _ = ibsi_features(image, mask, (2, 2, 2), Recipe(spacing_mm=(1, 1, 1), order=3, ways=()))
    assert finer["morph_volume"] == pytest.approx(plain["morph_volume"], rel=0.03)
    assert finer["morph_sphericity"] == pytest.approx(plain["morph_sphericity"], rel=0.05)
    assert not any(name.startswith("cm_") for name in plain)


def test_without_an_intensity_that_counts_shape_remains() -> None:
    features, n = ibsi_features(np.zeros((15, 15, 15)), ball(), (1, 1, 1), Recipe(limits=(50, 100)))
    assert n == 0
    assert all(name.startswith("morph_") for name in features)


def test_one_voxel_has_values_for_all_that_is_defined() -> None:
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[2, 2, 2] = True
    for ways in (("3D_comb",), ("2D_avg",)):
        features, n = ibsi_features(np.ones((5, 5, 5)), mask, (1, 1, 1), Recipe(ways=ways))
        assert n == 1
        assert features["stat_mean"] == 1
        assert features["morph_volume"] == pytest.approx(1 / 6)
        assert np.isnan(features["morph_pca_elongation"])


def test_sampling_smaller_than_a_lesion_keeps_it() -> None:
    mask = np.zeros((8, 8, 8), dtype=bool)
    mask[0, 0, 0] = True
    features, _ = ibsi_features(np.ones((8, 8, 8)), mask, (1, 1, 1), Recipe(spacing_mm=(2, 2, 2)))
    assert features["morph_vol_approx"] == 1


def test_many_values_of_no_whole_numbers_are_counted_in_fine_bins() -> None:
    image = np.random.default_rng(1).normal(size=(15, 15, 15))
    features, _ = ibsi_features(image, ball(), (1, 1, 1), Recipe(ways=()))
    assert 0 < features["ivh_v90"] < features["ivh_v10"] < 1
