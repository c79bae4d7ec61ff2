"""Pictures laid on one another by shifts and stretches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from scanwright.core.alignment import MOST_MOVED, along_axes, correlate, lay, move, overlap

PLANE, BLOCK = (1, 48, 48, 1), (1, 24, 24, 24)
still = st.floats(-0.06, 0.06)


def blobs(shape, seed=0):
    sigma = [0, *(2.5 if n > 1 else 0 for n in shape[1:])]
    smooth = gaussian_filter(np.random.default_rng(seed).normal(size=shape), sigma)
    return (smooth / smooth.std()).astype(np.float32)


def moves_of(dims, *values):
    return np.array(values, np.float32).reshape(1, dims, 2)


@settings(max_examples=25, deadline=None)
@given(still, still, still, still)
def test_a_moved_picture_is_laid_back(shift_i, stretch_i, shift_j, stretch_j):
    a = blobs(PLANE)
    wanted = moves_of(2, shift_i, stretch_i, shift_j, stretch_j)
    # b seen through the moves is a: b is a, moved the other way.
    back = moves_of(
        2,
        -shift_i / (1 + stretch_i),
        1 / (1 + stretch_i) - 1,
        -shift_j / (1 + stretch_j),
        1 / (1 + stretch_j) - 1,
    )
    b = move(a, back)
    found = lay(a, b, np.zeros((1, 2, 2), np.float32), 15)
    np.testing.assert_allclose(found, wanted, atol=0.01)
    assert correlate(a, move(b, found), overlap(a.shape, found))[0] > 0.97


def test_volumes_are_laid_on_one_another():
    a = blobs(BLOCK)
    b = move(a, moves_of(3, 0.05, 0.04, -0.04, 0.0, 0.03, -0.05))
    found = lay(a, b, np.zeros((1, 3, 2), np.float32), 12)
    assert correlate(a, b, overlap(a.shape, np.zeros_like(found)))[0] < 0.95
    assert correlate(a, move(b, found), overlap(a.shape, found))[0] > 0.99


def test_many_pairs_are_laid_as_each_alone():
    a, b = (np.concatenate([blobs(PLANE, seed) for seed in seeds]) for seeds in ((0, 1, 2), (0, 1, 5)))
    none = np.zeros((3, 2, 2), np.float32)
    alone = [lay(a[n : n + 1], b[n : n + 1], none[:1], 5)[0] for n in range(3)]
    np.testing.assert_allclose(lay(a, b, none, 5), alone, atol=1e-4)


def test_what_has_nothing_in_common_is_not_thrown_far():
    found = lay(blobs(PLANE), blobs(PLANE, 1), np.zeros((1, 2, 2), np.float32), 30)
    assert np.abs(found).max() <= MOST_MOVED


def test_flat_pictures_stay_where_they_are():
    flat = np.ones(PLANE, np.float32)
    assert not lay(flat, flat, np.zeros((1, 2, 2), np.float32), 5).any()
    assert correlate(flat, flat, overlap(PLANE, np.zeros((1, 2, 2), np.float32)))[0] == 0


def test_no_steps_move_nothing():
    start = moves_of(2, 0.1, 0.0, 0.0, 0.0)
    assert lay(blobs(PLANE), blobs(PLANE, 1), start, 0) is start


def test_only_the_overlap_is_compared():
    a, b = blobs(PLANE), blobs(PLANE, 1)
    b[0, :24] = a[0, :24]
    inside = np.zeros(PLANE, bool)
    inside[0, :24] = True
    assert correlate(a, b, inside)[0] == pytest.approx(1)
    a[0, 24:] *= 50
    assert correlate(a, b, inside)[0] == pytest.approx(1)


def test_a_shift_by_a_quarter_leaves_about_seven_eighths_inside():
    inside = np.broadcast_to(overlap(PLANE, moves_of(2, 0.25, 0.0, 0.0, 0.0)), PLANE)
    assert inside[0, :40].all()
    assert not inside[0, 43:].any()


def test_matrices_go_along_their_axes():
    rng = np.random.default_rng(0)
    stack = rng.normal(size=(2, 8, 16, 24)).astype(np.float32)
    own = [rng.normal(size=(2, size + 8, size)).astype(np.float32) for size in (8, 16, 24)]
    expected = np.einsum("nijk,nai,nbj,nck->nabc", stack, *own)
    np.testing.assert_allclose(along_axes(stack, *own), expected, rtol=1e-4, atol=1e-3)
    plane = stack[:, :, :8, :1]
    expected = np.einsum("nijk,ai,bj->nabk", plane, own[0][0], own[0][0])
    np.testing.assert_allclose(along_axes(plane, own[0][0]), expected, rtol=1e-4, atol=1e-3)


def test_moving_by_whole_voxels_is_rolling():
    a = blobs(PLANE)
    moved = move(a, moves_of(2, 2 * 3 / 48, 0.0, -2 * 5 / 48, 0.0))
    np.testing.assert_allclose(moved[0, :45, 5:], a[0, 3:, :-5], atol=1e-4)
    assert not moved[0, 45:].any()
    assert not moved[0, :, :4].any()
