"""Texture: bodies whose matrices are known by hand; the reference values are in test_ibsi."""

from __future__ import annotations

import numpy as np
import pytest

from scanwright.core.texture import WAYS, texture_features


@pytest.mark.parametrize("way", WAYS)
def test_one_level_has_no_contrast_and_one_zone(way) -> None:
    levels = np.full((4, 4, 1), 3)
    found = texture_features(levels, levels > 0, way)
    kind = way.rpartition("_")[0]
    assert found[f"cm_contrast_{way}"] == 0
    assert found[f"cm_corr_{way}"] == 1
    assert found[f"szm_z_perc_{kind}"] == pytest.approx(1 / 16)
    assert found[f"szm_lze_{kind}"] == 256
    assert found[f"ngt_coarseness_{kind}"] == 1e6
    assert found[f"ngt_contrast_{kind}"] == found[f"ngt_busyness_{kind}"] == 0


def test_stripes_are_long_one_way_and_short_the_other() -> None:
    stripes = (np.indices((6, 6, 1))[0] % 2) + 1
    found = texture_features(stripes, stripes > 0, "2D_avg")
    # Along the stripes six runs of 6, across and on both diagonals only runs of one.
    assert found["rlm_lre_2D_avg"] == pytest.approx((36 + 1 + 1 + 1) / 4)
    assert found["rlm_r_perc_2D_avg"] == pytest.approx((6 + 36 * 3) / (36 * 4))
    assert found["cm_contrast_2D_avg"] == pytest.approx(3 / 4)


def test_distance_is_told_from_the_border_of_the_lesion_and_not_of_what_counts() -> None:
    mask = np.ones((5, 5, 1), dtype=bool)
    levels = np.zeros((5, 5, 1), dtype=int)
    levels[2, 2] = 1
    assert texture_features(levels, mask, "3D_comb")["dzm_lde_3D"] == 1  # a body of one slice is all border
    assert texture_features(levels, mask, "2D_avg")["dzm_lde_2D"] == 9


def test_slices_of_one_voxel_have_no_pairs_and_the_others_count() -> None:
    levels = np.zeros((3, 3, 2), dtype=int)
    levels[1, 1, 0] = 2
    levels[:, :, 1] = 1
    found = texture_features(levels, levels > 0, "2D_comb")
    assert found["cm_joint_avg_2D_comb"] == 1
    assert found["szm_lgze_2D"] == pytest.approx((1 / 4 + 1) / 2)


def test_a_voxel_alone_has_no_pair_at_all() -> None:
    levels = np.ones((1, 1, 1), dtype=int)
    found = texture_features(levels, levels > 0, "3D_comb")
    assert not any(name.startswith(("cm_", "ngt_")) for name in found)
    assert found["ngl_dc_energy_3D"] == 1
