"""Tiles cover everything, and their weights are positive."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scanwright.core.tiling import blending_window, tile_starts, tiles

lengths = st.integers(1, 60)
overlaps = st.floats(0, 0.95)


@given(lengths, lengths, overlaps)
def test_every_voxel_of_an_axis_is_covered_by_whole_patches(length, patch, overlap):
    starts = tile_starts(length, patch, overlap)
    covered = {n for start in starts for n in range(start, start + min(patch, length))}
    assert covered == set(range(length))
    assert starts == sorted(set(starts))


@given(lengths, lengths, overlaps)
def test_neighbours_share_the_overlap_or_more(length, patch, overlap):
    starts = tile_starts(length, patch, overlap)
    longest_step = max(1, int(patch * (1 - overlap)))
    assert all(after - before <= longest_step for before, after in itertools.pairwise(starts))


@given(st.tuples(*[st.integers(1, 20)] * 3), st.tuples(*[st.integers(1, 24)] * 3), overlaps)
def test_tiles_cover_a_volume_and_stay_inside(shape, patch, overlap):
    covered = np.zeros(shape, int)
    for tile in tiles(shape, patch, max(0.0, overlap - 0.4)):
        assert covered[tile].shape == tuple(min(n, p) for n, p in zip(shape, patch, strict=True))
        covered[tile] += 1
    assert covered.min() >= 1


@given(st.tuples(*[st.integers(1, 24)] * 3))
def test_the_window_is_positive_symmetric_and_highest_in_the_middle(patch):
    window = blending_window(patch)
    assert window.shape == patch
    assert window.dtype == np.float32
    assert window.min() > 0
    np.testing.assert_allclose(window, window[::-1, ::-1, ::-1], rtol=1e-5)
    assert window.max() == window[tuple(n // 2 for n in patch)]


@given(st.tuples(*[st.integers(1, 12)] * 3), st.tuples(*[st.integers(1, 8)] * 3))
def test_blending_a_constant_gives_the_constant(shape, patch):
    patch = tuple(min(n, p) for n, p in zip(shape, patch, strict=True))
    total, weight = np.zeros(shape), np.zeros(shape)
    for tile in tiles(shape, patch, 0.5):
        total[tile] += 3.0 * blending_window(patch)
        weight[tile] += blending_window(patch)
    np.testing.assert_allclose(total / weight, 3.0)
